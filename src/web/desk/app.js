// The agents' page: who waits, the conversation, the visitor's card. Reading order: this file, ticket.js, tickets.js (what
// is known and done), queue.js, rows.js (what is seen), and what is loaded when it is first used: pane.js with head.js, card.js
// and canned.js, dialogs.js, figures.js. Log, composer, banner and bell are those of the chat page, one folder up.
// pass.js has the token with which an agent comes.

import { Karez } from '../client/karez.js';
import { Banner, showPush } from '../notices.js';
import { brief, chooseLanguage, dress, errorWords, keep, locale, otherLanguage, paintAvatar, part, word } from '../text.js';
import { claims, flaw, pass } from './pass.js';
import { Queue } from './queue.js';
import { setClock, setText } from './rows.js';
import { Ticket } from './ticket.js';
import { Tickets, VIEWS } from './tickets.js';

/** @typedef {import('./tickets.js').State} State */

const NARROW = matchMedia('(max-width: 639.9px)');

// ---- who one is ----

const token = pass.read();
const claimed = claims(token);
const account = `desk-${claimed.sub}`;
const rights = { isAdmin: claimed.role === 'admin', desks: Array.isArray(claimed.desks) ? claimed.desks : undefined };

const karez = new Karez('/ws', {
  outbox: 'indexeddb',
  outboxName: `karez-${account}`,
  getToken: (refused) => (refused ? (leave('refusedToken'), undefined) : pass.read() ?? undefined),
});

// ---- the parts of the page ----

const tickets = new Tickets(karez, account, rights, {
  changed, arrived, gone: () => {}, offered, handed, refused,
  isReadBack: (talk) => talk === tickets.shown && pane?.log.following === false,
});
const queue = new Queue(tickets, { choose: (ticket) => show(ticket, { byHand: true }), claim, decline, refused });
const banner = new Banner(karez, announce);
/** @type {import('./pane.js').Pane | undefined} */
let pane;
/** @type {import('../attach.js').Tray | undefined} */
let attached;
/** @type {import('../bell.js').Bell | undefined} */
let bell;

/** @returns {Ticket | null} */
const shown = () => (tickets.shown instanceof Ticket ? tickets.shown : null);

// ---- drawing ----

let isDrawing = false;
/** Something is another: everything that shows it is drawn once, soon. */
function changed() {
  if (isDrawing) return;
  isDrawing = true;
  queueMicrotask(() => {
    isDrawing = false;
    draw();
  });
}

function draw() {
  queue.draw();
  pane?.draw();
  drawDuty();
  const calls = (tickets.count('waiting') ?? 0) + tickets.list('mine').reduce((sum, one) => sum + one.unread, 0);
  const title = `${shown() ? `${shown()?.title} · ` : ''}${word('deskTitle')}`;
  document.title = calls > 0 ? `(${calls > 99 ? '99+' : calls}) ${title}` : title;
}

function drawDuty() {
  const { state, capacity } = tickets;
  const chosen = part(`duty-${state}`);
  if (!chosen.checked) chosen.checked = true;
  setText('load', word('loadOf', tickets.list('mine').length, capacity));
  part('self').dataset.state = state;
}

/** Said by screen readers. @param {string} text */
function announce(text) {
  part('status').textContent = text;
}

/** Says what went wrong; nothing takes the line away but the reader. @param {any} error @param {string} [words] */
function refused(error, words) {
  part('alert').hidden = false;
  part('alert-text').textContent = words ?? errorWords(error);
}

// ---- which ticket is shown ----

/** @param {Ticket | null} ticket @param {{byHand?: boolean}} [how] */
async function show(ticket, { byHand } = {}) {
  if (ticket && !(await loadPane())) return;
  const isOther = ticket !== tickets.shown;
  tickets.shown = ticket;
  keep.write('desk-shown', ticket ? String(ticket.number) : null, sessionStorage);
  if (ticket && byHand && NARROW.matches && history.state?.ticket === undefined) history.pushState({ ticket: ticket.number }, '');
  const shown = isOther ? pane?.show(ticket) : undefined;
  queue.draw();
  if (ticket && byHand && !NARROW.matches) pane?.focus();
  await shown;
  changed();
}

