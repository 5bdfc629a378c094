// The conversation that is shown, and the card beside it: log, composer, head, kept replies. Loaded with the first ticket.

import { Composer } from '../composer.js';
import { Log } from '../log.js';
import { keep, part } from '../text.js';
import { Suggestions } from './canned.js';
import { Card } from './card.js';
import { Head } from './head.js';
import { ROOMY } from './rows.js';
import { Ticket } from './ticket.js';

/** @typedef {import('./tickets.js').Tickets} Tickets */

/** What there is room for is in sight. */
const focusFirst = () => [part('input'), part('claim')].find((one) => one.checkVisibility())?.focus();

export class Pane {
  /**
   * @param {Tickets} tickets
   * @param {{refused: (error: any) => void, announce: (text: string) => void, choose: (ticket: Ticket) => void, showFiles: () => void,
   *   tray: () => Promise<import('../attach.js').Tray | undefined>}} page
   */
  constructor(tickets, { refused, announce, choose, showFiles, tray }) {
    this.tickets = tickets;
    const mayAnswer = () => Boolean(this.#shown && tickets.mayAnswer(this.#shown) && this.#shown.mode === 'reply');
    this.log = new Log(tickets, {
      reply: (entry) => this.composer.reply(entry), edit: (text) => this.composer.edit(text), person: () => this.openCard(), refused, announce, showFiles, tray, mayAnswer,
    });
    this.composer = new Composer(tickets, { refused, sent: () => this.#sent(), tray });
    this.card = new Card(tickets, { refused, choose, close: () => this.closeCard(), announce });
    this.head = new Head(tickets);
    this.suggestions = new Suggestions(tickets);
    part('open-panel').addEventListener('click', () => this.toggleCard());
    part('mode-reply').addEventListener('click', () => this.setMode('reply'));
    part('mode-note').addEventListener('click', () => this.setMode('note'));
    part('canned-open').addEventListener('click', () => this.suggestions.open());
    for (const event of ['focus', 'visibilitychange']) addEventListener(event, () => this.log.looked(), true);
    addEventListener('pagehide', () => this.composer.leave());
    ROOMY.addEventListener('change', () => ROOMY.matches || this.closeCard());
  }

  get #shown() {
    const { shown } = this.tickets;
    return shown instanceof Ticket ? shown : null;
  }

  /** Another ticket, or none. @param {Ticket | null} ticket */
  async show(ticket) {
    if (ticket && !this.tickets.mayAnswer(ticket) && !ticket.draft) ticket.mode = 'reply';
    this.composer.show(ticket);
    this.head.draw(ticket);
    const opened = this.log.show(ticket);
    if (ticket && ROOMY.matches && keep.read('desk-card') !== 'off') this.openCard();
    if (!ticket) this.closeCard();
    await opened;
  }

  draw() {
    this.log.draw();
    this.head.draw(this.#shown);
    if (!part('panel').hidden) this.card.draw(this.#shown);
  }

  focus() {
    focusFirst();
  }

  /** Whoever answers wants to see the answer. */
  async #sent() {
    if (this.tickets.shown) this.tickets.shown.newAfter = null;
    await this.log.toEnd();
    part('input').focus();
  }

  /** @param {'reply' | 'note'} mode */
  setMode(mode) {
    const ticket = this.#shown;
    if (!ticket || !this.tickets.mayRead(ticket)) return;
    ticket.mode = mode;
    this.composer.reply(null);
    this.tickets.setDraft(ticket, part('input').value);
    this.head.draw(ticket);
    focusFirst();
  }

  openCard() {
    part('panel').hidden = false;
    part('open-panel').setAttribute('aria-expanded', 'true');
    this.card.draw(this.#shown);
  }

  closeCard() {
    if (part('panel').hidden) return;
    const hadFocus = part('panel').contains(document.activeElement);
    part('panel').hidden = true;
    part('open-panel').setAttribute('aria-expanded', 'false');
    if (hadFocus) part('open-panel').focus();
  }

  toggleCard() {
    if (!this.#shown) return;
    const isOpen = !part('panel').hidden;
    if (ROOMY.matches) keep.write('desk-card', isOpen ? 'off' : null);
    if (isOpen) return this.closeCard();
    this.openCard();
    part('panel').querySelector('button')?.focus();
  }

  /** Closes what was opened last. @returns {boolean} whether there was something */
  escape() {
    if (this.composer.isReplying) this.composer.reply(null);
    else if (!part('panel').hidden && !ROOMY.matches) this.closeCard();
    else return false;
    return true;
  }
}
