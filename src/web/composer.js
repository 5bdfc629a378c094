// The composer: what is typed, to whom it replies, whom it names, and the keys that send it.
//
// Enter that chooses a word in an input method never sends. What is typed is kept with its talk until it is said.

import { quoteText } from './row.js';
import { keep, part, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Member} Member */
/** @typedef {import('./talks.js').Talks} Talks */

const TYPING_EVERY_MS = 3000;

/** Whether a browser says that an input method takes the key. @param {KeyboardEvent} e */
const isComposing = (e) => e.isComposing || e.keyCode === 229;

export class Composer {
  /** @type {Talk | null} */
  talk = null;
  /** @type {Entry | null} */
  #reply = null;
  /** Whom the text names, by what stands in it. @type {Map<string, any>} */
  #named = new Map();
  /** @type {import('./names.js').Names | undefined} */
  #names;
  #toldTyping = -Infinity;
  /** @type {any} */
  #draftTimer;
  /** @type {import('./attach.js').Tray | undefined} */
  #tray;
  /** While it is loaded. @type {Promise<any> | null} */
  #attaching = null;

  /**
   * @param {Talks} talks
   * @param {{refused: (error: any) => void, sent: () => void, tray: () => Promise<import('./attach.js').Tray | undefined>}} page
   */
  constructor(talks, page) {
    this.talks = talks;
    this.page = page;
    this.input = part('input');
    part('composer').addEventListener('submit', (/** @type {Event} */ e) => (e.preventDefault(), this.send()));
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.#key(e));
    this.input.addEventListener('input', () => this.#typed());
    part('replying-close').addEventListener('click', () => (this.reply(null), this.input.focus()));
    part('emoji-open').addEventListener('click', () => this.#emoji());
    if (part('attach')) this.#listenForFiles();
  }

  /** @param {Talk | null} talk */
  show(talk) {
    this.#saveDraft();
    this.talk = talk;
    this.#named.clear();
    this.reply(null);
    this.#names?.close();
    part('emoji').hidden = true;
    this.#tray?.show(talk);
    this.#set(talk?.draft ?? '');
  }

  /** @param {Entry | null} entry */
  reply(entry) {
    this.#reply = entry;
    part('replying').hidden = !entry;
    if (!entry) return;
    part('replying-name').textContent = word('replyTo', entry.name || String(entry.uid));
    part('replying-text').textContent = quoteText(entry);
    this.input.focus();
  }

  get isReplying() {
    return this.#reply !== null;
  }

  /** Puts a text back to be said anew, in front of what is typed already. @param {string} text */
  edit(text) {
    const typed = this.input.value;
    this.#set(typed ? `${text}\n${typed}` : text);
    this.#typed();
    this.input.focus();
  }

  /** @param {string} text */
  #set(text) {
    this.input.value = text;
    this.#fit();
  }

  #fit() {
    if (!CSS.supports('field-sizing', 'content')) {
      this.input.style.height = 'auto';
      this.input.style.height = `${this.input.scrollHeight + 2}px`;
    }
    const { content_bytes: most = 65_536 } = this.talks.karez.limits;
    const bytes = new TextEncoder().encode(this.input.value).length;
    part('counter').hidden = bytes < most * 0.8;
    part('counter').classList.toggle('over', bytes > most);
    if (bytes >= most * 0.8) part('counter').textContent = bytes > most ? word('tooLong', bytes - most) : word('bytesLeft', most - bytes);
  }

