// The composer: what is typed, to whom it replies, whom it names, and the keys that send it.
//
// Enter that chooses a word in an input method never sends. What is typed is kept with its talk until it is said.

import { quoteText } from './row.js';
import { keep, make, paintAvatar, part, same, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Member} Member */
/** @typedef {import('./talks.js').Talks} Talks */

const TYPING_EVERY_MS = 3000;
const SUGGESTED_MAX = 8;

/** Whether a browser says that an input method takes the key. @param {KeyboardEvent} e */
const isComposing = (e) => e.isComposing || e.keyCode === 229;

export class Composer {
  /** @type {Talk | null} */
  talk = null;
  /** @type {Entry | null} */
  #reply = null;
  /** Whom the text names, by what stands in it. @type {Map<string, any>} */
  #named = new Map();
  /** @type {Promise<Member[]> | null} */
  #members = null;
  /** @type {Member[]} */
  #suggested = [];
  #chosen = 0;
  #toldTyping = -Infinity;
  /** @type {any} */
  #draftTimer;

  /** @param {Talks} talks @param {{refused: (error: any) => void, sent: () => void}} page */
  constructor(talks, page) {
    this.talks = talks;
    this.page = page;
    this.input = part('input');
    this.suggest = part('suggest');
    part('composer').addEventListener('submit', (/** @type {Event} */ e) => (e.preventDefault(), this.send()));
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e));
    this.input.addEventListener('input', () => this.#typed());
    this.input.addEventListener('blur', () => this.#closeSuggestions());
    part('replying-close').addEventListener('click', () => (this.reply(null), this.input.focus()));
    part('emoji-open').addEventListener('click', () => this.#emoji());
  }

  /** @param {Talk | null} talk */
  show(talk) {
    this.#saveDraft();
    this.talk = talk;
    this.#members = null;
    this.#named.clear();
    this.reply(null);
    this.#closeSuggestions();
    part('emoji').hidden = true;
    this.#set(talk?.draft ?? '');
  }

  /** @param {Entry | null} entry */
  reply(entry) {
    this.#reply = entry;
    part('replying').hidden = !entry;
    if (!entry) return;
    part('replying-name').textContent = word('replyTo', entry.name || String(entry.uid));
    part('replying-text').textContent = quoteText(entry);
    this.input.focus();
  }

  get isReplying() {
    return this.#reply !== null;
  }

  /** Puts a text back to be said anew, in front of what is typed already. @param {string} text */
  edit(text) {
    const typed = this.input.value;
    this.#set(typed ? `${text}\n${typed}` : text);
    this.#typed();
    this.input.focus();
  }

  /** @param {string} text */
  #set(text) {
    this.input.value = text;
    this.#fit();
  }

  #fit() {
    if (!CSS.supports('field-sizing', 'content')) {
      this.input.style.height = 'auto';
      this.input.style.height = `${this.input.scrollHeight + 2}px`;
    }
    const { content_bytes: most = 65_536 } = this.talks.karez.limits;
    const bytes = new TextEncoder().encode(this.input.value).length;
    part('counter').hidden = bytes < most * 0.8;
    part('counter').classList.toggle('over', bytes > most);
    if (bytes >= most * 0.8) part('counter').textContent = bytes > most ? word('tooLong', bytes - most) : word('bytesLeft', most - bytes);
  }

  send() {
    const { talk } = this;
    const content = this.input.value.trim();
    if (!talk || !content) return;
    const most = this.talks.karez.limits.content_bytes;
    if (most && new TextEncoder().encode(content).length > most) {
      this.page.refused({ code: 'too_large', field: 'content' });
      return;
    }
    const named = [...this.#named].filter(([name]) => content.includes(name)).map(([, uid]) => uid);
    const options = { reply: this.#reply?.seq, mentions: named.length > 0 ? [...new Set(named)] : undefined };
    const typed = this.input.value;
    this.talks.say(talk, content, options).catch((error) => {
      // Too long as a whole: it was never queued, and is not lost.
      const isQueued = talk.pending.some((one) => one.content === content);
      if (isQueued) return;
      if (talk === this.talk && !this.input.value) this.#set(typed);
      this.page.refused(error);
    });
    this.#set('');
    this.#named.clear();
    this.reply(null);
    this.#closeSuggestions();
    clearTimeout(this.#draftTimer);
    this.talks.setDraft(talk, '');
    this.page.sent();
    this.input.focus();
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    if (isComposing(e)) return;
    if (!this.suggest.hidden && this.#suggestionKey(e)) return e.preventDefault();
    if (e.key !== 'Enter') return;
    const byControl = keep.read('send') === 'control';
    const sends = byControl ? e.ctrlKey || e.metaKey : !e.shiftKey && !e.altKey;
    if (!sends) return;
    e.preventDefault();
    this.send();
  }

  #typed() {
    this.#fit();
    const { talk } = this;
    if (!talk) return;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#saveDraft(), 300);
    this.#lookForName();
    const now = performance.now();
    if (!this.input.value.trim() || now - this.#toldTyping < TYPING_EVERY_MS) return;
    this.#toldTyping = now;
    this.talks.typing(talk);
  }

  #saveDraft() {
    clearTimeout(this.#draftTimer);
    if (this.talk && this.talk.draft !== this.input.value) this.talks.setDraft(this.talk, this.input.value);
  }

  /** The page is about to go. */
  leave() {
    this.#saveDraft();
  }

  // ---- names ----

  /** Opens the list of members behind an `@`. */
  async #lookForName() {
    const { talk } = this;
    const before = this.input.value.slice(0, this.input.selectionStart);
    const typed = /(?:^|\s|[^\w@.])@([^\s@]{0,30})$/u.exec(before)?.[1];
    if (typed === undefined || !talk?.isGroup) return this.#closeSuggestions();
    this.#members ??= this.talks.members(talk).catch(() => []);
    const members = await this.#members;
    if (talk !== this.talk || document.activeElement !== this.input) return;
    const wanted = typed.toLowerCase();
    const fits = (/** @type {Member} */ one) => `${one.name} ${one.uid}`.toLowerCase().includes(wanted) && !same(one.uid, this.talks.karez.uid);
    this.#suggested = members.filter(fits).slice(0, SUGGESTED_MAX);
    this.#chosen = 0;
    this.#drawSuggestions();
  }

  #drawSuggestions() {
    this.suggest.hidden = this.#suggested.length === 0;
    const options = this.#suggested.map((member, at) => {
      const option = make('li');
      option.id = `suggest-${at}`;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', String(at === this.#chosen));
      option.append(paintAvatar(make('span', 'avatar small'), member.uid, member.name || String(member.uid)), make('span', '', member.name), make('span', 'faint', String(member.uid)));
      option.firstChild.setAttribute('aria-hidden', 'true');
      option.addEventListener('pointerdown', (/** @type {Event} */ e) => (e.preventDefault(), this.#name(member)));
      return option;
    });
    this.suggest.replaceChildren(...options);
    if (this.suggest.hidden) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `suggest-${this.#chosen}`);
  }

  #closeSuggestions() {
    this.#suggested = [];
    this.#drawSuggestions();
  }

  /** @param {KeyboardEvent} e @returns {boolean} whether the list has taken it */
  #suggestionKey(e) {
    const count = this.#suggested.length;
    if (e.key === 'ArrowDown') this.#chosen = (this.#chosen + 1) % count;
    else if (e.key === 'ArrowUp') this.#chosen = (this.#chosen + count - 1) % count;
    else if (e.key === 'Enter' || e.key === 'Tab') {
      this.#name(this.#suggested[this.#chosen]);
      return true;
    } else if (e.key === 'Escape') {
      e.stopPropagation();
      this.#closeSuggestions();
      return true;
    } else return false;
    this.#drawSuggestions();
    return true;
  }

  /** Puts a member's name where the `@` is. @param {Member} member */
  #name(member) {
    const at = this.input.selectionStart;
    const start = this.input.value.lastIndexOf('@', at - 1);
    const name = `@${member.name || member.uid}`;
    this.#named.set(name, member.uid);
    this.input.setRangeText(`${name} `, start, at, 'end');
    this.#closeSuggestions();
    this.#typed();
    this.input.focus();
  }

  /** Names somebody at the end of what is typed. @param {Member} member */
  mention(member) {
    const name = `@${member.name || member.uid}`;
    this.#named.set(name, member.uid);
    this.#set(`${this.input.value}${this.input.value && !/\s$/.test(this.input.value) ? ' ' : ''}${name} `);
    this.input.focus();
  }

  // ---- emoji ----

  async #emoji() {
    const panel = part('emoji');
    const { openEmoji } = await import('./emoji.js');
    const close = () => {
      panel.hidden = true;
      part('emoji-open').setAttribute('aria-expanded', 'false');
      this.input.focus();
    };
    if (!panel.hidden) return close();
    panel.hidden = false;
    part('emoji-open').setAttribute('aria-expanded', 'true');
    const put = (/** @type {string} */ emoji) => {
      this.input.setRangeText(emoji, this.input.selectionStart, this.input.selectionEnd, 'end');
      this.#typed();
    };
    openEmoji(panel, put, close);
  }
}
