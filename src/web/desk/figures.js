// What happened at the desks: how many came, how long they waited, how they found it. Loaded when somebody first looks.

import { openDialog } from '../dialog.js';
import { errorWords, locale, make, word } from '../text.js';
import { lasting } from './rows.js';

/** @typedef {import('./tickets.js').Tickets} Tickets */
/** @typedef {{median?: number, p90?: number}} Spread milliseconds */
/**
 * @typedef {object} Figure of a desk, or of an agent
 * @property {string} [desk]
 * @property {string | number} [uid]
 * @property {string} [name]
 * @property {number} opened
 * @property {number} claimed
 * @property {number} closed
 * @property {number} missed
 * @property {Spread} [waited_ms]
 * @property {Spread} [reply_ms]
 * @property {Spread} [duration_ms]
 * @property {{count: number, mean?: number}} [stars]
 * @property {number} transfers
 */

const PERIODS = [1, 7, 30];
const SPREADS = /** @type {const} */ (['waited_ms', 'reply_ms', 'duration_ms']);
const COUNTS = /** @type {const} */ (['opened', 'claimed', 'closed', 'missed', 'transfers']);

/** The first moment of today, or of the day so many days before. @param {number} days */
function begin(days) {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - days + 1);
  return day.getTime();
}

/** @param {Tickets} tickets */
export function figures(tickets) {
  const periods = make('fieldset', 'periods');
  periods.append(make('legend', 'unseen', word('period')));
  const place = make('div', 'figures');
  place.dataset.testid = 'figures';
  place.setAttribute('aria-live', 'polite');
  const draw = async (/** @type {number} */ days) => {
    try {
      const answer = await tickets.karez.request({ type: 'figures', from: begin(days), desk: tickets.desk || undefined });
      place.replaceChildren(...parts(tickets, /** @type {any} */ (answer)));
    } catch (error) {
      place.replaceChildren(make('p', 'wrong', errorWords(error)));
    }
  };
  for (const days of PERIODS) {
    const label = make('label');
    const radio = make('input');
    Object.assign(radio, { type: 'radio', name: 'period', checked: days === PERIODS[0] });
    radio.addEventListener('change', () => draw(days));
    label.append(radio, make('span', '', word(`days_${days}`)));
    periods.append(label);
  }
  place.append(make('p', 'faint', word('loading')));
  openDialog(word('figures'), periods, place).classList.add('wide');
  periods.querySelector('input').focus();
  draw(PERIODS[0]);
}

/** @param {Tickets} tickets @param {{desks: Figure[], agents: Figure[]}} answer */
function parts(tickets, { desks, agents }) {
  const tiles = make('dl', 'figure-tiles');
  const tile = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ more) => {
    const node = make('div', 'figure-tile');
    node.append(make('dt', '', word(`fig_${name}`)), make('dd', 'figure-value', value), make('dd', 'faint', more));
    tiles.append(node);
  };
  const count = (/** @type {(typeof COUNTS)[number]} */ name) => desks.reduce((sum, one) => sum + (one[name] ?? 0), 0);
  tile('waiting', number(tickets.count('waiting') ?? 0), '');
  for (const name of /** @type {const} */ (['opened', 'missed'])) tile(name, number(count(name)), '');
  // Medians of desks cannot be added up: one desk alone has a tile, several have their lines.
  const only = desks.length === 1 ? desks[0] : undefined;
  if (only) for (const name of SPREADS) tile(name, length(only[name]?.median), spreadWords(only[name]));
  const rated = desks.filter((one) => one.stars?.count);
  const total = rated.reduce((sum, one) => sum + (one.stars?.count ?? 0), 0);
  const mean = rated.reduce((sum, one) => sum + (one.stars?.count ?? 0) * (one.stars?.mean ?? 0), 0) / (total || 1);
  tile('stars', total > 0 ? `${decimal(mean)} ★` : '–', total > 0 ? word('starsMean', total, decimal(mean)) : '');
  const nodes = [tiles];
  if (desks.length > 0) nodes.push(table('byDesk', desks, (one) => one.desk ?? word('noDesk')));
  if (agents.length > 0) nodes.push(table('byAgent', agents, (one) => one.name || String(one.uid)));
  if (desks.length + agents.length === 0) nodes.push(make('p', 'empty', word('noFigures')));
  return nodes;
}

/** @param {number} value */
const number = (value) => value.toLocaleString(locale());
/** @param {number} value */
const decimal = (value) => value.toLocaleString(locale(), { maximumFractionDigits: 1, minimumFractionDigits: 1 });
/** @param {number} [ms] */
const length = (ms) => (ms === undefined || ms === null ? '–' : lasting(ms));
/** @param {Spread} [spread] */
const spreadWords = (spread) => (spread?.median === undefined || spread.median === null ? '' : word('medianOf', length(spread.median), length(spread.p90)));

/** @param {string} title @param {Figure[]} figures @param {(one: Figure) => string} nameOf */
function table(title, figures, nameOf) {
  const frame = make('div', 'table-frame');
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', word(title));
  const table = make('table');
  const head = make('tr');
  const column = (/** @type {string} */ text) => {
    const cell = make('th', '', text);
    cell.scope = 'col';
    head.append(cell);
  };
  column(word(title));
  for (const name of [...COUNTS, ...SPREADS, 'stars']) column(word(`fig_${name}`));
  table.append(make('thead'), make('tbody'));
  table.firstChild.append(head);
  for (const one of figures) {
    const line = make('tr');
    const name = make('th', '', nameOf(one));
    name.scope = 'row';
    line.append(name);
    for (const key of COUNTS) line.append(make('td', '', number(one[key] ?? 0)));
    for (const key of SPREADS) {
      const cell = make('td', '', length(one[key]?.median));
      cell.title = spreadWords(one[key]);
      line.append(cell);
    }
    line.append(make('td', '', one.stars?.count ? `${decimal(one.stars.mean ?? 0)} ★ (${one.stars.count})` : '–'));
    table.lastChild.append(line);
  }
  frame.append(table);
  return frame;
}
