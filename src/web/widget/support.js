// The visitor's conversation, as the panel knows it: the desk, the ticket that is open or was last, what was said in it and
// what waits to be sent. No element of the page is touched here.
//
// What a visitor says is sent without a ticket's number: the server puts it into the one that is not closed, or opens
// one. So a word that crosses the end of a conversation is not lost. The `ack` and the own copy of an entry come in
// either order: whichever is first makes the entry, the other finds it.

import { isMessage } from '../talk.js';
import { same } from '../text.js';

/** @typedef {import('../client/karez.js').Karez} Karez */
/** @typedef {import('../talk.js').Entry} Entry */
/** @typedef {import('../talk.js').Pending} Pending */
/** @typedef {{name: string, label: string, required?: boolean}} Field */
/** @typedef {{name?: string, open: boolean, greeting?: string, away?: string, form?: Field[], next?: number, identified?: boolean, ticket?: number}} Desk */
/** @typedef {'waiting' | 'open' | 'offline' | 'closed'} TicketState */
/** @typedef {{ticket: number, state: TicketState, position?: number, wait?: number, agent?: {uid: any, name: string}, by?: string, stars?: number, closing?: number, opened?: number, closed?: number}} Ticket */
/** @typedef {{after: number, word: string, name: string, time: number}} Notice an agent came or went; not an entry */
/** @typedef {{ticket: number, time: number, entries: Entry[]}} Earlier a conversation that is over */

const PAGE = 50;
const CLOSED_LISTED = 50;
const TYPING_SHOWN_MS = 5000;
const TYPING_EVERY_MS = 3000;
const READ_PAUSE_MS = 250;
/** So long after its end a conversation that nobody has rated is what the panel opens with. */
const FRESH_MS = 2 * 3_600_000;

export class Support {
  /** @type {Desk | null} */
  desk = null;
  /** @type {Ticket | null} */
  ticket = null;
  /** When silence ends the conversation; 0: not soon. */
  closingAt = 0;
  /** @type {Entry[]} */
  entries = [];
  /** @type {Pending[]} */
  pending = [];
  /** @type {Notice[]} */
  notices = [];
  /** Oldest first. @type {Earlier[]} */
  earlier = [];
  /** Closed tickets that are not shown yet, newest first. @type {Ticket[]} */
  closed = [];
  /** Whether the ticket has entries before the first that is here. */
  more = false;
  /** Up to where the visitor has read, and the agents. */
  read = 0;
  peerRead = 0;
  /** Who is writing. */
  typing = '';
  /** @type {Record<string, any>} */
  #timers = {};
  #toldTyping = -Infinity;
  #isFirst = true;

