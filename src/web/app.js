// The page: one connection, two windows. Reading order: this file, client.js, pane.js, past.js, row.js, push.js; text.js and words.js serve them.
//
// The messages are the tutorial's: login, group (comes back as groupPm) and pm. The rest of the protocol is in
// the manual, src/manual/protocol.md.

import { Client } from './client.js';
import { Pane } from './pane.js';
import { showPush } from './push.js';
import { paintAvatar } from './text.js';
import { chooseLanguage, dress, errorWords, locale, otherLanguage, word } from './words.js';

const part = (id) => document.getElementById(id);
const me = { uid: null, name: '' };
let state = { phase: 'door' };
let countdown;

// ---- what is kept in this browser ----

const keep = {
  read: (key) => {
    try {
      return localStorage.getItem(`karez.${key}`);
    } catch {
      return null; // Storage is forbidden: everything works, but a reload is a new guest.
    }
  },
  write: (key, value) => {
    try {
      value === null ? localStorage.removeItem(`karez.${key}`) : localStorage.setItem(`karez.${key}`, value);
    } catch {
      // As above.
    }
  },
};

// ---- the connection ----

const client = new Client(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, {
  login: () => ({
    type: 'login',
    content: 'login',
    name: keep.read('name') || undefined,
    token: keep.read('token') ?? undefined,
    resume: resumption(),
  }),
  refused: () => {
    const hadToken = keep.read('token') !== null;
    keep.write('token', null);
    if (hadToken) alertLine(word('newIdentity'));
    return hadToken;
  },
  state: (now) => {
    state = now;
    drawState();
  },
  event,
});

const shared = { client, me: () => me, changed: drawUnread, alert: alertLine };
const group = new Pane(part('group'), { ...shared, type: 'group', key: 'gid', openTalk });
const pm = new Pane(part('pm'), { ...shared, type: 'pm', key: 'uid', openTalk });

/** Everything that the server says. @param {object} e @param {boolean} answered whether `ask` has taken it */
function event(e, answered) {
  switch (e.type) {
    case 'login':
      return loggedIn(e);
    case 'groupPm':
      return group.entry(e.gid, e);
    case 'pm':
      // A private message names its author and its receiver; the talk is with the one who is not me.
      return pm.entry(same(e.uid, me.uid) ? e.to : e.uid, e);
    case 'recalled':
      return e.gid === undefined ? pm.entry(same(e.uid, me.uid) ? e.to : e.uid, e) : group.entry(e.gid, e);
    case 'gap':
      return e.gid === undefined ? pm.past.gap(e.uid) : group.past.gap(e.gid);
    case 'joined':
    case 'left':
      return group.membership(e);
    case 'typing':
      return e.gid === undefined ? pm.typing(e.uid, e) : group.typing(e.gid, e);
    case 'presence':
      return e.users.forEach((user) => pm.presence(user));
    case 'broadcast':
      return announceToAll(e);
    case 'push':
      return showPush(part('pushes'), e);
    case 'error':
      return answered ? undefined : alertLine(errorWords(e));
  }
}

/** What is here already, so that the server sends what is not. A newcomer has nothing. */
function resumption() {
  const [groups, users] = [group.past.positions(), pm.past.positions()];
  if (group.epoch === undefined || keep.read('token') === null) return undefined;
  return { epoch: group.epoch, groups, users };
}

function announceToAll(e) {
  const text = `${word('broadcast', e.name)}: ${e.content}`;
  if (group.shown) group.notice(group.shown.target, text);
  else alertLine(text);
}

const same = (one, other) => String(one) === String(other);

function loggedIn(e) {
  me.uid = e.uid;
  me.name = e.name ?? String(e.uid);
  if (e.token) keep.write('token', e.token);
  part('me').textContent = String(e.uid);
  part('me').dataset.labelPart = String(e.uid);
  part('me-name').textContent = me.name === String(e.uid) ? '' : me.name;
  paintAvatar(part('me-avatar'), e.uid, me.name);
  stage('rooms');
  group.loggedIn(e.epoch);
  pm.loggedIn(e.epoch);
  drawUnread();
}

