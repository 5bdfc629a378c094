// The desk's dialogs: transfer, close, replies that are kept, settings, keys. Loaded when somebody first opens one.

import { openDialog } from '../dialog.js';
import { button, errorWords, keep, make, otherLanguage, word } from '../text.js';

/** @typedef {import('./ticket.js').Ticket} Ticket */
/** @typedef {import('./tickets.js').Tickets} Tickets */
/** @typedef {import('./tickets.js').Canned} Canned */

const CAPACITY_MAX = 100;
const SHORT_LENGTH_MAX = 64;

let lastId = 0;

/** A label above its field. @template {HTMLElement} T @param {string} label @param {T} field @returns {[HTMLElement, T]} */
function labelled(label, field) {
  field.id ||= `desk-field-${(lastId += 1)}`;
  const name = make('label', '', label);
  name.htmlFor = field.id;
  return [name, field];
}

/** Where a dialog says what is wrong. */
function wrongLine() {
  const node = make('p', 'wrong');
  node.setAttribute('role', 'alert');
  return node;
}

/** @param {[string, string, boolean?][]} options value, text, whether it cannot be chosen @param {string} [value] */
function choices(options, value) {
  const select = make('select');
  for (const [key, text, isOff] of options) {
    const option = make('option', '', text);
    option.value = key;
    option.selected = key === value;
    option.disabled = Boolean(isOff);
    select.append(option);
  }
  return select;
}

// ---- transfer and close ----

const OTHER = '*';

/** To an agent or a desk, with a note. @param {Tickets} tickets @param {Ticket} ticket @param {{announce: (text: string) => void}} page */
export async function transfer(tickets, ticket, page) {
  await tickets.loadAgents().catch(() => {});
  const form = make('form', 'transfer-form');
  const { colleagues } = tickets;
  /** @type {[string, string, boolean?][]} */
  const options = colleagues.map((agent) => [`u${agent.uid}`, word('agentIs', agent.name || agent.uid, agent.open, agent.capacity), agent.state === 'away' || agent.open >= agent.capacity]);
  const desks = [...tickets.desks].filter((desk) => desk !== ticket.told?.desk).sort();
  const select = choices([]);
  select.dataset.testid = 'transfer-to';
  const agentGroup = make('optgroup');
  agentGroup.label = word(colleagues.length > 0 ? 'toAgent' : 'nobodyElse');
  agentGroup.append(...choices(options).children);
  const deskGroup = make('optgroup');
  deskGroup.label = word('toDesk');
  deskGroup.append(...choices([...desks.map((desk) => /** @type {[string, string]} */ ([`d${desk}`, desk])), [OTHER, word('otherDesk')]]).children);
  select.append(agentGroup, deskGroup);
  const first = options.find(([, , isOff]) => !isOff)?.[0];
  select.value = first ?? deskGroup.firstElementChild.value;
  const [deskLabel, desk] = labelled(word('deskName'), make('input'));
  desk.dataset.testid = 'transfer-desk';
  const other = make('div', 'one-line');
  other.append(deskLabel, desk);
  const [noteLabel, note] = labelled(word('transferNote'), make('textarea'));
  note.rows = 3;
  note.dataset.testid = 'transfer-note';
  const wrong = wrongLine();
  const go = make('button', 'primary', word('transfer'));
  go.dataset.testid = 'transfer-go';
  form.append(...labelled(word('transferTo'), select), other, noteLabel, note, wrong, go);
  const draw = () => (other.hidden = select.value !== OTHER);
  select.addEventListener('change', () => (draw(), other.hidden || desk.focus()));
  draw();
  form.addEventListener('submit', async (/** @type {Event} */ e) => {
    e.preventDefault();
    const agent = colleagues.find((one) => `u${one.uid}` === select.value);
    const name = select.value === OTHER ? desk.value.trim() : select.value.slice(1);
    if (!agent && !name) return desk.focus();
    try {
      await tickets.transfer(ticket, { ...(agent ? { agent } : { desk: name }), note: note.value.trim() || undefined });
      dialog.close();
      page.announce(word('transferred', agent ? agent.name : name));
    } catch (error) {
      wrong.textContent = errorWords(error);
    }
  });
  const dialog = openDialog(word('transferTitle', ticket.title), form);
  select.focus();
}

/** @param {Tickets} tickets @param {Ticket} ticket @param {{refused: (error: any) => void, announce: (text: string) => void}} page */
export function end(tickets, ticket, page) {
  const yes = button(word('end'), async () => {
    dialog.close();
    try {
      await tickets.close(ticket);
      page.announce(word('ended', ticket.title));
    } catch (error) {
      page.refused(error);
    }
  }, 'primary danger');
  yes.dataset.testid = 'end-yes';
  const line = make('div', 'choices');
  line.append(yes, button(word('cancel'), () => dialog.close()));
  const dialog = openDialog(word('endTitle', ticket.title), make('p', '', word('endText')), line);
  yes.focus();
}

// ---- replies that are kept ----

