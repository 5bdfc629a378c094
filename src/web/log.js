// The log: the entries of the talk that is shown, and the reader's place in them.
//
// Each draw makes the list of lines anew and exchanges only those that have changed. One line in sight is held where it
// is while others come above it: the browser's own anchoring is switched off, since it and ours would add up.

import { fileOf, isMessage } from './talk.js';
import { actWords, failureNode, messageRow, newRow, noticeRow, quoteText, timeRow } from './row.js';
import { brief, button, locale, make, moment, part, same, setChildren, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Pending} Pending */
/** @typedef {import('./talks.js').Talks} Talks */
/** @typedef {{key: string, says: string, make: () => HTMLElement}} Line `says` is all that its element depends on */

const PAUSE_MS = 5 * 60_000;
const NEAR_END_PX = 40;
const FETCH_WITHIN_PX = 400;
const EDIT_AGAIN_LENGTH_MS = 5 * 60_000;

/** @param {HTMLElement} row */
const said = (row) => row.querySelector('.content, karez-file') ?? row.lastElementChild ?? row;

export class Log {
  /** @type {Talk | null} */
  talk = null;
  /** Whether what comes is to be in sight. */
  following = true;
  /** @type {Map<string, {says: string, node: HTMLElement}>} */
  #lines = new Map();
  /** The line whose actions are shown. @type {HTMLElement | null} */
  #active = null;

