// A window: its talks (groups, or private talks), the one that is shown, and what is typed into it.
//
// A talk holds entries by `seq`, notices between them, and messages that are not acknowledged yet. An `ack` and
// the sender's own copy of the entry come in either order; whichever is first makes the entry, the other finds it.

import { newId } from './client.js';
import { KEPT, Past } from './past.js';
import { chip, dressRow, entryRow, memberLine, noticeRow, pendingRow, presenceWords } from './row.js';
import { fitHeight, isSendKey, make, parseId } from './text.js';
import { dress, errorWords, word } from './words.js';

const NEAR_TOP_PX = 120;
const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 5000;

export class Pane {
  /**
   * @param {HTMLElement} root
   * @param {{type: 'group'|'pm', key: 'gid'|'uid', client: import('./client.js').Client, me: () => object,
   *   changed: () => void, alert: (text: string) => void, openTalk: (uid: string|number, name: string) => void}} app
   */
  constructor(root, app) {
    Object.assign(this, app);
    this.root = root;
    this.talks = new Map();
    this.past = new Past(this);
    this.shown = null;
    this.following = true;
    const part = (selector) => root.querySelector(selector);
    this.field = part('.where input');
    this.chips = part('.chips');
    this.about = part('.about');
    this.subject = part('.subject');
    this.log = part('.log');
    this.empty = part('.empty');
    this.newer = part('.newer');
    this.typingLine = part('.typing');
    this.input = part('textarea');
    this.membersList = part('.members');
    this.membersButton = part('[data-act=members]');
    this.listen();
    this.past.restore();
  }

