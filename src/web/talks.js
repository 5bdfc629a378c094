// The conversations: what is known of each, whoever looks at it. No element of the page is touched here.
//
// A talk holds one unbroken run of entries by `seq`. Where the run reaches the newest entry (`atEnd`) what is said is
// put behind it; where somebody reads far back it does not, and `newer` fetches what follows. What is said here waits in
// `pending` until it is stored. The `ack` and the own copy of an entry come in either order: whichever is first makes
// the entry, the other finds it.

import { Conversation } from './client/karez.js';
import { Talk, fileOf, isMessage, keyOf, membersOf } from './talk.js';
import { keep, same } from './text.js';

/** @typedef {import('./client/karez.js').Karez} Karez */
/** @typedef {import('./client/karez.js').Target} Target */
/** @typedef {import('./text.js').Id} Id */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Pending} Pending */
/** @typedef {import('./talk.js').Member} Member */

const PAGE = 50;
const KEPT = 400;
const READ_PAUSE_MS = 250;
const WATCHED_MAX = 200;

export class Talks {
  /** @type {Map<string, Talk>} */
  all = new Map();
  /** @type {Talk | null} */
  shown = null;
  /** When the list is here. */
  ready = Promise.resolve();
  /** Texts that were recalled here, to be edited again. @type {Map<string, {content: string, until: number}>} */
  recalled = new Map();

