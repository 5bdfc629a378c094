// The tickets: what is known of each, whoever looks at it, and what an agent does with them. No element is touched here.
//
// The talk in a ticket is that of the chat page (../talks.js): history, reading, what waits to be sent. Here is the rest:
// the lists, one's duty and that of colleagues, offers, notes, replies that are kept. The daemon tells each change of a
// ticket whole, so a list is what is known, chosen and sorted; only closed tickets are fetched page by page.

import { Talks } from '../talks.js';
import { keep } from '../text.js';
import { Ticket, inQueue } from './ticket.js';

/** @typedef {import('../client/karez.js').Karez} Karez */
/** @typedef {import('../text.js').Id} Id */
/** @typedef {import('./ticket.js').Told} Told */
/** @typedef {import('./ticket.js').Person} Person */
/** @typedef {'waiting' | 'mine' | 'all' | 'offline' | 'closed'} View */
/** @typedef {'online' | 'busy' | 'away'} State */
/** @typedef {Person & {state: State, capacity: number, open: number, desks?: string[]}} Agent */
/** @typedef {{canned: number, short: string, content: string, desk?: string, own: boolean}} Canned */
/** @typedef {{ticket: number, visitor: import('./ticket.js').Visitor, desk?: string, waited: number, expires?: number, until?: number}} Offer */

/** @type {View[]} */
export const VIEWS = ['waiting', 'mine', 'all', 'offline', 'closed'];
const PAGE = 100;
const PAGES_MAX = 3;
const RECOUNT_MS = 1000;
const CAPACITY = 5;
/** Tickets of this desk name none. */
const DEFAULT_DESK = 'default';

export class Tickets extends Talks {
  /** One's own duty, as it was chosen. @type {State} */
  state = 'away';
  /** How many tickets at a time, as the daemon counts. */
  capacity = CAPACITY;
  /** The same, where one has chosen it: else the desk says how many. @type {number | undefined} */
  #chosen;
  /** Colleagues and oneself, by uid. @type {Map<string, Agent>} */
  agents = new Map();
  /** @type {Map<number, Offer>} */
  offers = new Map();
  /** @type {Canned[]} */
  canned = [];
  /** @type {Record<string, number>} */
  counts = {};
  /** Whether every ticket that is not closed is here. */
  isWhole = false;
  /** Of the closed tickets: whether some are here, where to go on, and how far back they go. */
  closed = { loaded: false, next: /** @type {string | undefined} */ (undefined), since: Infinity };
  /** Only this desk is looked at. */
  desk = '';
  /** Other desks that were heard of. @type {Set<string>} */
  desks = new Set();
  /** @type {any} */
  #recount;

