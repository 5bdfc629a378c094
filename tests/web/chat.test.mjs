// The page of `GET /` in a real browser: two people, each in a tab of their own, talk in a group and in private.
// Screenshots of the main states are left in target/screenshots.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { axe, openTab, screenshots, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, ann, ben;

const part = (tab, id) => tab.page.getByTestId(id);

/** A message in a log, found by exactly this text. */
const line = (tab, log, text) => part(tab, log).getByText(text, { exact: true });

/** @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] what to do before the page is there */
async function enter(name, site = daemon, prepare = async () => {}) {
  const tab = await openTab(browser, [site.page, site.socket], { viewport: { width: 1280, height: 800 } });
  await prepare(tab.page);
  await tab.page.goto(site.page);
  await part(tab, 'name').fill(name);
  await part(tab, 'enter').click();
  await part(tab, 'me').filter({ hasText: /^\d+$/ }).waitFor();
  tab.uid = await part(tab, 'me').textContent();
  return tab;
}

async function joinGroup(tab, gid) {
  await part(tab, 'gid').fill(gid);
  await part(tab, 'gid').press('Enter');
}

async function write(tab, pane, text) {
  await part(tab, `${pane}-input`).fill(text);
  await part(tab, `${pane}-send`).click();
}

const sentTexts = (tab, type) => tab.sent.filter((message) => message.type === type).map((message) => message.content);

before(async () => {
  daemon = await startDaemon();
  browser = await startBrowser();
  ann = await enter('Ann');
  ben = await enter('本 Ben');
});

after(async () => {
  await browser?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

describe('two people', () => {
  test('get two numbers', () => {
    assert.ok(Number(ann.uid) >= 1001);
    assert.ok(Number(ben.uid) >= 1001);
    assert.notEqual(ann.uid, ben.uid);
  });

  test('talk in a group, both ways', async () => {
    await joinGroup(ann, '123');
    await joinGroup(ben, '123');
    await write(ann, 'group', 'hello from Ann');
    await line(ben, 'group-log', 'hello from Ann').waitFor();
    await line(ann, 'group-log', 'hello from Ann').waitFor();
    await write(ben, 'group', '坎儿井的水 🌊');
    await line(ann, 'group-log', '坎儿井的水 🌊').waitFor();
    assert.equal(await line(ben, 'group-log', '坎儿井的水 🌊').count(), 1, 'the own message is shown once');
  });

  test('talk in private, both ways', async () => {
    await part(ann, 'pm-uid').fill(ben.uid);
    await write(ann, 'pm', 'only for you');
    await line(ben, 'pm-log', 'only for you').waitFor();
    await part(ben, 'pm-uid').fill(ann.uid);
    await write(ben, 'pm', 'and back');
    await line(ann, 'pm-log', 'and back').waitFor();
    assert.equal(await line(ann, 'group-log', 'and back').count(), 0, 'a private message is not in the group');
  });

  test('a third one hears the group and not what is private', async () => {
    const cho = await enter('Cho');
    await joinGroup(cho, '123');
    await write(ann, 'pm', 'a secret');
    await line(ben, 'pm-log', 'a secret').waitFor();
    await write(ann, 'group', 'after the secret');
    await line(cho, 'group-log', 'after the secret').waitFor();
    assert.equal(await cho.page.getByText('a secret', { exact: true }).count(), 0);
    assert.deepEqual([cho.errors, cho.foreign], [[], []]);
    await cho.page.context().close();
  });
});

test('foreign text stays text', async () => {
  const evil = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';
  await write(ann, 'group', evil);
  await line(ben, 'group-log', evil).waitFor();
  for (const tab of [ann, ben]) {
    assert.equal(await part(tab, 'group-log').locator('img, script').count(), 0);
    assert.doesNotMatch(await tab.page.title(), /broken/);
  }
});

test('only http and https become links', async () => {
  await write(ann, 'group', 'see https://example.com/a and javascript:alert(1)');
  const shown = part(ben, 'group-log').getByText('javascript:alert(1)').last();
  await shown.waitFor();
  const hrefs = await part(ben, 'group-log').locator('a').evaluateAll((links) => links.map((link) => link.href));
  assert.deepEqual(hrefs, ['https://example.com/a']);
});

test('what an admin did is told in words, in its place', async () => {
  const shown = await ann.page.evaluate(async () => {
    const { entryRow } = await import('/a/row.js');
    const entry = (data) => ({ kind: 'system', seq: 7, uid: 1001, name: 'Ann', content: '', time: 0, data });
    return [entry({ act: 'kick', uid: 1002 }), entry({ act: 'mute', uid: 1002, seconds: 0 })]
      .map((item) => entryRow(item, null))
      .map((row) => [row.className, row.dataset.seq, row.textContent]);
  });
  assert.deepEqual(shown, [
    ['row notice', '7', 'Ann removed 1002'],
    ['row notice', '7', 'Ann lets 1002 speak again'],
  ]);
});

test('what one recalls is gone for everybody, also after a reload', async () => {
  await write(ann, 'group', 'oops, wrong group');
  const heard = line(ben, 'group-log', 'oops, wrong group');
  await heard.waitFor();
  assert.equal(await ben.page.locator('.row:not(.own) button.recall').count(), 0, 'only on own messages');
  await part(ann, 'group-log').locator('.row', { hasText: 'oops' }).getByRole('button', { name: 'Recall' }).click();
  await line(ann, 'group-log', 'You recalled a message').waitFor();
  await line(ben, 'group-log', 'Ann recalled a message').waitFor();
  await heard.waitFor({ state: 'detached' });
  await ben.page.reload();
  await line(ben, 'group-log', 'Ann recalled a message').waitFor();
  const kept = await ben.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.body.innerText]));
  assert.doesNotMatch(kept, /oops/);
  assert.doesNotMatch(await part(ben, 'group-log').textContent(), /Not shown here/, 'no number is missing');
});

