// Sound and notification, by one tab for all. Loaded when somebody first turns them on, and where they are on.

import { keep, part, word } from './text.js';

/** What comes at once, as after a break, sounds once. */
const QUIET_MS = 1500;

/** One of all tabs in which somebody is the same user tells; the browser is asked when somebody clicks on the bell. */
export class Bell {
  /** Without locks, as on plain http, each tab speaks for itself. */
  #isLeader = !navigator.locks;
  #rangAt = -Infinity;
  #isLookedAt = /** @type {(() => void) | null} */ (null);

  /** @param {string} account the user whose tabs agree @param {(words: string) => void} refused */
  constructor(account, refused) {
    this.account = account;
    this.refused = refused;
    this.button = part('bell');
    // Held until this tab is closed; then the next one gets it.
    navigator.locks?.request(`karez-bell-${account}`, () => new Promise(() => (this.#isLeader = true)));
    for (const event of ['focus', 'blur', 'visibilitychange']) addEventListener(event, () => this.#look(), true);
    this.#look();
    this.draw();
  }

  get isOn() {
    return keep.read('bell') === 'on';
  }

  /** On or off, for all tabs. */
  async toggle() {
    keep.write('bell', this.isOn ? null : 'on');
    this.draw();
    if (!this.isOn) return;
    sound();
    if (!('Notification' in globalThis)) return;
    if (Notification.permission === 'default') await Notification.requestPermission().catch(() => {});
    if (Notification.permission === 'denied') this.refused(word('bellBlocked'));
  }

  draw() {
    this.button.setAttribute('aria-pressed', String(this.isOn));
    this.button.textContent = this.isOn ? '🔔' : '🔕';
    this.button.dataset.label = this.isOn ? 'bellOff' : 'bellOn';
    this.button.title = word(this.button.dataset.label);
    this.button.setAttribute('aria-label', this.button.title);
  }

  /** Tells the other tabs whether somebody looks at this one, by a lock that is shared. */
  #look() {
    const isLooked = !document.hidden && document.hasFocus();
    if (isLooked === Boolean(this.#isLookedAt)) return;
    this.#isLookedAt?.();
    this.#isLookedAt = null;
    if (!isLooked) return;
    const held = new Promise((done) => (this.#isLookedAt = () => done(undefined)));
    navigator.locks?.request(`karez-looked-${this.account}`, { mode: 'shared' }, () => held);
  }

  /**
   * Something has come.
   * @param {string} title @param {string} text @param {string} tag @param {() => void} open
   * @param {'unlooked' | 'always'} [sounds] `always`: even while somebody looks at a tab
   */
  async ring(title, text, tag, open, sounds = 'unlooked') {
    if (!this.isOn || !this.#isLeader) return false;
    const locks = await navigator.locks?.query();
    const isLooked = locks ? locks.held?.some((lock) => lock.name === `karez-looked-${this.account}`) : document.hasFocus();
    if (isLooked && sounds !== 'always') return false;
    if (performance.now() - this.#rangAt > QUIET_MS) sound();
    this.#rangAt = performance.now();
    if (isLooked) return true;
    if (!('Notification' in globalThis) || Notification.permission !== 'granted') return true;
    try {
      const notification = new Notification(title, { body: text, tag });
      notification.onclick = () => (globalThis.focus(), notification.close(), open());
    } catch {
      // Phones allow it to service workers alone; the title counts all the same.
    }
    return true;
  }
}

/** Sounds in one of the tabs that hear the same, and once for what comes at once. @param {string} name which they have in common */
export function soundOnce(name) {
  if (!navigator.locks) return sound();
  navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    sound();
    await new Promise((done) => setTimeout(done, QUIET_MS));
  });
}

/** @type {AudioContext | undefined} */
let audio;

/** Two short notes, made here: no file to load. */
export function sound() {
  try {
    const { currentTime, destination } = (audio ??= new AudioContext());
    [660, 880].forEach((frequency, at) => {
      const start = currentTime + at * 0.12;
      const note = /** @type {AudioContext} */ (audio).createOscillator();
      const volume = /** @type {AudioContext} */ (audio).createGain();
      note.frequency.value = frequency;
      volume.gain.setValueAtTime(0.08, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.2);
      note.connect(volume).connect(destination);
      note.start(start);
      note.stop(start + 0.2);
    });
  } catch {
    // No sound here.
  }
}
