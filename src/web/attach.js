// What is attached: files wait in a tray above the composer until they are sent, and then are uploaded, one after the
// other, and said. Loaded when somebody first attaches one.
//
// An upload that the link interrupts goes on by itself once there is a link. Whatever is tried again keeps the id of its
// message, and so is said once. Files are kept by this tab alone: who leaves while some are under way is warned.

import { upload } from './client/files.js';
import { newId } from './client/karez.js';
import { seed } from './file.js';
import { prepare } from './picture.js';
import { button, errorWords, make, part, size, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Pending} Pending */
/** @typedef {import('./talk.js').Upload} Upload */
/** @typedef {import('./talks.js').Talks} Talks */
/** @typedef {import('./picture.js').Prepared} Prepared */
/** @typedef {{file: File, url: string, prepared: Promise<Prepared>}} Item what waits in the tray */

const AT_ONCE_MAX = 20;
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MAX_MS = 20_000;
/** So often a server that fails is asked; a link that breaks is none of its faults. */
const FAILURES_MAX = 5;

export class Tray {
  /** @type {Map<string, Item[]>} */
  #items = new Map();
  /** Uploads of one tab go one after the other. */
  #uploads = Promise.resolve();
  /** Those that are not stored yet, by the id of their message. @type {Map<string, Upload>} */
  #underWay = new Map();

