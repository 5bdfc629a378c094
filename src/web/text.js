// Small pieces that every view needs: words and dates in the reader's language, elements, foreign text on its way into
// the page, ids, what is kept in this browser. Nothing here knows of conversations.

/** @typedef {string | number} Id */

// ---- words ----

/** @type {'en' | 'zh'} */
let language = 'en';
/** @type {Record<string, import('./words.en.js').Text>} */
let words = {};
/** Where a page's words are: the chat's, unless it names others. */
const table = `./${globalThis.document?.documentElement.dataset.words ?? 'words'}`;

/** The language that was chosen, or that the browser asks for; its words are loaded. @param {string | null} chosen */
export async function chooseLanguage(chosen) {
  const wanted = (chosen ?? navigator.language).toLowerCase().startsWith('zh') ? 'zh' : 'en';
  ({ words } = await import(`${table}.${wanted}.js`));
  language = wanted;
}

/** The other of the two. @returns {'en' | 'zh'} */
export const otherLanguage = () => (language === 'zh' ? 'en' : 'zh');

/** For `Intl` and the `lang` attribute. */
export const locale = () => (language === 'zh' ? 'zh-CN' : 'en');

/** The word for `key`, with {0}, {1} filled in; {0} chooses the plural. @param {string} key @param {...(Id | undefined)} parts */
export function word(key, ...parts) {
  const found = words[key] ?? key;
  const text = typeof found === 'string' ? found : new Intl.PluralRules(locale()).select(Number(parts[0])) === 'one' ? found.one : found.other;
  return text.replace(/\{(\d)\}/g, (_, n) => String(parts[n] ?? ''));
}

/** Why something was refused; the code of the wire stays visible. @param {any} error */
export function errorWords(error) {
  const key = `error_${error?.code}`;
  const detail = error?.field ? `${error.code}: ${error.field}` : error?.code;
  const text = word(key in words ? key : 'error_unknown');
  return detail ? `${text} (${detail})` : text;
}

/** Puts the words of the current language into everything below `root`. @param {ParentNode} root */
export function dress(root) {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-word]'))) node.textContent = word(node.dataset.word ?? '');
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-hint]'))) node.setAttribute('placeholder', word(node.dataset.hint ?? ''));
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-label]'))) {
    node.setAttribute('aria-label', word(node.dataset.label ?? ''));
    if (node.tagName === 'BUTTON') node.title = word(node.dataset.label ?? '');
  }
}

// ---- dates ----

/** @param {number} time @param {Intl.DateTimeFormatOptions} options */
const date = (time, options) => new Intl.DateTimeFormat(locale(), options).format(time);

/** 14:05 @param {number} time */
export const clock = (time) => date(time, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** The whole moment, for those who point at a time. @param {number} time */
export const moment = (time) => date(time, { dateStyle: 'long', timeStyle: 'medium', hourCycle: 'h23' });

/** Calendar days between then and now. @param {number} time */
function daysAgo(time) {
  const midnight = (/** @type {number} */ t) => new Date(t).setHours(0, 0, 0, 0);
  return Math.round((midnight(Date.now()) - midnight(time)) / 86_400_000);
}

/** yesterday, the day of the week within seven days, else the date; nothing for today. @param {number} time @param {'long' | 'short'} width */
function day(time, width) {
  const days = daysAgo(time);
  if (days <= 0) return '';
  if (days === 1) return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-1, 'day');
  if (days < 7) return date(time, { weekday: width });
  if (width === 'short') return date(time, { year: '2-digit', month: 'numeric', day: 'numeric' });
  const isThisYear = new Date(time).getFullYear() === new Date().getFullYear();
  return date(time, { month: 'long', day: 'numeric', ...(isThisYear ? {} : { year: 'numeric' }) });
}

/** Between messages: `yesterday 14:05`. @param {number} time */
export const dayAndClock = (time) => `${day(time, 'long')} ${clock(time)}`.trim();

/** In a list, where there is little room: `14:05`, or the day. @param {number} time */
export const shortTime = (time) => day(time, 'short') || clock(time);

/** 1.5 MB @param {number} bytes */
export function size(bytes) {
  const step = bytes < 1024 ? 0 : bytes < 1024 ** 2 ? 1 : 2;
  const unit = ['byte', 'kilobyte', 'megabyte'][step];
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / 1024 ** step);
}

