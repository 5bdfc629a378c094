// The desks: whether they are open, who waits, who answers. Their settings are in desk-settings.js, loaded when they are
// first opened.

import { called, keep, make, the } from './text.js';
import { say } from './words.js';

/** @typedef {import('./api.js').Desk} Desk */

/** @param {Desk} desk */
export const deskName = (desk) => (desk.name ? `${desk.name} (${desk.desk})` : desk.desk);

export class Desks {
  /** @param {import('./app.js').Board} board */
  constructor(board) {
    this.board = board;
    /** @type {Desk[]} */
    this.desks = [];
    the('desk-new').onsubmit = (event) => {
      event.preventDefault();
      const field = /** @type {HTMLInputElement} */ (the('desk-name'));
      const desk = field.value.trim();
      if (!desk) return field.focus();
      field.value = '';
      this.edit(desk);
    };
  }

  /** Looks again. */
  async refresh() {
    this.desks = (await this.board.api.desks()).desks;
    this.draw();
  }

  draw() {
    const may = this.board.may('manage');
    the('desk-new').hidden = !may;
    const looks = (/** @type {object} */ item) => JSON.stringify([item, document.documentElement.lang]);
    keep(the('desk-rows'), this.desks, (desk) => desk.desk, (desk) => this.row(desk), looks);
    the('desks-empty').hidden = this.desks.length > 0;
  }

  /** @param {Desk} desk */
  row(desk) {
    const dot = make('span', desk.open ? 'dot on' : 'dot');
    dot.setAttribute('aria-hidden', 'true');
    const about = make('p', 'about', dot, make('strong', '', desk.name ?? desk.desk));
    if (desk.name) about.append(make('span', 'faint', desk.desk));
    const figures = [say(desk.open ? 'deskOpen' : 'deskClosed'), say('deskWaiting', { n: desk.waiting }), say('deskTickets', { n: desk.open_tickets }), say('deskOffline', { n: desk.offline }), say(`routing_${desk.routing}`)];
    const who = make('div', 'who', about, make('p', 'faint small', figures.join(' · ')));
    const agents = make('ul', 'agents');
    for (const agent of desk.agents) {
      const load = say('agentLoad', { open: agent.open, capacity: agent.capacity });
      const lamp = make('span', `dot ${agent.state === 'online' ? 'on' : agent.state}`);
      lamp.setAttribute('aria-hidden', 'true');
      const item = make('li', 'agent', lamp, make('span', '', called(agent)), make('span', 'faint', `${say(`duty_${agent.state}`)} · ${load}`));
      item.dataset.testid = 'agent';
      agents.append(item);
    }
    if (desk.agents.length > 0) who.append(agents);
    const actions = make('div', 'actions');
    if (this.board.may('manage')) {
      const button = make('button', '', say('settings'));
      button.type = 'button';
      button.dataset.action = 'settings';
      button.setAttribute('aria-label', say('actionOn', { action: say('settings'), who: deskName(desk) }));
      button.onclick = () => this.edit(desk.desk);
      actions.append(button);
    }
    const row = make('li', 'row', who, actions);
    row.dataset.testid = 'desk';
    return row;
  }

  /** Opens a desk's settings. @param {string} desk */
  async edit(desk) {
    try {
      const [{ editDesk }, settings] = await Promise.all([import('./desk-settings.js'), this.board.api.desk(desk)]);
      editDesk(this.board, settings);
    } catch (error) {
      if (!this.board.failed(error)) await this.board.attempt(say('actionOn', { action: say('settings'), who: desk }), () => Promise.reject(error));
    }
  }
}