  listen() {
    const on = (node, event, act) => node?.addEventListener(event, act);
    const part = (selector) => this.root.querySelector(selector);
    on(part('.where'), 'submit', (e) => (e.preventDefault(), this.enterTyped()));
    on(part('.composer'), 'submit', (e) => (e.preventDefault(), this.send()));
    on(this.input, 'keydown', (e) => {
      if (!isSendKey(e)) return;
      e.preventDefault();
      this.send();
    });
    on(this.input, 'input', () => this.typed());
    on(this.newer, 'click', () => this.toBottom());
    on(this.log, 'scroll', () => {
      this.following = this.atBottom();
      if (this.following) this.seen();
      if (this.log.scrollTop < NEAR_TOP_PX) this.past.readOlder();
    });
    // A keyboard that slides in, or the list of members: whoever was at the newest message stays there.
    new ResizeObserver(() => this.following && this.toBottom()).observe(this.log);
    on(this.membersButton, 'click', () => this.toggleMembers(this.membersList.hidden));
    on(part('[data-act=leave]'), 'click', () => this.leave());
    on(this.root, 'keydown', (e) => {
      if (e.key === 'Escape' && this.membersList && !this.membersList.hidden) {
        this.toggleMembers(false);
        this.membersButton.focus();
      }
      if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
        e.preventDefault();
        this.step(e.key === 'ArrowDown' ? 1 : -1);
      }
    });
  }

  // ---- talks ----

  /** The talk with a group or user, made when there is none. */
  talk(target, name) {
    const key = String(target);
    if (!this.talks.has(key)) {
      this.talks.set(key, { target, name: '', items: [], pending: [], unread: 0, draft: '', joined: false, typing: new Map() });
      this.drawChips();
    }
    const talk = this.talks.get(key);
    if (name && name !== talk.name) {
      talk.name = name;
      this.drawChips();
    }
    return talk;
  }

  /** Shows a talk. @param {string|number} target @param {string} [name] */
  show(target, name) {
    const typed = this.input.value;
    if (this.shown) this.shown.draft = typed;
    const next = this.talk(target, name);
    this.input.value = this.shown ? next.draft : next.draft || typed;
    this.shown = next;
    this.field.value = String(target);
    fitHeight(this.input);
    this.toggleMembers(false);
    this.watch(this.shown);
    this.draw();
    this.past.catchUp(this.shown);
  }

  /** What stands in the field, shown; null and an alert when it is no id. */
  showTyped() {
    const target = parseId(this.field.value);
    this.field.setAttribute('aria-invalid', String(target === null));
    if (target === null) {
      this.field.focus();
      this.alert(errorWords({ code: 'bad_id', field: this.key }));
      return null;
    }
    this.alert('');
    if (this.shown?.target !== target) this.show(target);
    return this.shown;
  }

  enterTyped() {
    const talk = this.showTyped();
    if (!talk) return;
    if (this.type === 'group') this.join(talk);
    this.input.focus();
  }

  step(by) {
    const talks = [...this.talks.values()];
    const next = talks[(talks.indexOf(this.shown) + by + talks.length) % talks.length];
    if (next) this.show(next.target);
  }

  // ---- requests ----

  async join(talk) {
    try {
      await this.client.ask({ type: 'join', gid: talk.target });
      this.member(talk, true);
    } catch (error) {
      this.alert(errorWords(error));
    }
  }

  async leave() {
    const talk = this.shown;
    if (await this.request({ type: 'leave' })) this.forget(talk);
  }

  /** Asks for something in the talk that is shown; undefined and an alert when it is refused. */
  async request(message) {
    try {
      return await this.client.ask({ ...message, [this.key]: this.shown.target });
    } catch (error) {
      this.alert(errorWords(error));
    }
  }

  /** Forgets all talks. */
  clear() {
    this.talks.clear();
    this.shown = null;
    this.field.value = '';
    this.past.keep();
  }

  forget(talk) {
    this.talks.delete(String(talk.target));
    if (this.shown === talk) {
      this.shown = null;
      const next = this.talks.values().next().value;
      if (next) this.show(next.target);
    }
    this.draw();
  }

  member(talk, joined) {
    talk.joined = joined;
    if (joined) this.past.catchUp(talk);
    this.drawAbout();
    this.past.keepSoon();
  }

  /**
   * After every login: be a member again, watch again, send what waits.
   * @param {string} epoch names the life of the server's store; in another one all `seq` begin anew
   */
  loggedIn(epoch) {
    if (this.epoch !== epoch) {
      this.past.resumed.clear();
      this.startAnew();
      this.epoch = epoch;
    }
    for (const talk of this.talks.values()) {
      talk.isCurrent = this.past.resumed.has(String(talk.target));
      if (this.type === 'group' && talk.joined) this.join(talk);
      this.watch(talk);
      for (const pending of talk.pending.filter((one) => one.state !== 'failed')) {
        pending.state = 'sending';
        this.deliver(talk, pending);
      }
    }
    this.draw();
    if (this.type === 'pm') this.past.catchUp(this.shown);
  }

  /** Numbers begin anew: what is here must not be taken for what comes. What groups said is kept to be read. */
  startAnew() {
    // A guest's number may be somebody else's now: a private talk must not go on with a stranger.
    if (this.type === 'pm') {
      for (const talk of this.talks.values()) for (const pending of talk.pending) this.client.forget(pending.id);
      this.clear();
    }
    for (const talk of this.talks.values()) for (const item of talk.items) delete item.seq;
  }

  watch(talk) {
    if (this.type === 'pm') this.client.tell({ type: 'presence', uids: [talk.target] });
  }

  send() {
    const typed = this.input.value;
    if (!typed.trim()) return;
    this.input.value = '';
    const talk = this.showTyped();
    if (!talk) {
      this.input.value = typed;
      return;
    }
    const pending = { id: newId(), content: typed.trim(), time: Date.now(), state: 'waiting' };
    if (!this.client.fits({ ...this.message(talk, pending), id: pending.id })) {
      this.input.value = typed;
      this.alert(errorWords({ code: 'too_large', field: 'content' }));
      return;
    }
    this.input.value = talk.draft = '';
    fitHeight(this.input);
    talk.pending.push(pending);
    this.log.append(this.pendingRow(talk, pending));
    this.drawEmpty();
    this.toBottom();
    this.deliver(talk, pending);
    this.input.focus();
  }

  message(talk, pending) {
    return { type: this.type, content: pending.content, [this.key]: talk.target };
  }

  drop(talk, pending) {
    talk.pending.splice(talk.pending.indexOf(pending), 1);
  }

  async deliver(talk, pending) {
    if (this.client.unanswered.has(pending.id)) return;
    pending.state = this.client.online ? 'sending' : 'waiting';
    this.redrawPending(talk, pending);
    try {
      const ack = await this.client.ask(this.message(talk, pending), pending.id);
      this.drop(talk, pending);
      this.log.querySelector(`[data-pending="${pending.id}"]`)?.remove();
      if (this.type === 'group') this.member(talk, true);
      this.put(talk, { ...this.me(), seq: ack.seq, content: pending.content, time: ack.time });
    } catch (error) {
      // Its own copy has come: only the answer was lost.
      if (error.code === 'unsure' && pending.covered) this.drop(talk, pending);
      Object.assign(pending, { state: 'failed', error, covered: false });
      if (talk === this.shown) this.draw();
    }
    this.past.keepSoon();
  }

  typed() {
    fitHeight(this.input);
    const talk = this.shown;
    const now = performance.now();
    if (!talk || !this.input.value.trim() || now - (this.toldTyping ?? -Infinity) < TYPING_EVERY_MS) return;
    if (String(talk.target) !== this.field.value.trim()) return;
    this.toldTyping = now;
    this.client.tell({ type: 'typing', [this.key]: talk.target });
  }

  toggleMembers(open) {
    if (!this.membersList) return;
    this.membersList.hidden = !open;
    this.membersButton.setAttribute('aria-expanded', String(open));
    if (open) this.fetchMembers();
  }

  async fetchMembers() {
    const talk = this.shown;
    const page = talk && (await this.request({ type: 'members' }));
    if (page && talk === this.shown) this.drawMembers(page);
  }

  // ---- what the server says ----

  /** An entry of a talk of this window. @param {string|number} target @param {import('./row.js').Item} entry */
  entry(target, entry) {
    const talk = this.talk(target, this.type === 'pm' && String(entry.uid) === String(target) ? entry.name : '');
    talk.typing.delete(String(entry.uid));
    this.put(talk, entry);
  }

  /** joined, left or broadcast: a line between the entries. */
  notice(target, text) {
    this.put(this.talk(target), { notice: text, time: Date.now() });
  }

  membership(event) {
    const talk = this.talk(event.gid);
    talk.count = event.members;
    const isMe = String(event.uid) === String(this.me().uid);
    // What was said while one was out was not sent.
    if (isMe) this.member(Object.assign(talk, { isCurrent: false }), event.type === 'joined');
    this.notice(event.gid, word(event.type, event.name));
    this.drawAbout();
    if (this.shown === talk && !this.membersList.hidden) this.fetchMembers();
  }

  /** Somebody is writing; forgotten after some seconds. */
  typing(target, event) {
    if (String(event.uid) === String(this.me().uid)) return;
    const talk = this.talks.get(String(target));
    if (!talk) return;
    const uid = String(event.uid);
    clearTimeout(talk.typing.get(uid)?.timer);
    const timer = setTimeout(() => (talk.typing.delete(uid), this.drawTyping()), TYPING_SHOWN_MS);
    talk.typing.set(uid, { name: event.name, timer });
    this.drawTyping();
  }

  presence(user) {
    const talk = this.talks.get(String(user.uid));
    if (talk) talk.presence = user;
    this.drawAbout();
  }

  put(talk, item) {
    if (item.seq && talk.items.some((other) => other.seq === item.seq)) return;
    const at = item.seq ? talk.items.findLastIndex((other) => !(other.seq > item.seq)) + 1 : talk.items.length;
    talk.items.splice(at, 0, item);
    if (talk.items.length > KEPT && !this.isReadBack(talk)) {
      talk.items.splice(0, talk.items.length - KEPT);
      delete talk.more;
    }
    const own = (item.own = !item.notice && String(item.uid) === String(this.me().uid));
    if (own) this.cover(talk, item);
    if (!this.shown && !item.notice && this.mayShow(talk)) this.show(talk.target);
    else if (talk === this.shown) this.addRow(talk, item, own);
    if (item.ref) this.past.recalled(talk, item);
    const looked = talk === this.shown && !document.hidden && this.root.offsetParent !== null && this.following;
    if (!own && !item.notice && !item.ref && !looked) talk.unread += 1;
    this.drawTyping();
    this.drawChips();
    this.changed();
    this.past.keepSoon();
  }

  /** Whether somebody looks at older entries of the talk, which must then stay. */
  isReadBack(talk) {
    return talk === this.shown && !this.following;
  }

  /** The own copy may come before the `ack`: the message that waits is not shown beside it. */
  cover(talk, item) {
    const pending = talk.pending.find((one) => one.state !== 'failed' && !one.covered && one.content === item.content);
    if (!pending) return;
    pending.covered = true;
    this.log.querySelector(`[data-pending="${pending.id}"]`)?.remove();
  }

  /** Whether a talk may open by itself: never over an id that is just being typed. */
  mayShow(talk) {
    const typed = this.field.value.trim();
    return this.type === 'group' || !typed || typed === String(talk.target);
  }

  // ---- drawing ----

  draw() {
    this.drawLog();
    this.toBottom();
  }

  drawLog() {
    const rows = this.shown?.items.map((item) => this.row(item)) ?? [];
    const pending = this.shown?.pending.filter((one) => !one.covered).map((one) => this.pendingRow(this.shown, one)) ?? [];
    // Changing the talk is not news: a screen reader must not read the whole log again.
    this.log.setAttribute('aria-live', 'off');
    this.log.replaceChildren(...rows, ...pending);
    rows.forEach(dressRow);
    requestAnimationFrame(() => this.log.removeAttribute('aria-live'));
    this.drawAbout();
    this.drawTyping();
    this.drawEmpty();
    this.drawChips();
  }

  drawEmpty() {
    this.empty.hidden = this.log.childElementCount > 0;
  }

  addRow(talk, item, own) {
    const follow = own || this.following;
    const row = this.row(item);
    row.classList.add('new');
    const following = [...this.log.children].find((other) => other.dataset.pending || Number(other.dataset.seq) > item.seq);
    this.log.insertBefore(row, following ?? null);
    dressRow(row);
    if (row.nextElementSibling) dressRow(row.nextElementSibling);
    while (!this.isReadBack(talk) && this.log.childElementCount > KEPT + talk.pending.length) this.log.firstElementChild.remove();
    this.drawEmpty();
    if (follow) this.toBottom();
  }

  row(item) {
    if (item.notice) return noticeRow(item);
    const open = item.own || !item.seq || this.type === 'pm' ? null : this.openTalk;
    const leftMs = item.own && item.seq ? this.client.recallLeftMs(item.time) : 0;
    return entryRow(item, open, leftMs > 0 ? { leftMs, act: () => this.request({ type: 'recall', seq: item.seq }) } : null);
  }

  pendingRow(talk, pending) {
    return pendingRow(pending, () => this.deliver(talk, pending));
  }

  redrawPending(talk, pending) {
    if (talk !== this.shown) return;
    this.log.querySelector(`[data-pending="${pending.id}"]`)?.replaceWith(this.pendingRow(talk, pending));
  }

  drawChips() {
    const choose = (talk) => () => (this.show(talk.target), this.input.focus());
    const chips = [...this.talks.values()].map((talk) => chip(this.title(talk), talk.unread, talk === this.shown, choose(talk)));
    this.chips.replaceChildren(...chips);
    this.newer.hidden = !this.shown?.unread;
    this.newer.textContent = word('newer', this.shown?.unread ?? 0);
  }

  title(talk) {
    if (this.type === 'group') return `# ${talk.target}`;
    if (String(talk.target) === String(this.me().uid)) return word('toYourself');
    return talk.name && talk.name !== String(talk.target) ? `${talk.name} · ${talk.target}` : String(talk.target);
  }

  drawAbout() {
    const talk = this.shown;
    this.about.hidden = !talk || (this.type === 'group' && !talk.joined);
    if (!talk) return;
    const { presence, count } = talk;
    if (this.membersButton) this.membersButton.textContent = count ? word('memberCount', count) : word('members');
    this.subject.textContent = presenceWords(presence);
    this.subject.classList.toggle('there', Boolean(presence?.online));
  }

  drawMembers(page) {
    this.membersList.replaceChildren(...page.members.map((one) => memberLine(one, this.openTalk)));
    if (page.more) this.membersList.append(make('li', '', '…'));
  }

  drawTyping() {
    const names = [...(this.shown?.typing.values() ?? [])].slice(0, 3).map((one) => one.name);
    this.typingLine.textContent = names.length ? word('typing', names.join(', ')) : '';
  }

  // ---- place in the log ----

  atBottom() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  toBottom() {
    this.following = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.seen();
  }

  /** The shown talk has been looked at. */
  seen() {
    if (!this.shown?.unread || document.hidden || this.root.offsetParent === null) return;
    this.shown.unread = 0;
    this.drawChips();
    this.changed();
  }

  /** Unread messages of all talks of this window. */
  unread() {
    return [...this.talks.values()].reduce((sum, talk) => sum + talk.unread, 0);
  }

  /** The language has changed. */
  relabel() {
    dress(this.root);
    this.draw();
  }
}
