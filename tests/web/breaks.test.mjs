// The page when links break, the daemon dies, a tab is loaded anew, a token ends: nothing is lost and nothing doubled,
// and the reader's place stays where it is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { FaultyLink } from './faulty.mjs';
import { enter, isClean, isIn, joinGroup, leadsTo, line, notedAt, noting, part, reconnect, say, sayMany, sentTexts, show, talk } from './people.mjs';
import { installed, openTab, screenshots, soon, startBrowser, startDaemon } from './peers.mjs';

const FREE = ['--messages-per-second', '1000', '--messages-burst', '2000'];
let daemon, browser, dead;

before(async () => {
  daemon = await startDaemon({ options: FREE });
  browser = await startBrowser();
  dead = deadLink();
  dead.catch(() => {}); // told by the test that waits for it
});

/** A link that falls silent, while the other tests run: milliseconds until the page says so, and what was heard then. */
async function deadLink() {
  const link = new FaultyLink(daemon.host);
  const address = new URL(await link.open()).host;
  const [max, ben] = [await enter(browser, { page: `http://${address}/`, socket: `ws://${address}` }, 'Max'), await enter(browser, daemon, 'Ben')];
  for (const tab of [max, ben]) await joinGroup(tab, 'silent');
  await noting(max, 'said', () => document.querySelector('[data-pending]') !== null);
  await noting(max, 'told', () => !document.getElementById('banner').hidden);
  await noting(ben, 'heard', () => document.getElementById('log').textContent.includes('into the void'));
  link.silent = true;
  await say(max, 'into the void');
  await part(max, 'banner').waitFor({ timeout: 60_000 });
  const noticed = (await notedAt(max, 'told')) - (await notedAt(max, 'said'));
  link.silent = false;
  const again = Date.now();
  await reconnect(max);
  const resumed = (await notedAt(ben, 'heard')) - again;
  await line(ben, 'into the void').waitFor();
  const heard = (await texts(ben)).filter((text) => text === 'into the void').length;
  for (const tab of [max, ben]) await tab.page.context().close();
  link.close();
  return { noticed, resumed, heard };
}

