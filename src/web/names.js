// The list of members behind an `@`. Loaded when somebody first types one in a group.

import { make, paintAvatar, part, same } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Member} Member */
/** @typedef {import('./talks.js').Talks} Talks */

const SUGGESTED_MAX = 8;

export class Names {
  /** @type {Talk | null} */
  #talk = null;
  /** @type {Promise<Member[]> | null} */
  #members = null;
  /** @type {Member[]} */
  #suggested = [];
  #chosen = 0;

  /** @param {Talks} talks @param {HTMLTextAreaElement} input @param {(name: string, uid: any) => void} named is told of each choice */
  constructor(talks, input, named) {
    this.talks = talks;
    this.input = input;
    this.named = named;
    this.list = part('suggest');
    input.addEventListener('blur', () => this.close());
  }

  /** Opens the list if there is an `@` before the caret. @param {Talk | null} talk */
  async look(talk) {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const typed = /(?:^|\s|[^\w@.])@([^\s@]{0,30})$/u.exec(before)?.[1];
    if (typed === undefined || !talk?.isGroup) return this.close();
    if (talk !== this.#talk) this.#members = null;
    this.#talk = talk;
    this.#members ??= this.talks.members(talk).catch(() => []);
    const members = await this.#members;
    if (talk !== this.talks.shown || document.activeElement !== this.input) return;
    const wanted = typed.toLowerCase();
    const fits = (/** @type {Member} */ one) => `${one.name} ${one.uid}`.toLowerCase().includes(wanted) && !same(one.uid, this.talks.karez.uid);
    this.#suggested = members.filter(fits).slice(0, SUGGESTED_MAX);
    this.#chosen = 0;
    this.#draw();
  }

  #draw() {
    this.list.hidden = this.#suggested.length === 0;
    const options = this.#suggested.map((member, at) => {
      const option = make('li');
      option.id = `suggest-${at}`;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', String(at === this.#chosen));
      option.append(paintAvatar(make('span', 'avatar small'), member.uid, member.name || String(member.uid)), make('span', '', member.name), make('span', 'faint', String(member.uid)));
      option.firstChild.setAttribute('aria-hidden', 'true');
      option.addEventListener('pointerdown', (/** @type {Event} */ e) => (e.preventDefault(), this.#choose(member)));
      return option;
    });
    this.list.replaceChildren(...options);
    if (this.list.hidden) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `suggest-${this.#chosen}`);
  }

  close() {
    this.#suggested = [];
    this.#draw();
  }

  /** @param {KeyboardEvent} e @returns {boolean} whether the list has taken it */
  key(e) {
    const count = this.#suggested.length;
    if (count === 0) return false;
    if (e.key === 'ArrowDown') this.#chosen = (this.#chosen + 1) % count;
    else if (e.key === 'ArrowUp') this.#chosen = (this.#chosen + count - 1) % count;
    else if (e.key === 'Enter' || e.key === 'Tab') {
      this.#choose(this.#suggested[this.#chosen]);
      return true;
    } else if (e.key === 'Escape') {
      e.stopPropagation();
      this.close();
      return true;
    } else return false;
    this.#draw();
    return true;
  }

  /** Puts a member's name where the `@` is. @param {Member} member */
  #choose(member) {
    const at = this.input.selectionStart;
    const start = this.input.value.lastIndexOf('@', at - 1);
    const name = `@${member.name || member.uid}`;
    this.input.setRangeText(`${name} `, start, at, 'end');
    this.close();
    this.named(name, member.uid);
    this.input.focus();
  }
}
