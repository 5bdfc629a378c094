// What reaches the reader from outside the log: the banner of the connection, and cards that the site pushes.

import { button, clock, linkNode, make, moment, part, word } from './text.js';

/** @typedef {import('./client/karez.js').Karez} Karez */

const SILENT_MS = 2000;
const BACK_SHOWN_MS = 2000;
/** Older ones make room: nobody reads a wall of cards. */
const CARDS_MAX = 4;

// ---- the connection ----

/** Tells of breaks that last. */
export class Banner {
  #wait = 0;
  #isHurrying = false;
  /** @type {any} */
  #timers = {};
  isShown = false;

  /** @param {Karez} karez @param {(text: string) => void} announce */
  constructor(karez, announce) {
    this.karez = karez;
    this.announce = announce;
    this.wasConnected = false;
    karez.on('state', (event) => this.#state(event));
    part('reconnect').addEventListener('click', () => this.#hurry());
  }

  /** @param {{state: string, wait?: number}} event */
  #state({ state, wait }) {
    clearInterval(this.#timers.countdown);
    if (state === 'connected') {
      clearTimeout(this.#timers.silent);
      this.#timers.silent = undefined;
      if (this.isShown) this.#back();
      else this.announce(word('stateOnline'));
      this.wasConnected = true;
      return;
    }
    if (state === 'disconnected') return this.#isHurrying || this.hide();
    this.#wait = performance.now() + (wait ?? 0);
    this.#timers.silent ??= setTimeout(() => this.#show(), SILENT_MS);
    if (this.isShown) this.#draw();
  }

  /** An attempt that hangs is given up: the network may be another by now. */
  #hurry() {
    this.#isHurrying = true;
    this.karez.disconnect().connect();
    this.#isHurrying = false;
  }

  #show() {
    this.isShown = true;
    clearTimeout(this.#timers.back);
    part('banner').hidden = false;
    part('banner').classList.remove('good');
    part('reconnect').hidden = false;
    part('banner-text').textContent = word('stateWaiting');
    this.announce(word('stateWaiting'));
    this.#draw();
  }

  #draw() {
    clearInterval(this.#timers.countdown);
    const draw = () => {
      const left = Math.ceil((this.#wait - performance.now()) / 1000);
      part('countdown').textContent = left > 0 ? word('seconds', left) : word('stateConnecting');
    };
    draw();
    this.#timers.countdown = setInterval(draw, 500);
  }

  #back() {
    this.isShown = false;
    part('banner').classList.add('good');
    part('banner-text').textContent = word('stateBack');
    part('countdown').textContent = '';
    part('reconnect').hidden = true;
    this.announce(word('stateBack'));
    this.#timers.back = setTimeout(() => (part('banner').hidden = true), BACK_SHOWN_MS);
  }

  hide() {
    clearTimeout(this.#timers.silent);
    clearInterval(this.#timers.countdown);
    this.#timers.silent = undefined;
    this.isShown = false;
    part('banner').hidden = true;
  }
}

// ---- cards ----

/** Where a card may lead. @param {string | undefined} url @returns {URL | null} */
function page(url) {
  if (typeof url !== 'string' || !URL.canParse(url, location.href)) return null;
  const target = new URL(url, location.href);
  return ['http:', 'https:'].includes(target.protocol) ? target : null;
}

/** A headline, a text and a link, until somebody takes it away. All of it is foreign. @param {{title?: string, content: string, url?: string, time: number}} push */
export function showPush(push) {
  const list = part('pushes');
  const node = make('li', 'push');
  const text = make('div', 'push-text');
  if (push.title) text.append(make('p', 'push-title', push.title));
  text.append(make('p', 'push-content', push.content));
  const target = page(push.url);
  if (target) text.append(linkNode(word('pushLink', target.host), target));
  const time = make('time', 'faint', clock(push.time));
  time.title = moment(push.time);
  const close = button('✕', () => node.remove(), 'icon');
  close.setAttribute('aria-label', word('dismiss'));
  node.append(text, time, close);
  list.append(node);
  while (list.children.length > CARDS_MAX) list.firstElementChild.remove();
}
