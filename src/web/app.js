// The page: one connection, the list of conversations, the one that is shown. Reading order: this file, talk.js, talks.js
// (what is known), list.js, log.js, row.js, composer.js (what is seen), notices.js, and what is loaded when it is first
// used: members.js, dialogs.js, search.js, emoji.js. text.js, with words.en.js or words.zh.js, serves them all.
//
// On the wire are the tutorial's messages: login, group (comes back as groupPm) and pm. The rest of the protocol is in
// the manual, src/manual/protocol.md. All of it goes through client/karez.js, as on any other page.

import { Karez, newId } from './client/karez.js';
import { Composer } from './composer.js';
import { List } from './list.js';
import { Log } from './log.js';
import { Banner, showPush } from './notices.js';
import { actWords, gist } from './row.js';
import { Talks } from './talks.js';
import { brief, chooseLanguage, dayAndClock, dress, errorWords, keep, linkNode, locale, otherLanguage, paintAvatar, parseId, part, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Entry} Entry */

const NARROW = matchMedia('(max-width: 639.9px)');

// ---- who one is ----

const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has('token')) {
  keep.write('site-token', fragment.get('token'), sessionStorage);
  // There one gets another when this one has expired.
  const isSite = URL.canParse(document.referrer) && new URL(document.referrer).origin !== location.origin;
  keep.write('site', isSite ? new URL(document.referrer).origin : null, sessionStorage);
}
/** A group to which a link leads. */
let invited = parseId(fragment.get('g') ?? '');
// Such a link, followed here, leads in anew.
addEventListener('hashchange', () => location.hash.length > 1 && location.reload());
// A token must not stay where it can be read over a shoulder, nor go into a bookmark.
if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);

const isGuest = keep.read('site-token', sessionStorage) === null;
if (keep.read('account') === null) keep.write('account', newId());
/** Under this name the browser keeps what waits, and drafts: another for each user. */
const account = isGuest ? keep.read('account') ?? 'guest' : `site-${subject(keep.read('site-token', sessionStorage))}`;

/** The user that a token names; who may read it is not asked here. @param {string | null} token */
function subject(token) {
  try {
    return JSON.parse(atob(String(token).split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).sub;
  } catch {
    return 'nobody';
  }
}

const karez = new Karez('/ws', {
  name: keep.read('name') ?? undefined,
  outbox: 'indexeddb',
  outboxName: `karez-${account}`,
  getToken: (refused) => {
    if (!isGuest) return refused ? (end('expired'), undefined) : keep.read('site-token', sessionStorage) ?? undefined;
    if (refused && keep.read('token') !== null) return (beAnotherGuest(), undefined);
    return refused ? undefined : keep.read('token') ?? undefined;
  },
});

/** The server no longer knows this guest: what was said to groups goes with the new one, private words do not. */
function beAnotherGuest() {
  karez.disconnect();
  keep.write('token', null);
  keep.write('account', newId());
  const waiting = karez.outbox.filter((message) => message.type === 'group');
  keep.write('carried', JSON.stringify({ waiting, typed: part('input').value, to: talks.shown?.isGroup ? talks.shown.target : undefined }), sessionStorage);
  keep.write('shown', null, sessionStorage);
  location.reload();
}

/** What the guest had to say that this one was before. */
function takeCarried() {
  const { waiting, typed, to } = keep.readJson('carried', sessionStorage);
  if (!waiting) return;
  keep.write('carried', null, sessionStorage);
  refused(undefined, word('newIdentity'));
  if (to) show(talks.of(to));
  if (typed && talks.shown) composer.edit(typed);
  for (const message of waiting) karez.send(message).catch(() => {});
}

// ---- the parts of the page ----

const talks = new Talks(karez, account, { changed, arrived, gone, isReadBack: (talk) => talk === talks.shown && !log.following });
const log = new Log(talks, { reply: (entry) => composer.reply(entry), edit: (text) => composer.edit(text), person, refused, announce, showFiles, tray });
const composer = new Composer(talks, { refused, sent, tray });
const list = new List(talks, (talk) => show(talk, { byHand: true }));
const banner = new Banner(karez, announce);
/** @type {import('./bell.js').Bell | undefined} */
let bell;
/** @type {import('./search.js').Search | undefined} */
let search;
/** @type {import('./members.js').Panel | undefined} */
let panel;
/** @type {import('./attach.js').Tray | undefined} */
let attached;

// ---- drawing ----

/** Whoever answers has seen what was new, and wants to see the answer. */
async function sent() {
  if (talks.shown) talks.shown.newAfter = null;
  await log.toEnd();
  part('input').focus();
}

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
  list.draw();
  log.draw();
  drawHead();
  const unread = [...talks.all.values()].reduce((sum, talk) => sum + talk.unread, 0);
  const title = talks.shown ? `${talks.shown.title} · Karez` : 'Karez';
  document.title = unread ? `(${unread > 99 ? '99+' : unread}) ${title}` : title;
}