  /**
   * @param {Talks} talks
   * @param {{reply: (entry: Entry) => void, edit: (text: string) => void, person: (uid: any, name: string) => void,
   *   refused: (error: any) => void, announce: (text: string) => void, showFiles: () => void,
   *   tray: () => Promise<import('./attach.js').Tray | undefined>, mayAnswer?: () => boolean}} page
   */
  constructor(talks, page) {
    this.talks = talks;
    this.page = page;
    this.node = part('log');
    this.pill = part('newer');
    this.actions = make('div', 'actions');
    this.actions.setAttribute('aria-live', 'off');
    this.node.addEventListener('scroll', () => this.#scrolled());
    this.pill.addEventListener('click', () => this.toEnd());
    // A keyboard that slides in, a reply that is quoted: whoever was at the newest message stays there.
    new ResizeObserver(() => this.following && this.#scrollToEnd()).observe(this.node);
    for (const event of ['pointerover', 'focusin', 'click']) this.node.addEventListener(event, (/** @type {Event} */ e) => this.#offer(e));
    this.node.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e));
  }

  /** Shows a talk where its first unread message is. @param {Talk | null} talk */
  async show(talk) {
    this.talk = talk;
    this.#lines.clear();
    this.node.replaceChildren();
    if (!talk) return;
    talk.newAfter = talk.unread > 0 ? talk.read : null;
    const unread = talk.unread;
    this.following = unread === 0;
    // Another talk is no news: a screen reader must not read all of it.
    this.node.setAttribute('aria-live', 'off');
    await this.talks.open(talk);
    if (this.talk !== talk) return;
    this.draw();
    const line = this.#lines.get('new')?.node;
    this.following = !line;
    if (line) this.node.scrollTop += line.getBoundingClientRect().top - this.node.getBoundingClientRect().top - 60;
    else this.#scrollToEnd();
    this.#scrolled();
    setTimeout(() => this.node.removeAttribute('aria-live'), 100);
  }

  draw() {
    const { talk } = this;
    if (!talk) return;
    const held = this.following ? null : this.#hold();
    const lines = talk.loaded || talk.pending.length > 0 ? this.#linesOf(talk) : [];
    const now = /** @type {Map<string, {says: string, node: HTMLElement}>} */ (new Map());
    for (const { key, says, make } of lines) {
      const before = this.#lines.get(key);
      const line = before?.says === says ? before : { says, node: make() };
      now.set(key, line);
      // A picture that is here already stays, whatever changes around it.
      const picture = line !== before && key.startsWith('m') && before?.node.querySelector('karez-file.picture');
      if (picture) line.node.querySelector('karez-file')?.replaceWith(picture);
    }
    this.#lines = now;
    setChildren(this.node, [...now.values()].map(({ node }) => node));
    if (this.#active && !this.#active.isConnected) this.#active = null;
    if (this.node.querySelector('karez-file')) this.page.showFiles();
    if (held) this.#restore(held);
    else this.#scrollToEnd();
    part('log-empty').hidden = lines.length > 0;
    part('log-empty').textContent = talk.loaded ? word('logEmpty') : word('loading');
    this.#drawPill();
    this.#look();
  }

  // ---- the lines ----

  /** @param {Talk} talk @returns {Line[]} */
  #linesOf(talk) {
    /** @type {Line[]} */
    const lines = [];
    const entries = talk.entries.filter((entry) => entry.ref === undefined);
    const waiting = talk.atEnd ? talk.pending.filter((one) => !one.covered) : [];
    const notices = [...talk.notices];
    const newestOwn = waiting.length > 0 ? undefined : entries.findLast((entry) => isMessage(entry) && this.talks.isMe(entry.uid));
    let isNewShown = talk.newAfter === null;
    let before = /** @type {Entry | undefined} */ (undefined);
    const first = talk.entries[0]?.seq ?? 0;
    entries.forEach((entry, at) => {
      while (notices[0] && notices[0].after < entry.seq) this.#notice(lines, notices.shift(), first);
      if (!before || entry.time - before.time > PAUSE_MS) this.#time(lines, `t${entry.seq}`, entry.time);
      if (!isNewShown && entry.seq > Number(talk.newAfter) && isMessage(entry) && !this.talks.isMe(entry.uid)) {
        isNewShown = true;
        lines.push({ key: 'new', says: locale(), make: newRow });
      }
      lines.push(this.#line(talk, entry, lines.at(-1)?.key === `m${before?.seq}` ? before : undefined, entries[at + 1] ?? waiting[0], entry === newestOwn));
      before = entry;
    });
    for (const notice of notices) this.#notice(lines, notice, first);
    waiting.forEach((pending, at) => lines.push(this.#waiting(talk, pending, waiting[at - 1], waiting[at + 1])));
    return lines;
  }

  /** @param {Line[]} lines @param {string} key @param {number} time */
  #time(lines, key, time) {
    lines.push({ key, says: `${locale()} ${new Date().toDateString()}`, make: () => timeRow(time) });
  }

  /** @param {Line[]} lines @param {import('./talk.js').Notice | undefined} notice @param {number} first */
  #notice(lines, notice, first) {
    if (!notice || notice.after < first) return;
    const { type, name, time } = notice;
    lines.push({ key: `n${type}${name}${time}`, says: locale(), make: notice.row ?? (() => noticeRow(word(type, name), undefined, time)) });
  }

  /** @param {Talk} talk @param {Entry} entry @param {Entry} [before] @param {Entry | Pending} [after] @param {boolean} [newest] @returns {Line} */
  #line(talk, entry, before, after, newest = false) {
    const key = `m${entry.seq}`;
    const own = this.talks.isMe(entry.uid);
    if (entry.recalled) return this.#recalled(talk, entry, own);
    if (entry.kind === 'system') return { key, says: locale(), make: () => this.#numbered(noticeRow(actWords(entry), undefined, entry.time), entry) };
    const quoted = entry.reply === undefined ? undefined : this.talks.quote(talk, entry.reply);
    const author = after && 'seq' in after ? after.uid : after && this.talks.karez.uid;
    const view = {
      own,
      newest,
      named: talk.names(entry.uid),
      goesOn: Boolean(before && isMessage(before) && same(before.uid, entry.uid)),
      ends: !after || !same(author, entry.uid) || after.time - entry.time > PAUSE_MS || ('seq' in after && !isMessage(after)),
      mentioned: !own && Boolean(entry.mentions?.some((uid) => this.talks.isMe(uid))),
      state: !own ? '' : !talk.isGroup && entry.seq <= talk.peerRead ? 'read' : 'stored',
      quoteName: entry.reply === undefined ? undefined : quoted ? quoted.name || String(quoted.uid) : '…',
      quoteText: quoted ? quoteText(quoted) : '',
    };
    const author_ = () => this.page.person(entry.uid, entry.name || String(entry.uid));
    const jump = () => this.jump(Number(entry.reply));
    return { key, says: JSON.stringify([view, locale()]), make: () => messageRow(entry, { ...view, author: author_, jump }) };
  }

  /** @param {Talk} talk @param {Entry} entry @param {boolean} own @returns {Line} */
  #recalled(talk, entry, own) {
    const by = entry.by;
    const text = !by ? word('recalled') : this.talks.isMe(by.uid) ? word('recalledOwn') : word('recalledBy', by.name);
    const kept = own ? this.talks.recalled.get(`${talk.key}:${entry.seq}`) : undefined;
    const left = kept ? kept.until - Date.now() : 0;
    const make = () => {
      const again = left > 0 ? button(word('editAgain'), () => this.page.edit(String(kept?.content)), 'link') : undefined;
      if (again) setTimeout(() => again.remove(), Math.min(left, EDIT_AGAIN_LENGTH_MS));
      return this.#numbered(noticeRow(text, again, entry.time), entry);
    };
    return { key: `m${entry.seq}`, says: `${text}${left > 0}`, make };
  }

  /** @param {HTMLElement} row @param {Entry} entry */
  #numbered(row, entry) {
    row.dataset.seq = String(entry.seq);
    return row;
  }

