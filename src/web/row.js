// The lines of a log: messages, those that wait, what admins did, who came and went, times between them.
// Foreign text enters as text nodes only.

import { fileOf } from './talk.js';
import { brief, button, clock, contentNode, dayAndClock, errorWords, make, moment, paintAvatar, word } from './text.js';

/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Pending} Pending */
/** @typedef {import('./talk.js').FileData} FileData */

/**
 * @typedef {object} View what a message shows besides itself
 * @property {boolean} own
 * @property {boolean} goesOn whether the line above is the same author's
 * @property {boolean} ends whether the line below is not
 * @property {boolean} newest whether it is the last of one's own
 * @property {boolean} named whether the author is named: in groups
 * @property {boolean} mentioned whether it names the reader
 * @property {string} state `queued`, `failed`, `stored` or `read`; empty for what others said
 * @property {string} [quoteName]
 * @property {string} [quoteText]
 * @property {() => void} [author] what a click on the author does
 * @property {() => void} [jump] what a click on the quote does
 */

const QUOTE_LENGTH = 40;
const PICTURE_PX = 300;
const PICTURE_MIN_PX = 48;

/** What a list or a quote says of an entry, on one line. @param {Entry | Pending} item */
export function gist(item) {
  if ('seq' in item) {
    if (item.recalled || item.ref !== undefined) return word('recalled');
    if (item.kind === 'system') return actWords(item);
  }
  const file = fileOf(item);
  if (file) return word(file.isPicture ? 'gistPicture' : 'gistFile', item.content);
  return item.content;
}

/** @param {Entry} entry */
export const quoteText = (entry) => brief(gist(entry), QUOTE_LENGTH);

/** What an owner or admin did. @param {Entry} entry */
export function actWords(entry) {
  const { act, uid, seconds, name, open, role } = entry.data ?? {};
  const who = entry.name || String(entry.uid);
  if (act === 'group_update') {
    if (name) return word('act_renamed', who, name);
    return word(open === false ? 'act_closed' : open ? 'act_opened' : 'act_group_update', who);
  }
  if (act === 'role') return word(`act_role_${role}`, who, uid);
  return word(seconds === 0 ? `act_${act}_lifted` : `act_${act}`, who, uid);
}

/** A message, or one that waits. @param {Entry | Pending} item @param {View} view @returns {HTMLElement} */
export function messageRow(item, view) {
  const row = make('div', ['row', view.own && 'own', view.goesOn && 'goes-on', view.ends && 'ends', view.mentioned && 'names-me', view.state].filter(Boolean).join(' '));
  row.tabIndex = -1;
  row.setAttribute('role', 'article');
  const bubble = make('div', 'bubble');
  if ('seq' in item) {
    row.dataset.seq = String(item.seq);
    if (view.named && !view.own) {
      const name = item.name || String(item.uid);
      row.append(paintAvatar(make('span', 'avatar'), item.uid, name));
      row.firstChild.setAttribute('aria-hidden', 'true');
      if (!view.goesOn) {
        const author = view.author ? button(name, view.author, 'author') : make('span', 'author', name);
        author.style.setProperty('--hue', row.firstChild.style.getPropertyValue('--hue'));
        bubble.append(author);
      } else bubble.append(make('span', 'unseen', name));
    } else bubble.append(make('span', 'unseen', view.own ? word('you') : item.name ?? ''));
  } else row.dataset.pending = item.id;
  if (view.quoteName !== undefined) bubble.append(quoteNode(view));
  if (view.mentioned) bubble.append(make('span', 'unseen', word('mentionsYou')));
  const file = fileOf(item);
  if (file) bubble.append(fileNode(item, file));
  if (file?.name !== item.content) bubble.append(contentNode(item.content));
  bubble.append(foot(item, view));
  row.append(bubble);
  return row;
}

/** A file, which file.js fills; a picture has its size before it is there. @param {Entry | Pending} item @param {FileData} file */
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

/** @param {View} view */
function quoteNode(view) {
  const quote = button('', () => view.jump?.(), 'quote');
  quote.append(make('b', '', view.quoteName), ' ', make('span', '', view.quoteText));
  return quote;
}

const MARKS = /** @type {Record<string, string>} */ ({ queued: '🕓', stored: '✓', read: '✓✓', failed: '!' });

/** @param {Entry | Pending} item @param {View} view */
function foot(item, view) {
  const node = make('p', 'foot');
  const time = make('time', '', clock(item.time));
  time.dateTime = new Date(item.time).toISOString();
  time.title = moment(item.time);
  node.append(time);
  if (!view.state) return node;
  const mark = make('span', 'mark', MARKS[view.state]);
  mark.setAttribute('aria-hidden', 'true');
  const words = make('span', view.newest || view.state === 'failed' ? 'state' : 'unseen', word(`state_${view.state}`));
  node.append(mark, words);
  return node;
}

/** What went wrong, and ways on. @param {any} error @param {() => void} again @param {string} back @param {() => void} takeBack */
export function failureNode(error, again, back, takeBack) {
  const node = make('p', 'failure');
  node.append(make('span', '', errorWords(error)), button(word('again'), again, 'again'), button(word(back), takeBack));
  return node;
}

/** A line in the middle. @param {string} text @param {HTMLButtonElement} [act] @param {number} [time] */
export function noticeRow(text, act, time) {
  const row = make('div', 'row notice');
  const words = make('p', '', text);
  if (time) words.title = moment(time);
  if (act) words.append(' ', act);
  row.append(words);
  return row;
}

/** A time between messages. @param {number} time */
export function timeRow(time) {
  const row = make('div', 'row divider');
  const node = make('time', '', dayAndClock(time));
  node.dateTime = new Date(time).toISOString();
  node.title = moment(time);
  row.append(node);
  return row;
}

/** The line above what is new. */
export function newRow() {
  const row = make('div', 'row new-line');
  row.dataset.testid = 'new-line';
  row.append(make('span', '', word('newLine')));
  return row;
}