  /**
   * @param {Karez} karez
   * @param {{desk: string, about: object}} asked the desk, and what its agents learn of the visitor
   * @param {{changed: () => void, arrived: (entry: Entry) => void, failed: (error: any) => void}} page
   */
  constructor(karez, asked, page) {
    this.karez = karez;
    this.asked = asked;
    this.page = page;
    karez
      .on('login', () => queueMicrotask(() => this.load()))
      .on('ticket', (event) => this.#told(event))
      .on('message', (entry) => this.#heard(entry))
      .on('queued', (message) => this.#queued(message))
      .on('sent', (message) => this.#sent(message))
      .on('failed', (message) => this.#failed(message))
      .on('delayed', ({ id, error }) => Object.assign(this.pending.find((one) => one.id === id) ?? {}, { delayed: error }))
      .on('read', (event) => this.#read(event))
      .on('typing', (event) => this.#isTyping(event))
      .on('gap', (event) => event.ticket === this.ticket?.ticket && this.#fetch())
      .on('epoch', () => this.#turnTo(null));
  }

  /** @param {any} uid */
  isMe(uid) {
    return same(uid, this.karez.uid);
  }

  get isOpen() {
    return this.ticket !== null && this.ticket.state !== 'closed';
  }

  /** What others said and the visitor has not seen. */
  get unread() {
    return this.entries.filter((one) => one.seq > this.read && isMessage(one) && !this.isMe(one.uid)).length;
  }

  /** Whether there is somebody to rate. */
  get isRateable() {
    return this.ticket?.state === 'closed' && (this.ticket.agent !== undefined || this.entries.some((one) => !this.isMe(one.uid)));
  }

  // ---- what the server knows ----

  /** Asks how things stand, after each login. */
  async load() {
    const nothing = () => /** @type {any} */ ({});
    const [desk, { list = [] }, { tickets = [] }] = await Promise.all([
      this.karez.request({ type: 'desk', desk: this.asked.desk || undefined }).catch(nothing),
      this.karez.request({ type: 'conversations', limit: PAGE }).catch(nothing),
      this.karez.request({ type: 'tickets', view: 'closed', limit: CLOSED_LISTED }).catch(nothing),
    ]);
    if (desk.type) this.desk = desk;
    const shown = new Set(this.earlier.map(({ ticket }) => ticket));
    this.closed = tickets.filter((/** @type {Ticket} */ one) => !shown.has(one.ticket) && one.ticket !== this.ticket?.ticket);
    const [last] = this.closed;
    if (desk.ticket !== undefined) this.#turnTo(desk.ticket);
    else if (this.isOpen) this.#told(tickets.find((/** @type {Ticket} */ one) => one.ticket === this.ticket?.ticket) ?? { ...this.ticket, state: 'closed' });
    else if (this.#isFirst && last?.closed && !last.stars && Date.now() - this.karez.clockAhead - last.closed < FRESH_MS) {
      this.#turnTo(last.ticket);
      this.ticket = last;
    }
    this.#isFirst = false;
    const known = list.find((/** @type {any} */ one) => one.ticket === (desk.ticket ?? this.ticket?.ticket));
    if (known) this.read = Math.max(this.read, known.read ?? 0);
    this.page.changed();
  }

  /** Asks only whether somebody is there. */
  async ask() {
    const desk = await this.karez.request({ type: 'desk', desk: this.asked.desk || undefined }).catch(() => null);
    if (desk) this.desk = /** @type {any} */ (desk);
    this.page.changed();
  }

  /** Shows a ticket, and nothing of another. @param {number | null} ticket */
  #turnTo(ticket) {
    if (ticket !== null && ticket === this.ticket?.ticket) return;
    Object.assign(this, { entries: [], notices: [], earlier: [], more: false, read: 0, peerRead: 0, closingAt: 0, typing: '' });
    if (this.ticket?.state === 'closed') this.closed = [this.ticket, ...this.closed.filter((one) => one.ticket !== this.ticket?.ticket)];
    this.ticket = ticket === null ? null : { ticket, state: 'waiting' };
    this.closed = this.closed.filter((one) => one.ticket !== ticket);
    if (ticket !== null) this.#fetch();
    this.page.changed();
  }

  /** @param {any} event how the ticket stands */
  #told(event) {
    if (this.ticket && event.ticket < this.ticket.ticket) return;
    this.#turnTo(event.ticket);
    const before = this.ticket;
    const { type, ...ticket } = event;
    this.ticket = { ...ticket, agent: event.agent ?? (event.state === 'closed' ? before?.agent : undefined) };
    this.closingAt = event.closing === undefined ? 0 : performance.now() + event.closing;
    const wasTold = before?.state === 'open' ? before.agent : undefined;
    if (event.state === 'open' && !same(wasTold?.uid, event.agent?.uid) && this.desk) this.#notice('joined', event.agent?.name ?? '');
    if (event.state === 'waiting' && wasTold) this.#notice('moved', '');
    if (event.state !== 'open') this.typing = '';
    if (event.state === 'closed' && before?.state !== 'closed') this.ask();
    this.page.changed();
  }

  /** @param {string} word @param {string} name */
  #notice(word, name) {
    this.notices.push({ after: this.entries.at(-1)?.seq ?? 0, word, name, time: Date.now() - this.karez.clockAhead });
  }

  /** @param {{before?: number}} [bounds] */
  async #fetch(bounds) {
    const ticket = this.ticket?.ticket;
    if (ticket === undefined) return;
    const page = await this.karez.ticket(ticket).history({ limit: PAGE, ...bounds }).catch(() => null);
    if (!page || ticket !== this.ticket?.ticket) return;
    const entries = /** @type {Entry[]} */ (/** @type {unknown} */ (page.messages));
    // The newest page may begin behind what is here: nothing may be missing between.
    const isApart = !bounds && entries.length > 0 && (this.entries.at(-1)?.seq ?? Infinity) < entries[0].seq - 1;
    if (isApart) this.entries = [];
    if (bounds || isApart || this.entries.length <= entries.length) this.more = page.more;
    this.#merge(entries);
    this.page.changed();
  }

  /** Fetches what was said before: in this ticket, else in the one that was closed before it. */
  async older() {
    if (this.more) return this.#fetch({ before: this.entries[0]?.seq });
    const [ticket] = this.closed;
    if (!ticket) return;
    this.closed = this.closed.slice(1);
    /** @type {Entry[]} */
    let entries = [];
    for (let more = true; more; ) {
      const before = entries[0]?.seq;
      const page = /** @type {any} */ (await this.karez.ticket(ticket.ticket).history({ limit: 100, ...(before && { before }) }).catch(() => ({ messages: [], more: false })));
      entries = [...page.messages, ...entries];
      more = page.more && page.messages.length > 0;
    }
    this.earlier = [{ ticket: ticket.ticket, time: ticket.opened ?? entries[0]?.time ?? 0, entries: entries.filter((one) => one.ref === undefined) }, ...this.earlier];
    this.page.changed();
  }

  // ---- what is said ----

  /** Says something; what becomes of it is told by events. @param {string} content @param {Record<string, string>} form */
  say(content, form) {
    const { desk } = this.asked;
    // Whoever gives a name is called by it.
    if (form.name) this.karez.request({ type: 'profile', name: form.name }).catch(() => {});
    const opening = this.isOpen ? {} : { ...this.asked.about, form: Object.keys(form).length > 0 ? form : undefined };
    return this.karez.support(content, { desk: desk || undefined, ...opening });
  }

  /** Sends once more what was refused; a conflict means that its ticket has ended. @param {Pending} pending */
  again(pending) {
    delete pending.failed;
    this.karez.send(pending.message).catch(() => {});
  }

  /** @param {Pending} pending */
  drop(pending) {
    this.pending = this.pending.filter((one) => one !== pending);
    this.page.changed();
  }

  /** @param {any} entry */
  #heard(entry) {
    if (entry.ticket === undefined || entry.ticket < (this.ticket?.ticket ?? 0)) return;
    this.#turnTo(entry.ticket);
    const isMine = this.isMe(entry.uid);
    if (isMine) this.#cover(entry);
    else this.typing = '';
    this.#merge([entry]);
    this.closingAt = 0;
    if (!isMine) this.page.arrived(entry);
    this.page.changed();
  }

  /** @param {Entry[]} entries */
  #merge(entries) {
    const bySeq = new Map(this.entries.map((entry) => [entry.seq, entry]));
    for (const entry of entries) bySeq.set(entry.seq, { ...bySeq.get(entry.seq), ...entry });
    this.entries = [...bySeq.values()].sort((one, other) => one.seq - other.seq);
    for (const { ref } of this.entries) {
      const taken = ref === undefined ? undefined : this.entries.find((one) => one.seq === ref);
      if (taken) Object.assign(taken, { recalled: true, content: '', data: undefined, kind: undefined, reply: undefined });
    }
    // Whoever answers has read.
    const answer = this.entries.findLast((one) => isMessage(one) && !this.isMe(one.uid));
    this.peerRead = Math.max(this.peerRead, answer?.seq ?? 0);
  }

  /** The own copy may come before the `ack`: what waits is not shown beside it. @param {Entry} entry */
  #cover(entry) {
    const pending = this.pending.find((one) => !one.failed && !one.covered && one.content === entry.content);
    if (pending) pending.covered = true;
  }

  /** @param {any} message */
  #queued(message) {
    this.pending = this.pending.filter((one) => one.id !== message.id);
    this.pending.push({ id: message.id, message, content: message.content, time: Date.now() });
    this.page.changed();
  }

  /** @param {any} message */
  #sent({ id, seq, time, ticket, content, kind, data, reply }) {
    this.pending = this.pending.filter((one) => one.id !== id);
    if (ticket !== undefined && ticket >= (this.ticket?.ticket ?? 0)) {
      this.#turnTo(ticket);
      if (!this.entries.some((one) => one.seq === seq)) this.#merge([{ type: 'support', seq, time, uid: this.karez.uid ?? '', name: this.karez.name, content, kind, data, reply }]);
    }
    this.page.changed();
  }