  /** @param {Talk} talk @param {Pending} pending @param {Pending} [before] @param {Pending} [after] @returns {Line} */
  #waiting(talk, pending, before, after) {
    const reply = pending.message.reply;
    const quoted = reply === undefined ? undefined : this.talks.quote(talk, reply);
    const view = {
      own: true,
      newest: !after,
      named: talk.isGroup,
      goesOn: Boolean(before),
      ends: !after || Boolean(pending.failed),
      mentioned: false,
      state: pending.failed ? 'failed' : 'queued',
      quoteName: reply === undefined ? undefined : quoted?.name ?? '…',
      quoteText: quoted ? quoteText(quoted) : '',
    };
    const make = () => {
      const row = messageRow(pending, view);
      if (pending.failed) row.querySelector('.bubble')?.append(this.#failure(talk, pending));
      return row;
    };
    return { key: `p${pending.id}`, says: JSON.stringify([view, pending.failed?.code, Boolean(pending.upload), locale()]), make };
  }

  /** @param {Talk} talk @param {Pending} pending */
  #failure(talk, pending) {
    const { failed } = pending;
    if (!fileOf(pending)) {
      const takeBack = () => (this.talks.drop(talk, pending), this.page.edit(pending.content));
      return failureNode(failed, () => this.talks.again(pending), 'takeBack', takeBack);
    }
    const error = failed.field === 'data.file' ? { code: 'file_gone' } : failed;
    const again = async () => (await this.page.tray())?.again(talk, pending);
    return failureNode(error, again, 'remove', async () => (await this.page.tray())?.cancel(talk, pending));
  }

  // ---- the reader's place ----

  /** The first line in sight, and where it is. */
  #hold() {
    const top = this.node.getBoundingClientRect().top;
    for (const row of /** @type {HTMLElement[]} */ ([...this.node.children])) {
      // Times between messages come and go, and so do names above them; what was said stays.
      if (!row.dataset.seq) continue;
      const box = said(row).getBoundingClientRect();
      if (box.bottom > top) return { seq: row.dataset.seq, top: box.top };
    }
    return null;
  }

  /** @param {{seq: string, top: number}} held */
  #restore({ seq, top }) {
    const row = /** @type {HTMLElement | null} */ (this.node.querySelector(`[data-seq="${seq}"]`));
    const moved = row ? said(row).getBoundingClientRect().top - top : 0;
    if (moved) this.node.scrollTop += moved;
  }

  #scrolled() {
    const { talk, node } = this;
    if (!talk) return;
    const below = node.scrollHeight - node.scrollTop - node.clientHeight;
    this.following = talk.atEnd && below < NEAR_END_PX;
    if (node.scrollTop < FETCH_WITHIN_PX) this.talks.older(talk);
    if (below < FETCH_WITHIN_PX) this.talks.newer(talk);
    this.#look();
    this.#drawPill();
  }

  /** What is in sight of who looks has been read. */
  #look() {
    const { talk } = this;
    if (!talk?.loaded || document.hidden || !document.hasFocus() || this.node.offsetParent === null) return;
    if (talk.seq <= talk.read) return;
    if (this.following) return this.talks.markRead(talk, talk.seq);
    const bottom = this.node.getBoundingClientRect().bottom;
    const rows = /** @type {HTMLElement[]} */ ([...this.node.children]);
    const last = rows.findLast((row) => row.dataset.seq && row.getBoundingClientRect().bottom <= bottom + 1);
    if (last) this.talks.markRead(talk, Number(last.dataset.seq));
  }

  looked() {
    this.#look();
  }

  #scrollToEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }

  /** Goes to the newest message. */
  async toEnd() {
    const { talk } = this;
    if (talk && !talk.atEnd) await this.talks.reset(talk);
    this.following = true;
    this.draw();
    this.node.focus({ preventScroll: true });
  }

  #drawPill() {
    const { talk } = this;
    this.pill.hidden = !talk || this.following || (talk.atEnd && this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 200);
    const text = talk?.unread ? word('newer', talk.unread) : word('toNewest');
    if (this.pill.textContent !== text) this.pill.textContent = text;
  }

  /** Goes to an entry, and fetches what is around it. @param {number} seq */
  async jump(seq) {
    const { talk } = this;
    if (!talk) return;
    this.following = false;
    await this.talks.reach(talk, seq);
    if (this.talk !== talk) return;
    this.draw();
    const row = this.node.querySelector(`[data-seq="${seq}"]`);
    if (!row) return;
    this.following = false;
    row.scrollIntoView({ block: 'center' });
    this.#activate(row);
    row.focus({ preventScroll: true });
    row.classList.add('pointed');
    setTimeout(() => row.classList.remove('pointed'), 2000);
  }

  // ---- what can be done with a line ----

  /** @param {Event} e */
  #offer(e) {
    const row = /** @type {HTMLElement} */ (e.target).closest?.('.row');
    if (row) this.#activate(/** @type {HTMLElement} */ (row));
  }

  /** @param {HTMLElement} row */
  #activate(row) {
    if (row === this.#active) return;
    this.#active?.classList.remove('active');
    this.#active = null;
    this.actions.remove();
    const entry = this.talk?.entry(Number(row.dataset.seq));
    const bubble = row.querySelector('.bubble');
    if (!entry || !bubble) return;
    const mayAnswer = this.page.mayAnswer?.() ?? true;
    const nodes = mayAnswer ? [button(word('reply'), () => this.page.reply(entry))] : [];
    if (mayAnswer && this.#mayRecall(entry)) nodes.push(button(word('recall'), () => this.#recall(entry)));
    nodes.push(button(word('copy'), () => this.#copy(entry)));
    this.actions.replaceChildren(...nodes, make('span', 'exact', moment(entry.time)));
    row.classList.add('active');
    bubble.append(this.actions);
    this.#active = row;
  }

  /** @param {Entry} entry */
  #mayRecall(entry) {
    const { karez } = this.talks;
    if (this.talk?.isGroup && this.talk.governs) return true;
    const age = Date.now() - karez.clockAhead - entry.time;
    return this.talks.isMe(entry.uid) && age < (karez.limits.recall_seconds ?? 120) * 1000;
  }

  /** @param {Entry} entry */
  async #recall(entry) {
    if (!this.talk) return;
    try {
      await this.talks.recall(this.talk, entry);
    } catch (error) {
      this.page.refused(error);
    }
  }

  /** @param {Entry} entry */
  async #copy(entry) {
    try {
      await navigator.clipboard.writeText(entry.content);
      this.page.announce(word('copied', brief(entry.content, 40)));
    } catch {
      // No clipboard on plain http: at least it is selected.
      const content = this.#active?.querySelector('.content');
      if (content) getSelection()?.selectAllChildren(content);
    }
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (step && !e.altKey) {
      const rows = /** @type {HTMLElement[]} */ ([...this.node.querySelectorAll('.row[tabindex]')]);
      const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest('.row')));
      const row = at < 0 ? rows.at(-1) : rows[at + step];
      if (row) {
        e.preventDefault();
        row.focus({ preventScroll: true });
        row.scrollIntoView({ block: 'nearest' });
      }
    } else if (e.key === 'End') {
      e.preventDefault();
      this.toEnd();
    }
    const entry = this.talk?.entry(Number(this.#active?.dataset.seq));
    if (entry && e.key.toLowerCase() === 'r' && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      this.page.reply(entry);
    }
    if (entry && e.key === 'Delete' && this.#mayRecall(entry)) this.#recall(entry);
  }
}
