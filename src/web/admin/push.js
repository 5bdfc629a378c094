// The form for a push: to a user, to a group, to everyone who is online.

import { ask } from './ask.js';
import { the, why } from './text.js';
import { say } from './words.js';

export class Push {
  /** @param {import('./app.js').Board} board */
  constructor(board) {
    this.board = board;
    this.form = /** @type {HTMLFormElement} */ (the('push-form'));
    /** By which the daemon knows a push again that is sent once more because no answer came. */
    this.id = fresh();
    this.form.onchange = () => this.draw();
    this.form.oninput = () => {
      this.id = fresh();
    };
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.send();
    };
  }

  /** @returns {string} */
  get to() {
    return /** @type {RadioNodeList} */ (this.form.elements.namedItem('to')).value;
  }

  /** Fills in the receiver. @param {'uid' | 'gid'} kind @param {import('./api.js').Id} id */
  begin(kind, id) {
    /** @type {RadioNodeList} */ (this.form.elements.namedItem('to')).value = kind;
    value('push-id', String(id));
    this.id = fresh();
    this.draw();
    the('push').scrollIntoView({ block: 'nearest' });
    the('push-content').focus();
  }

  draw() {
    const may = this.board.may('publish');
    this.form.hidden = !may;
    the('push-reason').hidden = may;
    the('push-reason').textContent = say('needsPublish');
    const toAll = this.to === 'all';
    the('push-id').hidden = toAll;
    the('push-id-label').hidden = toAll;
    the('push-id-label').textContent = say(this.to === 'gid' ? 'gid' : 'uid');
  }

  /** @param {string} text @param {string} [field] at fault */
  refuse(text, field) {
    the('push-refused').textContent = text;
    for (const name of ['push-id', 'push-content']) {
      if (name === field) the(name).setAttribute('aria-invalid', 'true');
      else the(name).removeAttribute('aria-invalid');
    }
    if (field) the(field).focus();
  }

  async send() {
    const [kind, id, content] = [this.to, value('push-id').trim(), value('push-content').trim()];
    if (kind !== 'all' && !id) return this.refuse(say('idMissing'), 'push-id');
    if (!content) return this.refuse(say('contentMissing'), 'push-content');
    this.refuse('');
    if (kind === 'all') {
      const text = say('askAllText', { n: this.board.usersOnline });
      if ((await ask({ title: say('askAll'), text, yes: say('send') })) === null) return;
    }
    const [title, url] = [value('push-heading').trim(), value('push-url').trim()];
    const to = kind === 'all' ? { all: true } : { [kind]: id };
    const push = { id: this.id, to, content, ...(title && { title }), ...(url && { url }) };
    const button = /** @type {HTMLButtonElement} */ (this.form.querySelector('[type=submit]'));
    button.disabled = true;
    try {
      const { online, stored } = await this.board.api.push(push);
      const name = () => (kind === 'all' ? say('toEveryone') : say(kind === 'gid' ? 'groupNamed' : 'userNamed', { id }));
      this.board.log(() => say('didPush', { to: name(), online, stored }));
      value('push-content', '');
      this.id = fresh();
    } catch (error) {
      this.board.failed(error);
      this.refuse(why(error));
    } finally {
      button.disabled = false;
    }
  }
}

/** Reads a field, or writes it. @param {string} id @param {string} [text] */
function value(id, text) {
  const field = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (the(id));
  if (text !== undefined) field.value = text;
  return field.value;
}

/** A name that nothing had before; `randomUUID` is not there without HTTPS. */
function fresh() {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return `admin-${Array.from(numbers, (number) => number.toString(36)).join('')}`;
}
