// The panel's composer: the fields that a desk asks for first, what is typed, and the key that sends it.
//
// Enter that chooses a word in an input method never sends. What is typed is kept, in this tab, until it is said.

import { keep, make, part, word } from '../text.js';

/** @typedef {import('./support.js').Support} Support */
/** @typedef {import('./support.js').Field} Field */

/** Whether a browser says that an input method takes the key. @param {KeyboardEvent} e */
const isComposing = (e) => e.isComposing || e.keyCode === 229;

/** What a browser can fill in, by the name of the field. */
const KINDS = /** @type {Record<string, [string, string]>} */ ({ name: ['text', 'name'], email: ['email', 'email'], phone: ['tel', 'tel'], tel: ['tel', 'tel'], company: ['text', 'organization'] });
const FIELD_LENGTH = 200;

export class Composer {
  #fields = '';

  /** Files that wait. @type {import('./attach.js').Attached | null} */
  #attached = null;

  /** @param {Support} support @param {{refused: (error: any, text?: string) => void, sent: () => void, attached: () => Promise<import('./attach.js').Attached>}} page */
  constructor(support, page) {
    this.support = support;
    this.page = page;
    this.input = part('input');
    this.node = part('composer');
    this.fields = part('fields');
    this.node.addEventListener('submit', (/** @type {Event} */ e) => (e.preventDefault(), this.send()));
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
      if (e.key !== 'Enter' || e.shiftKey || e.altKey || isComposing(e)) return;
      e.preventDefault();
      this.send();
    });
    this.input.addEventListener('input', () => this.#typed());
    part('emoji-open').addEventListener('click', () => this.#emoji());
    this.#listenForFiles();
    this.input.value = keep.read('widget-draft', sessionStorage) ?? '';
    this.#fit();
  }

  /** Shows what fits the state of things. @param {boolean} isThere whether an agent may answer soon */
  draw(isThere) {
    this.input.placeholder = word(isThere ? 'message' : 'leaveMessage');
    part('attach').hidden = !this.#mayAttach;
    const form = this.support.isOpen ? [] : this.support.desk?.form ?? [];
    const says = JSON.stringify(form);
    if (says === this.#fields) return;
    this.#fields = says;
    this.fields.hidden = form.length === 0;
    this.fields.replaceChildren(...form.map((field) => this.#field(field)));
  }

  /** @param {Field} field */
  #field({ name, label, required }) {
    const node = make('label', '', required ? label : word('optional', label));
    const input = make('input');
    const [type, complete] = KINDS[name.toLowerCase()] ?? ['text', 'off'];
    Object.assign(input, { name, type, autocomplete: complete, required: Boolean(required), maxLength: FIELD_LENGTH });
    input.addEventListener('input', () => input.removeAttribute('aria-invalid'));
    node.append(input);
    return node;
  }

  /** What was filled in; null, and said, where something is missing. @returns {Record<string, string> | null} */
  #form() {
    /** @type {Record<string, string>} */
    const form = {};
    for (const input of /** @type {HTMLInputElement[]} */ ([...this.fields.querySelectorAll('input')])) {
      const value = input.value.trim();
      if ((input.required && !value) || !input.validity.valid) {
        input.setAttribute('aria-invalid', 'true');
        input.focus();
        this.page.refused(undefined, word('required', input.parentElement?.firstChild?.textContent ?? ''));
        return null;
      }
      if (value) form[input.name] = value;
    }
    return form;
  }

  #fit() {
    if (!CSS.supports('field-sizing', 'content')) {
      this.input.style.height = 'auto';
      this.input.style.height = `${this.input.scrollHeight + 2}px`;
    }
    const { content_bytes: most = 65_536 } = this.support.karez.limits;
    const bytes = new TextEncoder().encode(this.input.value).length;
    part('counter').hidden = bytes < most * 0.8;
    part('counter').classList.toggle('over', bytes > most);
    if (bytes >= most * 0.8) part('counter').textContent = bytes > most ? word('tooLong', bytes - most) : word('bytesLeft', most - bytes);
  }

  /** @param {string} text */
  #set(text) {
    this.input.value = text;
    keep.write('widget-draft', text || null, sessionStorage);
    this.#fit();
  }

  #typed() {
    keep.write('widget-draft', this.input.value || null, sessionStorage);
    this.#fit();
    if (this.input.value.trim()) this.support.tellTyping();
  }

  /** Puts a text back to be said anew, in front of what is typed already. @param {string} text */
  edit(text) {
    this.#set(this.input.value ? `${text}\n${this.input.value}` : text);
    this.input.focus();
  }

  // ---- files ----

  /** A file is uploaded for a ticket, and so needs one. */
  get #mayAttach() {
    return this.support.isOpen && Boolean(this.support.karez.limits.files_bytes);
  }

  #listenForFiles() {
    const files = part('files');
    part('attach').addEventListener('click', () => files.click());
    files.addEventListener('change', () => {
      this.#attach(files.files);
      files.value = '';
    });
    this.input.addEventListener('paste', (/** @type {ClipboardEvent} */ e) => {
      // What is text too, as from a table, is pasted as text.
      const data = e.clipboardData;
      if (!data?.files.length || data.types.includes('text/plain')) return;
      e.preventDefault();
      this.#attach(data.files);
    });
    for (const event of /** @type {const} */ (['dragover', 'drop'])) {
      addEventListener(event, (e) => {
        if (!e.dataTransfer?.types.includes('Files')) return;
        e.preventDefault();
        if (event === 'drop') this.#attach(e.dataTransfer.files);
      });
    }
  }

  /** @param {FileList} chosen */
  async #attach(chosen) {
    const files = [...chosen];
    if (!this.#mayAttach || files.length === 0) return;
    this.#attached = await this.page.attached();
    this.#attached.add(files);
    this.input.focus();
  }

  send() {
    if (this.#attached?.send()) this.page.sent();
    const content = this.input.value.trim();
    const form = content ? this.#form() : null;
    if (!form) return;
    const most = this.support.karez.limits.content_bytes;
    if (most && new TextEncoder().encode(content).length > most) return this.page.refused({ code: 'too_large' });
    this.support.say(content, form).catch((error) => {
      // Never queued: it is not lost. What was refused later stands in the log.
      if (this.support.pending.some((one) => one.content === content)) return;
      if (!this.input.value) this.#set(content);
      this.page.refused(error);
    });
    this.#set('');
    this.page.sent();
    this.input.focus();
  }

  async #emoji() {
    const panel = part('emoji');
    const { openEmoji } = await import('../emoji.js');
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