  send() {
    const { talk } = this;
    // Whoever is quick sends what was chosen all the same.
    if (this.#attaching) return void this.#attaching.then(() => setTimeout(() => this.send()));
    const content = this.input.value.trim();
    const tray = talk && this.talks.takesFiles(talk) ? this.#tray : undefined;
    if (!talk || !(content || tray?.count(talk))) return;
    const most = this.talks.karez.limits.content_bytes;
    if (most && new TextEncoder().encode(content).length > most) {
      this.page.refused({ code: 'too_large', field: 'content' });
      return;
    }
    const reply = this.#reply?.seq;
    tray?.send(talk, { reply: content ? undefined : reply });
    if (content) this.#say(talk, content, reply);
    this.#set('');
    this.#named.clear();
    this.reply(null);
    this.#names?.close();
    clearTimeout(this.#draftTimer);
    this.talks.setDraft(talk, '');
    this.page.sent();
    this.input.focus();
  }

  /** @param {Talk} talk @param {string} content @param {number} [reply] */
  #say(talk, content, reply) {
    const named = [...this.#named].filter(([name]) => content.includes(name)).map(([, uid]) => uid);
    const options = { reply, mentions: named.length > 0 ? [...new Set(named)] : undefined };
    const typed = this.input.value;
    this.talks.say(talk, content, options).catch((error) => {
      // Too long as a whole: it was never queued, and is not lost.
      const isQueued = talk.pending.some((one) => one.content === content);
      if (isQueued) return;
      if (talk === this.talk && !this.input.value) this.#set(typed);
      this.page.refused(error);
    });
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    if (isComposing(e)) return;
    if (this.#names?.key(e)) return e.preventDefault();
    if (e.key !== 'Enter') return;
    const byControl = keep.read('send') === 'control';
    const sends = byControl ? e.ctrlKey || e.metaKey : !e.shiftKey && !e.altKey;
    if (!sends) return;
    e.preventDefault();
    this.send();
  }

  #typed() {
    this.#fit();
    const { talk } = this;
    if (!talk) return;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#saveDraft(), 300);
    this.#lookForName().catch(() => {});
    const now = performance.now();
    if (!this.input.value.trim() || now - this.#toldTyping < TYPING_EVERY_MS) return;
    this.#toldTyping = now;
    this.talks.typing(talk);
  }

  #saveDraft() {
    clearTimeout(this.#draftTimer);
    if (this.talk && this.talk.draft !== this.input.value) this.talks.setDraft(this.talk, this.input.value);
  }

  /** The page is about to go. */
  leave() {
    this.#saveDraft();
  }

  // ---- names ----

  /** Opens the list of members behind an `@`. */
  async #lookForName() {
    if (!this.#names) {
      if (!this.talk?.isGroup || !this.input.value.includes('@')) return;
      const { Names } = await import('./names.js');
      this.#names ??= new Names(this.talks, this.input, (name, uid) => (this.#named.set(name, uid), this.#typed()));
    }
    this.#names.look(this.talk);
  }

  /** Names somebody at the end of what is typed. @param {Member} member */
  mention(member) {
    const name = `@${member.name || member.uid}`;
    this.#named.set(name, member.uid);
    this.#set(`${this.input.value}${this.input.value && !/\s$/.test(this.input.value) ? ' ' : ''}${name} `);
    this.input.focus();
  }

  // ---- files ----

  #listenForFiles() {
    const { input } = this;
    const files = part('files');
    part('attach').addEventListener('click', () => files.click());
    files.addEventListener('change', () => {
      this.attach(files.files);
      files.value = '';
    });
    input.addEventListener('paste', (/** @type {ClipboardEvent} */ e) => {
      const { clipboardData: data } = e;
      // What a table or a page has put there is text, with a picture of it beside.
      if (!data?.files.length || data.types.includes('text/plain')) return;
      e.preventDefault();
      this.attach(data.files);
    });
    for (const event of ['dragover', 'dragleave', 'drop']) {
      document.addEventListener(event, (e) => {
        const { dataTransfer: data } = /** @type {DragEvent} */ (e);
        if (!data?.types.includes('Files')) return;
        // Wherever it falls: the browser would open it in place of the page.
        e.preventDefault();
        part('drop').hidden = event !== 'dragover' || part('attach').hidden || !this.talk;
        if (event === 'drop' && !part('dialog').open) this.attach(data.files);
      });
    }
  }

  /** Files to be sent with the next message. @param {Iterable<File>} chosen */
  async attach(chosen) {
    const { talk } = this;
    const files = [...chosen];
    if (!talk || files.length === 0 || !this.talks.takesFiles(talk)) return;
    this.#attaching = this.page.tray();
    this.#tray = await this.#attaching;
    this.#attaching = null;
    this.#tray?.add(talk, files);
    this.input.focus();
  }

  // ---- emoji ----

  async #emoji() {
    const panel = part('emoji');
    const { openEmoji } = await import('./emoji.js');
    const close = () => {
      panel.hidden = true;
      part('emoji-open').setAttribute('aria-expanded', 'false');
      this.input.focus();
    };
    if (!panel.hidden) return close();
    panel.hidden = false;
    part('emoji-open').setAttribute('aria-expanded', 'true');
    const put = (/** @type {string} */ emoji) => {
      this.input.setRangeText(emoji, this.input.selectionStart, this.input.selectionEnd, 'end');
      this.#typed();
    };
    openEmoji(panel, put, close);
  }
}
