// A conversation as the page knows it: who it is with, what was said, what is unread, what waits to be sent.
// talks.js fills it; the views read it.

/** @typedef {import('./client/karez.js').Target} Target */
/** @typedef {import('./text.js').Id} Id */
/**
 * @typedef {object} Entry what was said, or done
 * @property {string} type
 * @property {number} seq
 * @property {Id} uid
 * @property {string} [name]
 * @property {string} content
 * @property {number} time
 * @property {string} [kind]
 * @property {any} [data]
 * @property {number} [reply]
 * @property {Id[]} [mentions]
 * @property {number} [ref] the entry that this one recalls
 * @property {boolean} [recalled]
 * @property {{uid: Id, name: string}} [by] who recalled it
 * @property {Id} [gid]
 * @property {Id} [to]
 * @property {number} [ticket]
 */
/** @typedef {{blob: Blob, share: number, abort: AbortController, show: () => void}} Upload bytes on their way, and how much has gone: 0 to 1 */
/** @typedef {{id: string, message: any, content: string, time: number, failed?: any, delayed?: any, covered?: boolean, upload?: Upload}} Pending */
/** @typedef {{id: string, name: string, type: string, bytes: number, width: number, height: number, isPicture: boolean}} FileData what an entry says of its file */
/** @typedef {{after: number, type: string, name: string, time: number, row?: () => HTMLElement}} Notice somebody came or went; not an entry */
/** @typedef {{uid: Id, name: string, role: string, online: boolean}} Member */

const TYPING_SHOWN_MS = 5000;
const MEMBERS_MAX = 500;

/** A group, the private talk with a user, or a ticket. */
export class Talk {
  /** @param {Target} target */
  constructor(target) {
    this.target = target;
    /** @type {Id} */
    this.id = Object.values(target)[0];
    this.isGroup = 'gid' in target;
    this.isTicket = 'ticket' in target;
    this.key = keyOf(target);
    this.name = '';
    this.draft = '';
    this.seq = 0;
    this.read = 0;
    this.unread = 0;
    /** The last entry that names the reader, while it is unread. */
    this.mentioned = 0;
    /** Up to where the other one has read. */
    this.peerRead = 0;
    /** Where the line above what is new stands: behind this entry. @type {number | null} */
    this.newAfter = null;
    /** @type {Entry | undefined} */
    this.last = undefined;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Pending[]} */
    this.pending = [];
    /** @type {Notice[]} */
    this.notices = [];
    this.loaded = false;
    this.atEnd = true;
    this.more = true;
    /** @type {string | undefined} */
    this.role = undefined;
    /** @type {number | undefined} */
    this.count = undefined;
    this.open = true;
    /** @type {{online: boolean, last?: number} | undefined} */
    this.presence = undefined;
    /** @type {Map<string, {name: string, timer: any}>} */
    this.typing = new Map();
    /** Entries that are quoted and not in the run, by `seq`; null while they are fetched. @type {Map<number, Entry | null>} */
    this.quoted = new Map();
    /** @type {any} */
    this.readTimer = undefined;
    /** @type {Promise<void> | null} */
    this.fetching = null;
  }

  get title() {
    return this.name || String(this.id);
  }

  /** Whether one may govern here. */
  get governs() {
    return this.role === 'owner' || this.role === 'admin';
  }

  /** Whether what somebody else says carries a name: where there may be several others. @param {Id} _uid */
  names(_uid) {
    return this.isGroup;
  }

  /** What the list sorts by. */
  get time() {
    return Math.max(this.last?.time ?? 0, this.pending.at(-1)?.time ?? 0);
  }

  /** Somebody is writing here, for a moment. @param {Id} uid @param {string | undefined} name @param {() => void} over */
  hearTyping(uid, name, over) {
    this.ceaseTyping(uid);
    const timer = setTimeout(() => (this.ceaseTyping(uid), over()), TYPING_SHOWN_MS);
    this.typing.set(String(uid), { name: name ?? String(uid), timer });
  }

  /** @param {Id} uid */
  ceaseTyping(uid) {
    clearTimeout(this.typing.get(String(uid))?.timer);
    this.typing.delete(String(uid));
  }

  /** @param {number | undefined} seq */
  entry(seq) {
    return this.entries.find((one) => one.seq === seq) ?? this.quoted.get(seq ?? 0) ?? undefined;
  }
}

/** @param {any} target */
export const keyOf = (target) => (target.gid !== undefined ? `g:${target.gid}` : target.ticket !== undefined ? `t:${target.ticket}` : `u:${target.uid}`);

/** Whether an entry is somebody's message, which can be unread. @param {Entry} entry */
export const isMessage = (entry) => entry.ref === undefined && !entry.recalled && entry.kind !== 'system';

/** The file of an entry, or of what waits to be one. All of it is foreign. @param {any} item @returns {FileData | null} */
export function fileOf(item) {
  const { kind, data, content } = item.message ?? item;
  const { id, name = content, type, bytes, width, height } = data?.file ?? {};
  if ((kind !== 'image' && kind !== 'file') || typeof id !== 'string') return null;
  const isPicture = kind === 'image' && width > 0 && height > 0;
  return { id, name: String(name), type: String(type), bytes: Number(bytes) || 0, width: Number(width), height: Number(height), isPicture };
}

/** All members of a group, up to some hundreds. @param {import('./client/karez.js').Conversation} conversation @returns {Promise<Member[]>} */
export async function membersOf(conversation) {
  /** @type {any[]} */
  const found = [];
  for (let after; found.length < MEMBERS_MAX; ) {
    const page = await conversation.members({ after, limit: 100 });
    found.push(...page.members);
    after = found.at(-1)?.uid;
    if (!page.more) break;
  }
  return found;
}
