// Who is online, page by page; and one user who is asked for by id, online or not.

import { ask, askBan } from './ask.js';
import { called, keep, make, moment, the, why } from './text.js';
import { say } from './words.js';

/** @typedef {import('./api.js').User} User */
/** @typedef {import('./app.js').Board} Board */

export class Users {
  /** @param {Board} board */
  constructor(board) {
    this.board = board;
    /** @type {User[]} */
    this.page = [];
    this.more = false;
    /** @type {import('./api.js').Id | undefined} */
    this.after = undefined;
    /** @type {User | null} */
    this.found = null;
    the('users-first').onclick = () => this.turnTo(undefined);
    the('users-next').onclick = () => this.turnTo(this.page.at(-1)?.uid);
    // What is said about an id is not said any more once another is typed.
    the('find-uid').oninput = () => {
      the('found').querySelector(':scope > .bad')?.remove();
      this.draw();
    };
    the('find-user').onsubmit = (event) => {
      event.preventDefault();
      const uid = /** @type {HTMLInputElement} */ (the('find-uid')).value.trim();
      if (uid) this.find(uid);
    };
  }

  /** @param {import('./api.js').Id | undefined} after */
  async turnTo(after) {
    this.after = after;
    await this.refresh();
    the('users-title').tabIndex = -1;
    the('users-title').focus();
  }

  /** Looks again at the page that is shown, and at the user who was asked for. @returns {Promise<void>} */
  async refresh() {
    const after = this.after;
    const { users, more } = await this.board.api.users(after);
    if (after !== this.after) return;
    if (users.length === 0 && after !== undefined) {
      this.after = undefined;
      return this.refresh();
    }
    [this.page, this.more] = [users, more];
    if (this.found) this.found = await this.board.api.user(this.found.uid).catch(() => this.found);
    this.draw();
  }

  /** @param {import('./api.js').Id} uid */
  async find(uid) {
    try {
      this.found = await this.board.api.user(uid);
    } catch (error) {
      this.found = null;
      this.board.failed(error);
      const place = the('found');
      place.hidden = false;
      const text = make('p', 'bad', why(error));
      text.setAttribute('role', 'alert');
      place.replaceChildren(text);
      return;
    }
    this.draw();
  }

  draw() {
    const { board } = this;
    const input = /** @type {HTMLInputElement} */ (the('find-uid'));
    input.placeholder = say('findHint');
    the('users-reason').hidden = board.may('manage');
    the('users-reason').textContent = say('needsManage');
    keep(the('user-rows'), this.page, (user) => String(user.uid), (user) => this.row(user), (user) => JSON.stringify([user, document.documentElement.lang]));
    the('users-empty').hidden = this.page.length > 0;
    the('users-first').hidden = this.after === undefined;
    the('users-next').hidden = !this.more;
    const place = the('found');
    if (this.found) {
      place.hidden = false;
      const list = place.querySelector('ul') ?? make('ul', 'rows');
      if (!list.parentNode) place.replaceChildren(list);
      keep(list, [this.found], (user) => String(user.uid), (user) => this.row(user, true), (user) => JSON.stringify([user, document.documentElement.lang]));
    } else if (!place.querySelector(':scope > .bad')) {
      place.hidden = true;
    }
  }

  /** @param {User} user @param {boolean} [isFound] */
  row(user, isFound = false) {
    const facts = [user.online ? say('sessions', { n: user.sessions }) : say('away'), say('inGroups', { n: user.groups })];
    if (user.guest) facts.push(say('guest'));
    if (!user.online && user.last) facts.push(say('lastSeen', { time: moment(user.last) }));
    const about = make('p', 'about', make('span', user.online ? 'dot on' : 'dot'), make('strong', '', user.name), make('span', 'faint', String(user.uid)));
    about.firstElementChild?.setAttribute('aria-hidden', 'true');
    const details = make('p', 'faint small', facts.join(' · '));
    if (user.banned) {
      const until = user.banned_until ? say('bannedUntil', { time: moment(user.banned_until) }) : say('banned');
      details.append(' · ', make('strong', 'bad', until));
    }
    const actions = make('div', 'actions');
    const add = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ does) => {
      const button = make('button', name === 'ban' || name === 'disconnect' ? 'hurts' : '', label);
      button.type = 'button';
      button.dataset.action = name;
      button.setAttribute('aria-label', say('actionOn', { action: label, who: called(user) }));
      button.onclick = does;
      actions.append(button);
    };
    if (this.board.may('publish')) add('push', say('pushTo'), () => this.board.pushTo('uid', user.uid));
    if (this.board.may('manage')) {
      if (user.online) add('disconnect', say('disconnect'), () => this.disconnect(user));
      if (user.banned) add('unban', say('unban'), () => this.unban(user));
      else add('ban', say('ban'), () => this.ban(user));
    }
    if (isFound) {
      add('close', say('close'), () => {
        this.found = null;
        the('found').replaceChildren();
        this.draw();
        the('find-uid').focus();
      });
    }
    const row = make('li', 'row', make('div', 'who', about, details), actions);
    row.dataset.testid = isFound ? 'found-user' : 'user';
    return row;
  }

  /** @param {User} user */
  async disconnect(user) {
    const who = called(user);
    const answer = await ask({ title: say('askDisconnect', { who }), text: say('askDisconnectText'), yes: say('disconnect') });
    if (answer === null) return;
    await this.board.attempt(say('actionOn', { action: say('disconnect'), who }), async () => {
      const { sessions } = await this.board.api.disconnect(user.uid);
      return () => say('didDisconnect', { who, n: sessions });
    });
  }

  /** @param {User} user */
  async ban(user) {
    const who = called(user);
    const seconds = await askBan(who);
    if (seconds === null) return;
    await this.board.attempt(say('actionOn', { action: say('ban'), who }), async () => {
      const after = await this.board.api.ban(user.uid, seconds === '' ? null : Number(seconds));
      this.found = after;
      const until = after.banned_until;
      return () => (until ? say('didBanUntil', { who, time: moment(until) }) : say('didBan', { who }));
    });
  }

  /** @param {User} user */
  async unban(user) {
    const who = called(user);
    await this.board.attempt(say('actionOn', { action: say('unban'), who }), async () => {
      await this.board.api.unban(user.uid);
      return () => say('didUnban', { who });
    });
  }
}