after(async () => {
  await browser?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

const texts = (tab) => part(tab, 'log').locator('.content').allTextContents();

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => `no. ${from + at}`);

/** Somebody without a page says many things in a group at once. */
async function sayBare(gid, all) {
  const socket = new (installed('ws').WebSocket)(`${daemon.socket}/ws`);
  const isDone = new Promise((done) => socket.on('message', (data) => JSON.parse(String(data)).id === 'last' && done()));
  await new Promise((done) => socket.on('open', done));
  socket.send(JSON.stringify({ type: 'login' }));
  all.forEach((content, at) => socket.send(JSON.stringify({ type: 'group', gid, content, id: at === all.length - 1 ? 'last' : undefined })));
  await isDone;
  socket.close();
}

test('a daemon that is killed, and a reload in the middle: a hundred are said once, in order', async () => {
  const site = await startDaemon({ options: FREE });
  const [kim, lou] = [await enter(browser, site, 'Kim'), await enter(browser, site, 'Lou')];
  await joinGroup(kim, 'rooms');
  await joinGroup(lou, 'rooms');
  await sayMany(kim, numbers(1, 40));
  await site.kill();
  await sayMany(kim, numbers(41, 60));
  await part(kim, 'banner').waitFor();
  await part(kim, 'banner').getByText(/Next attempt in|connecting/).waitFor();
  await kim.page.screenshot({ path: join(screenshots, 'offline-1280-light.png') });
  await kim.page.setViewportSize({ width: 375, height: 667 });
  await kim.page.emulateMedia({ colorScheme: 'dark' });
  await kim.page.screenshot({ path: join(screenshots, 'offline-375-dark.png') });
  await kim.page.setViewportSize({ width: 1280, height: 800 });
  await part(kim, 'log').locator('.row.queued').first().waitFor();
  await site.start();
  for (const tab of [kim, lou]) await reconnect(tab);
  // How soon is measured elsewhere: this is about what is said.
  await line(lou, 'no. 60').waitFor({ timeout: 40_000 });
  await sayMany(kim, numbers(61, 100));
  await kim.page.reload();
  await isIn(kim);
  await line(lou, 'no. 100').waitFor();
  await part(kim, 'log').locator('.row[data-seq]', { hasText: 'no. 100' }).waitFor();
  // What the page had not yet struck from its outbox is asked for once more, and shown as waiting until it is answered.
  await kim.page.waitForFunction(() => !document.querySelector('[data-pending]'));
  for (const tab of [lou, kim]) {
    const heard = (await texts(tab)).filter((text) => text.startsWith('no. '));
    assert.deepEqual(heard, numbers(tab === lou ? 1 : Number(heard[0].slice(4)), 100));
  }
  assert.deepEqual([kim.foreign, lou.foreign], [[], []]); // An attempt while nobody listened is an error that the console tells.
  for (const tab of [kim, lou]) await tab.page.context().close();
  await site.stop();
});

describe('behind a link', () => {
  let link, nan, ben;

  before(async () => {
    link = new FaultyLink(daemon.host);
    const address = new URL(await link.open()).host;
    nan = await enter(browser, { page: `http://${address}/`, socket: `ws://${address}` }, 'Nan');
    ben = await enter(browser, daemon, 'Ben');
    for (const tab of [nan, ben]) await joinGroup(tab, 'linked');
  });

  after(() => link.close());

  test('a short break is not worth a word', async () => {
    await say(nan, 'before');
    await line(ben, 'before').waitFor();
    await nan.page.evaluate(() => {
      globalThis.seen = [];
      new MutationObserver(() => globalThis.seen.push(!document.getElementById('banner').hidden)).observe(document.getElementById('banner'), { attributes: true });
    });
    link.cut();
    await say(nan, 'in between');
    await line(ben, 'in between').waitFor();
    assert.deepEqual(await nan.page.evaluate(() => globalThis.seen.filter(Boolean)), []);
  });

  test('one that lasts is told after two seconds, and its end for two', async () => {
    await noting(nan, 'told', () => !document.getElementById('banner').hidden);
    const cut = Date.now();
    link.away = true;
    link.cut();
    await part(nan, 'banner').waitFor();
    assert.ok((await notedAt(nan, 'told')) - cut >= 2000, 'silent for two seconds');
    await say(nan, 'while away');
    await part(nan, 'log').locator('.row.queued', { hasText: 'while away' }).getByText('waiting', { exact: true }).waitFor();
    await say(ben, 'meanwhile');
    await noting(nan, 'back', () => document.getElementById('banner').textContent.includes('Back online'));
    await noting(nan, 'heard', () => document.getElementById('log').textContent.includes('meanwhile'));
    await noting(nan, 'gone', () => document.getElementById('banner').hidden);
    await noting(ben, 'heard', () => document.getElementById('log').textContent.includes('while away'));
    const again = Date.now();
    link.away = false;
    await reconnect(nan);
    for (const tab of [nan, ben]) assert.ok((await notedAt(tab, 'heard')) - again < 2000, 'resumed within two seconds');
    const shown = (await notedAt(nan, 'gone')) - (await notedAt(nan, 'back'));
    assert.ok(shown >= 1900 && shown < 4000, `told for ${shown} ms that it is back`);
    for (const [tab, text] of [[nan, 'meanwhile'], [ben, 'while away']]) await line(tab, text).waitFor();
    assert.equal((await texts(nan)).filter((text) => text === 'while away').length, 1);
  });
});

test('a message whose answer got lost is sent again by itself, and said once', async () => {
  const sent = [];
  let loses = false;
  const ben = await enter(browser, daemon, 'Ben');
  const gus = await enter(browser, daemon, 'Gus', {}, (page) => page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      sent.push(JSON.parse(message));
      server.send(message);
    });
    server.onMessage(async (message) => {
      if (!loses || !['ack', 'groupPm'].includes(JSON.parse(message).type)) return socket.send(message);
      loses = false;
      await server.close();
      await socket.close();
    });
  }));
  for (const tab of [ben, gus]) await joinGroup(tab, 'lossy');
  loses = true;
  await say(gus, 'did you get this?');
  await line(ben, 'did you get this?').waitFor();
  const tries = () => sent.filter((message) => message.type === 'group');
  await soon('it is sent again', () => tries().length > 1);
  await part(gus, 'log').locator('[data-pending]').waitFor({ state: 'detached' });
  assert.equal(loses, false, 'the answer was lost');
  assert.equal(tries().length, 2, 'sent again');
  assert.deepEqual(tries()[0], tries()[1], 'with the same id');
  for (const tab of [gus, ben]) assert.equal(await line(tab, 'did you get this?').count(), 1);
  for (const tab of [gus, ben]) await tab.page.context().close();
});

