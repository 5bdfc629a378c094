// The HTTP API, as far as the page needs it. The key lives here, in a private field, and nowhere else: when the page
// lets go of this object the key is gone.

/** What the daemon answers instead of doing something: its code, and its words for people who read English. */
export class Problem extends Error {
  /** @param {string} code @param {string} detail @param {number} retrySeconds 0 where nothing says when */
  constructor(code, detail, retrySeconds = 0) {
    super(detail);
    this.code = code;
    this.retrySeconds = retrySeconds;
  }
}

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 8_000;

/** @typedef {string | number} Id */
/**
 * @typedef {object} User
 * @property {Id} uid
 * @property {string} name
 * @property {boolean} guest
 * @property {boolean} online
 * @property {number} sessions
 * @property {number} [last]
 * @property {number} groups
 * @property {boolean} banned
 * @property {number} [banned_until]
 */
/** @typedef {{gid: Id, name?: string, open: boolean, members: number}} Group */
/** @typedef {{uid: Id, name: string, role: 'member' | 'admin' | 'owner', online: boolean}} Member */
/** @typedef {{uid: Id, name: string, state: 'online' | 'busy' | 'away', capacity: number, open: number}} Agent */
/** @typedef {{tz: string, week: Record<string, [string, string][]>, dates: Record<string, [string, string][]>}} Hours */
/**
 * @typedef {object} Desk its settings, and how it is at the moment
 * @property {string} desk
 * @property {string} [name]
 * @property {'claim' | 'round_robin' | 'least_loaded' | 'longest_idle'} routing
 * @property {number} offer_seconds
 * @property {boolean} sticky
 * @property {number} capacity
 * @property {number} idle_close_seconds
 * @property {number} idle_notice_seconds
 * @property {string} [greeting]
 * @property {string} [away]
 * @property {boolean} identified
 * @property {{name: string, label: string, required: boolean}[]} form
 * @property {Hours} [hours]
 * @property {boolean} open
 * @property {number} waiting
 * @property {number} offline
 * @property {number} open_tickets
 * @property {Agent[]} agents
 */
/** @typedef {{name: string, scopes: string[]}} Key */
/** @typedef {Record<string, number>} Stats */

export class Api {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = key;
  }

  /**
   * One call. Answers the body, or throws a Problem.
   * @param {string} method @param {string} path below /v1/ @param {object} [body] @returns {Promise<any>}
   */
  async #call(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = { authorization: `Bearer ${this.#key}` };
    if (body) headers['content-type'] = 'application/json';
    /** @type {Response} */
    let response;
    try {
      response = await fetch(`/v1/${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      throw new Problem('unreachable', '');
    }
    const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const field = answer.field ? `${answer.field}: ` : '';
    throw new Problem(answer.code ?? 'internal', field + (answer.detail ?? response.status), Number(response.headers.get('retry-after') ?? 0));
  }

  /** What the key is for. @returns {Promise<Key>} */
  key = () => this.#call('GET', 'key');

  /** @returns {Promise<Stats>} */
  stats = () => this.#call('GET', 'stats');

  /** @param {Id} [after] @returns {Promise<{users: User[], more: boolean}>} */
  users = (after) => this.#call('GET', `users?online=true&limit=15${from(after)}`);

  /** @param {Id} uid @returns {Promise<User>} */
  user = (uid) => this.#call('GET', `users/${part(uid)}`);

  /** @param {Id} [after] @returns {Promise<{groups: Group[], more: boolean}>} */
  groups = (after) => this.#call('GET', `groups?limit=10${from(after)}`);

  /** @param {Id} gid @returns {Promise<Group & {online: number}>} */
  group = (gid) => this.#call('GET', `groups/${part(gid)}`);

  /** @param {Id} gid @param {Id} [after] @returns {Promise<{members: Member[], more: boolean}>} */
  members = (gid, after) => this.#call('GET', `groups/${part(gid)}/members?limit=10${from(after)}`);

  /** @param {Id} uid @returns {Promise<{sessions: number}>} */
  disconnect = (uid) => this.#call('POST', `users/${part(uid)}/disconnect`);

  /** @param {Id} uid @param {number | null} seconds null: until lifted @returns {Promise<User>} */
  ban = (uid, seconds) => this.#call('PUT', `users/${part(uid)}/ban`, seconds === null ? {} : { seconds });

  /** @param {Id} uid */
  unban = (uid) => this.#call('DELETE', `users/${part(uid)}/ban`);

  /** @param {Id} gid @param {Id} uid */
  remove = (gid, uid) => this.#call('DELETE', `groups/${part(gid)}/members/${part(uid)}`);

  /** @returns {Promise<{desks: Desk[]}>} */
  desks = () => this.#call('GET', 'desks');

  /** @param {string} desk @returns {Promise<Desk>} */
  desk = (desk) => this.#call('GET', `desks/${part(desk)}`);

  /** @param {string} desk @param {object} settings all of them */
  putDesk = (desk, settings) => this.#call('PUT', `desks/${part(desk)}`, settings);

  /** Back to the default rules. @param {string} desk */
  resetDesk = (desk) => this.#call('DELETE', `desks/${part(desk)}`);

  /** @param {object} push @returns {Promise<{id: string, online: number, stored: number}>} */
  push = (push) => this.#call('POST', 'push', push);
}

/** @param {Id} id */
const part = (id) => encodeURIComponent(String(id));

/** @param {Id | undefined} after */
const from = (after) => (after === undefined ? '' : `&after=${part(after)}`);
