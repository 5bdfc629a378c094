// Small pieces of the desk's views: how long something takes, clocks that tick, a note in the log, stars.

import { clock, contentNode, locale, make, moment, part, word } from '../text.js';

/** Whether the card has a place of its own. */
export const ROOMY = matchMedia('(min-width: 1100px)');

/** @param {string} id @param {string} text */
export function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
}

/** Milliseconds by which the clock here is ahead of the daemon's. */
let ahead = 0;
/** @param {number} ms */
export const setClock = (ms) => void (ahead = ms);

/** How long ago something was, in milliseconds. @param {number} time */
export const ago = (time) => Math.max(0, Date.now() - ahead - time);

/** 0:07, 12:30, 2 h 5 min. @param {number} ms */
export function lasting(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${amount(hours, 'hour')} ${amount(minutes % 60, 'minute')}`;
  return amount(Math.floor(hours / 24), 'day');
}

/** @param {number} value @param {string} unit */
const amount = (value, unit) => value.toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'short' });

const WARN_MS = 60_000;
const LATE_MS = 180_000;

/** A time that ticks up from a moment, and warns. @param {number} since @param {string} [className] */
export function ticking(since, className = '') {
  const node = make('span', `ticking ${className}`);
  node.dataset.since = String(since);
  node.title = moment(since);
  tick(node);
  return node;
}

/** A time that ticks down. @param {number} until by the clock of `performance` */
export function countdown(until) {
  const node = make('span', 'ticking');
  node.dataset.until = String(until);
  tick(node);
  return node;
}

/** @param {HTMLElement} node */
function tick(node) {
  const { since, until } = node.dataset;
  const ms = since ? ago(Number(since)) : Number(until) - performance.now() + 999;
  const text = lasting(ms);
  if (node.textContent !== text) node.textContent = text;
  if (since) node.dataset.late = ms > LATE_MS ? 'late' : ms > WARN_MS ? 'warn' : '';
}

setInterval(() => {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.ticking'))) tick(node);
}, 1000);

/** What agents tell each other, in the log. @param {import('./ticket.js').Note} note */
export function noteRow(note) {
  const row = make('div', 'row note');
  row.setAttribute('role', 'article');
  row.dataset.testid = 'note';
  const box = make('div', 'note-box');
  const head = make('p', 'note-head', word('noteOf', note.name || String(note.uid)));
  const time = make('time', 'foot-time', clock(note.time));
  time.title = moment(note.time);
  head.append(' ', time);
  box.append(head, contentNode(note.content));
  row.append(box);
  return row;
}

/** Stars as they are given, and for who does not see them. @param {number} stars */
export function starsNode(stars) {
  const node = make('span', 'stars');
  const shown = make('span', '', '★'.repeat(stars) + '☆'.repeat(Math.max(0, 5 - stars)));
  shown.setAttribute('aria-hidden', 'true');
  node.append(shown, make('span', 'unseen', word('starsOf', stars)));
  return node;
}
