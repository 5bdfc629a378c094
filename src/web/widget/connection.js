// What the visitor learns of the connection: nothing while it holds and while a break is short, then a banner with the time
// until the next attempt, then for a moment that it is back.

import { part, word } from '../text.js';

const SILENT_MS = 2000;
const BACK_SHOWN_MS = 2000;

export class Connection {
  #isShown = false;
  #nextAt = 0;
  /** @type {Record<string, any>} */
  #timers = {};

  /**
   * @param {import('../client/karez.js').Karez} karez
   * @param {{announce: (text: string) => void, ended: (code: number, reason: string) => void}} page
   */
  constructor(karez, page) {
    this.karez = karez;
    this.page = page;
    karez.on('state', (event) => this.#state(event));
    part('reconnect').addEventListener('click', () => karez.disconnect().connect());
  }

  /** @param {{state: string, wait?: number, code?: number, reason?: string}} event */
  #state({ state, wait, code = 1000, reason = '' }) {
    if (state === 'connected') {
      clearTimeout(this.#timers.silent);
      this.#timers.silent = undefined;
      if (this.#isShown) this.#back();
    } else if (state === 'disconnected') {
      clearTimeout(this.#timers.silent);
      this.#timers.silent = undefined;
      if (code === 1000) return; // by ourselves
      this.#hide();
      this.page.ended(code, reason);
    } else {
      this.#nextAt = performance.now() + (wait ?? 0);
      this.#timers.silent ??= setTimeout(() => this.#show(), SILENT_MS);
    }
  }

  #show() {
    this.#isShown = true;
    clearTimeout(this.#timers.back);
    part('banner').hidden = part('reconnect').hidden = false;
    part('banner').classList.remove('good');
    part('banner-text').textContent = word('stateWaiting');
    this.page.announce(word('stateWaiting'));
    const draw = () => {
      const left = Math.ceil((this.#nextAt - performance.now()) / 1000);
      part('countdown').textContent = left > 0 ? word('seconds', left) : word('stateConnecting');
    };
    draw();
    clearInterval(this.#timers.countdown);
    this.#timers.countdown = setInterval(draw, 500);
  }

  #back() {
    this.#hide();
    part('banner').hidden = false;
    part('banner').classList.add('good');
    part('banner-text').textContent = word('stateBack');
    this.page.announce(word('stateBack'));
    this.#timers.back = setTimeout(() => (part('banner').hidden = true), BACK_SHOWN_MS);
  }

  #hide() {
    this.#isShown = false;
    clearInterval(this.#timers.countdown);
    part('banner').hidden = part('reconnect').hidden = true;
    part('countdown').textContent = '';
  }
}
