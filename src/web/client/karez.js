// Karez in a web page: one connection, and what is promised of it.
//
//   const karez = new Karez('/ws', { name: 'Ann' }).on('message', show).connect();
//   await karez.group(123).send('hello');
//
// A message goes over the wire at least once and is stored once; a handler hears each entry once, in order. What was said
// during a break comes after it, or a `gap` says what `history` has to fetch.

/** @typedef {string|number} Id a user or a group: an integer from 1, or 1 to 64 bytes of text */
/** @typedef {{gid: Id} | {uid: Id} | {ticket: number}} Target a conversation: of a group, with a user, of a ticket */
/** @typedef {{type: string, id?: string, [field: string]: any}} Message what goes over the wire */
/** @typedef {{epoch?: string, [kind: string]: any}} Positions the last `seq` that is here of each conversation */
/** @typedef {'disconnected' | 'connecting' | 'connected'} State */
/** @typedef {Message & {id: string}} Queued a message that is not stored yet */

/**
 * @typedef {object} Options
 * @property {(refused: boolean) => (string | undefined | Promise<string | undefined>)} [getToken] asked at each login and
 *   before a token expires; with `true` when the last one was refused. Without a token one is a guest
 * @property {string} [name] of a guest
 * @property {'none' | 'memory' | 'indexeddb'} [outbox] where messages wait that are not stored yet. `none`: without a
 *   connection they are refused. `indexeddb`: they survive a reload. Default: `memory`
 * @property {string} [outboxName] one for each user. Default: `karez`
 * @property {Positions} [positions] what is here already: {@link Karez.positions} of an earlier page
 */

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const STEADY_MS = 10_000; // a connection that lasts as long ends the back-off
const LOGIN_TIMEOUT_MS = 10_000;
// A browser that is cut off leaves a WebSocket open and silent: only a missing pong shows it, within 30 s.
const SILENT_MS = 20_000;
const PONG_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 4_000; // when the tab or the network has just come back
// The server knows an `id` for a day; after that nobody can say whether the message was stored.
const REPEATABLE_MS = 23 * 3_600_000;
const REFRESH_BEFORE_MS = 60_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const PUSHES_KEPT = 200;
const ENTRIES = new Set(['groupPm', 'pm', 'recalled', 'support']);
// The server calls the last message itself wrong: sending it again would only close the next connection.
const OUR_FAULT = new Set([1002, 1003, 1007, 1008, 1009]);

/** Why something was refused. */
export class KarezError extends Error {
  /**
   * @param {string} code one of the server's, as `forbidden` or `too_large`; or `offline` (no connection, no outbox),
   *   `closed` (the server ended the connection for it), `unsure` (a day has passed: it may have been stored),
   *   `disconnected` ({@link Karez.disconnect})
   * @param {Message} [error] what the server said
   */
  constructor(code, error) {
    super(error?.message ?? code);
    this.name = 'KarezError';
    this.code = code;
    /** @type {string | undefined} the field that was wrong */
    this.field = error?.field;
    /** @type {number | undefined} milliseconds after which it may be tried again */
    this.retry = error?.retry;
    /** @type {Message | undefined} who has the ticket */
    this.holder = error?.holder;
    /** Whether the same may succeed later. */
    this.retryable = ['rate_limited', 'internal', 'offline', 'disconnected'].includes(code) || error?.retry !== undefined;
  }
}

/** An id that no other request has. `crypto.randomUUID` is missing on plain http. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * One user's connection.
 *
 * Events, by {@link Karez.on}: what the server says, but for answers, under its `type` (`push`, `typing`, `gap`, …),
 * and `message` (each entry of a conversation), `queued`, `sent`, `delayed`, `failed` (what one says oneself; the last two
 * with their `error`), `epoch` (all `seq` begin anew), `state` ({state, wait, code, reason}).
 */
