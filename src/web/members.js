// The panel beside a talk: who is in it, and what may be done with them. Loaded when somebody first opens it.
//
// What is offered is what one's role allows; the server decides all the same.

import { openDialog } from './dialog.js';
import { button, dayAndClock, errorWords, make, paintAvatar, parseId, part, same, word } from './text.js';

/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./talk.js').Member} Member */
/** @typedef {import('./talks.js').Talks} Talks */
/** @typedef {{uid: any, name: string, role?: string, online?: boolean}} Person */

const MUTE_SECONDS = 600;
const ORDER = ['owner', 'admin', 'member'];

/** The panel's content. */
export class Panel {
  /** @type {Talk | null} */
  #talk = null;

  /**
   * @param {Talks} talks
   * @param {{refused: (error: any) => void, write: (uid: any, name: string) => void, mention: (member: any) => void,
   *   close: () => void, announce: (text: string) => void}} page
   */
  constructor(talks, page) {
    this.talks = talks;
    this.page = page;
    this.node = part('panel');
  }

  /** @param {Talk} talk */
  async show(talk) {
    this.#talk = talk;
    const list = make('div', 'members');
    const close = button('✕', () => this.page.close(), 'icon');
    close.setAttribute('aria-label', word('close'));
    const head = make('header');
    const title = make('h2', '', talk.title);
    head.append(title, close);
    this.node.replaceChildren(head, this.#about(talk), list);
    if (!talk.isGroup) return;
    try {
      const members = await this.talks.members(talk);
      if (this.#talk !== talk) return;
      const me = members.find((one) => this.talks.isMe(one.uid));
      if (me) talk.role = me.role;
      const known = (/** @type {Member} */ one) => ORDER.indexOf(one.role) * 2 + (one.online ? 0 : 1);
      members.sort((one, other) => known(one) - known(other));
      const lines = make('ul');
      lines.append(...members.map((one) => this.#line(talk, one)));
      list.append(make('h3', '', word('memberCount', members.length)), lines);
      this.node.querySelector('.about')?.replaceWith(this.#about(talk));
    } catch (error) {
      list.append(make('p', 'faint', errorWords(error)));
    }
  }

  /** @param {Talk} talk */
  #about(talk) {
    const node = make('div', 'about');
    const avatar = paintAvatar(make('span', `avatar big${talk.isGroup ? ' group' : ''}`), talk.id, talk.title);
    avatar.setAttribute('aria-hidden', 'true');
    node.append(avatar, make('p', 'faint', word(talk.isGroup ? 'gidIs' : 'uidIs', talk.id)));
    if (!talk.isGroup) {
      const { presence } = talk;
      node.append(make('p', 'faint', presence?.online ? word('online') : presence?.last ? word('lastSeen', dayAndClock(presence.last)) : word('offline')));
      node.append(this.#choices([button(word('block'), () => this.#block(talk, true)), button(word('unblock'), () => this.#block(talk, false))]));
      return node;
    }
    node.append(make('p', 'faint', word(talk.open ? 'groupOpen' : 'groupClosed')));
    const choices = [button(word('copyLink'), () => this.#copyLink(talk))];
    if (talk.governs) {
      choices.push(button(word('rename'), () => this.#rename(talk)));
      choices.push(button(word(talk.open ? 'closeGroup' : 'openGroup'), () => this.#ask(talk, { type: 'group_update', open: !talk.open })));
      choices.push(button(word('addMember'), () => this.#add(talk)));
    }
    choices.push(button(word('leave'), () => this.#leave(talk), 'danger'));
    if (talk.role === 'owner') choices.push(button(word('deleteGroup'), () => this.#delete(talk), 'danger'));
    node.append(this.#choices(choices));
    return node;
  }

  /** @param {HTMLButtonElement[]} buttons */
  #choices(buttons) {
    const node = make('div', 'choices');
    node.append(...buttons);
    return node;
  }

  /** @param {Talk} talk @param {Member} member */
  #line(talk, member) {
    const place = make('li');
    const name = member.name || String(member.uid);
    const line = button('', () => this.person(talk, member), 'item');
    const avatar = paintAvatar(make('span', `avatar small${member.online ? ' online' : ''}`), member.uid, name);
    avatar.setAttribute('aria-hidden', 'true');
    const words = make('span', 'item-words');
    const isMe = this.talks.isMe(member.uid);
    words.append(make('span', 'item-name', isMe ? `${name} (${word('you')})` : name));
    words.append(make('span', 'preview faint', `${member.uid} · ${word(member.online ? 'online' : 'offline')}`));
    if (member.role !== 'member') words.append(make('span', 'badge role', word(`role_${member.role}`)));
    line.append(avatar, words);
    place.append(line);
    return place;
  }

  /** Somebody's card, with what may be done. @param {Talk | null} talk @param {Person} person */
  async person(talk, person) {
    const name = person.name || String(person.uid);
    const known = talk?.isGroup && !person.role ? (await this.talks.members(talk).catch(() => [])).find((one) => same(one.uid, person.uid)) : person;
    const role = known?.role;
    /** @type {HTMLButtonElement[]} */
    const choices = [];
    const offer = (/** @type {string} */ words, /** @type {() => void} */ act, className = '') => {
      choices.push(button(word(words), () => (dialog.close(), act()), className));
    };
    offer('write', () => this.page.write(person.uid, name), 'primary');
    const isMe = this.talks.isMe(person.uid);
    if (talk?.isGroup && role && !isMe) offer('mention', () => this.page.mention({ ...person, name }));
    // Admins do not act on the owner, and nobody on oneself.
    if (talk?.isGroup && role && talk.governs && !isMe && role !== 'owner') this.#govern(talk, { ...person, role }, offer);
    const avatar = paintAvatar(make('span', 'avatar big'), person.uid, name);
    avatar.setAttribute('aria-hidden', 'true');
    const about = make('p', 'faint', [word('uidIs', person.uid), role && word(`role_${role}`), known?.online !== undefined && word(known.online ? 'online' : 'offline')].filter(Boolean).join(' · '));
    const dialog = openDialog(name, avatar, about, this.#choices(choices));
  }

  /** @param {Talk} talk @param {Person} person @param {(words: string, act: () => void, className?: string) => void} offer */
  #govern(talk, { uid, role }, offer) {
    offer('mute', () => this.#ask(talk, { type: 'mute', uid, seconds: MUTE_SECONDS }));
    offer('unmute', () => this.#ask(talk, { type: 'mute', uid, seconds: 0 }));
    if (role === 'member') offer('makeAdmin', () => this.#ask(talk, { type: 'role', uid, role: 'admin' }));
    else offer('makeMember', () => this.#ask(talk, { type: 'role', uid, role: 'member' }));
    if (talk.role === 'owner') offer('makeOwner', () => this.#ask(talk, { type: 'role', uid, role: 'owner' }));
    offer('kick', () => this.#ask(talk, { type: 'kick', uid }), 'danger');
    offer('ban', () => this.#ask(talk, { type: 'ban', uid }), 'danger');
  }

  /** @param {Talk} talk @param {{type: string, [field: string]: any}} request */
  async #ask(talk, request) {
    try {
      await this.talks.karez.request({ ...request, gid: talk.id });
      await this.talks.loadRoles();
      if (this.#talk === talk && !this.node.hidden) this.show(talk);
      return true;
    } catch (error) {
      this.page.refused(error);
      return false;
    }
  }

  /** Asks for one line. @param {string} title @param {string} label @param {string} value @param {(typed: string) => void} done */
  #line1(title, label, value, done) {
    const form = make('form');
    const input = make('input');
    input.id = 'asked';
    input.value = value;
    input.maxLength = 64;
    const name = make('label', '', word(label));
    name.htmlFor = 'asked';
    const send = make('button', 'primary', word('done'));
    form.append(name, input, send);
    const dialog = openDialog(word(title), form);
    form.addEventListener('submit', (/** @type {Event} */ e) => {
      e.preventDefault();
      dialog.close();
      done(input.value.trim());
    });
    input.focus();
  }

  /** @param {Talk} talk */
  #rename(talk) {
    this.#line1('rename', 'groupName', talk.name, (name) => this.#ask(talk, { type: 'group_update', name }));
  }

  /** @param {Talk} talk */
  #add(talk) {
    this.#line1('addMember', 'uid', '', (typed) => {
      const uid = parseId(typed);
      if (uid === null) this.page.refused({ code: 'bad_id' });
      else this.#ask(talk, { type: 'add', uid });
    });
  }

  /** @param {string} title @param {string} text @param {() => void} act */
  #sure(title, text, act) {
    const yes = button(word(title), () => (dialog.close(), act()), 'primary danger');
    const no = button(word('cancel'), () => dialog.close());
    const dialog = openDialog(word(title), make('p', '', text), this.#choices([yes, no]));
    no.focus();
  }

  /** @param {Talk} talk */
  #leave(talk) {
    this.#sure('leave', word('leaveText', talk.title), async () => {
      if (!(await this.talks.conversation(talk).leave().catch((error) => this.page.refused(error)))) return;
      this.talks.forget(talk);
      this.talks.page.gone(talk);
    });
  }

  /** @param {Talk} talk */
  #delete(talk) {
    this.#sure('deleteGroup', word('deleteText', talk.title), () => this.#ask(talk, { type: 'group_delete' }));
  }

  /** @param {Talk} talk @param {boolean} on */
  async #block(talk, on) {
    try {
      await this.talks.karez.request({ type: 'block', uid: talk.id, on });
      this.page.announce(word(on ? 'blocked' : 'unblocked', talk.title));
    } catch (error) {
      this.page.refused(error);
    }
  }

  /** @param {Talk} talk */
  async #copyLink(talk) {
    const link = `${location.origin}${location.pathname}#g=${encodeURIComponent(talk.id)}`;
    try {
      await navigator.clipboard.writeText(link);
      this.page.announce(word('copied', link));
    } catch {
      const shown = make('p', 'selectable', link);
      openDialog(word('copyLink'), shown);
      getSelection()?.selectAllChildren(shown);
    }
  }
}