/** Narrow screens: from the conversation to the list. */
function back() {
  if (history.state?.ticket !== undefined) history.back();
  else leaveTicket();
}

async function leaveTicket() {
  const key = tickets.shown?.key;
  await show(null);
  const line = [...part('queue').children].find((one) => one.dataset.key === key);
  line?.querySelector('button')?.focus();
}

addEventListener('popstate', () => NARROW.matches && tickets.shown && leaveTicket());

// ---- what comes ----

/** @param {any} ticket @param {any} entry */
function arrived(ticket, entry) {
  if (!(ticket instanceof Ticket) || !tickets.isMine(ticket)) return;
  if (ticket === tickets.shown && ticket.unread === 1 && (document.hidden || !document.hasFocus())) ticket.newAfter = ticket.read;
  ring(ticket, ticket.title, brief(entry.content, 100), 'unlooked');
}

/** @param {import('./tickets.js').Offer} offer */
function offered({ ticket: number, visitor, desk }) {
  const ticket = tickets.number(number);
  const name = visitor.name || String(visitor.uid);
  announce(word('offerOf', name));
  ring(ticket, word('offerOf', name), [desk, ticket.told?.last?.content].filter(Boolean).join(' · '), 'always');
}

/** A colleague has handed a ticket over. @param {Ticket} ticket */
function handed(ticket) {
  announce(word('handedOf', ticket.title));
  ring(ticket, word('handedOf', ticket.title), '', 'always');
}

/** @param {Ticket} ticket @param {string} title @param {string} text @param {'unlooked' | 'always'} sounds */
async function ring(ticket, title, text, sounds) {
  if (keep.read('bell') === 'on') (await loadBell())?.ring(title, text, ticket.key, () => show(ticket), sounds);
}

// ---- what an agent does ----

/** @param {Ticket | null} ticket */
async function claim(ticket) {
  if (!ticket || !tickets.mayClaim(ticket)) return;
  try {
    await tickets.claim(ticket);
    ticket.mode = 'reply';
    announce(word('claimedOf', ticket.title));
    await show(ticket, { byHand: true });
  } catch (/** @type {any} */ error) {
    // Who was faster is told by the ticket, before the refusal.
    const holder = ticket.state === 'open' ? ticket.told?.agent : undefined;
    if (error.code !== 'conflict') refused(error);
    else refused(error, holder ? word('lostTo', ticket.title, holder.name || String(holder.uid)) : word('isFull', tickets.capacity));
  }
  changed();
}

/** @param {number} number */
function decline(number) {
  tickets.decline(number).catch(refused);
}

/** @param {string} state */
const sayDuty = (state) => tickets.sayDuty(/** @type {State} */ (state)).catch(refused);

// ---- what is loaded when it is first used ----

/** @template T @param {Promise<T>} loading @returns {Promise<T | undefined>} */
async function lazy(loading) {
  try {
    return await loading;
  } catch {
    // The server has another version by now, or is away.
    refused(undefined, word('outOfDate'));
  }
}

/** The conversation. */
async function loadPane() {
  const loaded = await lazy(import('./pane.js'));
  if (loaded) pane ??= new loaded.Pane(tickets, { refused, announce, choose: (ticket) => show(ticket, { byHand: true }), showFiles, tray });
  return pane;
}

async function loadBell() {
  const loaded = await lazy(import('../bell.js'));
  if (loaded) bell ??= new loaded.Bell(account, (words) => refused(undefined, words));
  return bell;
}

async function showFiles() {
  const cancel = async (/** @type {import('../talk.js').Pending} */ pending) => tickets.shown && (await tray())?.cancel(tickets.shown, pending);
  (await lazy(import('../file.js')))?.showFiles({ karez, refused, cancel });
}

