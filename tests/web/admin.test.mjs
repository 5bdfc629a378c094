// The admin's page of `GET /admin` in a real browser, with a hundred clients chatting beside it: figures move, people
// are sent away, kept out and told things, and the key is nowhere but in the memory of the tab.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PATIENCE_MS, axe, createKey, installed, openTab, root, screenshots, startBrowser, startDaemon } from './peers.mjs';

const WebSocket = installed('ws');
const CLIENTS = 100;
/** How many users a page of the list has. */
const PAGE = 15;

const SCOPES = { operator: 'read,publish,manage', reader: 'read', publisher: 'publish', short: 'read' };
/** @type {Record<string, string>} */
const keys = {};
let daemon, browser, key, tab, timer;
/** @type {Client[]} */
const clients = [];

/** A guest who is in one of four groups and hears everything. */
class Client {
  constructor(number) {
    this.name = `Guest ${number}`;
    this.gid = 101 + (number % 4);
    this.heard = [];
    this.waiting = [];
  }

  enter() {
    this.closed = undefined;
    this.socket = new WebSocket(`${daemon.socket}/ws`);
    this.socket.on('message', (data) => this.take(JSON.parse(String(data))));
    this.socket.on('close', (code) => {
      this.closed = code;
      this.take({ type: 'closed', code });
    });
    this.socket.once('open', () => this.say({ type: 'login', name: this.name, ...(this.token && { token: this.token }) }));
    return this.hears((message) => message.type === 'login' || message.type === 'error' || message.type === 'closed');
  }

  say(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  take(message) {
    if (message.type === 'login') {
      this.uid = message.uid;
      this.token ??= message.token;
    }
    this.heard.push(message);
    this.waiting = this.waiting.filter(({ is, done }) => !is(message) || done(message));
  }

  /** The first message of that kind from now on. */
  hears(is) {
    return new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error(`${this.name} never heard it`)), PATIENCE_MS);
      this.waiting.push({ is, done: (message) => void (clearTimeout(late), done(message)) });
    });
  }
}

const openAdmin = async (options = {}) => {
  const opened = await openTab(browser, [daemon.page], { viewport: { width: 1280, height: 900 }, ...options });
  await opened.page.goto(`${daemon.page}admin`);
  return opened;
};

const enter = async ({ page }, shown) => {
  await page.getByTestId('key').fill(shown);
  await page.getByTestId('enter').click();
};

const rowOf = (client, { page } = tab) => page.getByTestId('user').filter({ hasText: `${client.name}${client.uid}` });
const logged = (text) => tab.page.getByTestId('log').getByRole('listitem').filter({ hasText: text }).waitFor();

/** What axe finds wrong. */
async function violations(page) {
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

before(async () => {
  daemon = await startDaemon();
  await Promise.all(Object.entries(SCOPES).map(async ([name, scopes]) => (keys[name] = await createKey(daemon, scopes, name))));
  key = keys.operator;
  browser = await startBrowser();
  for (let number = 1; number <= CLIENTS; number += 1) clients.push(new Client(number));
  for (const client of clients) await client.enter();
  for (const client of clients) client.say({ type: 'join', gid: client.gid });
  let turn = 0;
  timer = setInterval(() => {
    const client = clients[(turn += 7) % CLIENTS];
    if (turn % 5 && !client.isQuiet) client.say({ type: 'group', gid: client.gid, content: `message ${turn}` });
  }, 40);
  tab = await openAdmin();
});

after(async () => {
  clearInterval(timer);
  for (const client of clients) client.socket.terminate();
  await browser?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

test('types hold together, and both languages say the same things', async () => {
  const folder = join(root, 'src/web/admin');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js')).map((name) => join(folder, name));
  const options = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--target', 'es2023', '--lib', 'es2023,dom,dom.iterable', '--module', 'esnext', '--moduleResolution', 'bundler'];
  await promisify(execFile)(join(root, 'target/tools/web/node_modules/.bin/tsc'), [...options, ...files]);
  const { en, zh } = await tab.page.evaluate(async () => {
    const script = document.querySelector('script[type=module]');
    return (await import(new URL('words.js', script.src).href)).tables;
  });
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  const holes = (entry) => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g))].sort();
  for (const word of Object.keys(en)) assert.deepEqual(holes(zh[word]), holes(en[word]), word);
});

test('a wrong key is told in clear words and opens nothing', async () => {
  const stranger = await openAdmin();
  await enter(stranger, `kz_${'a'.repeat(43)}`);
  await stranger.page.getByTestId('refused').filter({ hasText: 'does not hold' }).waitFor();
  assert.ok(!(await stranger.page.getByTestId('tiles').isVisible()));
  await enter(stranger, '密钥');
  await stranger.page.getByTestId('refused').filter({ hasText: 'does not hold' }).waitFor();
  await stranger.page.screenshot({ path: join(screenshots, 'admin-door.png') });
  // Chromium notes each answer of 401 by itself.
  assert.ok(stranger.errors.every((line) => line.includes('401')), String(stranger.errors));
  await stranger.page.close();
});

