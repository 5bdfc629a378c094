// The panel's log: earlier conversations, the greeting, what was said, what waits to be sent. Each draw makes the list of
// lines anew and exchanges only those that have changed; the reader's place stays where it is.

import { isMessage } from '../talk.js';
import { failureNode, messageRow, noticeRow } from './row.js';
import { brief, button, dayAndClock, locale, make, part, same, setChildren, word } from '../text.js';

/** @typedef {import('../talk.js').Entry} Entry */
/** @typedef {import('../talk.js').Pending} Pending */
/** @typedef {import('./support.js').Support} Support */
/** @typedef {{key: string, says: string, make: () => HTMLElement}} Line `says` is all that its element depends on */

const PAUSE_MS = 5 * 60_000;
const NEAR_END_PX = 40;
const QUOTE_LENGTH = 60;
const ENDS = /** @type {Record<string, string>} */ ({ visitor: 'closedByVisitor', idle: 'closedByIdle' });

export class Log {
  /** Whether what comes is to be in sight. */
  following = true;
  /** @type {Map<string, {says: string, node: HTMLElement}>} */
  #lines = new Map();
  /** The button by which a message is taken back. @type {HTMLElement | null} */
  #offered = null;
  /** Behind this entry stands the line above what is new. @type {number | null} */
  newAfter = null;