/** What is attached. */
async function tray() {
  const loaded = await lazy(import('../attach.js'));
  if (loaded) attached ??= new loaded.Tray(tickets, { refused, announce });
  return attached;
}

/** @param {(dialogs: typeof import('./dialogs.js'), ticket: Ticket) => void} act */
async function withTicket(act) {
  const ticket = shown();
  const dialogs = ticket && (await lazy(import('./dialogs.js')));
  if (dialogs && ticket === tickets.shown) act(dialogs, ticket);
}

const transfer = () => withTicket((dialogs, ticket) => tickets.mayAnswer(ticket) && dialogs.transfer(tickets, ticket, { announce }));
const end = () => withTicket((dialogs, ticket) => part('end').hidden || dialogs.end(tickets, ticket, { refused, announce }));
const showKeys = async () => (await lazy(import('./dialogs.js')))?.keys();
const showCanned = async () => (await lazy(import('./dialogs.js')))?.canned(tickets);
const showFigures = async () => (await lazy(import('./figures.js')))?.figures(tickets);
const showSettings = async () => (await lazy(import('./dialogs.js')))?.settings(tickets, { theme, language: switchLanguage, signOut, keys: showKeys, canned: showCanned });

// ---- keys, buttons ----

const clicks = {
  back, transfer, end, self: showSettings, figures: showFigures, claim: () => claim(shown()), decline: () => shown() && decline(Number(shown()?.number)),
  'alert-close': () => (part('alert').hidden = true),
  'door-language': switchLanguage, 'ended-back': () => location.reload(),
};
for (const [id, act] of Object.entries(clicks)) part(id).addEventListener('click', () => act());
for (const state of ['online', 'busy', 'away']) part(`duty-${state}`).addEventListener('change', () => sayDuty(state));
// Who looks through the list will open one.
for (const event of ['pointerover', 'focusin']) part('queue').addEventListener(event, loadPane, { once: true });
part('bell').addEventListener('click', async () => (await loadBell())?.toggle());
addEventListener('storage', async ({ key }) => key === 'karez.bell' && (await loadBell())?.draw());

/** By one key, outside of fields; they can be switched off. @type {Record<string, () => void>} */
const SINGLE = {
  c: () => claim(shown() && tickets.mayClaim(/** @type {Ticket} */ (shown())) ? shown() : tickets.list('waiting')[0] ?? null),
  n: () => pane?.setMode('note'), r: () => pane?.setMode('reply'), t: transfer, e: end, v: () => pane?.toggleCard(), f: showFigures,
  d: () => part(`duty-${tickets.state}`).focus(),
  '/': () => !part('composer').hidden && pane?.suggestions.open(),
};

document.addEventListener('keydown', (e) => {
  if (e.isComposing || part('rooms').hidden || part('dialog').open || e.defaultPrevented) return;
  const isTyping = e.target instanceof HTMLElement && e.target.matches('input:not([type=radio]), textarea, select');
  if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
    e.preventDefault();
    queue.step(e.key === 'ArrowDown' ? 1 : -1);
  } else if (e.key === 'Escape') escape();
  else if (isTyping || e.ctrlKey || e.metaKey || e.altKey) return;
  else if (e.key === '?') showKeys();
  else if (keep.read('desk-keys') === 'off') return;
  else if (VIEWS[Number(e.key) - 1]) {
    const view = VIEWS[Number(e.key) - 1];
    queue.show(view);
    part(`view-${view}`).focus();
  } else if (SINGLE[e.key]) {
    e.preventDefault();
    SINGLE[e.key]();
  }
});

/** Closes what was opened last. */
function escape() {
  if (!part('alert').hidden) part('alert').hidden = true;
  else if (pane?.escape()) return;
  else if (NARROW.matches && tickets.shown) back();
  else if (document.activeElement === part('input')) part('log').focus();
  else if (tickets.shown && !part('composer').hidden) part('input').focus();
}

