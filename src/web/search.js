// What is found: conversations by name, at once, and messages, as the server finds them. Loaded when somebody first looks.

import { quoteText } from './row.js';
import { brief, button, errorWords, make, moment, paintAvatar, part, shortTime, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talks.js').Talks} Talks */

const PAUSE_MS = 300;
const ENOUGH = 20;
const AROUND = 24;

export class Search {
  /** @type {any} */
  #timer;
  #turn = 0;

  /** In which talk alone is searched. @type {Talk | null} */
  #scope = null;

  /** @param {Talks} talks @param {(talk: Talk, seq?: number) => void} open */
  constructor(talks, open) {
    this.talks = talks;
    this.open = open;
    this.found = part('found');
    this.input = part('find');
    this.input.addEventListener('input', () => this.changed());
    part('finder').addEventListener('submit', (/** @type {Event} */ e) => (e.preventDefault(), this.#ask()));
  }

  /** Searches in one talk, or in all. @param {Talk | null} talk */
  within(talk) {
    this.#scope = talk;
    part('find-here').hidden = !talk;
    part('find-here').textContent = talk ? word('searchIn', brief(talk.title, 16)) : '';
    this.changed();
  }

  /** What is looked for, or where, is another. */
  changed() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const wanted = this.input.value.trim();
    this.found.hidden = !wanted;
    part('talks').hidden = Boolean(wanted);
    if (!wanted) return;
    this.found.replaceChildren(...this.#talksCalled(wanted), this.#part('searching', []));
    this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  /** @param {string} wanted */
  #talksCalled(wanted) {
    if (this.#scope) return [];
    const small = wanted.toLowerCase();
    const called = this.talks.sorted.filter((talk) => `${talk.title} ${talk.id}`.toLowerCase().includes(small));
    return called.length > 0 ? [this.#part('foundTalks', called.slice(0, 8).map((talk) => this.#line(talk, talk.title, '', '', () => this.open(talk))))] : [];
  }

  /** Asks page after page until there is enough, or no more, or somebody types on. */
  async #ask() {
    clearTimeout(this.#timer);
    const wanted = this.input.value.trim();
    const turn = (this.#turn += 1);
    if (!wanted) return;
    const scope = this.#scope;
    /** @type {Entry[]} */
    const entries = [];
    let cursor;
    try {
      do {
        const page = await this.talks.karez.request({ type: 'search', q: wanted, ...scope?.target, cursor });
        if (turn !== this.#turn) return;
        entries.push(...page.messages);
        cursor = page.next;
      } while (cursor !== undefined && entries.length < ENOUGH);
      const lines = entries.map((entry) => this.#entry(entry, wanted));
      const words = entries.length > 0 ? 'foundMessages' : 'foundNothing';
      this.found.replaceChildren(...this.#talksCalled(wanted), this.#part(words, lines, entries.length));
    } catch (error) {
      if (turn === this.#turn) this.found.replaceChildren(make('p', 'empty', errorWords(error)));
    }
  }

  /** @param {string} words @param {HTMLElement[]} lines @param {number} [count] */
  #part(words, lines, count) {
    const node = make('section');
    const title = make('h2', 'found-title', word(words, count));
    title.setAttribute('aria-live', 'polite');
    const list = make('ul');
    list.append(...lines);
    node.append(title, ...(lines.length > 0 ? [list] : []));
    return node;
  }

  /** @param {Entry} entry @param {string} wanted */
  #entry(entry, wanted) {
    const { isMe } = this.talks;
    const other = entry.to !== undefined && isMe.call(this.talks, entry.uid) ? entry.to : entry.uid;
    const talk = this.talks.of(entry.gid === undefined ? { uid: other } : { gid: entry.gid });
    const who = isMe.call(this.talks, entry.uid) ? word('you') : entry.name || String(entry.uid);
    const line = this.#line(talk, talk.title, `${who}: `, around(entry, wanted), () => this.open(talk, entry.seq));
    const time = make('time', 'faint', shortTime(entry.time));
    time.title = moment(entry.time);
    line.querySelector('.item-name')?.after(time);
    return line;
  }

  /** What is looked for stands out. @param {string} text @returns {(string | Node)[]} */
  #marked(text) {
    const wanted = this.input.value.trim();
    const at = wanted ? text.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
    if (at < 0) return [text];
    return [text.slice(0, at), make('mark', '', text.slice(at, at + wanted.length)), text.slice(at + wanted.length)];
  }

  /** @param {Talk} talk @param {string} title @param {string} who @param {string} text @param {() => void} open */
  #line(talk, title, who, text, open) {
    const place = make('li');
    const line = button('', open, 'item');
    const avatar = paintAvatar(make('span', `avatar${talk.isGroup ? ' group' : ''}`), talk.id, talk.title);
    avatar.setAttribute('aria-hidden', 'true');
    const words = make('span', 'item-words');
    const preview = make('span', 'preview faint', who);
    preview.append(...this.#marked(text));
    words.append(make('span', 'item-name', title), preview);
    line.append(avatar, words);
    place.append(line);
    return place;
  }
}

/** The piece of a text in which the word stands. @param {Entry} entry @param {string} wanted */
function around(entry, wanted) {
  const at = entry.content.toLowerCase().indexOf(wanted.toLowerCase());
  if (at < AROUND) return brief(entry.content, 80) || quoteText(entry);
  return `…${brief(entry.content.slice(at - AROUND / 2), 80)}`;
}
