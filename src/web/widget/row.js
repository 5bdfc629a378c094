// The lines of the panel's log. Foreign text enters as text nodes only.

import { fileOf } from '../talk.js';
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

/** @typedef {import('../talk.js').FileData} FileData */

const PICTURE_PX = 220;
const PICTURE_MIN_PX = 60;
const MARKS = /** @type {Record<string, string>} */ ({ queued: '🕓', stored: '✓', read: '✓✓', failed: '!' });

/** @param {{uid?: any, name?: string, content: string, time?: number, message?: any, kind?: string, data?: any}} item a message, or one that waits @param {View} view @returns {HTMLElement} */
export function messageRow(item, view) {
  const { uid, name = String(uid), content, time } = item;
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
  const file = fileOf(item);
  if (file) bubble.append(fileNode(item, file));
  if (file?.name !== content) bubble.append(contentNode(content));
  if (time) bubble.append(foot(time, view));
  row.append(bubble);
  return row;
}

/** A file, which file.js fills; a picture has its size before it is there. @param {object} item @param {FileData} file */
function fileNode(item, file) {
  const node = make('karez-file', file.isPicture ? 'picture' : 'file');
  Object.assign(node, { item, file });
  if (!file.isPicture) return node;
  const share = Math.min(1, PICTURE_PX / Math.max(file.width, file.height));
  const [width, height] = [file.width, file.height].map((side) => Math.max(PICTURE_MIN_PX, Math.round(side * share)));
  node.style.width = `${width}px`;
  node.style.aspectRatio = `${width} / ${height}`;
  return node;
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

/** What went wrong, and ways on. @param {any} error @param {() => void} again @param {() => void} edit @param {boolean} isFile which nobody can edit */
export function failureNode(error, again, edit, isFile) {
  const node = make('p', 'failure');
  node.append(make('span', '', errorWords(error)), button(word('again'), again), button(word(isFile ? 'cancel' : 'takeBack'), edit));
  return node;
}

/** A line in the middle. @param {string} text @param {number} [time] @param {string} [name] of a class of its own */
export function noticeRow(text, time, name = '') {
  const row = make('div', `row notice ${name}`);
  row.append(time ? timeNode(text, time) : make('p', '', text));
  return row;
}