test('another store: the guest is a new one, and what was said to the group goes out', async () => {
  const first = await startDaemon();
  const dan = await enter(browser, first, 'Dan');
  await joinGroup(dan, 'rooms');
  await say(dan, 'before');
  await line(dan, 'before').waitFor();
  assert.equal(await first.stop(), 0, 'the daemon ends with 0 although somebody is connected');
  await say(dan, 'said meanwhile');
  await part(dan, 'input').fill('and half of this');
  await part(dan, 'banner').waitFor();
  const second = await startDaemon({ listen: first.host });
  const eve = await enter(browser, second, 'Eve');
  await joinGroup(eve, 'rooms');
  await reconnect(dan);
  await dan.page.getByText('You are a new guest now').waitFor();
  await line(eve, 'said meanwhile').waitFor();
  await line(dan, 'said meanwhile').waitFor();
  assert.equal(await part(dan, 'input').inputValue(), 'and half of this');
  await say(eve, 'welcome back');
  await line(dan, 'welcome back').waitFor();
  for (const tab of [dan, eve]) await tab.page.context().close();
  await second.stop();
});

describe('history', () => {
  let hal;

  before(async () => {
    await sayBare('long', Array.from({ length: 420 }, (_, at) => `line ${at + 1} ${'坎儿井 '.repeat((at + 1) % 23)}`));
    hal = await enter(browser, daemon, 'Hal');
    await joinGroup(hal, 'long');
    await part(hal, 'log').getByText(/^line 420 /).waitFor();
  });

  const log = (act, ...more) => part(hal, 'log').evaluate(act, ...more);

  test('the newest page is there first', async () => {
    assert.equal(await part(hal, 'log').locator('[data-seq]').count(), 50);
    assert.ok(await log((node) => node.scrollHeight - node.scrollTop - node.clientHeight < 2), 'at its end');
  });

  for (const [name, place] of [['0', 0], ['1', 1], ['20', 20], ['99', 99], ['the middle', null]]) {
    test(`at ${name} what is read stays within one pixel while older pages come`, async () => {
      const drift = await log(async (node, place) => {
        const rows = () => [...node.querySelectorAll('[data-seq]')];
        const first = rows()[0].dataset.seq;
        node.scrollTop = place ?? 399;
        const box = node.getBoundingClientRect();
        const read = rows().find((row) => row.querySelector('.bubble').getBoundingClientRect().bottom > box.top + 40);
        const top = () => node.querySelector(`[data-seq="${read.dataset.seq}"] .content`).getBoundingClientRect().top;
        const was = top();
        let worst = 0;
        // At each frame until the page is there, and some more.
        for (let more = 20; more > 0; ) {
          await new Promise((done) => requestAnimationFrame(done));
          worst = Math.max(worst, Math.abs(top() - was));
          if (rows()[0].dataset.seq !== first) more -= 1;
        }
        return worst;
      }, place);
      console.log(`drift at ${name}: ${drift} px`);
      assert.ok(drift <= 1, `${drift} px`);
    });
  }

  test('no line is missing or twice', async () => {
    const seqs = await part(hal, 'log').locator('[data-seq]').evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
    assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, at) => seqs[0] + at));
    assert.ok(seqs.length >= 250);
  });

  test('who reads back is not moved, and told how many are new', async () => {
    const ben = await enter(browser, daemon, 'Ben');
    await joinGroup(ben, 'long');
    const was = await log((node) => node.scrollTop);
    await say(ben, 'something new');
    await part(hal, 'newer').getByText('↓ 1 new').waitFor();
    assert.ok(Math.abs((await log((node) => node.scrollTop)) - was) <= 1);
    await part(hal, 'newer').click();
    await line(hal, 'something new').waitFor();
    await part(hal, 'newer').waitFor({ state: 'hidden' });
    await ben.page.context().close();
  });

  test('a click on what was found far back goes there, and on to the newest', async () => {
    await part(hal, 'find').fill('line 7');
    await leadsTo(hal, part(hal, 'found').getByText(/line 7 /).first(), hal.page.locator('.row', { hasText: /line 7 / }));
    await part(hal, 'find').fill('');
    await part(hal, 'newer').click();
    await line(hal, 'something new').waitFor();
    isClean(hal);
  });

  test('who was away comes to the first of many unread messages', async () => {
    const ivy = await enter(browser, daemon, 'Ivy');
    await joinGroup(ivy, 'elsewhere');
    await joinGroup(hal, 'elsewhere');
    await show(hal, 'long');
    await sayBare('elsewhere', numbers(1, 120));
    await talk(hal, 'elsewhere').locator('.badge.unread').filter({ hasText: /^99\+/ }).waitFor();
    await show(hal, 'elsewhere');
    await hal.page.getByTestId('log').getByText('New messages').waitFor();
    const inSight = await log((node) => {
      const box = node.getBoundingClientRect();
      const shown = [...node.querySelectorAll('[data-seq] .content')].find((one) => one.getBoundingClientRect().top > box.top);
      return shown.textContent;
    });
    assert.match(inSight, /^no\. [12]$/);
    await part(hal, 'newer').click();
    await line(hal, 'no. 120').waitFor();
    await talk(hal, 'elsewhere').locator('.badge.unread').waitFor({ state: 'detached' });
    isClean(ivy, hal);
    await ivy.page.context().close();
  });
});