  /** @param {Talks} talks @param {{refused: (error: any, words?: string) => void, announce: (text: string) => void}} page */
  constructor(talks, page) {
    this.talks = talks;
    this.page = page;
    this.node = part('tray');
    talks.karez.on('sent', ({ id }) => this.#underWay.delete(id));
    addEventListener('beforeunload', (e) => {
      const isWaiting = [...talks.all.values()].some((talk) => this.count(talk) > 0 || talk.pending.some((one) => one.upload));
      // Who signs out, or is sent away, leaves all the same.
      if (isWaiting && talks.karez.state !== 'disconnected') e.preventDefault();
    });
  }

  /** How many files wait for a talk. @param {Talk} talk */
  count(talk) {
    return this.#items.get(talk.key)?.length ?? 0;
  }

  /** @param {Talk} talk @param {File[]} files */
  async add(talk, files) {
    const { files_bytes: most = 0 } = this.talks.karez.limits;
    if (!most) return this.page.refused({ code: 'files_off' });
    if (files.some((file) => file.size === 0)) return this.page.refused(undefined, word('fileEmpty'));
    const items = this.#items.get(talk.key) ?? [];
    this.#items.set(talk.key, items);
    if (items.length + files.length > AT_ONCE_MAX) return this.page.refused(undefined, word('tooManyFiles', AT_ONCE_MAX));
    const added = files.map((file) => ({ file, url: URL.createObjectURL(file), prepared: prepare(file) }));
    items.push(...added);
    this.show(talk);
    this.page.announce(word('attached', items.length));
    for (const item of added) {
      const { blob, name } = await item.prepared;
      if (blob.size <= most || !this.#items.get(talk.key)?.includes(item)) continue;
      this.#remove(talk, item);
      this.page.refused(undefined, word('fileTooLarge', name, size(blob.size), size(most)));
    }
  }

  /** @param {Talk} talk @param {Item} item */
  #remove(talk, item) {
    this.#items.set(talk.key, (this.#items.get(talk.key) ?? []).filter((one) => one !== item));
    URL.revokeObjectURL(item.url);
    this.show(talk);
  }

  /** Draws what waits for the talk that is shown. @param {Talk | null} talk */
  show(talk) {
    if (talk !== this.talks.shown) return;
    const items = (talk && this.#items.get(talk.key)) ?? [];
    this.node.hidden = items.length === 0;
    this.node.replaceChildren(...items.map((item) => this.#node(/** @type {Talk} */ (talk), item)));
  }

  /** @param {Talk} talk @param {Item} item */
  #node(talk, item) {
    const place = make('li');
    place.dataset.testid = 'attached';
    const image = make('img');
    image.alt = '';
    image.src = item.url;
    // What is no picture has a sign instead.
    image.addEventListener('error', () => image.replaceWith(make('span', 'sign', '📄')));
    const words = make('span', 'tray-words');
    const weight = make('span', 'faint', size(item.file.size));
    item.prepared.then(({ blob }) => (weight.textContent = size(blob.size)));
    words.append(make('span', 'tray-name', item.file.name), weight);
    const remove = button('✕', () => (this.#remove(talk, item), part('input').focus()), 'icon');
    remove.setAttribute('aria-label', word('removeFile', item.file.name));
    place.append(image, words, remove);
    return place;
  }

  /** Sends what waits for a talk. @param {Talk} talk @param {{reply?: number}} [options] of the first */
  async send(talk, options = {}) {
    const items = this.#items.get(talk.key) ?? [];
    this.#items.delete(talk.key);
    this.show(talk);
    const all = await Promise.all(items.map(({ prepared }) => prepared));
    for (const { url } of items) URL.revokeObjectURL(url);
    all.forEach((prepared, at) => this.#begin(talk, this.#pending(talk, prepared, at === 0 ? options : {})));
  }

  /** @param {Talk} talk @param {Prepared} prepared @param {object} options @returns {Pending} */
  #pending(talk, { blob, name, width, height, isPicture }, options) {
    const id = newId();
    const file = { id: '', name, type: blob.type, bytes: blob.size, width, height };
    const type = talk.isGroup ? 'group' : talk.isTicket ? 'support' : 'pm';
    const message = { id, type, ...talk.target, content: name, kind: isPicture ? 'image' : 'file', data: { file }, ...options };
    return { id, message, content: name, time: Date.now(), upload: { blob, share: 0, abort: new AbortController(), show: () => {} } };
  }

  /** Shows it as waiting, and uploads it when it is its turn. @param {Talk} talk @param {Pending} pending */
  #begin(talk, pending) {
    if (!talk.pending.includes(pending)) talk.pending.push(pending);
    const upload = /** @type {Upload} */ (pending.upload);
    this.#underWay.set(pending.id, upload);
    this.talks.page.changed();
    this.#uploads = this.#uploads.then(() => this.#run(talk, pending, upload));
  }

  /** Tries until it is stored, refused for good, or taken back. @param {Talk} talk @param {Pending} pending @param {Upload} upload_ */
  async #run(talk, pending, upload_) {
    const { message } = pending;
    const { signal } = upload_.abort;
    const onprogress = (/** @type {number} */ share) => {
      upload_.share = share;
      upload_.show();
    };
    for (let failures = 0, attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const { id, name, type, bytes } = await upload(this.talks.karez, talk.target, upload_.blob, { name: message.content, onprogress, signal });
        seed(id, upload_.blob);
        const { width, height } = message.data.file;
        message.data = { file: { id, name, type, bytes, width, height } };
        this.talks.karez.send(message).catch(() => {});
        return;
      } catch (/** @type {any} */ error) {
        onprogress(0);
        if (signal.aborted) return;
        if (error.code === 'internal') failures += 1;
        if (!error.retryable || failures > FAILURES_MAX) return this.#fail(pending, error);
        await this.#pause(error.retry ?? Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** attempt), signal);
      }
    }
  }

  /** @param {Pending} pending @param {any} error */
  #fail(pending, error) {
    pending.failed = error;
    this.page.announce(errorWords(error));
    this.talks.page.changed();
  }

  /** Until the time is over, the connection is back, or it is taken back. @param {number} wait_ms @param {AbortSignal} signal */
  #pause(wait_ms, signal) {
    return new Promise((done) => {
      setTimeout(done, wait_ms);
      this.talks.karez.once('login', done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Tries once more what has failed, under its id. @param {Talk} talk @param {Pending} pending */
  again(talk, pending) {
    const kept = this.#underWay.get(pending.id);
    // Only what the server has never had, or has no more, is uploaded anew.
    if (!kept || (!pending.upload && pending.failed?.field !== 'data.file')) return this.talks.again(pending);
    delete pending.failed;
    pending.upload = { ...kept, share: 0, abort: new AbortController() };
    this.#begin(talk, pending);
  }

  /** Takes back what has not been said yet. @param {Talk} talk @param {Pending} pending */
  cancel(talk, pending) {
    pending.upload?.abort.abort();
    this.#underWay.delete(pending.id);
    this.talks.drop(talk, pending);
  }
}