function drawHead() {
  const talk = talks.shown;
  part('rooms').dataset.shown = talk ? 'talk' : 'list';
  part('nothing').hidden = Boolean(talk);
  for (const id of ['talk-head', 'composer']) part(id).hidden = !talk;
  if (!talk) return;
  part('open-panel').hidden = talk.isTicket;
  setText('talk-title', talk.title);
  part('talk-avatar').className = `avatar${talk.isGroup ? ' group' : ''}${talk.presence?.online ? ' online' : ''}`;
  paintAvatar(part('talk-avatar'), talk.id, talk.title);
  setText('talk-about', aboutWords(talk));
  const names = [...talk.typing.values()].slice(0, 3).map((one) => one.name);
  setText('typing', names.length > 0 ? word('typing', names.join(', ')) : '');
}

/** @param {Talk} talk */
function aboutWords(talk) {
  if (talk.isGroup) return talk.count === undefined ? word('gidIs', talk.id) : [word('memberCount', talk.count), talk.name && talk.id].filter(Boolean).join(' · ');
  if (talk.isTicket || talks.isMe(talk.id)) return talk.isTicket ? `#${talk.id}` : word('toYourself');
  if (talk.presence?.online) return word('online');
  return talk.presence?.last ? word('lastSeen', dayAndClock(talk.presence.last)) : word('uidIs', talk.id);
}

/** @param {string} id @param {string} text */
function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
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

// ---- which talk is shown ----

/** @param {Talk | null} talk @param {{byHand?: boolean, seq?: number}} [how] */
async function show(talk, { byHand, seq } = {}) {
  const isOther = talk !== talks.shown;
  talks.shown = talk;
  keep.write('shown', talk ? JSON.stringify(talk.target) : null, sessionStorage);
  if (talk && byHand && NARROW.matches && history.state?.talk === undefined) history.pushState({ talk: talk.key }, '');
  if (isOther) {
    composer.show(talk);
    closePanel();
    drawHead();
    list.draw();
    const shown = log.show(talk);
    if (talk && byHand && !NARROW.matches) part('input').focus();
    if (talk) talks.watch(talk);
    await shown;
  } else if (byHand && !NARROW.matches) part('input').focus();
  if (seq !== undefined) await log.jump(seq);
  changed();
}

/** @param {any} target */
const open = (target) => show(talks.of(target), { byHand: true });

/** Narrow screens: from the conversation to the list. */
function back() {
  if (history.state?.talk !== undefined) history.back();
  else leaveTalk();
}

async function leaveTalk() {
  const key = talks.shown?.key;
  await show(null);
  const line = [...part('talks').children].find((one) => one.dataset.key === key);
  line?.querySelector('button')?.focus();
}

addEventListener('popstate', () => NARROW.matches && talks.shown && leaveTalk());

/** @param {Talk} talk @param {Entry} entry */
async function arrived(talk, entry) {
  if (talk === talks.shown && talk.unread === 1 && (document.hidden || !document.hasFocus())) talk.newAfter = talk.read;
  const text = brief(gist(entry), 100);
  const title = talk.isGroup ? `${entry.name || entry.uid} · ${talk.title}` : talk.title;
  if (keep.read('bell') === 'on') (await loadBell())?.ring(title, text, talk.key, () => show(talk));
}

/** One is no member any more. @param {Talk} talk @param {Entry} [entry] what was done */
function gone(talk, entry) {
  if (entry) refused(undefined, `${talk.title}: ${actWords(entry)}`);
  if (talks.shown === talk) show(null);
  changed();
}

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

const begin = async () => (await lazy(import('./dialogs.js')))?.begin(talks, open);
const showKeys = async () => (await lazy(import('./dialogs.js')))?.showKeys();
const showSettings = async () =>
  (await lazy(import('./dialogs.js')))?.showSettings(talks, { isGuest, theme, language: switchLanguage, signOut, keys: showKeys, announce, renamed });