  /** @param {any} event */
  #failed({ error, ...message }) {
    let pending = this.pending.find((one) => one.id === message.id);
    if (!pending) this.pending.push((pending = { id: message.id, message, content: message.content, time: Date.now() }));
    Object.assign(pending, { failed: error, covered: false });
    this.page.changed();
  }

  /** @param {Entry} entry */
  async recall(entry) {
    if (this.ticket) await this.karez.ticket(this.ticket.ticket).recall(entry.seq).catch(this.page.failed);
  }

  // ---- the ticket ----

  async end() {
    await this.karez.request({ type: 'close', ticket: this.ticket?.ticket }).catch(this.page.failed);
  }

  /** @param {number} stars @param {string} comment @returns {Promise<boolean>} whether it is kept */
  async rate(stars, comment) {
    const { ticket } = this;
    if (!ticket) return false;
    try {
      await this.karez.request({ type: 'rate', ticket: ticket.ticket, stars, comment: comment || undefined });
    } catch (error) {
      this.page.failed(error);
      return false;
    }
    ticket.stars = stars;
    if (this.ticket?.ticket === ticket.ticket) this.ticket.stars = stars;
    this.page.changed();
    return true;
  }

  /** Leaves the conversation that is over; the next word opens another. */
  begin() {
    this.#turnTo(null);
    this.ask();
  }

  // ---- reading and writing ----

  /** The visitor writes: told now and then. */
  tellTyping() {
    const now = performance.now();
    if (this.ticket?.state !== 'open' || now - this.#toldTyping < TYPING_EVERY_MS) return;
    this.#toldTyping = now;
    this.karez.ticket(this.ticket.ticket).typing();
  }

  /** All up to the newest was looked at. */
  markRead() {
    const seq = this.entries.at(-1)?.seq ?? 0;
    if (!this.ticket || seq <= this.read) return;
    const isNews = this.unread > 0;
    this.read = seq;
    if (!isNews) return;
    const conversation = this.karez.ticket(this.ticket.ticket);
    clearTimeout(this.#timers.read);
    this.#timers.read = setTimeout(() => this.karez.state === 'connected' && conversation.read(this.read).catch(() => {}), READ_PAUSE_MS);
    this.page.changed();
  }

  /** @param {any} event somebody has read: an agent, or the visitor in another tab */
  #read(event) {
    if (event.ticket !== this.ticket?.ticket) return;
    const name = this.isMe(event.uid) ? 'read' : 'peerRead';
    this[name] = Math.max(this[name], event.seq);
    this.page.changed();
  }

  /** @param {any} event */
  #isTyping({ ticket, uid, name }) {
    if (ticket !== this.ticket?.ticket || this.isMe(uid)) return;
    this.typing = name || String(uid);
    clearTimeout(this.#timers.typing);
    this.#timers.typing = setTimeout(() => {
      this.typing = '';
      this.page.changed();
    }, TYPING_SHOWN_MS);
    this.page.changed();
  }
}
