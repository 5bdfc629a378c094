// A file in the log: a picture by itself, anything else as a card with a button. Loaded when the first one is drawn.
//
// It is an element of its own (karez-file), for it has a life: it asks for its bytes when it comes near the reader's eyes
// and gives them back when it is far away or gone. row.js makes it, with its size; bytes come with the reader's token,
// and only what the server calls a picture is shown as one, by a `blob:` address.

import { download } from './client/files.js';
import { openDialog } from './dialog.js';
import { button, make, part, size, word } from './text.js';

/** @typedef {import('./client/karez.js').Karez} Karez */
/** @typedef {import('./talk.js').Entry} Entry */
/** @typedef {import('./talk.js').Pending} Pending */
/** @typedef {import('./talk.js').FileData} FileData */
/**
 * @typedef {object} Page what a file needs of the page
 * @property {Karez} karez
 * @property {(error: any) => void} refused
 * @property {(pending: Pending) => void} cancel
 */

const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
/** Who scrolls back does not see them come again. */
const KEPT_MS = 20_000;
/** The same, of what the log shows no more. */
const GONE_MS = 1000;

// ---- bytes ----

/** @typedef {{url: Promise<string>, users: number, abort: AbortController, isHere?: boolean, timer?: ReturnType<typeof setTimeout>}} Shown */

/** Pictures that are here, by the id of their file. @type {Map<string, Shown>} */
const pictures = new Map();
/** @type {Page} */
let page;

/** A picture as an address of this page. Its bytes stay until as many have called `give`. @param {string} id @returns {Promise<string>} */
function take(id) {
  let shown = pictures.get(id);
  if (!shown) {
    const abort = new AbortController();
    shown = { url: fetchPicture(id, abort.signal), users: 0, abort };
    const made = shown;
    pictures.set(id, made);
    made.url.then(() => (made.isHere = true), () => pictures.get(id) === made && pictures.delete(id));
  }
  clearTimeout(shown.timer);
  shown.users += 1;
  return shown.url;
}

/** @param {string} id @param {AbortSignal} signal */
async function fetchPicture(id, signal) {
  const response = await download(page.karez, id, { signal });
  if (!SHOWN.has(response.headers.get('Content-Type') ?? '')) throw { code: 'no_picture' };
  return URL.createObjectURL(await response.blob());
}

/** @param {string} id @param {number} [after_ms] */
function give(id, after_ms = KEPT_MS) {
  const shown = pictures.get(id);
  if (!shown || (shown.users -= 1) > 0) return;
  shown.timer = setTimeout(() => {
    pictures.delete(id);
    shown.abort.abort();
    shown.url.then((url) => URL.revokeObjectURL(url), () => {});
  }, after_ms);
}

/** What was sent from here need not be fetched. @param {string} id @param {Blob} blob */
export function seed(id, blob) {
  if (!SHOWN.has(blob.type)) return;
  pictures.set(id, { url: Promise.resolve(URL.createObjectURL(blob)), users: 1, abort: new AbortController(), isHere: true });
  give(id);
}

