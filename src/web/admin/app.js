// The admin's page: the door where the key is asked for, and the board behind it.
//
// The key is handed to an Api object, and the field is emptied; nothing is written to any storage, cookie or address.
// Figures come every two seconds, lists every second time; nothing is asked for while the tab is hidden or paused.

import { Api, Problem } from './api.js';
import { Desks } from './desks.js';
import { Groups } from './groups.js';
import { Push } from './push.js';
import { longTime, make, the, why } from './text.js';
import { Tiles } from './tiles.js';
import { Users } from './users.js';
import { locale, putWords, say, switchLanguage } from './words.js';

const EVERY_MS = 2_000;
const RETRY_MS_MAX = 15_000;
const LINES_MAX = 50;

/** What is behind the door, for one key. */
export class Board {
  /** @param {Api} api @param {import('./api.js').Key} key */
  constructor(api, key) {
    this.api = api;
    this.key = key;
    this.tiles = new Tiles();
    this.users = new Users(this);
    this.groups = new Groups(this);
    this.desks = new Desks(this);
    this.push = new Push(this);
    this.usersOnline = 0;
    /** @type {import('./api.js').Stats | null} */
    this.stats = null;
    /** @type {{at: number, text: () => string, bad: boolean}[]} */
    this.lines = [];
    /** @type {'live' | 'paused' | 'lost'} */
    this.state = 'live';
    this.failures = 0;
    this.round = 0;
    this.closed = false;
    this.timer = 0;
  }

  /** Whether the key is for that. @param {'read' | 'publish' | 'manage'} scope */
  may = (scope) => this.key.scopes.includes(scope);

  open() {
    the('door').hidden = true;
    the('board').hidden = false;
    for (const id of ['live', 'pause', 'leave']) the(id).hidden = false;
    const canRead = this.may('read');
    for (const id of ['now', 'users', 'groups', 'desks']) the(id).hidden = !canRead;
    for (const id of ['live', 'pause']) the(id).hidden = !canRead;
    this.draw();
    if (canRead) this.beat();
    the('leave').focus();
  }

  /** One round, and the next after a while. */
  beat = async () => {
    clearTimeout(this.timer);
    if (this.closed || this.state === 'paused' || document.hidden) return;
    let wait = EVERY_MS;
    try {
      this.stats = await this.api.stats();
      if (this.closed) return;
      this.tiles.take(this.stats);
      this.usersOnline = this.stats.users_online;
      if (this.round % 2 === 0) await this.refreshLists();
      this.round += 1;
      this.failures = 0;
      if (this.state === 'lost') this.state = 'live';
    } catch (error) {
      if (this.closed || this.failed(error)) return;
      this.failures += 1;
      this.state = 'lost';
      this.tiles.skip();
      const told = error instanceof Problem ? error.retrySeconds * 1_000 : 0;
      wait = Math.max(told, Math.min(RETRY_MS_MAX, EVERY_MS * 2 ** (this.failures - 1)));
    }
    this.drawState();
    if (!this.closed) this.timer = setTimeout(this.beat, wait);
  };

  async refreshLists() {
    await this.users.refresh();
    await this.groups.refresh().catch((error) => {
      if (!(error instanceof Problem) || error.code !== 'not_found') throw error;
      // The group that was looked at is gone.
      this.groups.open = null;
      this.groups.after = undefined;
    });
    await this.desks.refresh();
  }

  /** Does something, tells how it went, and looks again. @param {string} what @param {() => Promise<() => string>} does */
  async attempt(what, does) {
    try {
      this.log(await does());
    } catch (error) {
      if (this.failed(error)) return;
      this.log(() => say('failed', { what, why: why(error) }), true);
    }
    if (this.may('read')) await this.refreshLists().catch((error) => this.failed(error));
  }

  /** Looks at why something failed: with a key that no longer holds the board closes. Whether it has. @param {unknown} error */
  failed(error) {
    if (!(error instanceof Problem) || error.code !== 'unauthorized') return false;
    leave(say('keyGone'));
    return true;
  }

  /** @param {() => string} text in the language of the moment @param {boolean} [bad] */
  log(text, bad = false) {
    this.lines.push({ at: Date.now(), text, bad });
    this.lines.splice(0, this.lines.length - LINES_MAX);
    this.drawLog();
  }

  /** @param {'uid' | 'gid'} kind @param {import('./api.js').Id} id */
  pushTo = (kind, id) => this.push.begin(kind, id);