  /**
   * @param {Karez} karez
   * @param {string} account under which drafts are kept
   * @param {{isAdmin: boolean, desks?: string[]}} rights what the token says
   * @param {{changed: () => void, arrived: (talk: any, entry: any) => void, gone: (talk: any) => void, isReadBack: (talk: any) => boolean,
   *   offered: (offer: Offer) => void, handed: (ticket: Ticket) => void, refused: (error: any) => void}} page
   */
  constructor(karez, account, rights, page) {
    super(karez, account, page);
    this.desktop = page;
    this.rights = rights;
    for (const desk of rights.desks ?? []) this.desks.add(desk);
    const { state, capacity, noted } = keep.readJson(`${account}.duty`);
    this.state = state ?? 'away';
    this.#chosen = capacity;
    /** Drafts that are notes. @type {Set<string>} */
    this.noted = new Set(noted ?? []);
    karez
      .on('ticket', (told) => this.take(told))
      .on('offer', (offer) => this.#offered(offer))
      .on('withdrawn', ({ ticket }) => (this.offers.delete(ticket), this.page.changed()))
      .on('duty', (agent) => this.#duty(agent))
      .on('note', ({ ticket, ...note }) => (this.number(ticket).putNotes([note]), this.page.changed()));
  }

  /** @param {any} target */
  newTalk(target) {
    if (target.ticket === undefined) return super.newTalk(target);
    const ticket = new Ticket(target.ticket);
    if (this.noted?.has(ticket.key)) ticket.mode = 'note';
    return ticket;
  }

  /** The ticket of this number. @param {number} number @returns {Ticket} */
  number(number) {
    return /** @type {Ticket} */ (this.of({ ticket: number }));
  }

  /** All that something is known of. @returns {Ticket[]} */
  get tickets() {
    return /** @type {Ticket[]} */ ([...this.all.values()].filter((talk) => talk instanceof Ticket && talk.told));
  }

  // ---- who may what ----

  /** @param {Ticket} ticket */
  isMine(ticket) {
    return ticket.state === 'open' && this.isMe(ticket.told?.agent?.uid);
  }

  /** Whether it is of one's desks, or one's own. @param {Ticket} ticket */
  #isOurs(ticket) {
    const { isAdmin, desks } = this.rights;
    const desk = ticket.told?.desk;
    return isAdmin || !desks || desk === undefined || desks.includes(desk) || this.isMe(ticket.told?.agent?.uid);
  }

  /** @param {Ticket} ticket */
  mayRead(ticket) {
    return Boolean(ticket.told) && this.#isOurs(ticket) && (ticket.state !== 'open' || this.isMine(ticket) || this.rights.isAdmin);
  }

  /** @param {Ticket} ticket */
  mayAnswer(ticket) {
    return this.isMine(ticket) || (this.rights.isAdmin && ticket.state === 'open');
  }

  /** @param {Ticket} ticket */
  mayClaim(ticket) {
    return (ticket.state === 'waiting' || ticket.state === 'offline') && this.#isOurs(ticket);
  }

  // ---- the lists ----

  /** @param {View} view @returns {Ticket[]} */
  list(view) {
    const all = this.tickets.filter((one) => this.#isOurs(one) && (!this.desk || (one.told?.desk ?? DEFAULT_DESK) === this.desk));
    switch (view) {
      case 'waiting':
      case 'offline':
        return all.filter((one) => one.state === view).sort(inQueue);
      case 'mine':
        return all.filter((one) => this.isMine(one)).sort((one, other) => other.time - one.time);
      case 'all': {
        const rank = { waiting: 0, open: 1, offline: 2, closed: 3 };
        return all.filter((one) => one.state !== 'closed').sort((one, other) => rank[one.state] - rank[other.state] || inQueue(one, other));
      }
      default:
        return all
          .filter((one) => one.state === 'closed' && (one.told?.closed ?? 0) >= this.closed.since)
          .sort((one, other) => (other.told?.closed ?? 0) - (one.told?.closed ?? 0));
    }
  }

  /** @param {View} view @returns {number | undefined} */
  count(view) {
    if (view === 'closed') return undefined;
    return this.isWhole || this.desk ? this.list(view).length : this.counts[view];
  }

  /** After each login: goes on duty again, and learns what is there. */
  async load() {
    this.offers.clear();
    try {
      await this.sayDuty(this.state);
      const before = new Set(this.tickets.filter((one) => one.state !== 'closed'));
      const pages = [];
      for (const view of /** @type {View[]} */ (['mine', 'waiting', 'offline', 'all'])) pages.push(await this.#pages(view));
      this.isWhole = !pages[3];
      for (const ticket of before) {
        if (this.#fresh.has(ticket.number)) continue;
        // It has ended, or is no longer for us.
        if (ticket === this.shown) await this.look(ticket);
        else this.all.delete(ticket.key);
      }
      this.#fresh.clear();
      this.closed = { loaded: false, next: undefined, since: Infinity };
      for (let cursor; ; ) {
        const { list, next } = await this.karez.request({ type: 'conversations', limit: 50, cursor });
        for (const item of list) if (item.ticket !== undefined && this.isMine(this.number(item.ticket))) this.known(item);
        cursor = next;
        if (!next) break;
      }
      await Promise.all([this.loadCanned(), this.loadAgents()]);
    } catch {
      // The connection has ended: the next login asks again.
    }
    this.page.changed();
  }

  /** Which the lists have named that are being fetched. @type {Set<number>} */
  #fresh = new Set();

  /** @param {View} view @returns {Promise<boolean>} whether there are more */
  async #pages(view) {
    /** @type {string | undefined} */
    let cursor;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await this.karez.request({ type: 'tickets', view, limit: PAGE, cursor });
      this.counts = answer.counts ?? this.counts;
      for (const told of answer.tickets) this.take(told);
      for (const { ticket } of answer.tickets) this.#fresh.add(ticket);
      cursor = answer.next;
      if (!cursor) return false;
    }
    return true;
  }

  /** One page of closed tickets more. */
  async loadClosed() {
    const { loaded, next } = this.closed;
    if (loaded && !next) return;
    const answer = await this.karez.request({ type: 'tickets', view: 'closed', desk: this.desk || undefined, limit: 50, cursor: next });
    for (const told of answer.tickets) this.take(told);
    const oldest = answer.tickets.at(-1)?.closed ?? 0;
    this.closed = { loaded: true, next: answer.next, since: answer.next ? oldest : 0 };
    this.page.changed();
  }

  /** Another desk is looked at, or all. @param {string} desk */
  choose(desk) {
    this.desk = desk;
    this.closed = { loaded: false, next: undefined, since: Infinity };
    this.page.changed();
  }

  /** What a visitor had asked before. @param {Id} uid @returns {Promise<Ticket[]>} */
  async earlier(uid) {
    const { tickets } = await this.karez.request({ type: 'tickets', view: 'closed', uid, limit: 20 });
    return tickets.map((/** @type {Told} */ told) => this.take(told));
  }

  /** Asks how a ticket is that the lists no longer have. @param {Ticket} ticket */
  async look(ticket) {
    const { tickets } = await this.karez.request({ type: 'tickets', view: 'closed', uid: ticket.told?.visitor.uid, limit: 20 }).catch(() => ({ tickets: [] }));
    const told = tickets.find((/** @type {Told} */ one) => one.ticket === ticket.number);
    if (told) this.take(told);
  }

  // ---- what becomes of a ticket ----

  /** @param {Told} told @returns {Ticket} */
  take(told) {
    const ticket = this.number(told.ticket);
    const [was, wasMine] = [ticket.state, this.isMine(ticket)];
    const before = ticket.told;
    ticket.told = told.visitor ? told : before && { ...before, ...told };
    if (!ticket.told) return ticket;
    if (told.desk) this.desks.add(told.desk);
    ticket.closesAt = told.closing === undefined ? null : performance.now() + told.closing;
    if (ticket.state !== 'waiting' && ticket.state !== 'offline') this.offers.delete(ticket.number);
    const isMine = this.isMine(ticket);
    if (isMine && !wasMine) this.#became(ticket, before !== null && was !== 'closed');
    else if (!isMine && ticket.loaded && this.mayRead(ticket) && told.seq > (ticket.entries.at(-1)?.seq ?? 0)) this.#catchUp(ticket);
    if (before && was !== ticket.state) this.#countAgain();
    if (!before) this.#countAgain();
    this.page.changed();
    return ticket;
  }

  /** A ticket is one's own from now on. @param {Ticket} ticket @param {boolean} isNew and it was not when the page came */
  #became(ticket, isNew) {
    ticket.seq = Math.max(ticket.seq, ticket.told?.seq ?? 0);
    this.#catchUp(ticket);
    if (this.#claiming.has(ticket.number) || !isNew) return;
    ticket.unread ||= 1;
    this.desktop.handed(ticket);
  }

  /** Fetches what was said while it was not heard here. @param {Ticket} ticket */
  async #catchUp(ticket) {
    if (!ticket.loaded) return;
    ticket.atEnd = false;
    await ticket.fetching;
    await this.newer(ticket);
  }

  #countAgain() {
    if (this.isWhole || this.#recount) return;
    this.#recount = setTimeout(async () => {
      this.#recount = undefined;
      const answer = await this.karez.request({ type: 'tickets', view: 'waiting', limit: 1 }).catch(() => null);
      if (answer) this.counts = answer.counts;
      this.page.changed();
    }, RECOUNT_MS);
  }

  /** Those that are being claimed here. @type {Set<number>} */
  #claiming = new Set();

  /** Takes a ticket. Rejects where somebody was faster. @param {Ticket} ticket */
  async claim(ticket) {
    this.#claiming.add(ticket.number);
    try {
      await this.karez.request({ type: 'claim', ticket: ticket.number });
      this.offers.delete(ticket.number);
    } finally {
      // The ticket may be told right behind the answer.
      setTimeout(() => this.#claiming.delete(ticket.number), 2000);
    }
  }

  /** Gives an offer back. @param {number} number */
  async decline(number) {
    this.offers.delete(number);
    this.page.changed();
    await this.karez.request({ type: 'decline', ticket: number });
  }

  /** @param {Ticket} ticket @param {{agent?: Agent, desk?: string, note?: string}} to */
  async transfer(ticket, { agent, desk, note }) {
    await this.karez.request({ type: 'transfer', ticket: ticket.number, uid: agent?.uid, desk, note });
    // Of a ticket that is no longer for us nothing more may be told.
    if (!ticket.told || !this.isMine(ticket)) return;
    if (agent) ticket.told.agent = { uid: agent.uid, name: agent.name };
    else Object.assign(ticket.told, { state: 'waiting', desk, agent: undefined });
    this.page.changed();
  }

  /** @param {Ticket} ticket */
  close(ticket) {
    return this.karez.request({ type: 'close', ticket: ticket.number });
  }

  /** @param {Ticket} ticket @param {string[]} tags */
  async tag(ticket, tags) {
    await this.karez.request({ type: 'tag', ticket: ticket.number, tags });
    if (ticket.told) ticket.told.tags = tags;
    this.page.changed();
  }

  // ---- what is said in it ----

  /** @param {any} ticket */
  async open(ticket) {
    if (!(ticket instanceof Ticket)) return super.open(ticket);
    if (!this.mayRead(ticket)) return;
    if (!ticket.notesLoaded) this.#loadNotes(ticket);
    await super.open(ticket);
  }

  /** @param {Ticket} ticket */
  async #loadNotes(ticket) {
    ticket.notesLoaded = true;
    try {
      const { notes } = await this.karez.request({ type: 'notes', ticket: ticket.number });
      ticket.putNotes(notes);
      this.page.changed();
    } catch {
      ticket.notesLoaded = false;
    }
  }

  /** Says something to the visitor, or to colleagues. @param {any} ticket @param {string} content @param {object} [options] */
  say(ticket, content, options) {
    if (ticket.mode !== 'note') return super.say(ticket, content, options);
    return /** @type {Promise<any>} */ (this.karez.request({ type: 'note', ticket: ticket.number, content }));
  }

  /** Nobody outside is told that a note is being written. @param {any} ticket */
  typing(ticket) {
    if (ticket.mode !== 'note' && this.mayAnswer(ticket)) super.typing(ticket);
  }

  /** Files are for the visitor: notes have none. @param {any} ticket */
  takesFiles(ticket) {
    return Boolean(this.karez.limits.files_bytes) && ticket.mode !== 'note' && this.mayAnswer(ticket);
  }

  /** What is read is told to the visitor by who answers. @param {any} ticket @param {number} seq */
  markRead(ticket, seq) {
    if (this.isMine(ticket)) super.markRead(ticket, seq);
  }

  /** @param {any} ticket @param {string} text */
  setDraft(ticket, text) {
    super.setDraft(ticket, text);
    if (text && ticket.mode === 'note') this.noted.add(ticket.key);
    else this.noted.delete(ticket.key);
    this.#keep();
  }

  // ---- duty ----

  /** How often the daemon has been told and has not answered: until then it tells what was before. */
  #saying = 0;

  /** @param {State} state @param {number} [capacity] */
  async sayDuty(state, capacity = this.#chosen) {
    this.state = state;
    this.#chosen = capacity;
    this.#keep();
    this.page.changed();
    this.#saying += 1;
    try {
      await this.karez.request({ type: 'duty', state, capacity });
    } finally {
      this.#saying -= 1;
    }
  }

  /** @param {Agent} agent */
  #duty(agent) {
    this.agents.set(String(agent.uid), agent);
    for (const desk of agent.desks ?? []) this.desks.add(desk);
    // Chosen in another tab, or by the daemon that had to do without us.
    if (this.isMe(agent.uid) && this.karez.state === 'connected') {
      Object.assign(this, { state: this.#saying ? this.state : agent.state, capacity: agent.capacity });
      this.#keep();
    }
    this.page.changed();
  }

  async loadAgents() {
    const { agents } = await this.karez.request({ type: 'agents' });
    this.agents = new Map(agents.map((/** @type {Agent} */ agent) => [String(agent.uid), agent]));
    for (const { desks } of agents) for (const desk of desks ?? []) this.desks.add(desk);
    this.page.changed();
  }

  /** Colleagues who could take a ticket. @returns {Agent[]} */
  get colleagues() {
    return [...this.agents.values()].filter((agent) => !this.isMe(agent.uid)).sort((one, other) => one.name.localeCompare(other.name));
  }

  #keep() {
    keep.write(`${this.account}.duty`, JSON.stringify({ state: this.state, capacity: this.#chosen, noted: [...this.noted] }));
  }

  /** @param {Offer} offer */
  #offered(offer) {
    const isNew = !this.offers.has(offer.ticket);
    const until = offer.expires === undefined ? undefined : performance.now() + offer.expires;
    this.offers.set(offer.ticket, { ...offer, until });
    if (isNew) this.desktop.offered(offer);
    this.page.changed();
  }

  // ---- replies that are kept ----

  async loadCanned() {
    const { canned } = await this.karez.request({ type: 'canned' });
    this.canned = canned;
  }

  /** @param {{canned?: number, short: string, content: string}} reply */
  async putCanned(reply) {
    await this.karez.request({ type: 'canned_put', ...reply });
    await this.loadCanned();
  }

  /** @param {number} canned */
  async deleteCanned(canned) {
    await this.karez.request({ type: 'canned_delete', canned });
    await this.loadCanned();
  }

  /** Fills in what a kept reply leaves open. @param {string} content @param {Ticket | null} ticket */
  filled(content, ticket) {
    /** @type {Record<string, string>} */
    const values = {
      visitor: ticket?.told?.visitor.name ?? '',
      agent: this.karez.name ?? '',
      ticket: ticket ? String(ticket.number) : '',
      desk: ticket?.told?.desk ?? '',
    };
    return content.replace(/\{(visitor|agent|ticket|desk)\}/g, (_, name) => values[name]);
  }
}