// ---- elements ----

/** The element of this id, which the page has. @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

/** A new element with a class and, as text only, its content. @param {string} tag @param {string} [className] @param {string} [text] @returns {any} */
export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** @param {string} text @param {() => void} act @param {string} [className] @returns {HTMLButtonElement} */
export function button(text, act, className) {
  const node = make('button', className, text);
  node.type = 'button';
  node.addEventListener('click', act);
  return node;
}

/** Makes `nodes` the children, and touches only what is out of place. @param {Element} parent @param {Element[]} nodes */
export function setChildren(parent, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...parent.children]) if (!wanted.has(node)) node.remove();
  let at = parent.firstElementChild;
  for (const node of nodes) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

const LINK = /(https?:\/\/[^\s<>"'，。！？；：、）】》]+)/;
const EMOJI_ALONE = /^(?:(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f?)[\u{1f3fb}-\u{1f3ff}]?(?:\u200d\p{Extended_Pictographic}\ufe0f?[\u{1f3fb}-\u{1f3ff}]?)*\s*){1,5}$/u;

/** What somebody wrote, as nodes: text, and links for http and https alone. @param {string} content */
export function contentNode(content) {
  const node = make('div', 'content');
  content.split(LINK).forEach((piece, i) => {
    // What ends the sentence, or closes a bracket around the address, is no part of it.
    const address = i % 2 === 1 ? piece.replace(piece.includes('(') ? /[.,;:!?]+$/ : /[.,;:!?)]+$/, '') : '';
    if (URL.canParse(address)) node.append(linkNode(address, new URL(address)), piece.slice(address.length));
    else node.append(piece);
  });
  if (EMOJI_ALONE.test(content)) node.classList.add('large');
  return node;
}

/** @param {string} text @param {URL} target */
export function linkNode(text, target) {
  const link = make('a', '', text);
  link.href = target.href;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return link;
}

/** A letter on a colour of one's own. @template {HTMLElement} T @param {T} node @param {Id} id @param {string} name @returns {T} */
export function paintAvatar(node, id, name) {
  let hue = 0;
  for (const unit of String(id)) hue = (hue * 31 + (unit.codePointAt(0) ?? 0)) % 360;
  node.style.setProperty('--hue', String((hue * 47) % 360));
  node.textContent = [...name.trim()][0]?.toUpperCase() ?? '?';
  return node;
}

/** The first characters, on one line. @param {string} text @param {number} length */
export function brief(text, length) {
  const characters = [...text.replace(/\s+/g, ' ').trim()];
  return characters.length > length ? `${characters.slice(0, length).join('')}…` : characters.join('');
}

// ---- ids ----

/** @param {Id | undefined} one @param {Id | undefined} other */
export const same = (one, other) => String(one) === String(other);

/** An id as the wire writes it: an integer where it is one. null when it is none. @param {string} typed @returns {Id | null} */
export function parseId(typed) {
  const text = typed.trim();
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  // eslint-disable-next-line no-control-regex
  if (!text || text === 'system' || new TextEncoder().encode(text).length > 64 || /[\u0000-\u001f\u007f-\u009f]/.test(text)) return null;
  return text;
}

// ---- what is kept ----

/** What this browser (or with `sessionStorage`, this tab) keeps. Where storage is forbidden everything works, until a reload. */
export const keep = {
  /** @param {string} key @param {Storage} [where] @returns {string | null} */
  read(key, where) {
    try {
      return (where ?? localStorage).getItem(`karez.${key}`);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string | null} value @param {Storage} [where] */
  write(key, value, where) {
    try {
      if (value === null) (where ?? localStorage).removeItem(`karez.${key}`);
      else (where ?? localStorage).setItem(`karez.${key}`, value);
    } catch {
      // As above.
    }
  },
  /** @param {string} key @param {Storage} [where] @returns {any} */
  readJson(key, where) {
    try {
      return JSON.parse(keep.read(key, where) ?? '{}') ?? {};
    } catch {
      return {};
    }
  },
};

// Whoever imports this has words. A link may say in which language: #lang=zh.
await chooseLanguage(new URLSearchParams(location.hash.slice(1)).get('lang') ?? keep.read('language'));