  pause() {
    this.state = this.state === 'paused' ? 'live' : 'paused';
    this.drawState();
    this.beat();
  }

  drawLog() {
    const list = the('log');
    const time = (/** @type {number} */ at) => new Date(at).toLocaleTimeString(locale());
    list.replaceChildren(...this.lines.map(({ at, text, bad }) => make('li', bad ? 'bad' : '', make('time', 'faint', time(at)), text())));
    the('log-empty').hidden = this.lines.length > 0;
    list.scrollTop = list.scrollHeight;
  }

  drawState() {
    the('live').dataset.state = this.state;
    const text = say(this.state);
    if (the('live-text').textContent !== text) the('live-text').textContent = text;
    the('uptime').textContent = this.stats ? say('up', { time: longTime(this.stats.uptime_ms / 1_000) }) : '';
    the('pause').textContent = say(this.state === 'paused' ? 'goOn' : 'pause');
    the('pause').setAttribute('aria-pressed', String(this.state === 'paused'));
  }

  draw() {
    const lacking = /** @type {const} */ (['read', 'publish', 'manage']).filter((scope) => !this.may(scope));
    the('lacks').hidden = lacking.length === 0;
    const scopes = new Intl.ListFormat(locale()).format(lacking);
    const lacks = say('lacks', { name: this.key.name, scopes });
    the('lacks').textContent = lacking.includes('read') ? `${lacks} ${say('needsRead')}` : lacks;
    this.drawState();
    this.drawLog();
    this.push.draw();
    if (!this.may('read')) return;
    this.tiles.draw();
    this.users.draw();
    this.groups.draw();
    this.desks.draw();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    for (const id of ['user-rows', 'group-rows', 'desk-rows', 'desk-dialog', 'found', 'tiles', 'log']) the(id).replaceChildren();
    the('found').hidden = true;
    for (const form of document.forms) form.reset();
    for (const id of ['board', 'live', 'pause', 'leave']) the(id).hidden = true;
    for (const id of ['ask', 'desk-dialog']) {
      const dialog = /** @type {HTMLDialogElement} */ (the(id));
      if (dialog.open) dialog.close('');
    }
    the('door').hidden = false;
  }
}

/** @type {Board | null} */
let board = null;

/** Back to the door; the key is forgotten. @param {string} [reason] */
function leave(reason = '') {
  board?.close();
  board = null;
  the('refused').textContent = reason;
  the('key').focus();
}

async function enter() {
  const field = /** @type {HTMLInputElement} */ (the('key'));
  const shown = field.value.trim();
  the('refused').textContent = '';
  if (!shown) {
    the('refused').textContent = say('keyMissing');
    field.focus();
    return;
  }
  const button = /** @type {HTMLButtonElement} */ (the('login').querySelector('[type=submit]'));
  button.disabled = true;
  try {
    // A header can hold nothing else; such a text is no key.
    if (!/^[\x21-\x7e]+$/.test(shown)) throw new Problem('unauthorized', '');
    const api = new Api(shown);
    board = new Board(api, await api.key());
    field.value = '';
    board.open();
  } catch (error) {
    board = null;
    the('refused').textContent = why(error);
    field.select();
    field.focus();
  } finally {
    button.disabled = false;
  }
}

const THEMES = /** @type {const} */ (['Auto', 'Light', 'Dark']);
let theme = 0;

function drawFrame() {
  putWords();
  the('language').textContent = say('otherLanguage');
  the('language').lang = locale() === 'en' ? 'zh-CN' : 'en';
  const name = say(`theme${THEMES[theme]}`);
  the('theme').textContent = name;
  the('theme').setAttribute('aria-label', say('themeLabel', { name }));
  document.title = `Karez ${say('admin')}`;
  board?.draw();
}

the('login').onsubmit = (event) => {
  event.preventDefault();
  enter();
};
the('leave').onclick = () => leave();
the('pause').onclick = () => board?.pause();
the('language').onclick = () => {
  switchLanguage();
  drawFrame();
};
the('theme').onclick = () => {
  theme = (theme + 1) % THEMES.length;
  document.documentElement.dataset.theme = THEMES[theme].toLowerCase();
  drawFrame();
};
document.addEventListener('visibilitychange', () => board?.may('read') && board.beat());

const isNear = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
the('plain').hidden = location.protocol === 'https:' || isNear;
drawFrame();
the('key').focus();