  /**
   * @param {Karez} karez
   * @param {string} account under which drafts are kept
   * @param {{changed: () => void, arrived: (talk: Talk, entry: Entry) => void, gone: (talk: Talk, entry?: Entry) => void,
   *   isReadBack: (talk: Talk) => boolean}} page
   */
  constructor(karez, account, page) {
    this.karez = karez;
    this.account = account;
    this.page = page;
    const { drafts, peers } = keep.readJson(`${account}.talks`);
    /** @type {Record<string, string>} */
    this.drafts = drafts ?? {};
    /** @type {Record<string, number>} */
    this.peers = peers ?? {};
    karez
      // After the connection has sent again what was asked before the break.
      .on('login', () => (this.ready = Promise.resolve().then(() => this.load())))
      .on('message', (entry) => this.#heard(entry))
      .on('queued', (message) => this.#queued(message))
      .on('sent', (message) => this.#sent(message))
      .on('failed', (message) => this.#failed(message))
      .on('read', (event) => this.#read(event))
      .on('gap', (event) => this.#gap(event))
      .on('epoch', () => this.clear())
      .on('joined', (event) => this.#membership(event))
      .on('left', (event) => this.#membership(event))
      .on('typing', (event) => this.#typing(event))
      .on('presence', (event) => this.#presence(event));
    for (const { message, error } of keep.readJson(`${account}.failed`, sessionStorage).list ?? []) this.#failed({ ...message, error });
  }

  /** The talk with a group or user or about a ticket, made when there is none. @param {Target} target @returns {Talk} */
  of(target) {
    const key = keyOf(target);
    let talk = this.all.get(key);
    if (!talk) {
      talk = this.newTalk(target);
      talk.draft = this.drafts[key] ?? '';
      talk.peerRead = this.peers[key] ?? 0;
      this.all.set(key, talk);
    }
    return talk;
  }

  /** @param {Target} target @returns {Talk} */
  newTalk(target) {
    return new Talk(target);
  }

  /** The talk to which an event belongs. @param {any} event @returns {Talk} */
  #talkOf(event) {
    if (event.gid !== undefined) return this.of({ gid: event.gid });
    if (event.ticket !== undefined) return this.of({ ticket: event.ticket });
    return this.of({ uid: event.to !== undefined && this.isMe(event.uid) ? event.to : event.uid });
  }

  /** @param {Id | undefined} uid */
  isMe(uid) {
    return same(uid, this.karez.uid);
  }

  /** By the time of what was said last. @returns {Talk[]} */
  get sorted() {
    return [...this.all.values()].sort((one, other) => other.time - one.time || (one.key < other.key ? -1 : 1));
  }

  /** The connection's view of a talk. @param {Talk} talk */
  conversation(talk) {
    return new Conversation(this.karez, talk.target);
  }

  clear() {
    for (const talk of this.all.values()) Object.assign(talk, { entries: [], loaded: false, seq: 0, read: 0, unread: 0, peerRead: 0, last: undefined });
    this.peers = {};
    this.page.changed();
  }

  /** @param {Talk} talk */
  forget(talk) {
    this.all.delete(talk.key);
    this.setDraft(talk, '');
  }

  // ---- the list, as the server knows it ----

  /** Asks for all conversations, their unread messages, and one's roles. */
  async load() {
    try {
      const seen = new Set();
      for (let cursor; ; ) {
        const { list, next } = await this.karez.request({ type: 'conversations', limit: 50, cursor });
        for (const item of list) seen.add(this.known(item).key);
        cursor = next;
        if (!next) break;
      }
      for (const talk of this.all.values()) {
        const isKept = seen.has(talk.key) || talk.pending.length > 0 || talk.draft || talk === this.shown;
        if (!isKept) this.all.delete(talk.key);
      }
      this.page.changed();
      await this.loadRoles();
      const uids = [...this.all.values()].filter((talk) => 'uid' in talk.target).map((talk) => talk.id);
      if (uids.length > 0) this.#presence(await this.karez.request({ type: 'presence', uids: uids.slice(0, WATCHED_MAX) }));
    } catch {
      // The connection has ended: the next login asks again.
    }
  }

  async loadRoles() {
    for (let cursor; ; ) {
      const { groups, next } = await this.karez.request({ type: 'groups', cursor });
      for (const { gid, name, role, open, members } of groups) Object.assign(this.of({ gid }), { name: name ?? '', role, open, count: members });
      if (!(cursor = next)) break;
    }
    this.page.changed();
  }

  /** @param {any} item of the answer to `conversations` @returns {Talk} */
  known(item) {
    const talk = this.#talkOf({ gid: item.gid, ticket: item.ticket, uid: item.uid });
    talk.name = item.name ?? talk.name;
    talk.seq = item.seq;
    talk.last = item.last ?? talk.last;
    const isAhead = talk.read > item.read && talk.read <= item.seq;
    if (isAhead) this.#tellRead(talk);
    else Object.assign(talk, { read: item.read, unread: item.unread });
    if (talk.unread > 0 && talk.last?.mentions?.some((uid) => this.isMe(uid))) talk.mentioned = talk.last.seq;
    return talk;
  }

  // ---- what is said ----

  /** @param {Entry} entry */
  #heard(entry) {
    const talk = this.#talkOf(entry);
    const isNew = entry.seq > talk.seq;
    const own = this.isMe(entry.uid);
    if (!talk.isGroup && !own && entry.name) talk.name = entry.name;
    talk.ceaseTyping(entry.uid);
    this.watch(talk);
    if (entry.ref !== undefined) this.#takeBack(talk, entry);
    if (own) this.#cover(talk, entry);
    if (talk.loaded && talk.atEnd) this.#merge(talk, [entry]);
    if (isNew) {
      talk.seq = entry.seq;
      if (entry.ref === undefined) talk.last = entry;
      if (!own && isMessage(entry)) {
        talk.unread += 1;
        if (entry.mentions?.some((uid) => this.isMe(uid))) talk.mentioned = entry.seq;
        this.page.arrived(talk, entry);
      }
      if (entry.kind === 'system') this.#done(talk, entry);
    }
    this.page.changed();
  }

  /** An owner or admin has done something. @param {Talk} talk @param {Entry} entry */
  #done(talk, entry) {
    const { act, uid } = entry.data ?? {};
    const isOut = act === 'group_delete' || (['kick', 'ban'].includes(act) && this.isMe(uid) && entry.data.seconds !== 0);
    if (isOut) {
      this.forget(talk);
      this.page.gone(talk, entry);
    } else this.loadRoles().catch(() => {});
  }

  /** Puts entries into the run, each in its place. @param {Talk} talk @param {Entry[]} entries */
  #merge(talk, entries) {
    const bySeq = new Map(talk.entries.map((entry) => [entry.seq, entry]));
    for (const entry of entries) bySeq.set(entry.seq, { ...bySeq.get(entry.seq), ...entry });
    talk.entries = [...bySeq.values()].sort((one, other) => one.seq - other.seq);
    for (const entry of talk.entries) if (entry.ref !== undefined) this.#takeBack(talk, entry);
    if (talk.atEnd && talk.entries.length > KEPT && !this.page.isReadBack(talk)) {
      talk.entries = talk.entries.slice(-KEPT + PAGE);
      talk.more = true;
    }
  }

  /** @param {Talk} talk @param {Entry} recall */
  #takeBack(talk, recall) {
    const by = { uid: recall.uid, name: recall.name ?? String(recall.uid) };
    for (const entry of [...talk.entries, talk.last, talk.quoted.get(recall.ref ?? 0)]) {
      if (entry?.seq !== recall.ref || entry?.by) continue;
      if (entry && isMessage(entry) && !this.isMe(entry.uid) && entry.seq > talk.read) talk.unread = Math.max(0, talk.unread - 1);
      Object.assign(entry ?? {}, { recalled: true, content: '', data: undefined, kind: undefined, reply: undefined, mentions: undefined, by });
    }
  }

  /** The own copy may come before the `ack`: what waits is not shown beside it. @param {Talk} talk @param {Entry} entry */
  #cover(talk, entry) {
    const pending = talk.pending.find((one) => !one.failed && !one.covered && !one.upload && one.content === entry.content);
    if (pending) pending.covered = true;
  }

  /** @param {any} message */
  #queued(message) {
    const talk = this.#talkOf({ gid: message.gid, ticket: message.ticket, uid: message.uid });
    const pending = { id: message.id, message, content: message.content, time: Date.now() };
    const at = talk.pending.findIndex((one) => one.id === message.id);
    // A file that has been uploaded keeps its place; what had failed goes behind what was said since.
    if (at >= 0 && talk.pending[at].upload) talk.pending[at] = pending;
    else talk.pending = [...talk.pending.filter((one) => one.id !== message.id), pending];
    this.keepFailed();
    this.page.changed();
  }

  /** @param {any} message */
  #sent(message) {
    const { id, seq, time, type, ...fields } = message;
    const talk = this.#talkOf({ gid: message.gid, ticket: message.ticket, uid: message.uid });
    talk.pending = talk.pending.filter((one) => one.id !== id);
    const to = 'uid' in talk.target ? { to: message.uid } : {};
    const entry = { ...fields, ...to, type: talk.isGroup ? 'groupPm' : type, seq, time, uid: this.karez.uid, name: this.karez.name };
    if (talk.loaded && talk.atEnd && !talk.entry(seq)) this.#merge(talk, [entry]);
    if (seq > talk.seq) Object.assign(talk, { seq, last: entry });
    // Speaking joins: one's role there is not known yet, nor what somebody is called to whom one has just written first.
    if (talk.isGroup ? !talk.role : !talk.name) this.load();
    this.page.changed();
  }

  /** @param {any} event */
  #failed({ error, ...message }) {
    const talk = this.#talkOf({ gid: message.gid, ticket: message.ticket, uid: message.uid });
    let pending = talk.pending.find((one) => one.id === message.id);
    if (!pending) talk.pending.push((pending = { id: message.id, message, content: message.content, time: Date.now() }));
    Object.assign(pending, { failed: error, covered: false });
    this.keepFailed();
    this.page.changed();
  }

  /** Says something; what becomes of it is told by events. @param {Talk} talk @param {string} content @param {object} [options] */
  say(talk, content, options) {
    if (!talk.atEnd) this.reset(talk);
    return this.conversation(talk).send(content, options);
  }

  /** Sends once more what was refused, under its id. @param {Pending} pending */
  again(pending) {
    delete pending.failed;
    this.karez.send(pending.message).catch(() => {});
  }

  /** @param {Talk} talk @param {Pending} pending */
  drop(talk, pending) {
    talk.pending = talk.pending.filter((one) => one !== pending);
    this.keepFailed();
    this.page.changed();
  }

  /** Takes back what was said. @param {Talk} talk @param {Entry} entry */
  async recall(talk, entry) {
    const { content } = entry;
    const mayEdit = this.isMe(entry.uid) && !fileOf(entry);
    await this.conversation(talk).recall(entry.seq);
    if (mayEdit) this.recalled.set(`${talk.key}:${entry.seq}`, { content, until: Date.now() + 5 * 60_000 });
    this.page.changed();
  }

  // ---- the run of entries ----

  /** Fetches what is shown first: the newest page, or that which holds the first unread entry. @param {Talk} talk */
  async open(talk) {
    if (talk.loaded) return;
    const from = talk.unread > PAGE - 10 ? { after: Math.max(0, talk.read - 10) } : {};
    await this.#fetch(talk, from, (page) => {
      talk.entries = [];
      talk.atEnd = !('after' in from && page.more);
      talk.more = 'after' in from ? talk.read > 10 : page.more;
      talk.loaded = true;
    });
  }

  /** @param {Talk} talk */
  async older(talk) {
    const first = talk.entries[0]?.seq ?? 1;
    if (!talk.loaded || !talk.more || first <= 1 || talk.fetching) return;
    await this.#fetch(talk, { before: first }, (page) => (talk.more = page.more));
  }

  /** @param {Talk} talk */
  async newer(talk) {
    if (!talk.loaded || talk.atEnd || talk.fetching) return;
    await this.#fetch(talk, { after: talk.entries.at(-1)?.seq ?? 0 }, (page) => (talk.atEnd = !page.more));
  }

  /** Makes the run hold an entry. @param {Talk} talk @param {number} seq */
  async reach(talk, seq) {
    await talk.fetching;
    await this.open(talk);
    const first = talk.entries[0]?.seq ?? 0;
    if (seq >= first && seq <= (talk.entries.at(-1)?.seq ?? 0)) return;
    if (seq < first && first - seq <= 100) return this.#fetch(talk, { before: first, limit: first - seq + 10 }, (page) => (talk.more = page.more));
    await this.#fetch(talk, { after: Math.max(0, seq - 25) }, (page) => {
      talk.entries = [];
      talk.atEnd = !page.more;
      talk.more = seq > 26;
    });
  }

  /** Whether files may be sent here. @param {Talk} _talk */
  takesFiles(_talk) {
    return true;
  }

  /** Somebody is writing here. @param {Talk} talk */
  typing(talk) {
    this.conversation(talk).typing();
  }

  /** Goes to the newest page. @param {Talk} talk */
  async reset(talk) {
    await talk.fetching;
    Object.assign(talk, { loaded: false, atEnd: true });
    await this.#fetch(talk, {}, (page) => {
      talk.entries = [];
      Object.assign(talk, { loaded: true, more: page.more });
    });
  }

  /** @param {Talk} talk @param {object} bounds @param {(page: any) => void} put */
  async #fetch(talk, bounds, put) {
    const fetching = (async () => {
      try {
        const page = await this.conversation(talk).history({ limit: PAGE, ...bounds });
        put(page);
        this.#merge(talk, /** @type {Entry[]} */ (/** @type {unknown} */ (page.messages)));
      } catch {
        // Who may not read here, as before the first word in a group, sees nothing.
        Object.assign(talk, { loaded: true, more: false, atEnd: true });
      }
    })();
    talk.fetching = fetching;
    await fetching;
    if (talk.fetching === fetching) talk.fetching = null;
    this.page.changed();
  }

  /** What is missing is not sent: it is fetched where somebody looks. @param {any} event */
  #gap(event) {
    const talk = this.#talkOf(event);
    if (talk.loaded && this.page.isReadBack(talk)) talk.atEnd = false;
    else if (talk === this.shown) this.reset(talk);
    else Object.assign(talk, { loaded: false, entries: [] });
  }

  /** The entry that a reply quotes, fetched if it is not here. @param {Talk} talk @param {number} seq */
  quote(talk, seq) {
    const here = talk.entry(seq);
    if (here || talk.quoted.has(seq)) return here;
    talk.quoted.set(seq, null);
    this.conversation(talk)
      .history({ before: seq + 1, limit: 1 })
      .then(({ messages }) => {
        const entry = /** @type {Entry | undefined} */ (/** @type {unknown} */ (messages[0]));
        if (entry?.seq === seq) talk.quoted.set(seq, entry);
        this.page.changed();
      })
      .catch(() => {});
  }

  // ---- what was read ----

  /** All up to here was looked at. @param {Talk} talk @param {number} seq */
  markRead(talk, seq) {
    if (seq <= talk.read) return;
    this.#advance(talk, seq);
    this.#tellRead(talk);
  }

  /** @param {Talk} talk @param {number} seq */
  #advance(talk, seq) {
    const passed = talk.entries.filter((one) => one.seq > talk.read && one.seq <= seq && isMessage(one) && !this.isMe(one.uid));
    talk.read = Math.max(talk.read, seq);
    talk.unread = seq >= talk.seq ? 0 : Math.max(0, talk.unread - passed.length);
    if (talk.mentioned <= talk.read) talk.mentioned = 0;
    this.page.changed();
  }

  /** @param {Talk} talk */
  #tellRead(talk) {
    clearTimeout(talk.readTimer);
    talk.readTimer = setTimeout(() => {
      if (this.karez.state === 'connected') this.conversation(talk).read(talk.read).catch(() => {});
    }, READ_PAUSE_MS);
  }

  /** @param {any} event somebody has read: the reader on another device, or the other one of a private talk */
  #read(event) {
    const talk = this.#talkOf(event);
    if (this.isMe(event.uid)) {
      if (event.seq > talk.read) this.#advance(talk, event.seq);
      // Written to oneself, there is nobody else to read it.
      if (!same(event.to, event.uid)) return;
    }
    talk.peerRead = Math.max(talk.peerRead, event.seq);
    this.peers[talk.key] = talk.peerRead;
    this.#keep();
    this.page.changed();
  }

  // ---- who is there ----

  /** @param {any} event */
  #membership(event) {
    const talk = this.of({ gid: event.gid });
    talk.count = event.members;
    if (this.isMe(event.uid)) {
      if (event.type === 'left') {
        this.forget(talk);
        this.page.gone(talk);
        return;
      }
      this.load();
    }
    talk.notices = [...talk.notices.slice(-49), { after: talk.seq, type: event.type, name: event.name, time: Date.now() }];
    this.page.changed();
  }

  /** @param {any} event */
  #typing(event) {
    if (!this.isMe(event.uid)) this.#talkOf(event).hearTyping(event.uid, event.name, () => this.page.changed());
    this.page.changed();
  }

  /** @param {any} event */
  #presence({ users }) {
    for (const { uid, online, last } of users) {
      const talk = this.all.get(`u:${uid}`);
      if (talk) talk.presence = { online, last };
    }
    this.page.changed();
  }

  /** Asks whether the other one of a private talk is there, now and from now on. @param {Talk} talk */
  async watch(talk) {
    if (!('uid' in talk.target) || talk.presence) return;
    // Where it is not told it is not known.
    this.#presence({ users: await this.conversation(talk).presence().catch(() => []) });
  }

  /** All members, up to some hundreds. @param {Talk} talk @returns {Promise<Member[]>} */
  members(talk) {
    return membersOf(this.conversation(talk));
  }

  // ---- what is kept over a reload ----

  /** @param {Talk} talk @param {string} text */
  setDraft(talk, text) {
    talk.draft = text;
    if (text) this.drafts[talk.key] = text;
    else delete this.drafts[talk.key];
    this.#keep();
  }

  #keep() {
    keep.write(`${this.account}.talks`, JSON.stringify({ drafts: this.drafts, peers: this.peers }));
  }

  keepFailed() {
    const failed = [...this.all.values()].flatMap((talk) => talk.pending.filter((one) => one.failed && !one.upload));
    const list = failed.map(({ message, failed: { code, field } }) => ({ message, error: { code, field } }));
    keep.write(`${this.account}.failed`, list.length > 0 ? JSON.stringify({ list }) : null, sessionStorage);
  }
}
