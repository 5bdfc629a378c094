// What stands around a conversation: its head, what the composer is for, and the bar that says what can be done with a
// ticket, or why nothing can.

import { locale, paintAvatar, part, word } from '../text.js';
import { countdown, setText, ticking } from './rows.js';

/** @typedef {import('./ticket.js').Ticket} Ticket */
/** @typedef {import('./tickets.js').Tickets} Tickets */

export class Head {
  /** @param {Tickets} tickets */
  constructor(tickets) {
    this.tickets = tickets;
  }

  /** @param {Ticket | null} ticket */
  draw(ticket) {
    const { tickets } = this;
    part('rooms').dataset.shown = ticket ? 'talk' : 'list';
    part('nothing').hidden = Boolean(ticket);
    part('talk-head').hidden = !ticket;
    part('composer').hidden = !ticket || !(tickets.mayAnswer(ticket) || (ticket.mode === 'note' && tickets.mayRead(ticket)));
    part('modes').hidden = !ticket || !tickets.mayRead(ticket);
    this.#drawBar(ticket);
    if (!ticket?.told) return;
    const { told } = ticket;
    setText('talk-title', ticket.title);
    part('talk-avatar').className = `avatar${told.visitor.online ? ' online' : ''}`;
    paintAvatar(part('talk-avatar'), told.visitor.uid, ticket.title);
    const about = [`#${ticket.number}`, told.desk, word(`is_${ticket.state}`), told.visitor.online === false && word('visitorAway')];
    const says = JSON.stringify([about, told.since]);
    if (part('talk-about').dataset.says !== says) {
      part('talk-about').dataset.says = says;
      part('talk-about').replaceChildren(about.filter(Boolean).join(' · '), ...(ticket.state === 'waiting' ? [' ', ticking(told.since)] : []));
    }
    const names = ticket.state === 'closed' ? [] : [...ticket.typing.values()].map((one) => one.name);
    setText('typing', names.length > 0 ? word('typing', names.join(', ')) : '');
    part('transfer').hidden = !tickets.mayAnswer(ticket);
    part('end').hidden = ticket.state === 'closed' || (ticket.state === 'open' && !tickets.mayAnswer(ticket));
    this.#drawMode(ticket);
  }

  /** Whether what is typed goes to the visitor or to colleagues. @param {Ticket} ticket */
  #drawMode(ticket) {
    for (const mode of ['reply', 'note']) part(`mode-${mode}`).setAttribute('aria-pressed', String(ticket.mode === mode));
    part('composer').dataset.mode = ticket.mode;
    part('mode-reply').hidden = !this.tickets.mayAnswer(ticket);
    part('attach').hidden = !this.tickets.takesFiles(ticket);
    part('mode-hint').textContent = ticket.mode === 'note' ? word('noteHint') : '';
    const hint = word(ticket.mode === 'note' ? 'writeNote' : 'writeReply');
    if (part('input').placeholder !== hint) part('input').placeholder = hint;
    setText('input-label', hint);
  }

  /** @param {Ticket | null} ticket */
  #drawBar(ticket) {
    const { tickets } = this;
    const bar = part('bar');
    const hasOffer = Boolean(ticket && tickets.offers.has(ticket.number));
    const says = JSON.stringify([ticket?.number, ticket?.title, ticket?.state, ticket?.told?.agent, ticket?.told?.by, ticket?.closesAt, hasOffer, ticket && tickets.isMine(ticket), locale()]);
    if (bar.dataset.says === says) return;
    const hadFocus = bar.contains(document.activeElement);
    bar.dataset.says = says;
    const words = ticket ? this.#barWords(ticket) : [];
    const mayClaim = Boolean(ticket && tickets.mayClaim(ticket));
    bar.hidden = words.length === 0;
    part('bar-text').replaceChildren(...words);
    part('claim').hidden = !mayClaim;
    part('decline').hidden = !mayClaim || !hasOffer;
    if (hadFocus && !part('composer').hidden) part('input').focus();
  }

  /** @param {Ticket} ticket @returns {(Node | string)[]} */
  #barWords(ticket) {
    const { state, told, closesAt, title } = ticket;
    if (state === 'waiting') return [word('barWaiting', title)];
    if (state === 'offline') return [word('barOffline', title)];
    if (state === 'closed') return told ? [word('barClosed', word(`by_${told.by ?? 'site'}`))] : [];
    if (!this.tickets.isMine(ticket)) return [word('barHeld', told?.agent?.name ?? '')];
    return closesAt ? [`${word('barClosing')} `, countdown(closesAt)] : [];
  }
}