test('what was recalled while one was away is taken back by the page of history', async () => {
  const changed = await ann.page.evaluate(async () => {
    const { takeBack } = await import('/a/past.js');
    const here = [{ seq: 1, content: 'kept' }, { seq: 2, content: 'oops', data: {} }, { seq: 3, content: 'so' }];
    const page = [{ seq: 2, content: '', recalled: true }, { seq: 4, ref: 3, name: 'Ann' }];
    return [takeBack(here, page), takeBack(here, page), here.map(({ seq, content, by }) => [seq, content, by?.name])];
  });
  assert.deepEqual(changed, [true, false, [[1, 'kept', undefined], [2, '', undefined], [3, '', 'Ann']]]);
});

test('Enter that ends a composition of an input method does not send', async () => {
  const input = part(ann, 'group-input');
  await input.fill('');
  await input.focus();
  const keys = await ann.page.context().newCDPSession(ann.page);
  const enterKey = (type, code) => keys.send('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', windowsVirtualKeyCode: code });
  const before = sentTexts(ann, 'group').length;

  await keys.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 });
  // With the code that browsers give to keys which the input method takes, and with that of Enter itself.
  for (const code of [229, 13]) {
    await enterKey('rawKeyDown', code);
    await enterKey('keyUp', code);
  }
  assert.equal(await input.inputValue(), 'ni hao', 'the composition goes on');
  await keys.send('Input.insertText', { text: '你好' });
  // Some browsers report the Enter only after the composition has ended; then the code alone tells.
  await enterKey('rawKeyDown', 229);
  await enterKey('keyUp', 229);
  assert.equal(await input.inputValue(), '你好', 'the word is chosen and still in the input');
  assert.equal(sentTexts(ann, 'group').length, before, 'nothing was sent');

  await input.press('Enter');
  await line(ben, 'group-log', '你好').waitFor();
  assert.deepEqual(sentTexts(ann, 'group').slice(before), ['你好']);
});

test('Shift+Enter breaks the line', async () => {
  const input = part(ann, 'group-input');
  await input.fill('one');
  await input.press('End');
  await input.press('Shift+Enter');
  await ann.page.keyboard.type('two');
  await input.press('Enter');
  await part(ben, 'group-log').getByText(/one\s+two/).last().waitFor();
  assert.equal(sentTexts(ann, 'group').at(-1), 'one\ntwo');
});

test('a reload keeps who one is', async () => {
  await ann.page.reload();
  await part(ann, 'me').filter({ hasText: ann.uid }).waitFor();
  await write(ben, 'pm', 'are you back?');
  await line(ann, 'pm-log', 'are you back?').waitFor();
});

test('who is typing is told to the others only', async () => {
  await part(ann, 'group-input').pressSequentially('thinking');
  await ben.page.locator('#group .typing').filter({ hasText: 'Ann is typing' }).waitFor();
  assert.equal(await ann.page.locator('#group .typing').textContent(), '');
  await part(ann, 'group-input').fill('');
});

test('a click on a member opens a private talk', async () => {
  const open = ben.page.getByRole('button', { name: 'Members: 3' });
  await open.click();
  await ben.page.locator('#members').getByText(`${ann.uid} · online`).click();
  assert.equal(await part(ben, 'pm-uid').inputValue(), ann.uid);
  await ben.page.screenshot({ path: join(screenshots, 'members-1280-light.png') });
  await open.click();
  await ben.page.locator('#members').waitFor({ state: 'hidden' });
});

test('the page comes back by itself when the daemon has been restarted', async () => {
  const first = await startDaemon();
  const dan = await enter('Dan', first);
  await joinGroup(dan, 'rooms');
  await write(dan, 'group', 'before');
  await line(dan, 'group-log', 'before').waitFor();
  assert.equal(await first.stop(), 0, 'the daemon ends with 0 although somebody is connected');
  await part(dan, 'status').filter({ hasText: 'Offline, will try again' }).waitFor();
  await dan.page.screenshot({ path: join(screenshots, 'offline-1280-light.png') });
  await part(dan, 'group-input').fill('said meanwhile');
  await part(dan, 'group-send').click();

  const second = await startDaemon({ listen: first.host });
  try {
    // This one has another store, in which his token is worth nothing: he is a new guest, and what he said goes out.
    await dan.page.getByText('You are a new guest now').waitFor();
    await part(dan, 'status').filter({ hasText: /^Online$/ }).waitFor();
    const eve = await enter('Eve', second);
    await joinGroup(eve, 'rooms');
    await write(eve, 'group', 'welcome back');
    await line(dan, 'group-log', 'welcome back').waitFor();
    assert.equal(await line(dan, 'group-log', 'said meanwhile').count(), 1);
    assert.ok(sentTexts(dan, 'group').includes('said meanwhile'));
    assert.deepEqual(dan.foreign, []); // An attempt while nobody listened is an error that the console tells.
    for (const tab of [dan, eve]) await tab.page.context().close();
  } finally {
    await second.stop();
  }
});

