// The settings of one desk: how tickets find an agent, when the desk is open, what it says, what it asks for. They are sent
// whole; what was typed wrong is told beside it, and what the daemon refuses below.

import { ask } from './ask.js';
import { deskName } from './desks.js';
import { make, the, why } from './text.js';
import { locale, say } from './words.js';

/** @typedef {import('./api.js').Desk} Desk */
/** @typedef {import('./api.js').Hours} Hours */
/** @typedef {[string, string][]} Spans from, to, as `09:00` */

const ROUTINGS = /** @type {const} */ (['claim', 'round_robin', 'least_loaded', 'longest_idle']);
const DAYS = /** @type {const} */ (['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
const NUMBERS = /** @type {const} */ (['offer_seconds', 'capacity', 'idle_close_seconds', 'idle_notice_seconds']);
const FIELDS_MAX = 20;

/** What is typed is not understood. */
class Mistyped extends Error {
  /** @param {HTMLElement} field @param {string} text */
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

/** `09:00-12:00, 13:30-18:00`; nothing: closed. @param {Spans} spans */
export const spansText = (spans) => spans.map(([from, to]) => `${from}-${to}`).join(', ');

/** What was typed as that; null where it is something else. @param {string} typed @returns {Spans | null} */
export function parseSpans(typed) {
  /** @type {Spans} */
  const spans = [];
  for (const piece of typed.split(/[,，、;；]/).map((one) => one.trim()).filter(Boolean)) {
    const found = /^(\d{1,2})[:：](\d{2})\s*[-–—~～至]\s*(\d{1,2})[:：](\d{2})$/.exec(piece);
    if (!found) return null;
    const [from, to] = [[found[1], found[2]], [found[3], found[4]]].map(([hour, minute]) => `${hour.padStart(2, '0')}:${minute}`);
    if (to > '24:00' || from >= to || Number(found[2]) > 59 || Number(found[4]) > 59) return null;
    spans.push([from, to]);
  }
  return spans;
}

let lastId = 0;

/** A label and its field, in a line. @template {HTMLElement} T @param {string} label @param {T} field @param {string} [className] */
function line(label, field, className = 'setting') {
  field.id ||= `desk-${(lastId += 1)}`;
  const name = make('label', '', label);
  name.htmlFor = field.id;
  return make('div', className, name, field);
}

/** @param {string} testid @param {string} value */
function input(testid, value) {
  const node = make('input');
  node.value = value;
  node.autocomplete = 'off';
  node.dataset.testid = testid;
  return node;
}

/** @param {string} testid @param {boolean} checked */
function check(testid, checked) {
  const node = make('input');
  node.type = 'checkbox';
  node.checked = checked;
  node.dataset.testid = testid;
  return node;
}

/** @param {string} testid @param {string} value */
function area(testid, value) {
  const node = make('textarea');
  node.rows = 2;
  node.value = value;
  node.dataset.testid = testid;
  return node;
}

/** @param {string} title @param {...Node} inside */
function group(title, ...inside) {
  return make('fieldset', 'group', make('legend', '', title), ...inside);
}

/** The times of the week, and days that are others. @param {Hours | undefined} hours */
function hoursGroup(hours) {
  const always = check('hours-always', !hours);
  const tz = input('hours-tz', hours?.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  tz.spellcheck = false;
  const week = DAYS.map((day, at) => {
    const name = new Intl.DateTimeFormat(locale(), { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + at));
    const field = input(`hours-${day}`, hours ? spansText(hours.week?.[day] ?? []) : at < 5 ? '09:00-18:00' : '');
    field.placeholder = say('closedDay');
    return { day, field, node: line(name, field) };
  });
  const dates = area('hours-dates', Object.entries(hours?.dates ?? {}).map(([date, spans]) => `${date} ${spansText(spans)}`.trim()).join('\n'));
  dates.placeholder = '2026-12-25\n2026-12-24 09:00-12:00';
  const details = make('div', 'details', line(say('timeZone'), tz), make('p', 'faint small', say('hoursHint')), ...week.map(({ node }) => node), line(say('otherDates'), dates, 'tall'));
  const draw = () => (details.hidden = always.checked);
  always.onchange = draw;
  draw();
  /** @returns {Hours | undefined} */
  const read = () => {
    if (always.checked) return undefined;
    /** @type {Hours} */
    const read = { tz: tz.value.trim(), week: {}, dates: {} };
    for (const { day, field } of week) {
      const spans = parseSpans(field.value);
      if (!spans) throw new Mistyped(field, say('hoursWrong'));
      if (spans.length > 0) read.week[day] = spans;
    }
    for (const typed of dates.value.split('\n').map((one) => one.trim()).filter(Boolean)) {
      const found = /^(\d{4}-\d{2}-\d{2})(?:\s+(.*))?$/.exec(typed);
      const spans = found && parseSpans(found[2] ?? '');
      if (!found || !spans) throw new Mistyped(dates, say('hoursWrong'));
      read.dates[found[1]] = spans;
    }
    return read;
  };
  return { node: group(say('hours'), line(say('alwaysOpen'), always, 'tick'), details), read };
}

/** What a visitor is asked before. @param {Desk['form']} fields */
function formGroup(fields) {
  const rows = make('div', 'fields');
  const add = make('button', '', say('addField'));
  add.type = 'button';
  add.dataset.testid = 'form-add';
  const put = (/** @type {Desk['form'][number]} */ field) => {
    const name = input('form-name', field.name);
    const label = input('form-label', field.label);
    const required = check('form-required', field.required);
    const remove = make('button', '', '✕');
    remove.type = 'button';
    remove.setAttribute('aria-label', say('removeField', { name: field.label || field.name }));
    const row = make('div', 'field', line(say('fieldName'), name, 'tall'), line(say('fieldLabel'), label, 'tall'), line(say('fieldRequired'), required, 'tick'), remove);
    remove.onclick = () => (row.remove(), (add.hidden = false), add.focus());
    rows.append(row);
    add.hidden = rows.children.length >= FIELDS_MAX;
    return name;
  };
  add.onclick = () => put({ name: '', label: '', required: false }).focus();
  fields.forEach(put);
  /** @returns {Desk['form']} */
  const read = () => [...rows.children].map((row) => {
    const of = (/** @type {string} */ testid) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-testid="${testid}"]`));
    const name = of('form-name').value.trim();
    if (!name) throw new Mistyped(of('form-name'), say('nameMissing'));
    return { name, label: of('form-label').value.trim() || name, required: of('form-required').checked };
  });
  return { node: group(say('form'), make('p', 'faint small', say('formHint')), rows, add), read };
}

/** @param {import('./app.js').Board} board @param {Desk} desk */
export function editDesk(board, desk) {
  const dialog = /** @type {HTMLDialogElement} */ (the('desk-dialog'));
  const name = input('desk-title', desk.name ?? '');
  const routing = make('select');
  routing.dataset.testid = 'routing';
  for (const one of ROUTINGS) {
    const option = make('option', '', say(`routing_${one}`));
    option.value = one;
    option.selected = one === desk.routing;
    routing.append(option);
  }
  const numbers = NUMBERS.map((key) => {
    const field = input(key, String(desk[key]));
    field.type = 'number';
    field.min = '0';
    return { key, field, node: line(say(key), field) };
  });
  const sticky = check('sticky', desk.sticky);
  const identified = check('identified', desk.identified);
  const greeting = area('greeting', desk.greeting ?? '');
  const away = area('away', desk.away ?? '');
  const hours = hoursGroup(desk.hours);
  const fields = formGroup(desk.form);
  const wrong = make('p', 'bad');
  wrong.setAttribute('role', 'alert');
  wrong.dataset.testid = 'desk-refused';
  const save = make('button', 'main', say('save'));
  save.dataset.testid = 'desk-save';
  const cancel = make('button', '', say('cancel'));
  cancel.type = 'button';
  cancel.onclick = () => dialog.close();
  const reset = make('button', 'hurts', say('resetDesk'));
  reset.type = 'button';
  reset.dataset.testid = 'desk-reset';
  const title = make('h2', '', say('settingsOf', { name: deskName(desk) }));
  title.id = 'desk-dialog-title';
  const form = make('form', 'desk-form', title, line(say('deskTitle'), name),
    group(say('routing'), line(say('routing'), routing), ...numbers.slice(0, 2).map(({ node }) => node), line(say('sticky'), sticky, 'tick')),
    group(say('idle'), ...numbers.slice(2).map(({ node }) => node)), hours.node,
    group(say('texts'), line(say('greeting'), greeting, 'tall'), line(say('awayText'), away, 'tall')), fields.node,
    group(say('visitors'), line(say('identified'), identified, 'tick')), wrong, make('div', 'answers', reset, cancel, save));
  form.noValidate = true;

  const read = () => ({
    name: name.value.trim() || undefined, routing: routing.value, sticky: sticky.checked, identified: identified.checked,
    ...Object.fromEntries(numbers.map(({ key, field }) => {
      if (!/^\d{1,9}$/.test(field.value)) throw new Mistyped(field, say('numberWrong'));
      return [key, Number(field.value)];
    })),
    greeting: greeting.value.trim() || undefined, away: away.value.trim() || undefined, hours: hours.read(), form: fields.read(),
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    for (const field of form.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
    save.disabled = true;
    wrong.textContent = '';
    try {
      await board.api.putDesk(desk.desk, read());
      dialog.close();
      board.log(() => say('didDesk', { name: desk.desk }));
      await board.desks.refresh();
    } catch (error) {
      if (board.failed(error)) return;
      wrong.textContent = error instanceof Mistyped ? error.message : why(error);
      if (error instanceof Mistyped) {
        error.field.setAttribute('aria-invalid', 'true');
        error.field.focus();
      }
    } finally {
      save.disabled = false;
    }
  };
  reset.onclick = async () => {
    if ((await ask({ title: say('askReset', { name: desk.desk }), text: say('askResetText'), yes: say('resetDesk') })) === null) return;
    dialog.close();
    await board.attempt(say('actionOn', { action: say('resetDesk'), who: desk.desk }), async () => {
      await board.api.resetDesk(desk.desk);
      return () => say('didReset', { name: desk.desk });
    });
  };
  dialog.replaceChildren(form);
  dialog.showModal();
  name.focus();
}
