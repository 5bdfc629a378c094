// What a visitor attaches: the chat page's tray, with the one ticket as its talk. Loaded with the first file.

import { Tray } from '../attach.js';

/** @typedef {import('./support.js').Support} Support */
/** @typedef {import('../talk.js').Pending} Pending */

export class Attached {
  /** @param {Support} support @param {{refused: (error: any, text?: string) => void, announce: (text: string) => void, changed: () => void}} page */
  constructor(support, page) {
    const talk = {
      key: 'ticket',
      isGroup: false,
      isTicket: true,
      get target() {
        return { ticket: support.ticket?.ticket };
      },
      get pending() {
        return support.pending;
      },
    };
    this.talk = /** @type {any} */ (talk);
    const talks = {
      karez: support.karez,
      shown: talk,
      all: new Map([[talk.key, talk]]),
      page,
      again: (/** @type {Pending} */ pending) => support.again(pending),
      drop: (/** @type {object} */ _, /** @type {Pending} */ pending) => support.drop(pending),
    };
    this.tray = new Tray(/** @type {any} */ (talks), page);
  }

  /** @param {File[]} files */
  add(files) {
    this.tray.add(this.talk, files);
  }

  /** Sends what waits. @returns {boolean} whether anything did */
  send() {
    const isAny = this.tray.count(this.talk) > 0;
    if (isAny) this.tray.send(this.talk);
    return isAny;
  }

  /** Tries once more. @param {Pending} pending */
  again(pending) {
    this.tray.again(this.talk, pending);
  }

  /** @param {Pending} pending */
  cancel(pending) {
    this.tray.cancel(this.talk, pending);
  }
}
