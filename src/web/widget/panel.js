// The panel of the support widget, in a frame of a site's page. Reading order: this file, bridge.js (the page around it),
// support.js (what is known), log.js, composer.js, rating.js (what is seen). text.js, row.js, emoji.js and the style are
// those of the chat page; the wire is spoken by client/karez.js alone.

import { Karez } from '../client/karez.js';
import { brief, button, dress, errorWords, keep, locale, make, paintAvatar, part, word } from '../text.js';
import { Bridge, asked } from './bridge.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { Log } from './log.js';
import { Support } from './support.js';

const ASK_EVERY_MS = 60_000;
const RENEW_WAIT_MS = 5000;
const RENEW_BEFORE_MS = 90_000;
const ALERT_SHOWN_MS = 8000;
/** After so long the visitor learns that a message only waits. */
const SLOW_MS = 10_000;

const root = document.documentElement;
root.lang = locale();
if (asked('theme')) root.dataset.theme = asked('theme');
paint(asked('color'));
dress(document);

// ---- who the visitor is ----

/** What a token says of itself; who may believe it is not asked here. @param {string | undefined} token */
function claims(token) {
  try {
    return JSON.parse(atob(String(token).split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return {};
  }
}

/** @type {string | undefined} */
let identity;
/** Who waits for the site to say anew who the visitor is. @type {(() => void) | null} */
let renewed = null;

const bridge = new Bridge({
  open: shown,
  hide: () => {},
  identify(token) {
    const isAnother = token ? !identity || claims(token).sub !== claims(identity).sub : identity !== undefined;
    identity = token;
    renewed?.();
    // Somebody else must find nothing of the one before: the panel begins anew, and is told again.
    if (isAnother) location.reload();
    else if (karez.state === 'disconnected') karez.connect();
  },
});
const hello = await bridge.hello;
// Whom the server did not believe may choose to be a guest, in this tab.
identity = keep.read('widget-guest', sessionStorage) === hello.identity ? undefined : hello.identity;
let token = hello.token;

/** @param {boolean} refused */
async function identityToken(refused) {
  if (refused || claims(identity).exp * 1000 - Date.now() < RENEW_BEFORE_MS) {
    bridge.tell('renew');
    await new Promise((done) => {
      renewed = () => done(undefined);
      setTimeout(renewed, RENEW_WAIT_MS);
    });
    renewed = null;
  }
  return identity;
}

const karez = new Karez('/ws', {
  outbox: 'indexeddb',
  outboxName: `karez-widget-${bridge.site}-${identity ? claims(identity).sub : 'guest'}`,
  getToken: (refused) => (identity ? identityToken(refused) : refused ? (token = undefined) : token),
});
karez.on('login', (event) => {
  part('ended').hidden = true;
  if (identity || !event.token) return;
  token = event.token;
  bridge.tell('token', { token });
});

// ---- the parts of the panel ----

const about = { get page() { return bridge.page; }, referrer: hello.referrer || undefined, lang: navigator.language, browser: navigator.userAgent };
const support = new Support(karez, { desk: asked('desk'), about }, { changed, arrived, failed: refused });
/** What is attached, once something is. @type {Promise<import('./attach.js').Attached> | undefined} */
let attached;
const log = new Log(support, { edit: (text) => composer.edit(text), looked, showFiles, again, drop });
const composer = new Composer(support, { refused, sent, attached: files });
const connection = new Connection(karez, { announce, ended });

// ---- files, loaded when there is one ----

function files() {
  attached ??= import('./attach.js').then(({ Attached }) => new Attached(support, { refused, announce, changed }));
  return attached;
}

/** Files in the log are shown from now on. */
async function showFiles() {
  const { showFiles } = await import('../file.js');
  showFiles({ karez, refused, cancel: drop });
}

/** @param {import('../talk.js').Pending} pending */
async function again(pending) {
  if (attached) (await attached).again(pending);
  else support.again(pending);
}

/** @param {import('../talk.js').Pending} pending */
async function drop(pending) {
  if (attached) (await attached).cancel(pending);
  else support.drop(pending);
}

// ---- drawing ----

let isDrawing = false;
/** Whether the panel was opened, and the focus is not where the visitor begins. */
let mayFocus = !bridge.isFramed;
function changed() {
  if (isDrawing) return;
  isDrawing = true;
  queueMicrotask(() => {
    isDrawing = false;
    draw();
  });
}

/** @param {string} id @param {string} text */
function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
}

function draw() {
  const { desk, ticket } = support;
  looked();
  log.draw();
  const isThere = Boolean(ticket?.state === 'open' || ticket?.state === 'waiting' || (desk?.open && !support.isOpen));
  const agent = support.isOpen ? ticket?.agent?.name : undefined;
  const title = agent ?? desk?.name ?? word('support');
  setText('title', title);
  document.title = title;
  paintAvatar(part('head-avatar'), title, title);
  part('head-avatar').classList.toggle('online', isThere);
  setText('about', !desk ? word('connecting') : agent ? word('agentHere', agent) : word(isThere ? 'here' : 'away'));
  part('end').hidden = !support.isOpen;
  part('bell').ariaPressed = String(isLoud());
  setText('bell', isLoud() ? '🔔' : '🔕');
  const mayWrite = desk !== null && (!desk.identified || identity !== undefined);
  part('composer').hidden = !mayWrite || ticket?.state === 'closed' || !part('ended').hidden;
  composer.draw(isThere);
  setText('typing', support.typing ? word('typing', support.typing) : '');
  drawPlace(mayWrite);
  drawRating();
  tellPage();
  if (mayFocus && desk) focus();
}

/** The card above the composer: the place in the queue, or what becomes of a message that was left. @param {boolean} mayWrite */
function drawPlace(mayWrite) {
  const { desk, ticket, pending } = support;
  let [title, text] = ['', ''];
  const slow = pending.find((one) => karez.state === 'connected' && !one.failed && Date.now() - one.time > SLOW_MS);
  if (!mayWrite && desk) title = word('identifyFirst');
  else if (ticket?.state === 'waiting') [title, text] = [ticket.position === 1 ? word('next') : ticket.position ? word('position', ticket.position) : '', waitWords(ticket.wait)];
  else if (ticket?.state === 'offline') [title, text] = [word('left'), desk?.next ? word('backAt', backWords(desk.next)) : word('leftText')];
  else if (!support.isOpen && desk && !desk.open && ticket?.state !== 'closed') [title, text] = ['', [desk.away ?? word('awayText'), desk.next ? word('backAt', backWords(desk.next)) : ''].join(' ')];
  else if (slow) [title, text] = [slow.delayed ? errorWords(slow.delayed) : '', word('slow')];
  else if (support.closingAt) [title, text] = ['', word('closing', leftWords(support.closingAt - performance.now()))];
  part('place').hidden = !title && !text;
  part('place').classList.toggle('waits', ticket?.state === 'waiting');
  part('place-title').hidden = !title;
  setText('place-title', title);
  setText('place-text', text);
  if (ticket?.state === 'waiting' || ticket?.state === 'offline') announce(`${title} ${text}`);
}

/** @param {number | undefined} wait seconds */
const waitWords = (wait) => (wait === undefined ? word('waitUnknown') : wait < 60 ? word('waitSoon') : word('wait', Math.round(wait / 60)));
/** @param {number} left milliseconds */
const leftWords = (left) => {
  const seconds = Math.max(0, Math.ceil(left / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};
/** A day and a time to come. @param {number} time */
const backWords = (time) => {
  const isSoon = time - Date.now() < 6 * 86_400_000;
  return new Intl.DateTimeFormat(locale(), { ...(isSoon ? { weekday: 'long' } : { month: 'long', day: 'numeric' }), hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time);
};

async function drawRating() {
  const isOver = support.ticket?.state === 'closed';
  part('rating').hidden = !isOver;
  if (!isOver) return;
  const { drawRating } = await import('./rating.js');
  drawRating(support, () => {
    support.begin();
    composer.input.focus();
  });
}

/** The page's bubble shows what is unread, and the page may show the rest. */
const told = { unread: 0, state: '' };
function tellPage() {
  const { desk, ticket, unread } = support;
  if (!desk) return;
  const state = { state: ticket?.state ?? 'none', position: ticket?.position, ticket: ticket?.ticket };
  const now = { unread, state: JSON.stringify(state) };
  if (now.unread !== told.unread) bridge.tell('unread', { count: unread });
  if (now.state !== told.state) bridge.tell('state', state);
  Object.assign(told, now);
}

/** White or black, whichever can be read on the site's colour. @param {string} color */
function paint(color) {
  const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!color || !CSS.supports('color', color) || !pixel) return;
  pixel.fillStyle = color;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = [...pixel.getImageData(0, 0, 1, 1).data].map((part) => (part <= 10 ? part / 3295 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  root.style.setProperty('--brand', color);
  root.style.setProperty('--on-brand', light > 0.179 ? '#000' : '#fff');
}

// ---- what happens ----

/** @param {string} text */
function announce(text) {
  setText('status', text);
}

/** What is in sight of who looks has been read; else what is new is marked. */
function looked() {
  if (!bridge.isOpen || document.hidden) {
    if (support.unread > 0) log.newAfter ??= support.read;
  } else if (log.following) support.markRead();
}

/** Whether what comes unseen is heard: once the visitor wants it, on all pages of the site. */
const isLoud = () => keep.read('widget-bell') === 'on';

/** @param {import('../talk.js').Entry} entry */
async function arrived(entry) {
  const { seq, name, content, time } = entry;
  bridge.tell('message', { ticket: support.ticket?.ticket, seq, name, content, time });
  if (isLoud() && (!bridge.isOpen || document.hidden)) (await import('../bell.js')).soundOnce(`karez-sound-${bridge.site}`);
}

/** Whoever has said something sees it, and no complaint of before. */
function sent() {
  part('alert').hidden = true;
  log.newAfter = null;
  log.toEnd();
}

let alertTimer = 0;
/** @param {any} error @param {string} [text] */
function refused(error, text) {
  part('alert').hidden = false;
  setText('alert-text', brief(text ?? errorWords(error), 300));
  clearTimeout(alertTimer);
  alertTimer = setTimeout(() => (part('alert').hidden = true), ALERT_SHOWN_MS);
}

/** The server wants no more of this connection. @param {number} code @param {string} reason */
function ended(code, reason) {
  const isIdentity = code === 4001 && identity !== undefined;
  bridge.tell('error', { code: isIdentity ? 'unauthorized' : reason || String(code) });
  const text = isIdentity ? word('endedToken') : code === 4001 ? word('identifyFirst') : code === 4003 ? word('endedKicked') : word('endedOther', code);
  setText('ended-text', text);
  setText('ended-act', word(isIdentity ? 'asGuest' : 'again'));
  part('ended').hidden = false;
  changed();
  part('ended-act').onclick = () => {
    if (isIdentity) {
      keep.write('widget-guest', identity ?? null, sessionStorage);
      return location.reload();
    }
    part('ended').hidden = true;
    karez.connect();
  };
  if (bridge.isOpen) part('ended-text').focus();
}

/** The visitor looks at the panel. */
function shown() {
  log.toEnd();
  changed();
  mayFocus = true;
  if (support.desk) support.ask();
  else part('title').focus();
}

/** Where the reader is to begin. A phone's keyboard would hide half of the panel before anything has been read. */
function focus() {
  mayFocus = false;
  const isPhone = matchMedia('(pointer: coarse)').matches;
  const first = isPhone || part('composer').hidden ? part('title') : part('fields').querySelector('input') ?? composer.input;
  first.focus();
}

part('close').hidden = !bridge.isFramed;
part('close').addEventListener('click', () => bridge.tell('close'));
part('alert-close').addEventListener('click', () => (part('alert').hidden = true));
part('bell').addEventListener('click', async () => {
  keep.write('widget-bell', isLoud() ? null : 'on');
  changed();
  if (isLoud()) (await import('../bell.js')).sound();
});
part('end').addEventListener('click', async () => {
  const { openDialog } = await import('../dialog.js');
  const close = () => part('dialog').close();
  const end = button(word('end'), () => (close(), support.end()), 'primary danger');
  end.dataset.testid = 'end-yes';
  const choices = make('p', 'choices');
  choices.append(end, button(word('keepOn'), close));
  openDialog(word('endTitle'), make('p', '', word('endText')), choices);
  end.focus();
});
addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && !e.defaultPrevented && !part('dialog').open) bridge.tell('close');
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) log.newAfter = null;
  changed();
});
setInterval(() => (support.closingAt || support.pending.length > 0) && changed(), 1000);
setInterval(() => !support.isOpen && bridge.isOpen && !document.hidden && support.ask(), ASK_EVERY_MS);

karez.connect();
changed();
