// The lines of a window: entries, notices, messages that wait; talks and members to choose from.
// Foreign text enters as text nodes only.

import { REPEATABLE_MS } from './client.js';
import { clock, contentNode, day, make, moment, paintAvatar } from './text.js';
import { errorWords, word } from './words.js';

const GROUPED_MS = 5 * 60_000;
const TIMER_MS_MAX = 2 ** 31; // A browser's timer of this length or longer ends at once.

/** @typedef {{seq?: number, uid?: string|number, name?: string, content?: string, time: number, own?: boolean, notice?: string, ref?: number, recalled?: boolean, by?: {name: string, own: boolean}, kind?: string, data?: {act?: string, uid?: string|number, seconds?: number}}} Item */
/** @typedef {{id: string, content: string, time: number, state: 'waiting'|'sending'|'failed', covered?: boolean, error?: object}} Pending */

function emptyRow(className, time) {
  const row = make('div', className);
  row.dataset.time = String(time);
  row.append(make('p', 'mark'));
  return row;
}

/** joined, left. @param {Item} item */
export function noticeRow(item) {
  const row = emptyRow('row notice', item.time);
  row.append(make('p', '', item.notice));
  return row;
}

/** What an owner or admin did. @param {Item} item */
function actRow(item) {
  const { act, uid, seconds } = item.data ?? {};
  const row = emptyRow('row notice', item.time);
  if (item.seq) row.dataset.seq = String(item.seq);
  const key = seconds === 0 ? `act_${act}_lifted` : `act_${act}`;
  row.append(make('p', '', word(key, item.name || String(item.uid), uid ?? '')));
  return row;
}

/** A message that was recalled; or the recall itself, which says nothing more and keeps the numbers whole. */
function recalledRow(item) {
  const row = emptyRow(item.ref ? 'row notice silent' : 'row notice', item.time);
  row.dataset.seq = String(item.seq);
  const { name, own } = item.by ?? {};
  if (!item.ref) row.append(make('p', '', own ? word('recalledOwn') : name ? word('recalledBy', name) : word('recalled')));
  return row;
}

/** A button that is there for as long as it is of use. @param {{leftMs: number, act: () => void}} recall */
function recallButton({ leftMs, act }) {
  const button = make('button', 'recall', word('recall'));
  button.type = 'button';
  button.addEventListener('click', act);
  if (leftMs < TIMER_MS_MAX) setTimeout(() => button.remove(), leftMs);
  return button;
}

/**
 * An entry; one without a number is from another life of the server's store. @param {Item} item
 * @param {((uid: string|number, name: string) => void)?} openTalk what a click on the author does
 * @param {{leftMs: number, act: () => void}?} [recall] for how long it may be recalled, and how
 */
export function entryRow(item, openTalk, recall) {
  if (item.ref || item.recalled) return recalledRow(item);
  if (item.kind === 'system') return actRow(item);
  const row = emptyRow(item.own ? 'row own' : 'row', item.time);
  if (item.seq) row.dataset.seq = String(item.seq);
  row.dataset.uid = String(item.uid);
  const name = item.name || String(item.uid);
  const author = make(openTalk ? 'button' : 'span', 'author', item.own ? word('you') : name);
  if (openTalk) {
    author.type = 'button';
    author.title = word('openTalk', name);
    author.addEventListener('click', () => openTalk(item.uid, name));
  }
  const head = make('p', 'head');
  head.append(author, make('span', 'uid', String(item.uid)));

  const time = make('time', '', clock(item.time));
  time.dateTime = new Date(item.time).toISOString();
  time.title = moment(item.time);
  const foot = make('p', 'foot');
  if (recall) foot.append(recallButton(recall));
  foot.append(time);
  if (item.own) {
    const tick = make('span', 'tick', '✓');
    tick.setAttribute('aria-hidden', 'true');
    foot.append(make('span', 'unseen', word('sent')), tick);
  }

  const bubble = make('div', 'bubble');
  bubble.append(head, contentNode(item.content ?? ''), foot);
  const avatar = paintAvatar(make('span', 'avatar'), item.uid, name);
  avatar.setAttribute('aria-hidden', 'true');
  row.append(avatar, bubble);
  return row;
}

