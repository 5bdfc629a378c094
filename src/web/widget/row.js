// The lines of the panel's log. Foreign text enters as text nodes only.

import { button, clock, contentNode, errorWords, make, moment, paintAvatar, word } from '../text.js';

/**
 * @typedef {object} View what a message shows besides itself
 * @property {boolean} own
 * @property {boolean} goesOn whether the line above is the same author's
 * @property {boolean} ends whether the line below is not
 * @property {boolean} newest whether it is the last of one's own
 * @property {string} state `queued`, `failed`, `stored` or `read`; empty for what others said
 * @property {string} [quote]
 */

const MARKS = /** @type {Record<string, string>} */ ({ queued: '🕓', stored: '✓', read: '✓✓', failed: '!' });

/** @param {{uid?: any, name?: string, content: string, time?: number}} item a message, or one that waits @param {View} view @returns {HTMLElement} */
export function messageRow({ uid, name = String(uid), content, time }, view) {
  const row = make('div', ['row', view.own && 'own', view.goesOn && 'goes-on', view.ends && 'ends', view.state].filter(Boolean).join(' '));
  row.tabIndex = -1;
  row.setAttribute('role', 'article');
  const bubble = make('div', 'bubble');
  if (!view.own) {
    const avatar = paintAvatar(make('span', 'avatar'), uid, name);
    avatar.setAttribute('aria-hidden', 'true');
    row.append(avatar);
  }
  bubble.append(make('span', view.own || view.goesOn ? 'unseen' : 'author', view.own ? word('you') : name));
  if (view.quote !== undefined) bubble.append(make('p', 'quote', view.quote));
  bubble.append(contentNode(content));
  if (time) bubble.append(foot(time, view));
  row.append(bubble);
  return row;
}

/** @param {number} time @param {View} view */
function foot(time, { state, newest }) {
  const node = make('p', 'foot');
  node.append(timeNode(clock(time), time));
  if (!state) return node;
  const mark = make('span', 'mark', MARKS[state]);
  mark.setAttribute('aria-hidden', 'true');
  node.append(mark, make('span', newest || state === 'failed' ? 'state' : 'unseen', word(`state_${state}`)));
  return node;
}

/** @param {string} text @param {number} time */
function timeNode(text, time) {
  const node = make('time', '', text);
  node.dateTime = new Date(time).toISOString();
  node.title = moment(time);
  return node;
}

/** What went wrong, and ways on. @param {any} error @param {() => void} again @param {() => void} edit */
export function failureNode(error, again, edit) {
  const node = make('p', 'failure');
  node.append(make('span', '', errorWords(error)), button(word('again'), again), button(word('takeBack'), edit));
  return node;
}

/** A line in the middle. @param {string} text @param {number} [time] @param {string} [name] of a class of its own */
export function noticeRow(text, time, name = '') {
  const row = make('div', `row notice ${name}`);
  row.append(time ? timeNode(text, time) : make('p', '', text));
  return row;
}
