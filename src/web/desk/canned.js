// Replies that are kept, behind a `/` in the composer: typed further the list gets shorter, Enter or a click puts the reply
// into the text with its blanks filled in. Its keys come before those of the composer.

import { brief, make, part, word } from '../text.js';

/** @typedef {import('./tickets.js').Canned} Canned */
/** @typedef {import('./tickets.js').Tickets} Tickets */

const SHOWN_MAX = 8;

export class Suggestions {
  /** @type {Canned[]} */
  #found = [];
  #chosen = 0;

  /** @param {Tickets} tickets */
  constructor(tickets) {
    this.tickets = tickets;
    this.input = part('input');
    this.list = part('canned');
    this.input.addEventListener('input', () => this.#look());
    this.input.addEventListener('blur', () => this.#close());
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e), true);
  }

  /** Opens the list as if `/` had been typed. */
  open() {
    this.input.focus();
    this.input.setRangeText(/(^|\s)$/.test(this.#before) ? '/' : ' /', this.input.selectionStart, this.input.selectionEnd, 'end');
    this.input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  get #before() {
    return this.input.value.slice(0, this.input.selectionStart);
  }

  /** What stands behind the `/`. */
  get #typed() {
    return /(?:^|\s)\/([^\s/]{0,30})$/u.exec(this.#before)?.[1];
  }

  #look() {
    const typed = this.#typed?.toLowerCase();
    if (typed === undefined) return this.#close();
    const begins = (/** @type {Canned} */ one) => (one.short.toLowerCase().startsWith(typed) ? 0 : 1);
    this.#found = this.tickets.canned
      .filter((one) => `${one.short}\n${one.content}`.toLowerCase().includes(typed))
      .sort((one, other) => begins(one) - begins(other))
      .slice(0, SHOWN_MAX);
    this.#chosen = 0;
    this.#draw();
  }

  #draw() {
    this.list.hidden = this.#found.length === 0;
    this.list.replaceChildren(...this.#found.map((one, at) => {
      const option = make('li');
      option.id = `canned-${at}`;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', String(at === this.#chosen));
      option.append(make('b', '', `/${one.short}`), make('span', 'faint', brief(this.#filled(one), 70)));
      option.addEventListener('pointerdown', (/** @type {Event} */ e) => (e.preventDefault(), this.#put(one)));
      return option;
    }));
    if (this.list.hidden) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `canned-${this.#chosen}`);
    this.input.setAttribute('aria-controls', 'canned');
    this.list.setAttribute('aria-label', word('canned'));
  }

  #close() {
    if (this.list.hidden) return;
    this.#found = [];
    this.#draw();
  }

  /** @param {Canned} one */
  #filled(one) {
    const { shown } = this.tickets;
    return this.tickets.filled(one.content, /** @type {any} */ (shown));
  }

  /** @param {Canned} one */
  #put(one) {
    const end = this.input.selectionStart;
    const start = end - (this.#typed?.length ?? 0) - 1;
    this.input.setRangeText(this.#filled(one), start, end, 'end');
    this.#close();
    this.input.dispatchEvent(new Event('input', { bubbles: true }));
    this.input.focus();
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    if (this.list.hidden || e.isComposing || e.keyCode === 229) return;
    const count = this.#found.length;
    if (e.key === 'ArrowDown') this.#chosen = (this.#chosen + 1) % count;
    else if (e.key === 'ArrowUp') this.#chosen = (this.#chosen + count - 1) % count;
    else if (e.key !== 'Enter' && e.key !== 'Tab' && e.key !== 'Escape') return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (e.key === 'Escape') this.#close();
    else if (e.key.startsWith('Arrow')) this.#draw();
    else this.#put(this.#found[this.#chosen]);
  }
}
