// The support widget in the pages of a site: a button; pressed, a frame with the panel, which is there at once where a
// conversation goes on.
(() => {
  const page = /** @type {any} */ (window);
  if (page.Karez) return;

  const { src, dataset } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const lang = /^zh/i.test(dataset.lang ?? (document.documentElement.lang || navigator.language)) ? 'zh' : 'en';
  const words = lang === 'zh' ? ['联系客服', '收起客服', '条未读', '暂时无法联系客服'] : ['Chat with us', 'Close the chat', 'unread', 'The chat cannot be shown here'];
  const { origin, host } = new URL(src);
  const events = new EventTarget();
  /** @type {HTMLIFrameElement | undefined} */
  let frame;
  let isShown = false;
  let isReady = false;
  let unread = 0;
  /** @type {string | undefined} */
  let identity;

  /** Kept over pages, if the browser lets us. @param {string} name @param {string} [value] */
  function kept(name, value) {
    try {
      const storage = name === '.open' ? sessionStorage : localStorage;
      const key = `karez.widget.${host}${name}`;
      if (value !== undefined) storage.setItem(key, value);
      return storage.getItem(key) || undefined;
    } catch {}
  }

  const root = document.createElement('karez-widget');
  const shadow = root.attachShadow({ mode: 'closed' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto 20px 20px!important;display:flex!important;flex-direction:column!important;gap:14px!important;align-items:${dataset.position === 'left' ? 'start' : 'end'}!important;pointer-events:none!important}
button,iframe{border:1px solid #0000;pointer-events:auto;box-shadow:0 4px 24px #0005;transition:.15s}
button{position:relative;width:60px;height:60px;border-radius:50%;background:var(--color);color:oklch(from var(--color) clamp(0,(.6 - l)*1e3,1) 0 0);cursor:pointer}
button:focus-visible{outline:3px solid;outline-offset:-6px}
svg{width:30px;fill:none;stroke:currentColor;stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
b,p{margin:0;padding:0 7px;border-radius:12px;font:600 13px/24px system-ui;color:#fff;background:#b3261e}
b{position:absolute;inset:-5px -5px auto auto}
:empty:not(path,iframe){display:none}
iframe{width:min(392px,100vw - 40px);height:min(660px,100vh - 116px);border-radius:18px;color-scheme:light dark}
iframe:not(.on){position:absolute;visibility:hidden;opacity:0;translate:0 12px}
@media(max-width:480px){.on{position:fixed;inset:0;width:100%;height:100%;border:0;border-radius:0}.on~button{display:none}}
@media(prefers-reduced-motion){*{transition:none!important}}
@media print{:host{display:none!important}}`);
  shadow.adoptedStyleSheets = [sheet];
  const note = document.createElement('p');
  note.role = 'alert';
  const button = document.createElement('button');
  const badge = document.createElement('b');
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS(svg.namespaceURI, 'path');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.append(path);
  button.append(svg, badge);
  shadow.append(note, button);

  function draw() {
    button.title = button.ariaLabel = words[+isShown] + (unread ? ` (${unread} ${words[2]})` : '');
    button.ariaExpanded = String(isShown);
    badge.textContent = unread > 99 ? '99+' : String(unread || '');
    path.setAttribute('d', isShown ? 'M9 13l7 7 7-7' : 'M6 7h20v14H14l-5 5v-5H6zM11 12h10M11 16h6');
    frame?.classList.toggle('on', isShown);
  }

  /** @param {string} type @param {object} [detail] */
  const emit = (type, detail) => events.dispatchEvent(new CustomEvent(type, { detail }));
  /** Behind # may be a secret. @param {string} type @param {object} [fields] */
  const tell = (type, fields) => isReady && frame?.contentWindow?.postMessage({ karez: 1, type, page: location.href.split('#')[0], ...fields }, origin);

  function load() {
    if (frame) return;
    frame = document.createElement('iframe');
    frame.title = words[0];
    frame.src = `${origin}/widget/panel#${new URLSearchParams({ ...dataset, origin: location.origin, lang })}`;
    shadow.prepend(frame);
    setTimeout(() => isReady || missing(), 8000);
  }

  /** Is nobody there, or may we not? */
  function missing() {
    frame?.remove();
    frame = undefined;
    close();
    note.textContent = words[3];
    const probe = document.createElement('link');
    const say = (/** @type {string} */ message) => {
      console.error(message);
      emit('error', { code: 'no_panel', message });
    };
    probe.onload = () => say(`Karez: this site is not allowed: ${location.origin} is not in widget_sites of ${host}, or frame-src of this page lacks that`);
    probe.onerror = () => say(`Karez: ${host} cannot be reached`);
    probe.rel = 'preload';
    probe.as = 'script';
    probe.href = `${src}?${Date.now()}`;
    document.head.append(probe);
  }

  addEventListener('message', ({ source, origin: from, data }) => {
    if (!frame || source !== frame.contentWindow || from !== origin || data?.karez !== 1) return;
    const { karez, type, token, ...fields } = data;
    if (type === 'ready') {
      isReady = true;
      tell('hello', { token: kept(''), identity, referrer: document.referrer });
      if (isShown) tell('open');
    } else if (type === 'token') kept('', token);
    else if (type === 'close') close();
    else {
      if (type === 'state') kept('.live', /wait|open|off/.test(fields.state) ? '1' : '');
      if (type === 'unread') unread = fields.count;
      draw();
      emit(type, fields);
    }
  });

  function open() {
    if (isShown) return;
    isShown = true;
    note.textContent = '';
    kept('.open', '1');
    load();
    draw();
    tell('open');
    frame?.focus();
    emit('open');
  }

  function close() {
    if (!isShown) return;
    isShown = false;
    kept('.open', '');
    draw();
    tell('hide');
    button.focus();
    emit('close');
  }

  page.Karez = {
    open,
    close,
    /** Says who the visitor is, by a token that the site has signed; without one: a guest. @param {string} [token] */
    identify(token) {
      identity = token;
      tell('identify', { token });
    },
    /** @param {string} name open, close, unread, state, message, renew, error @param {(event: any) => void} handler */
    on: (name, handler) => events.addEventListener(name, (event) => handler(/** @type {CustomEvent} */ (event).detail)),
  };

  addEventListener('blur', () => tell('page'));
  button.onclick = () => (isShown ? close() : open());
  const start = () => {
    document.body.append(root);
    root.style.setProperty('--color', dataset.color ?? '#0a6a68');
    draw();
    // What was open on the page before is open here, where it leaves room.
    if (kept('.open') && innerWidth > 480) open();
    else if (kept('.live')) setTimeout(load, 1000);
  };
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
})();