addEventListener('pagehide', () => {
  // What was said in this very moment the browser may not have put into the outbox yet.
  keep.write(`${account}.waiting`, karez.outbox.length > 0 ? JSON.stringify(karez.outbox) : null, sessionStorage);
});

// ---- from the door to the desk, and out ----

/** @param {string} name */
function stage(name) {
  document.body.dataset.stage = name;
  for (const id of ['door', 'rooms', 'ended']) part(id).hidden = id !== name;
}

/** Back to the door, where another token can be given. @param {string} [reason] */
function leave(reason) {
  karez.disconnect();
  banner.hide();
  pass.write(null);
  stage('door');
  part('token-wrong').textContent = reason ? word(reason) : '';
  part('token').focus();
}

/** The server has sent us away: a page that says why, and no loop. @param {string} [why] */
function ended(why) {
  karez.disconnect();
  banner.hide();
  stage('ended');
  part('ended-text').textContent = word(`ended_${why === 'kicked' || why === 'banned' ? why : 'other'}`);
  part('ended-title').focus();
}

async function signOut() {
  // Colleagues are offered what would have come here.
  if (karez.state === 'connected') await Promise.race([tickets.sayDuty('away').catch(() => {}), new Promise((done) => setTimeout(done, 1000))]);
  karez.disconnect();
  for (const key of [`${account}.talks`, `${account}.duty`]) keep.write(key, null);
  pass.write(null);
  for (const key of ['desk-shown', `${account}.failed`]) keep.write(key, null, sessionStorage);
  indexedDB.deleteDatabase(`karez-${account}`);
  location.reload();
}

karez
  .on('login', () => {
    setClock(karez.clockAhead);
    pane?.card.forget();
    stage('rooms');
    part('me').textContent = String(karez.uid);
    part('me-name').textContent = karez.name ?? '';
    paintAvatar(part('me-avatar'), karez.uid ?? 0, karez.name ?? String(karez.uid));
    changed();
    // The tab that is first sounds: it must be there before something comes.
    if (keep.read('bell') === 'on') setTimeout(loadBell);
  })
  .on('state', ({ state, code, reason }) => {
    // 4000 to 4099: do not come back unchanged.
    if (state === 'disconnected' && code >= 4000 && code < 4100 && token) ended(reason);
  })
  .on('push', showPush)
  .on('broadcast', ({ name, content, time }) => showPush({ title: word('broadcast', name), content, time }));

part('token-form').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault();
  const given = part('token').value.trim();
  const wrong = flaw(given);
  part('token-wrong').textContent = wrong ? word(wrong) : '';
  if (wrong) return part('token').focus();
  part('token').value = '';
  pass.write(given);
  // Everything here belongs to one user: another one gets a page of their own.
  location.reload();
});

// ---- language and light ----

function speak() {
  document.documentElement.lang = locale();
  dress(document);
  part('door-language').textContent = word('otherLanguage');
  part('door-language').lang = otherLanguage() === 'zh' ? 'zh-CN' : 'en';
  bell?.draw();
  draw();
}

async function switchLanguage() {
  const language = otherLanguage();
  await lazy(chooseLanguage(language));
  if (otherLanguage() === language) return;
  keep.write('language', language);
  speak();
}

/** @param {string} theme */
function theme(theme) {
  keep.write('theme', theme === 'auto' ? null : theme);
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

theme(keep.read('theme') ?? 'auto');
speak();
for (const message of Object.values(keep.readJson(`${account}.waiting`, sessionStorage))) karez.send(message).catch(() => {});
keep.write(`${account}.waiting`, null, sessionStorage);
if (!flaw(token)) {
  stage('rooms');
  const number = Number(keep.read('desk-shown', sessionStorage));
  karez.once('login', async () => {
    await tickets.ready;
    const ticket = tickets.tickets.find((one) => one.number === number);
    if (ticket) show(ticket);
  });
  karez.connect();
} else leave(token ? flaw(token) : undefined);