export class Karez {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #handlers = new Map();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, {message: Message, done: Function, refused: Function}>} */
  #requests = new Map();
  /** As they were said. @type {Map<string, {message: Queued, since: number, underWay: boolean, done?: Function, refused?: Function}>} */
  #outbox = new Map();
  /** From where the server is to go on after a break. @type {Map<string, number>} */
  #last = new Map();
  /** What the handlers have heard. @type {Map<string, number>} */
  #heard = new Map();
  /** @type {string[]} */
  #pushes = [];
  /** @type {Record<string, ReturnType<typeof setTimeout>>} */
  #timers = {};
  #wanted = false;
  /** Which attempt to connect is waiting for its token. @type {object | null} */
  #opening = null;
  #refused = false;
  #attempt = 0;
  #heardAt = 0;
  #mayHurry = true;
  /** @type {Message | null} */
  #bye = null;
  /** @type {Stash | null} */
  #stash = null;
  #stashed = Promise.resolve();

  /** @type {State} */
  state = 'disconnected';
  /** @type {Id | undefined} who one is, once logged in */
  uid;
  /** @type {string | undefined} */
  name;
  /** @type {string | undefined} says who one is, over HTTP too */
  token;
  /** @type {string | undefined} names the server's store: in another one all `seq` begin anew */
  epoch;
  /** What the server allows: `message_bytes`, `recall_seconds`, … @type {Record<string, number>} */
  limits = { message_bytes: 65_536 };
  /** Milliseconds by which the clock here is ahead of the server's. */
  clockAhead = 0;

