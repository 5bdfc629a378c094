// What was said before: pages of history, read when a talk is shown and when somebody scrolls up to its top.
//
// A page is put in its place among what the talk holds already. Nothing of it is unread, and nothing moves under the
// reader's eyes. The tab keeps the latest entries over a reload, so that they are there before the server answers.

import { revive } from './row.js';
import { keepInTab, keptInTab } from './text.js';

/**
 * Empties what was recalled. @param {import('./row.js').Item[]} items what is here
 * @param {import('./row.js').Item[]} entries what tells of it @returns {boolean} whether anything has changed
 */
export function takeBack(items, entries) {
  const here = new Map(items.filter((item) => item.seq).map((item) => [item.seq, item]));
  let changed = false;
  for (const entry of entries) {
    const item = here.get(entry.ref ?? (entry.recalled && entry.seq));
    if (!item) continue;
    changed ||= !item.recalled || Boolean(entry.ref && !item.by);
    Object.assign(item, { recalled: true, content: '', kind: undefined, data: undefined });
    if (entry.ref) item.by = { name: entry.name, own: entry.own };
  }
  return changed;
}

/** Half of what the server lets a client name, since there are two panes. */
const RESUMED_MAX = 500;
/** Entries of a talk in memory and over a reload, unless somebody reads further back. */
export const KEPT = 300;

export class Past {
  /** @param {import('./pane.js').Pane} pane */
  constructor(pane) {
    this.pane = pane;
    this.resumed = new Map();
  }

  /** The last number of each talk that is here: the server sends what came later. @returns {Record<string, number>} */
  positions() {
    const talks = [...this.pane.talks.values()].filter((talk) => this.pane.type === 'pm' || talk.joined);
    const has = talks.map((talk) => [String(talk.target), talk.items.findLast((item) => item.seq)?.seq]);
    this.resumed = new Map(has.filter(([, seq]) => seq).slice(-RESUMED_MAX));
    return Object.fromEntries(this.resumed);
  }

  /** The server does not send what is missing in a talk: the newest of it is read, the rest when somebody looks. */
  gap(target) {
    const talk = this.pane.talks.get(String(target));
    if (talk) talk.isCurrent = false;
    this.catchUp(talk);
  }

  /** Reads the newest page of the talk that is shown, once in each connection, unless the server has sent what is on it. */
  async catchUp(talk) {
    if (!talk || talk !== this.pane.shown || talk.isCurrent || !this.pane.client.online) return;
    if (this.pane.type === 'group' && !talk.joined) return;
    talk.isCurrent = true;
    const isNew = !talk.items.some((item) => item.seq);
    const page = await this.history(talk, {});
    if (page && isNew) talk.more = page.more;
  }

  /** Reads the page before the oldest entry that is here. */
  async readOlder() {
    const talk = this.pane.shown;
    const first = talk?.items.find((item) => item.seq)?.seq ?? 1;
    if (first === 1 || talk.more === false || talk.isReading || !this.pane.client.online) return;
    talk.isReading = true;
    const page = await this.history(talk, { before: first });
    talk.isReading = false;
    if (page) talk.more = page.more;
  }

  /** A page of history, put in its place; undefined when it may not be read. */
  async history(talk, bounds) {
    try {
      const page = await this.pane.client.ask({ type: 'history', [this.pane.key]: talk.target, ...bounds });
      this.fill(talk, page.messages);
      return page;
    } catch {
      return undefined; // Who has left the group meanwhile is told of it elsewhere.
    }
  }

  /** Puts entries of the past in their places: nothing is unread, nothing moves under the reader's eyes. */
  fill(talk, entries) {
    const here = new Set(talk.items.map((item) => item.seq));
    const missing = entries.filter((entry) => !here.has(entry.seq));
    for (const entry of entries) entry.own = String(entry.uid) === String(this.pane.me().uid);
    for (const entry of missing) {
      const later = talk.items.findIndex((item) => item.seq > entry.seq);
      let at = later < 0 ? talk.items.length : later;
      // What has no number stands by its time.
      while (at > 0 && !talk.items[at - 1].seq && talk.items[at - 1].time > entry.time) at -= 1;
      talk.items.splice(at, 0, entry);
    }
    const changed = takeBack(talk.items, [...entries, ...talk.items]);
    if (missing.length > 0 || changed) this.redraw(talk);
  }

  /** Something was recalled. @param {import('./row.js').Item} recall */
  recalled(talk, recall) {
    if (takeBack(talk.items, [recall])) this.redraw(talk);
  }

  /** Draws the talk anew, and keeps the place if it is shown. */
  redraw(talk) {
    this.keepSoon();
    if (talk !== this.pane.shown) return;
    const fromBottom = this.pane.log.scrollHeight - this.pane.log.scrollTop;
    const wasFollowing = this.pane.following;
    this.pane.drawLog();
    if (wasFollowing) this.pane.toBottom();
    else this.pane.log.scrollTop = this.pane.log.scrollHeight - fromBottom;
  }

  // ---- over a reload ----

  keepSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), 200);
  }

  keep() {
    const { shown, input, type, epoch } = this.pane;
    if (shown) shown.draft = input.value;
    const talks = [...this.pane.talks.values()].map((talk) => {
      const items = talk.items.slice(-KEPT);
      const more = items.length < talk.items.length ? undefined : talk.more;
      return { ...talk, items, more, isCurrent: false, isReading: false, typing: undefined, presence: undefined };
    });
    keepInTab(type, { epoch, shown: shown?.target, talks });
  }

  restore() {
    addEventListener('pagehide', () => this.keep());
    const { epoch, shown, talks } = keptInTab(this.pane.type);
    this.pane.epoch = epoch;
    for (const talk of talks ?? []) this.pane.talks.set(String(talk.target), revive(talk));
    if (shown !== undefined) this.pane.show(shown);
    this.pane.draw();
  }
}