/** A message that is not acknowledged yet, or was refused. @param {Pending} pending @param {() => void} again */
export function pendingRow(pending, again) {
  const row = make('div', `row own pending ${pending.state}`);
  row.dataset.pending = pending.id;
  const foot = make('p', 'foot', word(pending.state));
  if (pending.state === 'failed') {
    const words = errorWords(pending.error ?? { code: 'internal' });
    foot.textContent = pending.error?.code === 'unsure' ? words : `${word('failed')}: ${words}`;
    const button = make('button', 'again', word('again'));
    button.type = 'button';
    button.addEventListener('click', again);
    foot.append(' ', button);
  }
  const bubble = make('div', 'bubble');
  bubble.append(contentNode(pending.content), foot);
  row.append(bubble);
  return row;
}

/** A talk after a reload. Nobody can say any more what became of a message that was on its way. */
export function revive(talk) {
  const unsure = (one) => ({ ...one, state: 'failed', error: { code: 'unsure' } });
  const isOld = (one) => one.state === 'sending' && Date.now() - one.time > REPEATABLE_MS;
  return { ...talk, pending: talk.pending.map((one) => (isOld(one) ? unsure(one) : one)), typing: new Map() };
}

/** What a row shows because of the one before it: a new day, missing entries, the same author going on. */
export function dressRow(row) {
  if (row.dataset.pending) return;
  const before = row.previousElementSibling;
  let spoken = before;
  while (spoken && !spoken.dataset.seq) spoken = spoken.previousElementSibling;
  const missing = spoken && row.dataset.seq ? Number(row.dataset.seq) - Number(spoken.dataset.seq) - 1 : 0;
  const time = Number(row.dataset.time);
  const newDay = !before || day(Number(before.dataset.time)) !== day(time);
  const mark = [newDay && day(time), missing > 0 && word('missing', missing)].filter(Boolean).join(' · ');
  row.querySelector('.mark').textContent = mark;
  const goesOn = !mark && before?.dataset.uid && before.dataset.uid === row.dataset.uid;
  row.classList.toggle('goes-on', Boolean(goesOn) && time - Number(before.dataset.time) < GROUPED_MS);
}

/** A talk to choose. @param {string} title @param {number} unread @param {boolean} shown @param {() => void} choose */
export function chip(title, unread, shown, choose) {
  const button = make('button', 'chip', title);
  button.type = 'button';
  button.setAttribute('aria-current', String(shown));
  button.addEventListener('click', choose);
  if (unread) {
    const badge = make('span', 'badge', unread > 99 ? '99+' : String(unread));
    badge.setAttribute('aria-label', word('unread', unread));
    badge.setAttribute('role', 'img');
    button.append(' ', badge);
  }
  const place = make('li');
  place.append(button);
  return place;
}

/** A member to write to. @param {{uid: string|number, name: string, online: boolean}} member @param {Function} openTalk */
export function memberLine(member, openTalk) {
  const state = word(member.online ? 'online' : 'offline');
  const button = make('button', member.online ? 'there' : 'away', member.name || String(member.uid));
  button.type = 'button';
  button.append(' ', make('span', 'uid', `${member.uid} · ${state}`));
  button.addEventListener('click', () => openTalk(member.uid, member.name));
  const place = make('li');
  place.append(button);
  return place;
}

/** Whether somebody is there, and since when not. @param {{online: boolean, last?: number}} [presence] */
export function presenceWords(presence) {
  if (!presence) return '';
  if (presence.online) return word('online');
  return presence.last ? word('lastSeen', clock(presence.last)) : word('offline');
}