describe('people whom a site sends', () => {
  const secret = 'a secret of thirty-two bytes or so, for tests';
  let site;

  const tokenOf = async (uid, ttl) => {
    const made = await promisify(execFile)(site.binary, ['token', 'create', '--uid', uid, '--ttl', ttl, '--token-secret-file', site.file('secret')]);
    return made.stdout.trim();
  };

  before(async () => {
    site = await startDaemon({ files: { secret }, options: ['--token-secret-file', 'secret', ...FREE] });
  });

  after(() => site.stop());

  const arrive = async (token) => {
    const tab = await openTab(browser, [site.page, site.socket], { viewport: { width: 1280, height: 800 } });
    await tab.page.goto(`${site.page}#token=${token}`);
    return tab;
  };

  test('come in by a token in the address, which is gone at once', async () => {
    const tab = await arrive(await tokenOf('ann', '1h'));
    await part(tab, 'me').filter({ hasText: 'ann' }).waitFor();
    assert.equal(new URL(tab.page.url()).hash, '');
    assert.doesNotMatch(await tab.page.evaluate(() => location.href + document.body.innerText), /ey[A-Z]/i);
    await tab.page.reload();
    await part(tab, 'me').filter({ hasText: 'ann' }).waitFor();
    isClean(tab);
    await tab.page.context().close();
  });

  test('whose token does not hold see a page that says so, and no loop', async () => {
    const tab = await arrive('ey.not.one');
    await tab.page.getByRole('heading', { name: 'You are signed off' }).waitFor();
    await tab.page.waitForTimeout(1500);
    assert.ok(tab.sent.length <= 2, `${tab.sent.length} logins`);
    await tab.page.screenshot({ path: join(screenshots, 'ended-1280-light.png') });
    await tab.page.context().close();
  });

  test('guests are told that they need one', async () => {
    const tab = await openTab(browser, [site.page, site.socket]);
    await tab.page.goto(site.page);
    await part(tab, 'enter').click();
    await tab.page.getByText('Come through the site').waitFor();
    assert.ok(sentTexts(tab, 'login').length <= 2);
    await tab.page.context().close();
  });
});

test('a link that is dead without saying so is noticed within 35 seconds, two of which are kept silent about', async () => {
  const { noticed, resumed, heard } = await dead;
  assert.ok(noticed <= 37_000, `${noticed} ms`);
  assert.ok(resumed <= 2000, `${resumed} ms`);
  assert.equal(heard, 1);
});