  /**
   * @param {string | URL} url of the WebSocket, or a path of this site
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    const whole = new URL(url, globalThis.location?.href);
    whole.protocol = whole.protocol.replace(/^http/, 'ws');
    this.url = whole.href;
    this.options = options;
    this.#take(options.positions);
    if (options.outbox === 'indexeddb') {
      this.#stash = new Stash(options.outboxName ?? 'karez');
      this.#stashed = this.#stash.adopt((message, since) => this.#enqueue(message, since));
    }
    globalThis.addEventListener?.('online', () => this.#hurry());
    globalThis.document?.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
  }

  // ---- events ----

  /** Calls `handler` for each event of this name. @param {string} name @param {(event: any) => void} handler */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return this;
  }

  /** Ends what `on` began. @param {string} name @param {(event: any) => void} handler */
  off(name, handler) {
    this.#handlers.get(name)?.delete(handler);
    return this;
  }

  /** Calls `handler` for the next event of this name. @param {string} name @param {(event: any) => void} handler */
  once(name, handler) {
    const once = (/** @type {any} */ event) => {
      this.off(name, once);
      handler(event);
    };
    return this.on(name, once);
  }

  /** @param {string} name @param {any} event */
  #emit(name, event) {
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler(event);
      } catch (error) {
        // The page's mistake must not end the connection, nor stay unseen.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  // ---- the connection ----

  /** Connects, and comes back after each break. */
  connect() {
    this.#wanted = true;
    if (!this.#socket && !this.#opening) this.#open();
    return this;
  }

  /** Ends the connection for good. What waits in the outbox stays there. */
  disconnect() {
    this.#wanted = false;
    const socket = this.#socket;
    this.#lost(socket, 1000, '');
    socket?.close(1000);
    for (const { refused } of this.#requests.values()) refused(new KarezError('disconnected'));
    this.#requests.clear();
    return this;
  }

  /** The last `seq` of each conversation: the `positions` of a later page, which then misses nothing. @returns {Positions} */
  get positions() {
    /** @type {Positions} */
    const positions = { epoch: this.epoch, groups: {}, users: {}, tickets: {} };
    for (const [key, seq] of this.#last) {
      const [kind, ...id] = key.split(':');
      positions[kind][id.join(':')] = seq;
    }
    return positions;
  }

  /** @param {Positions} [positions] */
  #take(positions) {
    if (!positions) return;
    const { epoch, ...kinds } = positions;
    this.epoch = epoch;
    for (const [kind, ids] of Object.entries(kinds)) for (const id in ids) this.#last.set(`${kind}:${id}`, ids[id]);
  }

  async #open() {
    this.#clear('retry');
    this.#bye = null;
    this.#become('connecting');
    const opening = (this.#opening = {});
    try {
      await this.#stashed;
      this.token = await this.options.getToken?.(this.#refused);
    } catch {
      // No token is to be had now, which is no reason to become a guest.
      if (this.#opening === opening) this.#come(this.#pause(1006));
      return;
    }
    if (this.#opening !== opening) return; // disconnected meanwhile
    this.#opening = null;
    const socket = new WebSocket(this.url, 'karez.v1');
    this.#socket = socket;
    this.#timers.login = setTimeout(() => this.#drop(), LOGIN_TIMEOUT_MS);
    socket.onopen = () => {
      const resume = this.epoch && this.positions;
      socket.send(JSON.stringify({ type: 'login', content: 'login', name: this.options.name, token: this.token, resume }));
    };
    socket.onmessage = (event) => socket === this.#socket && this.#received(event.data);
    socket.onerror = () => {}; // onclose follows
    socket.onclose = (event) => this.#lost(socket, event.code, event.reason);
    this.#expect();
  }

  /** Renews the token before it expires; if there is another. */
  #expect() {
    let exp;
    try {
      exp = JSON.parse(atob(String(this.token).split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).exp;
    } catch {
      return; // A guest's token is no JWT, and does not expire.
    }
    const wait = exp * 1000 - Date.now() + this.clockAhead - REFRESH_BEFORE_MS;
    if (wait < TIMER_MAX_MS) this.#timers.refresh = setTimeout(() => this.#refresh().catch(() => {}), Math.max(wait, 1000));
  }

  async #refresh() {
    const token = await this.options.getToken?.(false);
    if (!token || token === this.token) return;
    await this.request({ type: 'refresh', token });
    this.token = token;
    this.#expect();
  }

  /** @param {any} data */
  #received(data) {
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return; // another server may answer
    }
    this.#heardAt = performance.now();
    if (event.type === 'bye') this.#bye = event;
    if (event.type === 'login' && this.state !== 'connected') this.#loggedIn(event);
    if (event.id !== undefined && event.type !== 'push' && this.#answered(event)) return;
    const conversation = this.#conversationOf(event);
    if (event.type === 'gap') this.#last.set(String(conversation), event.before - 1);
    if (event.type === 'error') return this.#emit('error', new KarezError(event.code, event));
    if (event.type === 'push') {
      if (this.#pushes.includes(event.id)) return;
      this.#pushes = [event.id, ...this.#pushes.slice(0, PUSHES_KEPT)];
    }
    if (conversation && ENTRIES.has(event.type)) {
      if (event.seq <= (this.#heard.get(conversation) ?? 0)) return;
      this.#heard.set(conversation, event.seq);
      this.#last.set(conversation, event.seq);
      this.#emit('message', event);
    }
    this.#emit(event.type, event);
  }

  /** @param {Message} event @returns {string | undefined} */
  #conversationOf(event) {
    if (event.gid !== undefined) return `groups:${event.gid}`;
    if (event.ticket !== undefined) return `tickets:${event.ticket}`;
    // A private entry names its author and its receiver: the talk is with the one who is not me.
    if (event.uid !== undefined) return `users:${event.to !== undefined && String(event.uid) === String(this.uid) ? event.to : event.uid}`;
  }

  /** @param {Message} event */
  #loggedIn(event) {
    this.#clear('login');
    this.#refused = false;
    Object.assign(this.limits, event.limits);
    this.clockAhead = Date.now() - event.time;
    const late = this.epoch === event.epoch;
    if (!late) {
      if (this.epoch !== undefined) this.#emit('epoch', event);
      this.#last.clear();
      this.#heard.clear();
      this.epoch = event.epoch;
    }
    this.uid = event.uid;
    this.name = event.name;
    this.token = event.token ?? this.token;
    this.#timers.steady = setTimeout(() => (this.#attempt = 0), STEADY_MS);
    this.#timers.silent = setInterval(() => this.#listen(PONG_TIMEOUT_MS), SILENT_MS);
    this.#become('connected');
    // After the page has seen the login; what was asked before keeps its order.
    queueMicrotask(() => {
      for (const { message } of this.#requests.values()) this.#write(message);
      this.#send();
      this.#learn(late);
    });
  }

  /** Learns where each conversation stands, even where nothing was heard. @param {boolean} [late] after a break */
  async #learn(late) {
    /** @type {any} */
    let page = {};
    do {
      page = await this.request({ type: 'conversations', cursor: page.next }).catch(() => ({ list: [] }));
      for (const { gid, uid, ticket, seq } of page.list) {
        const key = String(this.#conversationOf(/** @type {any} */ ({ gid, uid, ticket })));
        if (this.#last.has(key)) continue;
        this.#last.set(key, seq);
        if (late && seq) this.#emit('gap', { type: 'gap', gid, uid, ticket, after: 0, before: seq + 1 });
      }
    } while (page.next);
  }

  /** Drops the link if nothing comes any more. @param {number} timeout_ms */
  #listen(timeout_ms) {
    if (this.state !== 'connected') return;
    const asked = performance.now();
    this.#write({ type: 'ping' });
    this.#clear('pong');
    this.#timers.pong = setTimeout(() => this.#heardAt < asked && this.#drop(), timeout_ms);
  }

  /** The tab or the network is back: no need to wait, nor a reason to trust the link. */
  #hurry() {
    if (this.state === 'connected') this.#listen(PROBE_TIMEOUT_MS);
    else if (this.#wanted && !this.#socket && this.#mayHurry && !this.#opening) this.#open();
  }

  // close() waits for the other side, which may be gone.
  #drop() {
    const socket = this.#socket;
    this.#lost(socket, 1006, '');
    socket?.close();
  }

  /** @param {WebSocket | null} socket @param {number} code @param {string} reason */
  #lost(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#socket = this.#opening = null;
    Object.keys(this.#timers).forEach((name) => this.#clear(name));
    for (const [id, entry] of this.#outbox) {
      if (entry.underWay && OUR_FAULT.has(code)) this.#fail(id, new KarezError(code === 1009 ? 'too_large' : 'closed'));
      entry.underWay = false;
    }
    if (OUR_FAULT.has(code)) {
      for (const { refused } of this.#requests.values()) refused(new KarezError('closed'));
      this.#requests.clear();
    }
    const wait = this.#wanted ? this.#pause(code) : null;
    if (wait === null) {
      this.#wanted = false;
      this.#become('disconnected', { code, reason: this.#bye?.code ?? reason });
    } else this.#come(wait);
  }

  /** @param {number} wait */
  #come(wait) {
    this.#opening = null;
    this.#attempt += 1;
    this.#become('connecting', { wait });
    this.#timers.retry = setTimeout(() => this.#open(), wait);
  }

  /** Milliseconds until the next attempt; null: do not come back. @param {number} code */
  #pause(code) {
    // A pause that the server asks for is kept.
    this.#mayHurry = this.#bye?.retry === undefined && !(code >= 4100 && code < 4200);
    if (code === 4001 && this.options.getToken && !this.#refused) {
      this.#refused = true;
      return 0;
    }
    if (code >= 4000 && code < 4100) return null;
    if (this.#bye?.retry !== undefined) return this.#bye.retry;
    if (code >= 4200 && code < 4300 && this.#attempt === 0) return 0;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#attempt);
    // Full jitter: the clients of a server that restarts must not come back in step.
    return Math.random() * ceiling + (code >= 4100 && code < 4200 ? 2000 : 0);
  }

  /** @param {State} state @param {{wait?: number, code?: number, reason?: string}} [more] */
  #become(state, more) {
    this.state = state;
    this.#emit('state', { state, ...more });
  }

  /** @param {string} name */
  #clear(name) {
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
  }

  /** @param {Message} message */
  #write(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  // ---- requests ----

  /**
   * Asks the server, over this connection or the next, and waits for the answer.
   * @param {Message} message @returns {Promise<Message>} rejects with a {@link KarezError}
   */
  request(message) {
    const whole = { ...message, id: message.id ?? newId() };
    return new Promise((done, refused) => {
      if (!this.#wanted) return refused(new KarezError('disconnected'));
      this.#requests.set(whole.id, { message: whole, done, refused });
      if (this.state === 'connected') this.#write(whole);
    });
  }

  /** Says what needs no answer and is worth nothing later. @param {Message} message */
  tell(message) {
    if (this.state === 'connected') this.#write(message);
  }

  /** Whether the event answers what was asked or said here. @param {Message} event */
  #answered(event) {
    const id = /** @type {string} */ (event.id);
    const error = event.type === 'error' ? new KarezError(event.code, event) : null;
    const request = this.#requests.get(id);
    if (request) {
      this.#requests.delete(id);
      if (error) request.refused(error);
      else if (request.message.type === 'join') this.#learn().then(() => request.done(event));
      else request.done(event);
      return true;
    }
    const entry = this.#outbox.get(id);
    if (!entry) return false;
    // A mute is of one group, and may be long.
    if (error?.retryable && error.code !== 'muted') {
      entry.underWay = false;
      this.#emit('delayed', { ...entry.message, error });
      this.#clear('outbox');
      this.#timers.outbox = setTimeout(() => (this.#clear('outbox'), this.#send()), error.retry ?? 1000);
    } else if (error) this.#fail(id, error);
    else {
      this.#forget(id);
      const { type, ...stored } = event;
      this.#emit('sent', { ...entry.message, ...stored });
      entry.done?.(stored);
    }
    this.#send();
    return true;
  }

  // ---- the outbox ----

  /** What is said and not stored yet, in order. @returns {Queued[]} */
  get outbox() {
    return [...this.#outbox.values()].map(({ message }) => message);
  }

  /**
   * Says something; {@link Conversation.send} is the usual way.
   * @param {Message} message `group`, `pm` or `support`; with an `id` to try again what has failed
   * @returns {Promise<{id: string, seq: number, time: number, ticket?: number}>} once it is stored; rejects with a {@link KarezError}
   */
  send(message) {
    const whole = { ...message, id: message.id ?? newId() };
    return new Promise((done, refused) => {
      const bytes = new TextEncoder().encode(JSON.stringify(whole)).length;
      if (bytes > this.limits.message_bytes) return refused(new KarezError('too_large'));
      if (this.options.outbox === 'none' && this.state !== 'connected') return refused(new KarezError('offline'));
      this.#enqueue(whole, Date.now(), done, refused);
    });
  }

  /** @param {Queued} message @param {number} since @param {Function} [done] @param {Function} [refused] */
  #enqueue(message, since, done, refused) {
    this.#outbox.set(message.id, { message, since, underWay: false, done, refused });
    if (done) this.#stash?.put(message, since);
    this.#emit('queued', message);
    this.#send();
  }

  /** Of each conversation one at a time, so that a refusal does not change the order. */
  #send() {
    if (this.state !== 'connected') return;
    const busy = new Set();
    for (const [id, entry] of this.#outbox) {
      const { message } = entry;
      const where = `${message.type}:${message.gid ?? message.uid ?? message.ticket}`;
      if (busy.has(where)) continue;
      busy.add(where);
      if (Date.now() - entry.since > REPEATABLE_MS) this.#fail(id, new KarezError('unsure'));
      else if (!entry.underWay && !this.#timers.outbox) {
        entry.underWay = true;
        this.#write(message);
      }
    }
  }

  /** @param {string} id @param {KarezError} error */
  #fail(id, error) {
    const entry = this.#outbox.get(id);
    if (!entry) return;
    this.#forget(id);
    this.#emit('failed', { ...entry.message, error });
    // Who sent it before a reload waits no more, and has heard `failed`.
    entry.refused?.(error);
  }

  /** @param {string} id */
  #forget(id) {
    this.#outbox.delete(id);
    this.#stash?.remove(id);
  }

  // ---- conversations ----

  /** The conversation of a group. @param {Id} gid */
  group(gid) {
    return new Conversation(this, { gid });
  }

  /** The private conversation with a user. @param {Id} uid */
  user(uid) {
    return new Conversation(this, { uid });
  }

  /** That of a ticket. @param {number} ticket */
  ticket(ticket) {
    return new Conversation(this, { ticket });
  }

  /** Asks a desk, in one's ticket or a new one. @param {string} content @param {object} [options] `desk`, `page`, … */
  support(content, options) {
    return this.send({ type: 'support', content, ...options });
  }
}

