// The figures: a tile each, with its value, what belongs to it, and a plot of the last minutes.
//
// Rates are made here, of two totals and the daemon's own clock between them, so a late answer bends no figure. Totals
// that have shrunk say that the daemon was started anew: then there is a gap in the plots.

import { LENGTH, Plot, spanOf } from './plot.js';
import { bytes, count, longTime, make, shortTime, the } from './text.js';
import { say } from './words.js';

/** @typedef {import('./api.js').Stats} Stats */
/** @typedef {(now: Stats, rate: (name: string) => number | null) => number | null} Measure */
/**
 * @typedef {object} Figure
 * @property {import('./words.js').Word} word
 * @property {Measure} measure
 * @property {(value: number) => string} show
 * @property {(now: Stats, rate: (name: string) => number | null) => string} more
 * @property {number} floor what the plot's top shows at least
 */

const EVERY_S = 2;
const perSecond = (/** @type {number} */ value) => say('perSecond', { n: count(value) });

/** @type {Record<string, Figure>} */
const FIGURES = {
  connections: {
    word: 'connections', measure: (now) => now.connections, show: count, floor: 4,
    more: (now) => say('connectionsMore', { max: now.connections_max }),
  },
  online: {
    word: 'online', measure: (now) => now.users_online, show: count, floor: 4,
    more: (now) => say('onlineMore', { sessions: now.sessions }),
  },
  received: {
    word: 'received', measure: (_, rate) => rate('messages_received'), show: perSecond, floor: 2,
    more: (_, rate) => say('receivedMore', { bytes: bytes(rate('received_bytes')) }),
  },
  delivered: {
    word: 'delivered', measure: (_, rate) => rate('messages_delivered'), show: perSecond, floor: 2,
    more: (_, rate) => say('deliveredMore', { bytes: bytes(rate('sent_bytes')) }),
  },
  groups: {
    word: 'groupCount', measure: (now) => now.groups_in_memory, show: count, floor: 4,
    more: (now) => say('groupCountMore', { users: now.users_in_memory }),
  },
  turn: {
    word: 'turn', measure: (now) => now.recent_longest_turn_us, show: shortTime, floor: 1_000,
    more: (now) => say('turnMore', { time: shortTime(now.longest_turn_us) }),
  },
  queued: {
    word: 'queued', measure: (now) => now.queued_bytes, show: bytes, floor: 1_000,
    more: () => say('queuedMore'),
  },
  store: {
    word: 'store', measure: (now) => now.store_bytes, show: bytes, floor: 1_000,
    more: () => say('storeMore'),
  },
};

class Tile {
  /** @param {string} name @param {(back: number | null) => void} lookedAt */
  constructor(name, lookedAt) {
    this.figure = FIGURES[name];
    this.values = /** @type {(number | null)[]} */ ([]);
    this.label = make('h3');
    this.value = make('p', 'value');
    this.value.dataset.testid = `figure-${name}`;
    this.detail = make('p', 'faint small');
    this.plot = new Plot(lookedAt);
    this.peak = make('span', 'peak faint small');
    this.element = make('article', 'tile card', make('div', 'head', this.label, this.peak), this.value, this.detail);
    this.element.append(this.plot.element);
  }

  /** @param {Stats} now @param {(name: string) => number | null} rate */
  take(now, rate) {
    this.values.push(this.figure.measure(now, rate));
    if (this.values.length > LENGTH) this.values.shift();
    this.more = () => this.figure.more(now, rate);
  }

  /** Nothing is known of this moment. */
  skip() {
    if (this.values.length > 0) this.values.push(null);
    if (this.values.length > LENGTH) this.values.shift();
  }

  /** @param {number | null} back */
  draw(back) {
    const { word, show, floor } = this.figure;
    const known = this.values.filter((value) => value !== null);
    const at = this.values[this.values.length - 1 - (back ?? 0)] ?? null;
    this.label.textContent = say(word);
    this.value.textContent = at === null ? '–' : show(at);
    this.detail.textContent = back === null || back === 0
      ? this.more?.() ?? '' : say('ago', { time: longTime(back * EVERY_S) });
    this.plot.draw(this.values, floor);
    this.plot.point(back);
    const [now, least, most] = [known.at(-1) ?? 0, Math.min(...known), Math.max(...known)].map((value) => show(Number.isFinite(value) ? value : 0));
    this.peak.textContent = known.length > 0 ? say('peak', { most }) : '';
    this.plot.describe(say('plot', { name: say(word), now, least, most }));
  }
}

export class Tiles {
  constructor() {
    /** @type {Stats | null} */
    this.before = null;
    /** @type {number | null} */
    this.back = null;
    const lookedAt = (/** @type {number | null} */ back) => {
      this.back = back;
      this.draw();
    };
    this.tiles = Object.keys(FIGURES).map((name) => new Tile(name, lookedAt));
    the('tiles').replaceChildren(...this.tiles.map((tile) => tile.element));
  }

  /** @param {Stats} now */
  take(now) {
    const before = this.before;
    const seconds = before ? (now.uptime_ms - before.uptime_ms) / 1_000 : 0;
    const rate = (/** @type {string} */ name) => (before && seconds > 0 ? Math.max(0, now[name] - before[name]) / seconds : null);
    if (seconds < 0) for (const tile of this.tiles) tile.skip();
    for (const tile of this.tiles) tile.take(now, rate);
    this.before = now;
    this.draw();
  }

  /** No answer came. */
  skip() {
    for (const tile of this.tiles) tile.skip();
    this.before = null;
    this.draw();
  }

  draw() {
    for (const tile of this.tiles) tile.draw(this.back);
    const span = spanOf(this.tiles[0].values.length);
    the('span').textContent = say('span', { time: longTime(span * EVERY_S) });
  }
}