async function loadPanel() {
  const loaded = await lazy(import('./members.js'));
  const mention = (/** @type {any} */ member) => composer.mention(member);
  const write = (/** @type {any} */ uid, /** @type {string} */ name) => {
    talks.of({ uid }).name ||= name;
    open({ uid });
  };
  if (loaded) panel ??= new loaded.Panel(talks, { refused, write, mention, close: closePanel, announce });
  return panel;
}

/** @param {any} uid @param {string} name */
async function person(uid, name) {
  (await loadPanel())?.person(talks.shown, { uid, name });
}

async function togglePanel() {
  if (!part('panel').hidden) return closePanel();
  const talk = talks.shown;
  const loaded = talk && (await loadPanel());
  if (!loaded || talk !== talks.shown) return;
  part('panel').hidden = false;
  part('open-panel').setAttribute('aria-expanded', 'true');
  await loaded.show(talk);
  part('panel').querySelector('button')?.focus();
}

function closePanel() {
  if (part('panel').hidden) return;
  const hadFocus = part('panel').contains(document.activeElement);
  part('panel').hidden = true;
  part('panel').replaceChildren();
  part('open-panel').setAttribute('aria-expanded', 'false');
  if (hadFocus) part('open-panel').focus();
}

async function loadBell() {
  const loaded = await lazy(import('./bell.js'));
  if (loaded) bell ??= new loaded.Bell(account, (words) => refused(undefined, words));
  return bell;
}

async function showFiles() {
  const cancel = async (/** @type {import('./talk.js').Pending} */ pending) => talks.shown && (await tray())?.cancel(talks.shown, pending);
  (await lazy(import('./file.js')))?.showFiles({ karez, refused, cancel });
}

/** What is attached. */
async function tray() {
  const loaded = await lazy(import('./attach.js'));
  if (loaded) attached ??= new loaded.Tray(talks, { refused, announce });
  return attached;
}

async function loadSearch() {
  const loaded = await lazy(import('./search.js'));
  if (loaded) search ??= new loaded.Search(talks, (talk, seq) => show(talk, { byHand: true, seq }));
  return search;
}

/** @param {Talk | null} talk */
async function searchIn(talk) {
  (await loadSearch())?.within(talk);
  if (talk && NARROW.matches) await show(null);
  part('find').focus();
}

function closeSearch() {
  part('find').value = '';
  search?.within(null);
}

// ---- keys, buttons ----

const clicks = {
  back, begin, 'begin-2': begin, self: showSettings, 'open-panel': togglePanel, 'door-language': switchLanguage,
  'search-here': () => searchIn(talks.shown), 'find-here': () => searchIn(null), 'alert-close': () => (part('alert').hidden = true),
  'ended-back': comeBack,
};
for (const [id, act] of Object.entries(clicks)) part(id).addEventListener('click', () => act());
// A browser asks its user only just after a click: then it must be here.
part('bell').addEventListener('pointerenter', loadBell);
part('bell').addEventListener('click', async () => (await loadBell())?.toggle());
addEventListener('storage', async ({ key }) => key === 'karez.bell' && (await loadBell())?.draw());
part('find').addEventListener('focus', loadSearch);
part('find').addEventListener('input', async () => !search && (await loadSearch())?.changed());

document.addEventListener('keydown', (e) => {
  if (e.isComposing || part('rooms').hidden || part('dialog').open) return;
  const isTyping = e.target instanceof HTMLElement && e.target.matches('input, textarea, select');
  if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
    e.preventDefault();
    list.step(e.key === 'ArrowDown' ? 1 : -1);
  } else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
    e.preventDefault();
    part('find').focus();
  } else if (e.key === '?' && !isTyping) showKeys();
  else if (e.key === 'Escape') escape();
});

/** Closes what was opened last. */
function escape() {
  if (!part('alert').hidden) part('alert').hidden = true;
  else if (composer.isReplying) composer.reply(null);
  else if (!part('panel').hidden) closePanel();
  else if (part('find').value) closeSearch();
  else if (NARROW.matches && talks.shown) back();
  else if (talks.shown) part('input').focus();
}

for (const event of ['focus', 'visibilitychange']) addEventListener(event, () => log.looked(), true);
addEventListener('pagehide', () => {
  composer.leave();
  // What was said in this very moment the browser may not have put into the outbox yet: a reload ends that in the middle.
  if (keep.read('account') !== account && isGuest) return;
  keep.write(`${account}.waiting`, karez.outbox.length > 0 ? JSON.stringify(karez.outbox) : null, sessionStorage);
});

