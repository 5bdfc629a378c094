// The list of conversations: who, what was said last, when, and what is unread.

import { gist } from './row.js';
import { isMessage } from './talk.js';
import { brief, locale, make, moment, paintAvatar, part, setChildren, shortTime, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talks.js').Talks} Talks */

export class List {
  /** @type {Map<string, {says: string, node: HTMLElement}>} */
  #lines = new Map();

  /** @param {Talks} talks @param {(talk: Talk) => void} choose */
  constructor(talks, choose) {
    this.talks = talks;
    this.choose = choose;
    this.node = part('talks');
  }

  draw() {
    const focused = this.node.contains(document.activeElement) ? document.activeElement?.closest('li') : null;
    const key = focused instanceof HTMLElement ? focused.dataset.key : undefined;
    const now = /** @type {Map<string, {says: string, node: HTMLElement}>} */ (new Map());
    for (const talk of this.talks.sorted) {
      const says = this.#says(talk);
      const before = this.#lines.get(talk.key);
      now.set(talk.key, before?.says === says ? before : { says, node: this.#line(talk) });
    }
    this.#lines = now;
    setChildren(this.node, [...now.values()].map(({ node }) => node));
    part('talks-empty').hidden = now.size > 0 || this.node.hidden;
    // What has the focus may have moved, or been made anew.
    if (key !== undefined && !this.node.contains(document.activeElement)) now.get(key)?.node.querySelector('button')?.focus();
  }

  /** The conversation before or behind the one that is shown. @param {number} by */
  step(by) {
    const all = this.talks.sorted;
    const at = this.talks.shown ? all.indexOf(this.talks.shown) : -1;
    const next = all[(at + by + all.length) % all.length];
    if (next) this.choose(next);
  }

  /** All that a line depends on. @param {Talk} talk */
  #says(talk) {
    const { title, unread, mentioned, presence, last, typing } = talk;
    const shown = talk === this.talks.shown;
    return JSON.stringify([title, unread, mentioned, presence?.online, last?.seq, last?.recalled, last?.by, [...typing.values()].map((one) => one.name),
      shown, shown ? '' : talk.draft, talk.pending.map((one) => [one.id, Boolean(one.failed)]), talk.time && shortTime(talk.time), locale()]);
  }

  /** @param {Talk} talk */
  #line(talk) {
    const place = make('li');
    place.dataset.key = talk.key;
    const line = make('button', 'item');
    line.type = 'button';
    if (talk === this.talks.shown) line.setAttribute('aria-current', 'true');
    line.addEventListener('click', () => this.choose(talk));
    const avatar = paintAvatar(make('span', `avatar${talk.presence?.online ? ' online' : ''}${talk.isGroup ? ' group' : ''}`), talk.id, talk.title);
    avatar.setAttribute('aria-hidden', 'true');
    const words = make('span', 'item-words');
    const name = make('span', 'item-name', talk.title);
    if (talk.presence?.online) name.append(make('span', 'unseen', ` (${word('online')})`));
    const time = make('time', 'faint', talk.time ? shortTime(talk.time) : '');
    if (talk.time) time.title = moment(talk.time);
    const preview = make('span', 'preview faint');
    preview.append(...this.#preview(talk));
    words.append(name, time, preview, ...this.#badges(talk));
    line.append(avatar, words);
    place.append(line);
    return place;
  }

  /** @param {Talk} talk @returns {(Node | string)[]} */
  #preview(talk) {
    if (talk.typing.size > 0) return [make('span', 'busy', word('typingShort'))];
    if (talk.draft && talk !== this.talks.shown) return [make('span', 'draft', `${word('draft')} `), brief(talk.draft, 60)];
    const waiting = talk.pending.filter((one) => !one.covered).at(-1);
    if (waiting) return [make('span', waiting.failed ? 'draft' : '', `${word(waiting.failed ? 'state_failed' : 'state_queued')}: `), brief(gist(waiting), 60)];
    const { last } = talk;
    if (!last) return [word('nothingSaid')];
    const text = brief(gist(last), 60);
    const isNamed = isMessage(last) && (talk.isGroup || this.talks.isMe(last.uid));
    if (!isNamed) return [text];
    return [`${this.talks.isMe(last.uid) ? word('you') : last.name || last.uid}: ${text}`];
  }

  /** @param {Talk} talk @returns {Node[]} */
  #badges(talk) {
    const nodes = [];
    if (talk.mentioned) nodes.push(badge('@', word('mentioned'), 'at'));
    if (talk.unread) nodes.push(badge(talk.unread > 99 ? '99+' : String(talk.unread), word('unread', talk.unread), 'unread'));
    return nodes;
  }
}

/** @param {string} text @param {string} label @param {string} className */
function badge(text, label, className) {
  const node = make('span', `badge ${className}`);
  const shown = make('span', '', text);
  shown.setAttribute('aria-hidden', 'true');
  node.append(shown, make('span', 'unseen', label));
  return node;
}
