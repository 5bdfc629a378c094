// Numbers, sizes, times and refusals in words, and elements with text in them.

import { Problem } from './api.js';
import { locale, say } from './words.js';

/** @param {number} value */
export const count = (value) => value.toLocaleString(locale(), { maximumFractionDigits: value < 10 ? 1 : 0 });

/** @param {number | null} value bytes; null where it is not known yet */
export function bytes(value) {
  if (value === null) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 100 ? 1 : 0;
  return `${value.toLocaleString(locale(), { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${units[unit]}`;
}

/** @param {number} us microseconds */
export function shortTime(us) {
  if (us < 1_000) return `${Math.round(us)} µs`;
  const [value, unit] = us < 1_000_000 ? [us / 1_000, 'ms'] : [us / 1_000_000, 's'];
  return `${value.toLocaleString(locale(), { maximumFractionDigits: value < 100 ? 1 : 0 })} ${unit}`;
}

/** A length of time in its two largest units. @param {number} seconds */
export function longTime(seconds) {
  /** @type {[string, number][]} */
  const units = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];
  const at = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  let rest = Math.max(0, Math.floor(seconds));
  const parts = (seconds < 1 ? [units[3]] : units.slice(at, at + 2)).map(([unit, size]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return n > 0 || seconds < 1 ? n.toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'short' }) : '';
  });
  return parts.filter(Boolean).join(' ');
}

/** A moment. @param {number} ms Unix time in milliseconds */
export const moment = (ms) => new Date(ms).toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'short' });

/** @param {{uid: string | number, name: string}} user */
export const called = (user) => (user.name && user.name !== String(user.uid) ? `${user.name} (${user.uid})` : String(user.uid));

/** Why something was not done. @param {unknown} error */
export function why(error) {
  if (!(error instanceof Problem)) return String(error);
  const detail = error.message;
  switch (error.code) {
    case 'not_found': return say('notFound');
    case 'forbidden': return say('forbidden');
    case 'unauthorized': return say('keyRefused');
    case 'rate_limited': return say('rateLimited', { n: error.retrySeconds || 1 });
    case 'too_large': return say('tooLarge');
    case 'conflict': return say('conflict', { detail });
    case 'internal': return say('internal');
    case 'unreachable': return say('unreachable');
    default: return say('badRequest', { detail });
  }
}

/**
 * The element of that id, which is there.
 * @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T}
 */
export function the(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return /** @type {T} */ (found);
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} [name] of its class @param {...(Node | string)} inside @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, name = '', ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

/**
 * Makes the children of a list these, keyed, and keeps those that are there: a row that has the focus keeps it.
 * @template T
 * @param {HTMLElement} list @param {T[]} items @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} draw a new row; drawn anew only when `looks` is another
 * @param {(item: T) => string} looks
 */
export function keep(list, items, keyOf, draw, looks) {
  /** @type {Map<string, HTMLElement>} */
  const before = new Map();
  for (const child of list.children) before.set(/** @type {HTMLElement} */ (child).dataset.key ?? '', /** @type {HTMLElement} */ (child));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  items.forEach((item, at) => {
    const key = keyOf(item);
    const old = before.get(key);
    before.delete(key);
    let row = old;
    if (!row || row.dataset.looks !== looks(item)) {
      row = draw(item);
      row.dataset.key = key;
      row.dataset.looks = looks(item);
      if (old) {
        const action = old.contains(focused) ? focused?.dataset.action : undefined;
        old.replaceWith(row);
        if (action) /** @type {HTMLElement | null} */ (row.querySelector(`[data-action="${action}"]`))?.focus();
      }
    }
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  for (const gone of before.values()) gone.remove();
}