// ---- from the door to the rooms, and out ----

/** @param {string} name */
function stage(name) {
  document.body.dataset.stage = name;
  for (const id of ['door', 'rooms', 'ended']) part(id).hidden = id !== name;
}

/** The server will not have us back as we are: a page that says why and what can be done, and no loop. @param {string} why */
function end(why) {
  karez.disconnect();
  stage('ended');
  banner.hide();
  const known = ['unauthorized', 'kicked', 'banned', 'expired'].includes(why) ? why : 'other';
  part('ended-text').textContent = word(`ended_${known}`);
  part('ended-back').textContent = word(`back_${known}`);
  part('ended-back').dataset.why = known;
  const site = keep.read('site', sessionStorage);
  if (site && /^(expired|unauthorized)$/.test(why)) {
    const link = linkNode(word('endedSite', new URL(site).host), new URL(site));
    link.target = '';
    part('ended-site').replaceChildren(link);
  }
  document.title = `${word('endedTitle')} · Karez`;
  part('ended-title').focus();
}

/** With a pass that has expired there is no coming back, but perhaps as a guest. */
function comeBack() {
  if (part('ended-back').dataset.why === 'expired') {
    keep.write('site-token', null, sessionStorage);
    location.reload();
    return;
  }
  stage('rooms');
  karez.connect();
}

function signOut() {
  karez.disconnect();
  for (const key of ['token', 'account', 'name', `${account}.talks`]) keep.write(key, null);
  for (const key of ['site-token', 'shown', `${account}.failed`]) keep.write(key, null, sessionStorage);
  indexedDB.deleteDatabase(`karez-${account}`);
  location.reload();
}

/** @param {string} name */
function renamed(name) {
  karez.name = name;
  keep.write('name', name);
  drawSelf();
}

function drawSelf() {
  part('me').textContent = String(karez.uid);
  part('me-name').textContent = karez.name ?? '';
  paintAvatar(part('me-avatar'), karez.uid ?? 0, karez.name ?? String(karez.uid));
}

karez
  .on('login', ({ token }) => {
    if (token) keep.write('token', token);
    stage('rooms');
    drawSelf();
    part('attach').hidden = !karez.limits.files_bytes;
    if (keep.read('bell') === 'on') setTimeout(loadBell);
    queueMicrotask(takeCarried);
    if (invited !== null) queueMicrotask(enterInvited);
    changed();
  })
  .on('state', ({ state, code, reason }) => {
    // 4000 to 4099: do not come back unchanged.
    if (state === 'disconnected' && code >= 4000 && code < 4100) end(reason);
  })
  .on('push', showPush)
  .on('broadcast', ({ name, content, time }) => showPush({ title: word('broadcast', name), content, time }));

async function enterInvited() {
  const gid = invited;
  invited = null;
  if (gid === null) return;
  try {
    await karez.group(gid).join();
    await talks.load();
    await open({ gid });
  } catch (error) {
    refused(error);
  }
}

part('enter-form').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault();
  const name = part('name').value.trim();
  keep.write('name', name || null);
  karez.options.name = name || undefined;
  stage('rooms');
  karez.connect();
});

// ---- language and light ----

/** Puts the words of the language everywhere. */
function speak() {
  document.documentElement.lang = locale();
  dress(document);
  part('door-language').textContent = word('otherLanguage');
  part('door-language').lang = otherLanguage() === 'zh' ? 'zh-CN' : 'en';
  closePanel();
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
part('name').value = keep.read('name') ?? '';
speak();
for (const message of Object.values(keep.readJson(`${account}.waiting`, sessionStorage))) karez.send(message).catch(() => {});
keep.write(`${account}.waiting`, null, sessionStorage);
// Somebody who has been here, or whom a site sends, comes straight in; a newcomer is asked for a name.
if (!isGuest || keep.read('token') !== null || keep.read('carried', sessionStorage) !== null) {
  stage('rooms');
  const shown = keep.readJson('shown', sessionStorage);
  if (shown.gid !== undefined || shown.uid !== undefined) karez.once('login', () => talks.ready.then(() => show(talks.of(shown))));
  karez.connect();
} else {
  stage('door');
  part('name').focus();
}