/** A group, a private talk, or a ticket. */
export class Conversation {
  /** @param {Karez} karez @param {Target} target */
  constructor(karez, target) {
    this.karez = karez;
    this.target = target;
  }

  /**
   * Says something.
   * @param {string} content
   * @param {{id?: string, kind?: string, data?: object, reply?: number, mentions?: Id[]}} [options]
   */
  send(content, options) {
    const type = 'gid' in this.target ? 'group' : 'uid' in this.target ? 'pm' : 'support';
    return this.karez.send({ type, content, ...this.target, ...options });
  }

  /** Becomes a member. */
  join() {
    return this.#ask('join');
  }

  /** Ceases to be a member. */
  leave() {
    return this.#ask('leave');
  }

  /** Takes back what was said. @param {number} seq */
  recall(seq) {
    return this.#ask('recall', { seq });
  }

  /** Everything up to here has been read. @param {number} seq */
  read(seq) {
    return this.#ask('read', { seq });
  }

  /** Somebody is writing here; not more often than every few seconds. */
  typing() {
    this.karez.tell({ type: 'typing', ...this.target });
  }

  /** A page, `messages` by rising `seq`; without bounds the newest. @param {{before?: number, after?: number, limit?: number}} [bounds] */
  history(bounds) {
    return this.#ask('history', bounds);
  }