  /**
   * @param {Support} support
   * @param {{edit: (text: string) => void, looked: () => void, showFiles: () => void, again: (pending: Pending) => void, drop: (pending: Pending) => void}} page
   */
  constructor(support, page) {
    this.support = support;
    this.page = page;
    this.node = part('log');
    this.pill = part('newer');
    this.node.addEventListener('scroll', () => this.#scrolled());
    this.pill.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.node);
    for (const event of ['pointerover', 'focusin', 'click']) this.node.addEventListener(event, (/** @type {Event} */ e) => this.#offer(e));
    this.node.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e));
  }

  draw() {
    const held = this.following ? null : this.#hold();
    const now = /** @type {Map<string, {says: string, node: HTMLElement}>} */ (new Map());
    for (const { key, says, make } of this.#all()) {
      const before = this.#lines.get(key);
      const line = before?.says === says ? before : { says, node: make() };
      now.set(key, line);
      // A picture that is here already stays, whatever changes around it.
      const picture = line !== before && !key.startsWith('p') && before?.node.querySelector('karez-file.picture');
      if (picture) line.node.querySelector('karez-file')?.replaceWith(picture);
    }
    this.#lines = now;
    setChildren(this.node, [...now.values()].map(({ node }) => node));
    if (this.node.querySelector('karez-file')) this.page.showFiles();
    if (held) this.node.scrollTop += held.row.isConnected ? held.row.getBoundingClientRect().top - held.top : 0;
    else this.toEnd();
    this.#drawPill();
  }

  // ---- the lines ----

  /** @returns {Line[]} */
  #all() {
    const { support } = this;
    const { desk, ticket, notices, pending } = support;
    /** @type {Line[]} */
    const lines = [];
    if (!desk) return lines;
    if (support.more || support.closed.length > 0) lines.push({ key: 'earlier', says: locale(), make: () => this.#earlier() });
    for (const one of support.earlier) {
      const when = dayAndClock(one.time);
      lines.push({ key: `c${one.ticket}`, says: `${locale()}${when}`, make: () => noticeRow(word('earlierOf', when), one.time) });
      this.#said(lines, one.entries, [], `${one.ticket}.`);
    }
    if (!support.more) lines.push(this.#greeting(desk.greeting ?? word('greeting'), desk.name ?? word('support')));
    const waiting = pending.filter((one) => !one.covered);
    this.#said(lines, support.entries.filter((one) => one.ref === undefined), waiting, '', [...notices]);
    waiting.forEach((one, at) => lines.push(this.#waiting(one, waiting[at + 1])));
    if (ticket?.state === 'closed') {
      const text = word(ENDS[ticket.by ?? ''] ?? 'closedByAgent');
      lines.push({ key: 'closed', says: text, make: () => noticeRow(text) });
    }
    return lines;
  }

  /** @param {Line[]} lines @param {Entry[]} entries @param {Pending[]} waiting @param {string} prefix @param {import('./support.js').Notice[]} [notices] */
  #said(lines, entries, waiting, prefix, notices = []) {
    const { support } = this;
    let before = /** @type {Entry | undefined} */ (undefined);
    let isNewShown = prefix !== '' || this.newAfter === null;
    const newest = waiting.length > 0 ? undefined : entries.findLast((one) => isMessage(one) && support.isMe(one.uid));
    const notice = (/** @type {import('./support.js').Notice | undefined} */ one) => {
      if (one) lines.push({ key: `n${one.word}${one.time}`, says: locale(), make: () => noticeRow(word(one.word, one.name), one.time) });
    };
    entries.forEach((entry, at) => {
      while (notices[0] && notices[0].after < entry.seq) notice(notices.shift());
      if (!before || entry.time - before.time > PAUSE_MS) lines.push({ key: `${prefix}t${entry.seq}`, says: dayAndClock(entry.time), make: () => noticeRow(dayAndClock(entry.time), entry.time) });
      if (!isNewShown && entry.seq > Number(this.newAfter) && isMessage(entry) && !support.isMe(entry.uid)) {
        isNewShown = true;
        lines.push({ key: 'new', says: locale(), make: () => noticeRow(word('newLine'), 0, 'new') });
      }
      const isFollowing = lines.at(-1)?.key === `${prefix}m${before?.seq}`;
      lines.push(this.#line(entry, isFollowing ? before : undefined, entries[at + 1] ?? waiting[0], entry === newest, prefix));
      before = entry;
    });
    notices.forEach(notice);
  }

  /** @param {Entry} entry @param {Entry | undefined} before @param {Entry | Pending | undefined} after @param {boolean} newest @param {string} prefix @returns {Line} */
  #line(entry, before, after, newest, prefix) {
    const { support } = this;
    const key = `${prefix}m${entry.seq}`;
    if (entry.recalled) return { key, says: `recalled${locale()}`, make: () => noticeRow(word('recalled'), entry.time) };
    const own = support.isMe(entry.uid);
    const author = after && 'seq' in after ? after.uid : after && support.karez.uid;
    const quoted = support.entries.find((one) => one.seq === entry.reply);
    const view = {
      own,
      newest,
      goesOn: Boolean(before && isMessage(before) && same(before.uid, entry.uid)),
      ends: !after || !same(author, entry.uid) || after.time - entry.time > PAUSE_MS,
      state: !own ? '' : prefix || entry.seq <= support.peerRead ? 'read' : 'stored',
      quote: entry.reply === undefined ? undefined : brief(`${quoted?.name ?? ''} ${quoted?.content ?? '…'}`, QUOTE_LENGTH),
    };
    const make = () => {
      const row = messageRow(entry, view);
      if (!prefix) row.dataset.seq = String(entry.seq); // those of another ticket are other numbers
      return row;
    };
    return { key, says: JSON.stringify([view, entry.content, locale()]), make };
  }

  /** @param {Pending} pending @param {Pending} [after] @returns {Line} */
  #waiting(pending, after) {
    const state = pending.failed ? 'failed' : 'queued';
    const view = { own: true, newest: !after, goesOn: false, ends: !after || Boolean(pending.failed), state };
    const make = () => {
      const row = messageRow(pending, view);
      const isFile = row.querySelector('karez-file') !== null;
      const takeBack = () => {
        this.page.drop(pending);
        if (!isFile) this.page.edit(pending.content);
      };
      if (pending.failed) row.querySelector('.bubble')?.append(failureNode(pending.failed, () => this.page.again(pending), takeBack, isFile));
      return row;
    };
    return { key: `p${pending.id}`, says: JSON.stringify([view, pending.failed?.code, Boolean(pending.upload), locale()]), make };
  }

  /** What the desk says to everybody; no entry. @param {string} text @param {string} name @returns {Line} */
  #greeting(text, name) {
    const view = { own: false, newest: false, goesOn: false, ends: true, state: '' };
    return { key: 'greeting', says: `${name}
${text}`, make: () => messageRow({ uid: name, name, content: text }, view) };
  }

  #earlier() {
    const row = make('div', 'row notice');
    const more = button(word('earlier'), async () => {
      more.disabled = true;
      this.following = false;
      await this.support.older();
      more.disabled = false;
    });
    more.dataset.testid = 'earlier';
    row.append(more);
    return row;
  }

  // ---- the reader's place ----

  /** The first line in sight, and where it is. */
  #hold() {
    const { top } = this.node.getBoundingClientRect();
    for (const row of /** @type {HTMLElement[]} */ ([...this.node.children])) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top && row.querySelector('.bubble')) return { row, top: box.top };
    }
    return null;
  }

  #scrolled() {
    const below = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight;
    this.following = below < NEAR_END_PX;
    this.page.looked();
    this.#drawPill();
  }

  /** Goes to the newest message. */
  toEnd() {
    this.following = true;
    this.node.scrollTop = this.node.scrollHeight;
    this.#drawPill();
  }

  #drawPill() {
    this.pill.hidden = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR_END_PX;
    const { unread } = this.support;
    const text = unread ? word('newer', unread) : word('toNewest');
    if (this.pill.textContent !== text) this.pill.textContent = text;
  }

  // ---- what can be done with a line ----

  /** Offers to take back what was said just now. @param {Event} e */
  #offer(e) {
    const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (e.target).closest?.('.row'));
    if (row && row === this.#offered?.closest('.row')) return;
    this.#offered?.remove();
    const { karez, isOpen } = this.support;
    const entry = this.support.entries.find((one) => String(one.seq) === row?.dataset.seq);
    const age = Date.now() - karez.clockAhead - (entry?.time ?? 0);
    if (!row || !entry || !isOpen || !this.support.isMe(entry.uid) || age > (karez.limits.recall_seconds ?? 120) * 1000) return;
    this.#offered = button(word('recall'), () => this.support.recall(entry), 'recall');
    row.querySelector('.bubble')?.append(this.#offered);
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (!step || e.altKey) return;
    const rows = /** @type {HTMLElement[]} */ ([...this.node.querySelectorAll('.row[tabindex]')]);
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest('.row')));
    const row = at < 0 ? rows.at(-1) : rows[at + step];
    if (!row) return;
    e.preventDefault();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
}