/** Saves a file where downloads go. @param {FileData} file */
async function save({ id, name }) {
  const response = await download(page.karez, id);
  const url = URL.createObjectURL(await response.blob());
  const link = make('a');
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

// ---- the element ----

const near = new IntersectionObserver(
  (seen) => seen.forEach(({ target, isIntersecting }) => /** @type {FileElement} */ (target).come(isIntersecting)),
  { root: part('log'), rootMargin: '1000px' },
);

class FileElement extends HTMLElement {
  // row.js sets both, before or after this class is there.
  item = /** @type {Entry | Pending} */ (/** @type {any} */ (this).item);
  file = /** @type {FileData} */ (/** @type {any} */ (this).file);
  /** Whether the server does not call it a picture. */
  #isPlain = false;
  #isDrawn = false;
  #isTaken = false;
  /** A picture that was never uploaded yet. @type {string | undefined} */
  #local;
  /** @type {HTMLImageElement | null} */
  #image = null;

  get isPicture() {
    return this.file.isPicture && !this.#isPlain;
  }

  get upload() {
    return 'upload' in this.item ? this.item.upload : undefined;
  }

  connectedCallback() {
    if (!this.#isDrawn) this.#draw();
    if (this.isPicture) near.observe(this);
    if (!this.isPicture || this.file.id) return;
    // Shown from here; while it is uploaded, and if that fails.
    this.#local ??= this.upload && URL.createObjectURL(this.upload.blob);
    if (this.#image && this.#local) this.#image.src = this.#local;
  }

  disconnectedCallback() {
    // A line that is drawn anew is taken out and put in again.
    queueMicrotask(() => {
      if (this.isConnected) return;
      near.unobserve(this);
      this.come(false, GONE_MS);
      if (this.#local) URL.revokeObjectURL(this.#local);
      this.#local = undefined;
      const dialog = part('dialog');
      if (dialog.open && this.file.id && dialog.dataset.file === this.file.id) setTimeout(() => this.isGone && dialog.close());
    });
  }

  /** Whether the log has no line of this file any more, as after a recall. */
  get isGone() {
    return ![...part('log').querySelectorAll('karez-file')].some((one) => one.file?.id === this.file.id);
  }

  #draw() {
    this.#isDrawn = true;
    const { name, bytes } = this.file;
    const about = `${name}, ${size(bytes)}`;
    if (this.isPicture) {
      const open = button('', () => this.#open(), 'open');
      const image = Object.assign(make('img'), { alt: word('pictureOf', name), title: about, draggable: false });
      // Its picture may be on its way still.
      open.setAttribute('aria-label', word('pictureOf', name));
      open.append(image);
      this.#image = image;
      this.replaceChildren(open);
    } else {
      const words = make('span', 'file-words');
      words.append(make('b', '', name), make('span', 'faint', size(bytes)));
      const sign = make('span', 'sign', '📄');
      sign.setAttribute('aria-hidden', 'true');
      this.replaceChildren(sign, words);
      if (this.file.id) this.append(this.#saver());
    }
    if (this.upload) this.#drawUpload(this.upload);
  }

  #saver() {
    const act = async () => {
      saver.disabled = true;
      await save(this.file).catch((error) => page.refused(error));
      saver.disabled = false;
    };
    const saver = button(word('download'), act, 'save');
    saver.setAttribute('aria-label', word('downloadOf', this.file.name));
    return saver;
  }

  /** @param {import('./talk.js').Upload} upload */
  #drawUpload(upload) {
    const { item } = this;
    if ('failed' in item && item.failed) return;
    const line = make('span', 'uploading');
    const share = make('progress');
    share.max = 1;
    share.setAttribute('aria-label', word('sending', this.file.name));
    upload.show = () => (share.value = upload.share);
    upload.show();
    line.append(share, button(word('cancel'), () => page.cancel(/** @type {Pending} */ (item)), 'cancel'));
    this.append(line);
  }

  /** The reader comes near, or goes. @param {boolean} isNear @param {number} [after_ms] */
  come(isNear, after_ms) {
    const { id } = this.file;
    if (!id || !this.isPicture || isNear === this.#isTaken) return;
    this.#isTaken = isNear;
    if (isNear) return this.load();
    give(id, after_ms);
    this.#image?.removeAttribute('src');
  }

  async load() {
    this.dataset.state = 'loading';
    try {
      const url = await take(this.file.id);
      if (!this.#isTaken || !this.#image) return;
      this.querySelector('.trouble')?.remove();
      this.#image.src = url;
      delete this.dataset.state;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {any} error */
  #fail(error) {
    if (error.code === 'aborted') return;
    if (error.code === 'no_picture') {
      // Whatever it is called, it is shown as any other file.
      this.#isPlain = true;
      this.className = 'file';
      this.removeAttribute('style');
      near.unobserve(this);
      return this.#draw();
    }
    this.dataset.state = 'failed';
    this.querySelector('.trouble')?.remove();
    const isGone = error.code === 'not_found';
    const trouble = make('span', 'trouble', word(isGone ? 'fileGone' : 'fileFailed'));
    if (!isGone) trouble.append(' ', button(word('tryAgain'), () => this.load()));
    this.append(trouble);
  }

  async #open() {
    const { id, name, bytes, width, height } = this.file;
    if (!id) return;
    const image = make('img', 'whole');
    Object.assign(image, { alt: word('pictureOf', name), width, height });
    const line = make('p', 'choices');
    line.append(make('span', 'faint', `${width} × ${height} · ${size(bytes)}`), this.#saver());
    const dialog = openDialog(name, image, line);
    dialog.dataset.file = id;
    dialog.classList.add('viewer');
    dialog.addEventListener('close', () => {
      dialog.classList.remove('viewer');
      delete dialog.dataset.file;
      give(id, this.isConnected ? KEPT_MS : GONE_MS);
    }, { once: true });
    try {
      image.src = await take(id);
    } catch (error) {
      dialog.close();
      page.refused(error);
    }
  }
}

/** Files in the log are shown from now on. @param {Page} itsPage */
export function showFiles(itsPage) {
  if (page) return;
  page = itsPage;
  customElements.define('karez-file', FileElement);
  // What the break has kept away, or holds up, is asked for anew.
  page.karez.on('login', () => {
    for (const [id, shown] of pictures) {
      if (shown.isHere) continue;
      pictures.delete(id);
      shown.abort.abort();
    }
    for (const node of /** @type {NodeListOf<FileElement>} */ (part('log').querySelectorAll('karez-file[data-state]'))) node.load();
  });
}
