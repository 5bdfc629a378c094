// The dialogs: begin a conversation, settings, the keys. Loaded when somebody first opens one.

import { openDialog } from './dialog.js';
import { button, errorWords, keep, make, otherLanguage, parseId, word } from './text.js';

/** @typedef {import('./talks.js').Talks} Talks */

let lastId = 0;

/** A label and its field. @param {string} label @param {string} hint @param {string} testid */
function field(label, hint, testid) {
  const input = make('input');
  input.id = `field-${(lastId += 1)}`;
  input.dataset.testid = testid;
  input.placeholder = hint;
  input.autocomplete = 'off';
  input.autocapitalize = 'none';
  input.spellcheck = false;
  input.enterKeyHint = 'go';
  const name = make('label', '', label);
  name.htmlFor = input.id;
  return { input, name };
}

/** A form of one line, which says itself what is wrong. @param {string} label @param {string} hint @param {string} act @param {string} testid @param {(id: any) => Promise<void> | void} done */
function idForm(label, hint, act, testid, done) {
  const form = make('form', 'one-line');
  const { input, name } = field(label, hint, testid);
  const wrong = make('p', 'wrong');
  wrong.id = `${input.id}-wrong`;
  wrong.setAttribute('role', 'alert');
  input.setAttribute('aria-describedby', wrong.id);
  const go = make('button', 'primary', act);
  go.dataset.testid = `${testid}-go`;
  const line = make('div', 'with-button');
  line.append(input, go);
  form.append(name, line, wrong);
  form.addEventListener('submit', async (/** @type {Event} */ e) => {
    e.preventDefault();
    const id = parseId(input.value);
    try {
      if (id === null) throw { code: 'bad_id' };
      await done(id);
    } catch (error) {
      wrong.textContent = errorWords(error);
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    }
  });
  return form;
}

/** Join or make a group, or write to somebody. @param {Talks} talks @param {(target: any) => void} show */
export async function begin(talks, show) {
  const join = idForm(word('gid'), word('gidHint'), word('join'), 'gid', async (gid) => {
    await talks.karez.group(gid).join();
    await talks.load();
    dialog.close();
    show({ gid });
  });
  const write = idForm(word('uid'), word('uidHint'), word('write'), 'uid', (uid) => {
    dialog.close();
    show({ uid });
  });
  const groups = make('div');
  const dialog = openDialog(word('begin'), make('p', 'faint', word('beginText')), join, write, groups);
  join.querySelector('input').focus();
  try {
    const all = (await talks.karez.request({ type: 'groups', all: true })).groups.filter((/** @type {any} */ one) => !one.role);
    if (all.length === 0) return;
    const list = make('ul', 'open-groups');
    for (const { gid, name, members } of all.slice(0, 30)) {
      const place = make('li');
      const go = async () => {
        await talks.karez.group(gid).join();
        await talks.load();
        dialog.close();
        show({ gid });
      };
      place.append(button(`${name ?? gid} · ${word('memberCount', members)}`, () => go().catch((error) => list.append(make('li', 'wrong', errorWords(error))))));
      list.append(place);
    }
    groups.append(make('h3', '', word('openGroups')), list);
  } catch {
    // Then there is nothing to choose from.
  }
}

/** A choice of several. @param {string} label @param {[string, string][]} options @param {string} value @param {(value: string) => void} done */
function choice(label, options, value, done) {
  const select = make('select');
  select.id = `field-${(lastId += 1)}`;
  for (const [key, text] of options) {
    const option = make('option', '', text);
    option.value = key;
    option.selected = key === value;
    select.append(option);
  }
  select.addEventListener('change', () => done(select.value));
  const name = make('label', '', label);
  name.htmlFor = select.id;
  const line = make('div', 'setting');
  line.append(name, select);
  return line;
}

/**
 * @param {Talks} talks
 * @param {{isGuest: boolean, theme: (theme: string) => void, language: () => void, signOut: () => void, keys: () => void, announce: (text: string) => void, renamed: (name: string) => void}} page
 */
export function showSettings(talks, page) {
  const { karez } = talks;
  const form = make('form', 'one-line');
  const { input, name } = field(word('yourNameNow'), '', 'new-name');
  input.value = karez.name ?? '';
  input.maxLength = 40;
  const wrong = make('p', 'wrong');
  wrong.setAttribute('role', 'alert');
  const line = make('div', 'with-button');
  line.append(input, make('button', '', word('done')));
  form.append(name, line, wrong);
  form.addEventListener('submit', async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      await karez.request({ type: 'profile', name: input.value.trim() });
      page.renamed(input.value.trim());
      dialog.close();
    } catch (error) {
      wrong.textContent = errorWords(error);
    }
  });
  const uid = button(word('copyUid', karez.uid), async () => {
    try {
      await navigator.clipboard.writeText(String(karez.uid));
      page.announce(word('copied', karez.uid));
    } catch {
      getSelection()?.selectAllChildren(uid);
    }
  });
  const theme = choice(word('theme'), [['auto', word('themeAuto')], ['light', word('themeLight')], ['dark', word('themeDark')]], keep.read('theme') ?? 'auto', page.theme);
  const send = choice(word('sendKey'), [['enter', 'Enter'], ['control', 'Ctrl+Enter']], keep.read('send') ?? 'enter', (value) => keep.write('send', value));
  const language = button(word('otherLanguage'), () => (dialog.close(), page.language()));
  language.lang = otherLanguage() === 'zh' ? 'zh-CN' : 'en';
  const choices = make('div', 'choices');
  choices.append(language, button(word('keys'), page.keys), uid);
  const out = make('div', 'choices');
  out.append(button(word('signOut'), () => (page.isGuest ? sure(page.signOut) : page.signOut()), 'danger'));
  const dialog = openDialog(word('settings'), form, theme, send, choices, out);
}

/** @param {() => void} act */
function sure(act) {
  const choices = make('div', 'choices');
  const no = button(word('cancel'), () => dialog.close());
  choices.append(button(word('signOut'), act, 'primary danger'), no);
  const dialog = openDialog(word('signOut'), make('p', '', word('signOutText')), choices);
  no.focus();
}

const KEYS = /** @type {const} */ ([
  ['Enter', 'key_send'], ['Shift+Enter', 'key_line'], ['Alt+↑  Alt+↓', 'key_talks'], ['Ctrl+K', 'key_find'], ['Esc', 'key_escape'],
  ['↑  ↓', 'key_messages'], ['R', 'key_reply'], ['Delete', 'key_recall'], ['End', 'key_end'], ['@', 'key_mention'], ['?', 'key_keys'],
]);

export function showKeys() {
  const list = make('dl', 'keys');
  for (const [key, words] of KEYS) {
    const term = make('dt');
    term.append(make('kbd', '', key));
    list.append(term, make('dd', '', word(words)));
  }
  openDialog(word('keys'), list);
}