test('figures move', async () => {
  await enter(tab, key);
  const figure = (name) => tab.page.getByTestId(`figure-${name}`);
  await figure('online').filter({ hasText: new RegExp(`^${CLIENTS}$`) }).waitFor();
  await figure('connections').filter({ hasText: new RegExp(`^${CLIENTS}$`) }).waitFor();
  await figure('groups').filter({ hasText: /^4$/ }).waitFor();
  await figure('received').filter({ hasText: /^[1-9][\d.]*\/s$/ }).waitFor();
  await figure('delivered').filter({ hasText: /^\d{2,}\/s$/ }).waitFor();
  for (const [name, unit] of [['turn', /[µm]s$/], ['queued', /B$/], ['store', /[kM]B$/]]) await figure(name).filter({ hasText: unit }).waitFor();
  const line = tab.page.locator('.plot .line').nth(3);
  const before = await line.getAttribute('d');
  await tab.page.waitForFunction((was) => document.querySelectorAll('.plot .line')[3].getAttribute('d') !== was, before);
});

test('lists have pages, and anybody is found by id', async () => {
  const { page } = tab;
  await page.getByTestId('user').nth(PAGE - 1).waitFor();
  assert.equal(await page.getByTestId('user').count(), PAGE);
  await page.getByTestId('users').getByRole('button', { name: 'Next page' }).click();
  await rowOf(clients[PAGE]).waitFor();
  assert.equal(await rowOf(clients[0]).count(), 0);
  await page.getByTestId('users').getByRole('button', { name: 'First page' }).click();
  await rowOf(clients[0]).waitFor();
  await page.getByTestId('find-uid').fill(String(clients[23].uid));
  await page.getByTestId('find').click();
  await page.getByTestId('found-user').filter({ hasText: '1 connection' }).waitFor();
  await page.getByTestId('find-uid').fill('nobody');
  await page.getByTestId('find-uid').press('Enter');
  await page.getByTestId('found').filter({ hasText: 'no such user' }).waitFor();
  await page.getByTestId('find-uid').fill('');
  await page.getByTestId('found').waitFor({ state: 'hidden' });
});

test('whoever is disconnected goes, and may come back', async () => {
  const victim = clients[1];
  await rowOf(victim).getByRole('button', { name: /^Disconnect/ }).click();
  await tab.page.keyboard.press('Escape');
  assert.equal(victim.closed, undefined, 'Esc is no');
  await rowOf(victim).getByRole('button', { name: /^Disconnect/ }).click();
  const closed = victim.hears((message) => message.type === 'closed');
  await tab.page.getByTestId('ask-yes').click();
  assert.equal((await closed).code, 4003);
  await logged('disconnected: 1 connection');
  await rowOf(victim).waitFor({ state: 'detached' });
  assert.equal((await victim.enter()).type, 'login');
  await rowOf(victim).waitFor();
});

test('whoever is banned goes and stays out until the ban is lifted', async () => {
  const victim = clients[2];
  await rowOf(victim).getByRole('button', { name: /^Ban/ }).click();
  await tab.page.getByTestId('ask-seconds').selectOption('3600');
  await tab.page.screenshot({ path: join(screenshots, 'admin-ban.png') });
  const closed = victim.hears((message) => message.type === 'closed');
  await tab.page.getByTestId('ask-yes').click();
  assert.equal((await closed).code, 4003);
  await logged('banned until');
  const found = tab.page.getByTestId('found-user');
  await found.filter({ hasText: 'banned until' }).waitFor();
  assert.notEqual((await victim.enter()).type, 'login');
  await found.getByRole('button', { name: /^Lift ban/ }).click();
  await logged('lifted');
  assert.equal((await victim.enter()).type, 'login');
  await found.getByRole('button', { name: /^Close/ }).click();
});

test('a push reaches a user, a group, everyone', async () => {
  const { page } = tab;
  const send = async (text) => {
    await page.getByTestId('push-content').fill(text);
    await page.getByTestId('push-send').click();
  };
  const pushed = (text) => (message) => message.type === 'push' && message.content === text;
  await rowOf(clients[3]).getByRole('button', { name: /^Push/ }).click();
  assert.equal(await page.getByTestId('push-id').inputValue(), String(clients[3].uid));
  let heard = [clients[3].hears(pushed('to you'))];
  await page.getByTestId('push-heading').fill('Notice');
  await send('to you');
  assert.equal((await heard[0]).title, 'Notice');
  await logged('heard by 1, waits for 0');
  await page.getByTestId('group').first().getByRole('button', { name: /^Push/ }).click();
  heard = clients.filter(({ gid }) => gid === 101).map((client) => client.hears(pushed('to the group')));
  await send('to the group');
  await Promise.all(heard);
  await page.getByTestId('push').getByText('Everyone').click();
  heard = clients.map((client) => client.hears(pushed('to all')));
  await send('to all');
  await page.getByTestId('ask-yes').click();
  await Promise.all(heard);
  await logged(`everyone: heard by ${CLIENTS}`);
  assert.equal(clients[5].heard.filter((message) => message.type === 'push').length, clients[5].gid === 101 ? 2 : 1);
});

