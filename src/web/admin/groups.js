// All groups, page by page, and the members of one.

import { ask } from './ask.js';
import { called, keep, make, the } from './text.js';
import { say } from './words.js';

/** @typedef {import('./api.js').Group} Group */
/** @typedef {import('./api.js').Member} Member */
/** @typedef {import('./api.js').Id} Id */

/** @param {Group} group */
const groupName = (group) => (group.name ? `${group.name} (${group.gid})` : String(group.gid));

export class Groups {
  /** @param {import('./app.js').Board} board */
  constructor(board) {
    this.board = board;
    /** @type {(Group & {online?: number}) | null} the group whose members are shown */
    this.open = null;
    /** @type {Group[]} */
    this.groups = [];
    /** @type {Member[]} */
    this.members = [];
    this.more = false;
    /** @type {Id | undefined} */
    this.after = undefined;
    /** @type {Id | undefined} of the list of groups, while members are shown */
    this.cameFrom = undefined;
    the('groups-first').onclick = () => this.turnTo(undefined);
    the('groups-next').onclick = () => this.turnTo(this.open ? this.members.at(-1)?.uid : this.groups.at(-1)?.gid);
    the('groups-back').onclick = () => {
      this.open = null;
      this.turnTo(this.cameFrom);
    };
  }

  /** @param {Id | undefined} after */
  async turnTo(after) {
    this.after = after;
    the('group-rows').replaceChildren();
    await this.refresh().catch((error) => this.board.failed(error));
    the('groups-title').focus();
  }

  /** Looks again at what is shown. */
  async refresh() {
    const { open, after } = this;
    if (open) {
      const group = await this.board.api.group(open.gid);
      const { members, more } = await this.board.api.members(open.gid, after);
      if (open.gid !== this.open?.gid || after !== this.after) return;
      [this.open, this.members, this.more] = [group, members, more];
    } else {
      const { groups, more } = await this.board.api.groups(after);
      if (this.open || after !== this.after) return;
      [this.groups, this.more] = [groups, more];
    }
    this.draw();
  }

  draw() {
    const { open } = this;
    const looks = (/** @type {object} */ item) => JSON.stringify([item, document.documentElement.lang]);
    the('groups-title').textContent = open ? say('membersOf', { name: groupName(open) }) : say('groups');
    the('groups-back').hidden = !open;
    the('groups-reason').hidden = !open || this.board.may('manage');
    the('groups-reason').textContent = say('needsManage');
    the('group-facts').hidden = !open;
    if (open) {
      const facts = [say('members', { n: open.members }), say('membersOnline', { n: open.online ?? 0 })];
      the('group-facts').textContent = facts.join(' · ');
      keep(the('group-rows'), this.members, (member) => `m${member.uid}`, (member) => this.memberRow(open, member), looks);
    } else {
      keep(the('group-rows'), this.groups, (group) => `g${group.gid}`, (group) => this.groupRow(group), looks);
    }
    const isEmpty = (open ? this.members : this.groups).length === 0;
    the('groups-empty').hidden = !isEmpty;
    the('groups-empty').textContent = say(open ? 'noMembers' : 'noGroups');
    the('groups-first').hidden = this.after === undefined;
    the('groups-next').hidden = !this.more;
  }

  /** @param {Group} group */
  groupRow(group) {
    const facts = [say('members', { n: group.members }), say(group.open ? 'openGroup' : 'closedGroup')];
    const about = make('p', 'about', make('strong', '', group.name ?? String(group.gid)));
    if (group.name) about.append(make('span', 'faint', String(group.gid)));
    const actions = make('div', 'actions', this.button('members', say('showMembers'), groupName(group), () => {
      [this.open, this.members, this.cameFrom] = [group, [], this.after];
      this.turnTo(undefined);
    }));
    if (this.board.may('publish')) {
      actions.append(this.button('push', say('pushTo'), groupName(group), () => this.board.pushTo('gid', group.gid)));
    }
    const row = make('li', 'row', make('div', 'who', about, make('p', 'faint small', facts.join(' · '))), actions);
    row.dataset.testid = 'group';
    return row;
  }

  /** @param {Group} group @param {Member} member */
  memberRow(group, member) {
    const role = say(member.role === 'admin' ? 'adminRole' : member.role);
    const dot = make('span', member.online ? 'dot on' : 'dot');
    dot.setAttribute('aria-hidden', 'true');
    const about = make('p', 'about', dot, make('strong', '', member.name), make('span', 'faint', String(member.uid)));
    const facts = member.online ? role : `${role} · ${say('away')}`;
    const actions = make('div', 'actions');
    if (this.board.may('manage')) {
      const remove = this.button('remove', say('remove'), called(member), () => this.remove(group, member));
      remove.className = 'hurts';
      actions.append(remove);
    }
    const row = make('li', 'row', make('div', 'who', about, make('p', 'faint small', facts)), actions);
    row.dataset.testid = 'member';
    return row;
  }

  /** @param {string} name @param {string} label @param {string} who @param {() => void} does */
  button(name, label, who, does) {
    const button = make('button', '', label);
    button.type = 'button';
    button.dataset.action = name;
    button.setAttribute('aria-label', say('actionOn', { action: label, who }));
    button.onclick = does;
    return button;
  }

  /** @param {Group} group @param {Member} member */
  async remove(group, member) {
    const [who, name] = [called(member), groupName(group)];
    const text = say('askRemoveText', { group: name });
    if ((await ask({ title: say('askRemove', { who }), text, yes: say('remove') })) === null) return;
    await this.board.attempt(say('actionOn', { action: say('remove'), who }), async () => {
      await this.board.api.remove(group.gid, member.uid);
      return () => say('didRemove', { who, group: name });
    });
  }
}