  /** @param {{after?: Id, limit?: number}} [page] */
  members(page) {
    return this.#ask('members', page);
  }

  /** Who is online: of a group the members; of a user, whose changes come as the event `presence` from now on. */
  async presence() {
    if ('uid' in this.target) return (await this.karez.request({ type: 'presence', uids: [this.target.uid] })).users;
    return (await this.members()).members.filter((/** @type {any} */ one) => one.online);
  }

  /** @param {string} type @param {object} [fields] */
  #ask(type, fields) {
    return this.karez.request({ type, ...this.target, ...fields });
  }
}

/** Messages that wait, in IndexedDB, where there is one. */
class Stash {
  #tab = newId();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    // Held for the life of the page: what a page has left whose lock is free is anybody's.
    globalThis.navigator?.locks?.request(`${name}:${this.#tab}`, () => new Promise(() => {})).catch(() => {});
    /** @type {Promise<IDBDatabase | null>} */
    this.database = new Promise((done) => {
      try {
        const opening = indexedDB.open(name, 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('outbox', { autoIncrement: true }).createIndex('id', 'message.id');
        opening.onsuccess = () => done(opening.result);
        opening.onerror = () => done(null);
      } catch {
        done(null);
      }
    });
  }

  /** Takes over what such pages have left. @param {(message: Queued, since: number) => void} take */
  async adopt(take) {
    const held = await globalThis.navigator?.locks?.query();
    const alive = new Set(held?.held?.map((lock) => lock.name));
    const database = await this.database;
    if (!database) return;
    await new Promise((done) => {
      const walk = database.transaction('outbox', 'readwrite').objectStore('outbox').openCursor();
      walk.onerror = done;
      walk.onsuccess = () => {
        const cursor = walk.result;
        if (!cursor) return done(null);
        const { message, since, tab } = cursor.value;
        if (!alive.has(`${this.name}:${tab}`)) {
          cursor.update({ message, since, tab: this.#tab });
          take(message, since);
        }
        cursor.continue();
      };
    });
  }

  /** @param {Queued} message @param {number} since */
  put(message, since) {
    this.#write((outbox) => outbox.add({ message, since, tab: this.#tab }));
  }

  /** @param {string} id */
  remove(id) {
    this.#write((outbox) => {
      outbox.index('id').openCursor(id).onsuccess = ({ target }) => /** @type {any} */ (target).result?.delete();
    });
  }

  /** @param {(outbox: IDBObjectStore) => void} act */
  async #write(act) {
    try {
      const database = await this.database;
      if (database) act(database.transaction('outbox', 'readwrite').objectStore('outbox'));
    } catch {
      // Full or forbidden: the message waits in memory all the same.
    }
  }
}