test('a message whose answer got lost is sent again by itself, and said once', async () => {
  const sent = [];
  let loses = false;
  const gus = await enter('Gus', daemon, (page) => page.routeWebSocket(/\/ws$/, (socket) => {
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
  await joinGroup(ben, 'lossy');
  await joinGroup(gus, 'lossy');
  await line(ben, 'group-log', 'Gus joined').waitFor();
  loses = true;
  await write(gus, 'group', 'did you get this?');
  await line(ben, 'group-log', 'did you get this?').waitFor();
  await part(gus, 'status').filter({ hasText: /^Online$/ }).waitFor();
  await gus.page.locator('[data-pending]').waitFor({ state: 'detached' });
  assert.equal(loses, false, 'the answer was lost');
  const tries = sent.filter((message) => message.type === 'group');
  assert.equal(tries.length, 2, 'sent again');
  assert.deepEqual(tries[0], tries[1], 'with the same id');
  await write(gus, 'group', 'and this');
  await line(ben, 'group-log', 'and this').waitFor();
  for (const tab of [gus, ben]) {
    assert.equal(await line(tab, 'group-log', 'did you get this?').count(), 1);
    assert.equal(await tab.page.getByText('Send again').count(), 0);
  }
  await joinGroup(ben, '123');
  await gus.page.context().close();
});

test('what was said before is read, and older pages when one scrolls up', async () => {
  await joinGroup(ben, 'long');
  for (let n = 1; n <= 80; n += 1) {
    await write(ben, 'group', `line ${n}`);
    if (n % 20 === 0) await ben.page.waitForTimeout(1000); // within the message rate
  }
  await line(ben, 'group-log', 'line 80').waitFor();
  const hal = await enter('Hal');
  await joinGroup(hal, 'long');
  await line(hal, 'group-log', 'line 80').waitFor();
  const log = part(hal, 'group-log');
  assert.equal(await log.locator('[data-seq]').count(), 50, 'the newest page');
  const top = line(hal, 'group-log', 'line 31');
  await log.evaluate((node) => (node.scrollTop = 0));
  await line(hal, 'group-log', 'line 1').waitFor({ state: 'attached' });
  assert.ok(await top.evaluate((node) => node.getBoundingClientRect().top > 0), 'what was read stays in sight');
  assert.ok(await log.evaluate((node) => node.scrollTop > 500), 'the older ones are above');
  const seqs = await log.locator('[data-seq]').evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
  assert.deepEqual(seqs, Array.from({ length: 80 }, (_, at) => at + 1));
  assert.deepEqual(hal.errors, []);
  await joinGroup(ben, '123');
  await hal.page.context().close();
});

describe('looks and access', () => {
  for (const width of [375, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${width} px, ${colorScheme}`, async () => {
        const viewport = { width, height: width === 375 ? 667 : 800 };
        const visitor = await openTab(browser, [daemon.page, daemon.socket], { viewport, colorScheme });
        await visitor.page.goto(daemon.page);
        await part(visitor, 'enter').waitFor();
        await inspect(visitor, `door-${width}-${colorScheme}`);
        assert.deepEqual([visitor.errors, visitor.foreign], [[], []]);
        await visitor.page.context().close();

        await ann.page.setViewportSize(viewport);
        await ann.page.emulateMedia({ colorScheme });
        await inspect(ann, `chat-${width}-${colorScheme}`);
        if (width > 800) return;
        await ann.page.getByRole('button', { name: 'Private', exact: true }).click();
        await inspect(ann, `private-${width}-${colorScheme}`);
        await ann.page.getByRole('button', { name: 'Groups', exact: true }).click();
      });
    }
  }

  async function inspect(tab, name) {
    // A colour on its way from light to dark would be measured in between.
    await tab.page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {}))));
    await tab.page.screenshot({ path: join(screenshots, `${name}.png`) });
    const sideways = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(sideways <= 0, `${sideways} px do not fit`);
    const { violations, passes } = await tab.page.evaluate(async (source) => {
      // By `eval`, which the page's own policy forbids to the page, but not to the tools of the browser.
      if (!window.axe) (0, eval)(source);
      return window.axe.run();
    }, axe);
    assert.ok(passes.length > 5, 'axe has looked at something');
    const words = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
    assert.equal(words.join('\n'), '');
  }
});

test('no console error and no request to another host in all of this', () => {
  for (const tab of [ann, ben]) assert.deepEqual([tab.errors, tab.foreign], [[], []]);
});