test('a member is removed from a group', async () => {
  const { page } = tab;
  await page.getByTestId('group').first().getByRole('button', { name: /^Members/ }).click();
  const victim = clients.find(({ gid }) => gid === 101);
  victim.isQuiet = true; // a word more would make a member of it again
  const row = page.getByTestId('member').filter({ hasText: String(victim.uid) });
  await row.waitFor();
  await page.screenshot({ path: join(screenshots, 'admin-members.png'), fullPage: true });
  const told = victim.hears((message) => message.act === 'kick' || message.type === 'left' || message.kind === 'system');
  await row.getByRole('button', { name: /^Remove/ }).click();
  await page.getByTestId('ask-yes').click();
  await told;
  await row.waitFor({ state: 'detached' });
  await logged('removed from 101');
  await page.getByTestId('groups-back').click();
  await page.getByTestId('group').first().waitFor();
});

test('a key of less scope is offered less, and told why', async () => {
  const reader = await openAdmin();
  await enter(reader, keys.reader);
  await reader.page.getByTestId('lacks').filter({ hasText: 'publish and manage' }).waitFor();
  await reader.page.getByTestId('user').first().waitFor();
  assert.equal(await reader.page.getByTestId('user').getByRole('button').count(), 0);
  assert.ok(!(await reader.page.getByTestId('push-send').isVisible()));
  await reader.page.screenshot({ path: join(screenshots, 'admin-reader.png') });
  const publisher = await openAdmin();
  await enter(publisher, keys.publisher);
  await publisher.page.getByTestId('lacks').filter({ hasText: 'read and manage' }).waitFor();
  assert.ok(await publisher.page.getByTestId('push-send').isVisible());
  assert.ok(!(await publisher.page.getByTestId('tiles').isVisible()));
  for (const { page, errors, foreign } of [reader, publisher]) {
    assert.deepEqual([errors, foreign], [[], []]);
    await page.close();
  }
});

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['en', 'zh-CN']) {
    test(`the page is fit for everyone: ${colorScheme}, ${locale}`, async () => {
      const one = await openAdmin({ colorScheme, locale, reducedMotion: 'reduce' });
      assert.deepEqual(await violations(one.page), [], 'the door');
      await enter(one, key);
      await one.page.getByTestId('group').first().waitFor();
      await one.page.getByTestId('figure-received').filter({ hasText: /\d/ }).waitFor();
      for (const [width, height] of [[1280, 900], [375, 667]]) {
        await one.page.setViewportSize({ width, height });
        assert.deepEqual(await violations(one.page), [], `${width} wide`);
        const sideways = await one.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(sideways, 0, `${width} wide does not scroll sideways`);
        await one.page.screenshot({ path: join(screenshots, `admin-${colorScheme}-${locale}-${width}.png`), fullPage: true });
      }
      await one.page.getByTestId('user').first().getByRole('button').last().click();
      assert.deepEqual(await violations(one.page), [], 'the question');
      assert.deepEqual([one.errors, one.foreign], [[], []]);
      await one.page.close();
    });
  }
}

test('the key is in no storage and no address, and is gone with the board', async () => {
  const { page } = tab;
  const kept = await page.evaluate(async () => JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state,
    (await indexedDB.databases()).length, (await caches.keys()).length, document.documentElement.outerHTML,
    [...document.querySelectorAll('input')].map((input) => input.value),
  ]));
  assert.ok(kept.startsWith(`[{},{},"","${daemon.page}admin",null,0,0,`), 'nothing is stored');
  assert.ok(!kept.includes(key), 'the key stands nowhere');
  await page.getByTestId('leave').click();
  await page.getByTestId('key').waitFor();
  assert.equal(await page.getByTestId('user').count(), 0);
  assert.equal(await page.getByTestId('key').inputValue(), '');
});

test('a key that is revoked closes the board', async () => {
  await enter(tab, keys.short);
  await tab.page.getByTestId('user').first().waitFor();
  assert.deepEqual([tab.errors.filter((line) => !line.includes('404')), tab.foreign], [[], []]);
  execFileSync(daemon.binary, ['key', 'revoke', '--name', 'short'], { cwd: daemon.folder, stdio: 'pipe' });
  await tab.page.getByTestId('refused').filter({ hasText: 'revoked' }).waitFor();
  assert.ok(!(await tab.page.getByTestId('tiles').isVisible()));
});
