// The list of tickets, and which of them it shows: those that wait, one's own, all, messages that were left, closed ones.
// Above it, what is offered to this agent alone, for as long as it is.

import { brief, button, locale, make, moment, paintAvatar, part, setChildren, shortTime, word } from '../text.js';
import { countdown, starsNode, ticking } from './rows.js';
import { VIEWS } from './tickets.js';

/** @typedef {import('./ticket.js').Ticket} Ticket */
/** @typedef {import('./tickets.js').Tickets} Tickets */
/** @typedef {import('./tickets.js').View} View */
/** @typedef {import('./tickets.js').Offer} Offer */

const CARDS_MAX = 3;
const NEAR_END_PX = 200;

export class Queue {
  /** @type {View} */
  view = 'waiting';
  /** @type {Map<string, {says: string, node: HTMLElement}>} */
  #lines = new Map();
  #isFetching = false;

  /**
   * @param {Tickets} tickets
   * @param {{choose: (ticket: Ticket) => void, claim: (ticket: Ticket) => void, decline: (number: number) => void, refused: (error: any) => void}} page
   */
  constructor(tickets, page) {
    this.tickets = tickets;
    this.page = page;
    this.node = part('queue');
    this.node.addEventListener('scroll', () => this.#more());
    this.node.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e));
    for (const view of VIEWS) part(`view-${view}`).addEventListener('click', () => this.show(view));
    part('desk-filter').addEventListener('change', () => (this.tickets.choose(part('desk-filter').value), this.show(this.view)));
  }

  /** @param {View} view */
  show(view) {
    this.view = view;
    this.node.scrollTop = 0;
    this.draw();
    this.#more();
  }

  /** Closed tickets come page by page. */
  async #more() {
    const { loaded, next } = this.tickets.closed;
    const isNear = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR_END_PX;
    if (this.view !== 'closed' || this.#isFetching || !isNear || (loaded && !next)) return;
    this.#isFetching = true;
    await this.tickets.loadClosed().catch((error) => this.page.refused(error));
    this.#isFetching = false;
  }

  /** The tickets that are listed. @returns {Ticket[]} */
  get listed() {
    return this.tickets.list(this.view);
  }

  draw() {
    this.#drawViews();
    const focused = this.node.contains(document.activeElement) ? document.activeElement : null;
    const key = /** @type {HTMLElement | undefined} */ (focused?.closest('li'))?.dataset.key;
    const now = /** @type {Map<string, {says: string, node: HTMLElement}>} */ (new Map());
    for (const ticket of this.listed) {
      const says = this.#says(ticket);
      const before = this.#lines.get(ticket.key);
      now.set(ticket.key, before?.says === says ? before : { says, node: this.#line(ticket) });
    }
    this.#lines = now;
    setChildren(this.node, [...now.values()].map(({ node }) => node));
    part('queue-empty').hidden = now.size > 0;
    part('queue-empty').textContent = word(this.view === 'closed' && !this.tickets.closed.loaded ? 'loading' : `empty_${this.view}`);
    if (key !== undefined && !this.node.contains(document.activeElement)) now.get(key)?.node.querySelector('button')?.focus();
    this.#drawOffers();
  }

  #drawViews() {
    for (const view of VIEWS) {
      const node = part(`view-${view}`);
      node.setAttribute('aria-pressed', String(view === this.view));
      const count = this.tickets.count(view);
      const text = count === undefined ? '' : count > 999 ? '999+' : String(count);
      const place = node.querySelector('.count');
      if (place.textContent !== text) place.textContent = text;
      const calls = view === 'waiting' ? Boolean(count) : view === 'mine' && this.tickets.list(view).some((one) => one.unread > 0);
      node.classList.toggle('urgent', calls);
    }
    const desks = [...this.tickets.desks].sort();
    const filter = part('desk-filter');
    const says = JSON.stringify([desks, locale()]);
    filter.hidden = desks.length < 2;
    if (filter.dataset.says === says) return;
    filter.dataset.says = says;
    filter.replaceChildren(...['', ...desks].map((desk) => {
      const option = make('option', '', desk || word('allDesks'));
      option.value = desk;
      option.selected = desk === this.tickets.desk;
      return option;
    }));
  }

  /** The ticket before or behind the one that is shown. @param {number} by */
  step(by) {
    const { listed } = this;
    const at = listed.findIndex((one) => one === this.tickets.shown);
    const next = at < 0 ? listed[by > 0 ? 0 : listed.length - 1] : listed[(at + by + listed.length) % listed.length];
    if (next) this.page.choose(next);
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (!step || e.altKey) return;
    const lines = /** @type {HTMLElement[]} */ ([...this.node.querySelectorAll('.item')]);
    const next = lines[lines.indexOf(/** @type {any} */ (document.activeElement)) + step];
    if (!next) return;
    e.preventDefault();
    next.focus();
  }

  // ---- a line ----

  /** All that a line depends on. @param {Ticket} ticket */
  #says(ticket) {
    const { told, state, unread, last, typing } = ticket;
    const pending = ticket.pending.map((one) => Boolean(one.failed));
    return JSON.stringify([ticket.title, state, told, unread, last?.seq, last?.recalled, typing.size, pending, ticket === this.tickets.shown, this.tickets.isMine(ticket),
      this.tickets.offers.has(ticket.number), ticket.draft && ticket !== this.tickets.shown, locale()]);
  }

  /** @param {Ticket} ticket */
  #line(ticket) {
    const { told } = ticket;
    const place = make('li');
    place.dataset.key = ticket.key;
    if (!told) return place;
    const line = make('button', 'item');
    line.type = 'button';
    line.dataset.testid = 'ticket';
    if (ticket === this.tickets.shown) line.setAttribute('aria-current', 'true');
    line.addEventListener('click', () => this.page.choose(ticket));
    const avatar = paintAvatar(make('span', `avatar${told.visitor.online ? ' online' : ''}`), told.visitor.uid, ticket.title);
    avatar.setAttribute('aria-hidden', 'true');
    const words = make('span', 'item-words');
    words.append(make('span', 'item-name', ticket.title), this.#when(ticket), this.#preview(ticket));
    if (ticket.unread) {
      const badge = make('span', 'badge unread');
      const shown = make('span', '', ticket.unread > 99 ? '99+' : String(ticket.unread));
      shown.setAttribute('aria-hidden', 'true');
      badge.append(shown, make('span', 'unseen', word('unread', ticket.unread)));
      words.append(badge);
    }
    words.append(this.#marks(ticket));
    line.append(avatar, words);
    place.append(line);
    if (this.tickets.mayClaim(ticket)) {
      const claim = button(word('claim'), () => this.page.claim(ticket), 'claim');
      claim.dataset.testid = 'claim-line';
      claim.setAttribute('aria-label', word('claimOf', ticket.title));
      place.append(claim);
    }
    return place;
  }

  /** @param {Ticket} ticket */
  #when({ told, state, time }) {
    if (state === 'waiting') return ticking(told?.since ?? 0, 'when');
    const at = state === 'closed' ? told?.closed ?? 0 : state === 'offline' ? told?.opened ?? 0 : time;
    const node = make('time', 'faint when', at ? shortTime(at) : '');
    if (at) node.title = moment(at);
    return node;
  }

  /** @param {Ticket} ticket */
  #preview(ticket) {
    const node = make('span', 'preview faint');
    if (ticket.typing.size > 0) return node.append(make('span', 'busy', word('typingShort'))), node;
    if (ticket.draft && ticket !== this.tickets.shown) return node.append(make('span', 'draft', `${word('draft')} `), brief(ticket.draft, 60)), node;
    const failed = ticket.pending.some((one) => one.failed);
    if (failed) node.append(make('span', 'draft', `${word('state_failed')} `));
    const last = ticket.last?.recalled ? undefined : (ticket.last?.time ?? 0) >= (ticket.told?.last?.time ?? 0) ? ticket.last : ticket.told?.last;
    if (!last) node.append(ticket.told?.visitor.page ?? '');
    else node.append(`${this.tickets.isMe(last.uid) ? `${word('you')}: ` : ''}${brief(last.content, 60)}`);
    return node;
  }

  /** Desk, number, who has it, tags, stars. @param {Ticket} ticket */
  #marks(ticket) {
    const { told, state } = ticket;
    const node = make('span', 'marks faint');
    node.append(make('span', '', `#${ticket.number}`));
    if ((told?.priority ?? 0) > 0) node.append(make('span', 'mark-urgent', word('urgent')));
    if (told?.desk) node.append(make('span', '', told.desk));
    if (this.view !== 'mine' && told?.agent && state !== 'waiting') node.append(make('span', 'mark-agent', this.tickets.isMine(ticket) ? word('you') : told.agent.name || String(told.agent.uid)));
    else if (this.view === 'all' || this.view === 'mine') node.append(make('span', '', word(`is_${state}`)));
    for (const tag of told?.tags ?? []) node.append(make('span', 'tag', tag));
    if (told?.stars) node.append(starsNode(told.stars));
    return node;
  }

  // ---- offers ----

  /** Those that end: a card each, with what is left of the time. */
  #drawOffers() {
    const node = part('offers');
    const ending = [...this.tickets.offers.values()].filter((offer) => offer.until !== undefined)
      .sort((one, other) => Number(one.until) - Number(other.until)).slice(0, CARDS_MAX);
    const says = JSON.stringify([ending, locale()]);
    if (node.dataset.says === says) return;
    const hadFocus = node.contains(document.activeElement);
    node.dataset.says = says;
    node.hidden = ending.length === 0;
    node.replaceChildren(...ending.map((offer) => this.#card(offer)));
    if (hadFocus) node.querySelector('button')?.focus();
  }

  /** @param {Offer} offer */
  #card(offer) {
    const ticket = this.tickets.number(offer.ticket);
    const name = offer.visitor.name || String(offer.visitor.uid);
    const card = make('li', 'offer');
    card.dataset.testid = 'offer';
    const avatar = paintAvatar(make('span', 'avatar'), offer.visitor.uid, name);
    avatar.setAttribute('aria-hidden', 'true');
    const text = make('div', 'offer-text');
    const about = make('p', 'faint');
    about.append([offer.desk, offer.visitor.page].filter(Boolean).join(' · '));
    text.append(make('p', 'offer-name', word('offerOf', name)), about);
    const accept = button(word('accept'), () => this.page.claim(ticket), 'primary');
    accept.dataset.testid = 'accept';
    accept.append(' ', countdown(Number(offer.until)));
    const decline = button(word('decline'), () => this.page.decline(offer.ticket));
    decline.dataset.testid = 'decline';
    card.append(avatar, text, accept, decline);
    return card;
  }
}