function openTalk(uid, name) {
  pm.show(uid, name);
  showPane('pm');
  pm.input.focus();
}

// ---- door and rooms ----

function stage(name) {
  document.body.dataset.stage = name;
  part('door').hidden = name !== 'door';
  part('rooms').hidden = name !== 'rooms';
  part('me-line').hidden = part('sign-out').hidden = name !== 'rooms';
  dress(document);
}

part('enter-form').addEventListener('submit', (e) => {
  e.preventDefault();
  keep.write('name', part('name').value.trim() || null);
  client.connect();
});

part('sign-out').addEventListener('click', () => part('sure').showModal());
part('sure-no').addEventListener('click', () => part('sure').close());
part('sure-yes').addEventListener('click', () => {
  client.stop();
  keep.write('token', null);
  group.clear();
  pm.clear();
  location.reload();
});

part('me').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(String(me.uid));
    announce(word('copied', me.uid));
  } catch {
    getSelection().selectAllChildren(part('me')); // No clipboard on plain http: at least it is selected.
  }
});

// ---- the head of the page ----

const stateWords = {
  door: 'stateDoor', connecting: 'stateConnecting', online: 'stateOnline', waiting: 'stateWaiting', stopped: 'stateStopped',
};

function drawState() {
  part('status').dataset.state = state.phase;
  announce(word(stateWords[state.phase]));
  part('reconnect').hidden = !['waiting', 'stopped'].includes(state.phase);
  clearInterval(countdown);
  part('countdown').textContent = '';
  if (state.phase !== 'waiting') return;
  const until = performance.now() + state.wait;
  const draw = () => {
    part('countdown').textContent = word('seconds', Math.max(0, Math.ceil((until - performance.now()) / 1000)));
  };
  draw();
  countdown = setInterval(draw, 1000);
}

/** Said by screen readers, and shown where the state stands. @param {string} text */
function announce(text) {
  if (part('status').textContent !== text) part('status').textContent = text;
}

/** Says what went wrong; nothing takes the line away. @param {string} text */
function alertLine(text) {
  part('alert').hidden = !text;
  part('alert-text').textContent = text;
}

part('alert-close').addEventListener('click', () => (part('alert').hidden = true));
part('reconnect').addEventListener('click', () => client.connect());

function drawUnread() {
  const total = group.unread() + pm.unread();
  document.title = total ? `(${total}) Karez` : 'Karez';
  for (const [name, pane] of [['group', group], ['pm', pm]]) {
    const badge = document.querySelector(`[data-show=${name}] .badge`);
    badge.hidden = pane.unread() === 0;
    badge.textContent = pane.unread() > 99 ? '99+' : String(pane.unread());
  }
}

// ---- narrow screens show one window ----

function showPane(name) {
  part('rooms').dataset.shown = name;
  for (const button of document.querySelectorAll('[data-show]')) {
    button.setAttribute('aria-pressed', String(button.dataset.show === name));
  }
  const pane = name === 'group' ? group : pm;
  pane.atBottom() && pane.seen();
}

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => showPane(button.dataset.show));
}
document.addEventListener('visibilitychange', () => {
  for (const pane of [group, pm]) if (pane.atBottom()) pane.seen();
});

// ---- language and light ----

function speak(language) {
  chooseLanguage(language);
  document.documentElement.lang = locale();
  dress(document);
  part('language').textContent = word('otherLanguage');
  part('language').lang = otherLanguage() === 'zh' ? 'zh-CN' : 'en';
  group.relabel();
  pm.relabel();
  drawState();
}

part('language').addEventListener('click', () => {
  const language = otherLanguage();
  keep.write('language', language);
  speak(language);
});

function light(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

part('theme').addEventListener('click', () => {
  const now = document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const theme = now === 'dark' ? 'light' : 'dark';
  keep.write('theme', theme);
  light(theme);
});

light(keep.read('theme'));
part('name').value = keep.read('name') ?? '';
speak(keep.read('language'));
showPane('group');
// Somebody who has been here comes straight back in; a newcomer is asked for a name.
if (keep.read('token')) client.connect();
else part('name').focus();