/** One's own are changed here; those of the site are shown. @param {Tickets} tickets */
export async function canned(tickets) {
  const list = make('ul', 'canned-list');
  list.dataset.testid = 'canned-list';
  const form = make('form');
  const [shortLabel, short] = labelled(word('short'), make('input'));
  short.maxLength = SHORT_LENGTH_MAX;
  short.dataset.testid = 'canned-short';
  const [contentLabel, content] = labelled(word('content'), make('textarea'));
  content.rows = 4;
  content.dataset.testid = 'canned-content';
  const wrong = wrongLine();
  const save = make('button', 'primary', word('done'));
  save.dataset.testid = 'canned-save';
  const title = make('h3', '', word('newCanned'));
  form.append(title, shortLabel, short, contentLabel, content, wrong, save);
  /** @type {number | undefined} */
  let edited;

  /** @param {Canned} [one] */
  const edit = (one) => {
    edited = one?.canned;
    title.textContent = one ? `${word('edit')}: ${one.short}` : word('newCanned');
    short.value = one?.short ?? '';
    content.value = one?.content ?? '';
    short.focus();
  };
  const attempt = async (/** @type {() => Promise<void>} */ act) => {
    try {
      wrong.textContent = '';
      await act();
      edit();
      draw();
    } catch (error) {
      wrong.textContent = errorWords(error);
    }
  };
  const draw = () => {
    const sorted = [...tickets.canned].sort((one, other) => Number(other.own) - Number(one.own) || one.short.localeCompare(other.short));
    list.replaceChildren(...sorted.map((one) => {
      const item = make('li');
      const text = make('div', 'canned-text');
      text.append(make('b', '', `/${one.short}`), make('p', 'faint', one.content));
      item.append(text);
      if (!one.own) return item.append(make('span', 'faint', [word('shared'), one.desk].filter(Boolean).join(' · '))), item;
      const change = button(word('edit'), () => edit(one));
      change.setAttribute('aria-label', `${word('edit')}: ${one.short}`);
      const remove = button(word('remove'), () => attempt(() => tickets.deleteCanned(one.canned)), 'danger');
      remove.setAttribute('aria-label', `${word('remove')}: ${one.short}`);
      item.append(change, remove);
      return item;
    }));
    if (sorted.length === 0) list.append(make('li', 'faint', word('noCanned')));
  };
  form.addEventListener('submit', (/** @type {Event} */ e) => {
    e.preventDefault();
    const reply = { canned: edited, short: short.value.trim(), content: content.value.trim() };
    if (!reply.short) return short.focus();
    if (!reply.content) return content.focus();
    attempt(() => tickets.putCanned(reply));
  });
  await tickets.loadCanned().catch(() => {});
  draw();
  openDialog(word('ownCanned'), make('p', 'faint', word('cannedText')), list, form).classList.add('wide');
  short.focus();
}

// ---- settings and keys ----

/** @param {string} label @param {HTMLElement} field */
function setting(label, field) {
  const line = make('div', 'setting');
  line.append(...labelled(label, field));
  return line;
}

/**
 * @param {Tickets} tickets
 * @param {{theme: (theme: string) => void, language: () => void, signOut: () => void, keys: () => void, canned: () => void}} page
 */
export function settings(tickets, page) {
  const wrong = wrongLine();
  const capacity = make('input');
  Object.assign(capacity, { type: 'number', min: '1', max: String(CAPACITY_MAX), value: String(tickets.capacity) });
  capacity.dataset.testid = 'capacity';
  capacity.addEventListener('change', async () => {
    const value = Math.round(Number(capacity.value));
    if (!(value >= 1 && value <= CAPACITY_MAX)) return void (capacity.value = String(tickets.capacity));
    wrong.textContent = await tickets.sayDuty(tickets.state, value).then(() => '', errorWords);
  });
  const theme = choices([['auto', word('themeAuto')], ['light', word('themeLight')], ['dark', word('themeDark')]], keep.read('theme') ?? 'auto');
  theme.addEventListener('change', () => page.theme(theme.value));
  const send = choices([['enter', 'Enter'], ['control', 'Ctrl+Enter']], keep.read('send') ?? 'enter');
  send.addEventListener('change', () => keep.write('send', send.value));
  const single = choices([['on', word('on')], ['off', word('off')]], keep.read('desk-keys') ?? 'on');
  single.addEventListener('change', () => keep.write('desk-keys', single.value));
  const language = button(word('otherLanguage'), () => (dialog.close(), page.language()));
  language.lang = otherLanguage() === 'zh' ? 'zh-CN' : 'en';
  const line = make('div', 'choices');
  const replies = button(word('ownCanned'), page.canned);
  replies.dataset.testid = 'own-canned';
  line.append(replies, language, button(word('keys'), page.keys));
  const out = make('div', 'choices');
  const signOut = button(word('signOut'), page.signOut, 'danger');
  signOut.dataset.testid = 'sign-out';
  out.append(signOut);
  const dialog = openDialog(word('settings'), setting(word('capacity'), capacity), setting(word('theme'), theme), setting(word('sendKey'), send),
    setting(word('singleKeys'), single), wrong, line, out);
}

const KEYS = /** @type {const} */ ([
  ['C', 'key_claim'], ['1 … 5', 'key_views'], ['Alt+↑  Alt+↓', 'key_tickets'], ['R', 'key_reply_to'], ['N', 'key_note'], ['/', 'key_canned'], ['T', 'key_transfer'],
  ['E', 'key_close'], ['V', 'key_visitor'], ['F', 'key_figures'], ['D', 'key_duty'], ['Enter', 'key_send'], ['Shift+Enter', 'key_line'],
  ['↑  ↓', 'key_messages'], ['Delete', 'key_recall'], ['Esc', 'key_escape'], ['?', 'key_keys'],
]);

export function keys() {
  const list = make('dl', 'keys');
  for (const [key, words] of KEYS) {
    const term = make('dt');
    term.append(make('kbd', '', key));
    list.append(term, make('dd', '', word(words)));
  }
  openDialog(word('keys'), list);
}
