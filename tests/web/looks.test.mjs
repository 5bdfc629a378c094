// What the page looks like and who can use it: axe, 375 and 1280 px, light and dark, two languages, the keyboard alone,
// what it weighs. Screenshots of the main states are left in target/screenshots.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { enter, inspect, isClean, joinGroup, line, part, say, show, talk, writeTo } from './people.mjs';
import { openTab, root, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, ann, ben;

before(async () => {
  daemon = await startDaemon({ options: ['--messages-per-second', '1000', '--messages-burst', '2000'] });
  browser = await startBrowser();
  [ann, ben] = [await enter(browser, daemon, 'Ann'), await enter(browser, daemon, '李坎儿')];
  await joinGroup(ann, 'Tea house');
  await joinGroup(ben, 'Tea house');
  await say(ann, 'Good morning! Who comes along to see the karez today?');
  await line(ben, 'Good morning! Who comes along to see the karez today?').waitFor();
  await say(ben, '我去！今天天气很好 ☀️');
  await say(ben, '坎儿井是吐鲁番的地下水渠，有两千多年的历史。https://example.com/karez');
  await say(ben, '👍🎉');
  await line(ann, '👍🎉').waitFor();
  await say(ann, 'Wonderful. At nine, then, in front of the mosque; bring a hat, and a jacket for below.');
  await joinGroup(ann, '7');
  await say(ann, 'Notes of the meeting');
  await writeTo(ben, ann.uid);
  await say(ben, '悄悄话：给你留了一杯茶');
  await talk(ann, '李坎儿').waitFor();
  await show(ann, 'Tea house');
  await show(ben, 'Tea house');
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const locale of ['en', 'zh-CN']) {
      test(`${width} px, ${colorScheme}, ${locale}`, async () => {
        const viewport = { width, height: width === 375 ? 667 : 800 };
        const inWhole = (colorScheme === 'light') === (locale === 'en');
        const name = (state) => `${state}-${width}-${colorScheme}-${locale.slice(0, 2)}`;
        const door = await openTab(browser, [daemon.page, daemon.socket], { viewport, colorScheme, locale });
        await door.page.goto(daemon.page);
        await part(door, 'enter').waitFor();
        await inspect(door, name('door'));
        await part(door, 'enter').click();
        await part(door, 'me').filter({ hasText: /^\d+$/ }).waitFor();
        if (inWhole) await inspect(door, name('empty'));
        isClean(door);
        await door.page.context().close();

        const tab = locale === 'en' ? ann : ben;
        if ((await tab.page.evaluate(() => document.documentElement.lang)) !== locale) {
          await tab.page.evaluate((language) => localStorage.setItem('karez.language', language), locale);
          await tab.page.reload();
          await part(tab, 'me').filter({ hasText: tab.uid }).waitFor();
        }
        await tab.page.setViewportSize(viewport);
        await tab.page.emulateMedia({ colorScheme });
        await part(tab, 'log').getByText('Wonderful.').waitFor();
        await tab.page.mouse.move(0, 0);
        await inspect(tab, name('chat'));
        await part(tab, 'log').locator('.row', { hasText: 'Wonderful.' }).hover();
        if (inWhole) await inspect(tab, name('actions'));
        await part(tab, 'panel-open').click();
        await part(tab, 'panel').locator('li').nth(1).waitFor();
        await inspect(tab, name('members'));
        await tab.page.keyboard.press('Escape');
        if (width === 375) {
          await part(tab, 'back').click();
          await part(tab, 'talks').waitFor();
          await inspect(tab, name('list'));
        }
        await part(tab, 'find').fill('天气');
        await part(tab, 'found').getByText(/1 message found|找到 1 条消息/).waitFor();
        await inspect(tab, name('search'));
        await part(tab, 'find').fill('');
        if (inWhole) {
          await part(tab, 'begin').click();
          await part(tab, 'gid').waitFor();
          await inspect(tab, name('begin'));
          await tab.page.keyboard.press('Escape');
        }
        if (width === 375) await talk(tab, 'Tea house').locator('button').click();
        if (inWhole) {
          await part(tab, 'emoji-open').click();
          await tab.page.locator('#emoji button').first().waitFor();
          await inspect(tab, name('emoji'));
          await tab.page.keyboard.press('Escape');
        }
        await tab.page.setViewportSize({ width: 1280, height: 800 });
      });
    }
  }
}

test('at 200 % of 1280 px nothing is lost, with forced colours and little motion neither', async () => {
  await ann.page.setViewportSize({ width: 640, height: 400 });
  await inspect(ann, 'zoomed');
  await ann.page.setViewportSize({ width: 1280, height: 800 });
  await ann.page.emulateMedia({ colorScheme: 'light', forcedColors: 'active', reducedMotion: 'reduce' });
  await inspect(ann, 'forced-colours');
  await ann.page.emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' });
});

test('what is read and touched is large enough', async () => {
  await ann.page.setViewportSize({ width: 375, height: 667 });
  const size = await part(ann, 'input').evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
  assert.ok(size >= 16, `${size} px: a phone would zoom in`);
  const small = await ann.page.evaluate(() => [...document.querySelectorAll('button, a, input, textarea, select')]
    .filter((node) => node.checkVisibility() && !node.closest('.content'))
    .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([text]) => text));
  assert.deepEqual(small, []);
  await ann.page.setViewportSize({ width: 1280, height: 800 });
});

test('by the keyboard alone: in, join, say, reply, search, switch, keys', async () => {
  const tab = await openTab(browser, [daemon.page, daemon.socket], { viewport: { width: 1280, height: 800 } });
  const { keyboard } = tab.page;
  const focus = (id) => tab.page.waitForFunction((id) => document.activeElement?.dataset.testid === id || document.activeElement?.id === id, id);
  await tab.page.goto(daemon.page);
  await focus('name');
  await keyboard.type('Kay');
  await keyboard.press('Enter');
  await part(tab, 'me').filter({ hasText: /^\d+$/ }).waitFor();
  for (let n = 0; n < 6; n += 1) {
    await keyboard.press('Tab');
    if (await tab.page.evaluate(() => document.activeElement?.id === 'begin')) break;
  }
  await keyboard.press('Enter');
  await focus('gid');
  await keyboard.type('by keys');
  await keyboard.press('Enter');
  await focus('input');
  await keyboard.type('all by keys');
  await keyboard.press('Enter');
  await line(tab, 'all by keys').waitFor();
  await part(tab, 'log').locator('.row:not(.queued)', { hasText: 'all by keys' }).waitFor();
  await keyboard.press('Shift+Tab');
  while (!(await tab.page.evaluate(() => document.activeElement?.id === 'log'))) await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowUp');
  await part(tab, 'log').locator('.row:focus').waitFor();
  await keyboard.press('r');
  await focus('input');
  await tab.page.getByText('Reply to Kay').waitFor();
  await keyboard.press('Escape');
  await tab.page.getByText('Reply to Kay').waitFor({ state: 'hidden' });
  await keyboard.press('Control+k');
  await focus('find');
  await keyboard.type('keys');
  await part(tab, 'found').getByText('1 message found').waitFor();
  await keyboard.press('Escape');
  await part(tab, 'talks').waitFor();
  await writeTo(tab, ann.uid);
  await keyboard.press('Alt+ArrowDown');
  await part(tab, 'title').getByText('by keys', { exact: true }).waitFor();
  await tab.page.evaluate(() => document.getElementById('log').focus());
  await keyboard.press('?');
  await part(tab, 'dialog').getByText('other conversation').waitFor();
  await inspect(tab, 'keys-1280-light-en');
  await keyboard.press('Escape');
  await part(tab, 'dialog').waitFor({ state: 'hidden' });
  isClean(tab);
  await tab.page.context().close();
});

describe('what it is made of', () => {
  const folder = join(root, 'src/web');

  for (const locale of ['en', 'zh-CN']) {
    test(`the first load is at most 60 KB compressed, in at most 15 requests, and all of it is kept, ${locale}`, async () => {
      const context = await browser.newContext({ locale });
      const page = await context.newPage();
      const network = await context.newCDPSession(page);
      await network.send('Network.enable');
      const files = new Map();
      const told = [];
      network.on('Network.responseReceived', ({ requestId, response }) => files.set(requestId, { url: new URL(response.url).pathname, headers: response.headers }));
      network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => Object.assign(files.get(requestId) ?? {}, { bytes: encodedDataLength }));
      page.on('websocket', () => told.push('websocket'));
      await page.goto(daemon.page);
      await page.getByTestId('enter').click();
      await page.getByTestId('me').filter({ hasText: /^\d+$/ }).waitFor();
      await page.waitForTimeout(500); // nothing is loaded behind it
      const all = [...files.values()].filter((file) => file.url.startsWith('/') && file.bytes !== undefined);
      for (const { url, bytes } of all) console.log(`${String(bytes).padStart(6)} ${url}`);
      const total = all.reduce((sum, file) => sum + file.bytes, 0);
      console.log(`page: ${total} bytes with headers, ${all.length + told.length} requests`);
      assert.ok(total > 20_000 && total <= 60_000, `${total} bytes`);
      assert.ok(all.length + told.length <= 15, `${all.length} requests`);
      for (const { url, headers } of all) {
        const isPage = url === '/';
        assert.equal(headers['cache-control'], isPage ? 'no-cache' : 'public, max-age=31536000, immutable', url);
        assert.equal(headers['content-encoding'], 'gzip', url);
        assert.match(headers['content-security-policy'], /default-src 'none'/);
      }
      await context.close();
    });
  }

  test('its types hold', async () => {
    const tsc = join(root, 'target/tools/web/node_modules/.bin/tsc');
    const options = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--target', 'es2022', '--module', 'esnext', '--lib', 'es2023,dom,dom.iterable'];
    await promisify(execFile)(tsc, [...options, join(folder, 'app.js'), join(folder, 'client/files.js')]).catch((error) => assert.fail(error.stdout));
  });

  test('both languages have the same words, each is used, and none is missing', async () => {
    const [en, zh] = await Promise.all(['en', 'zh'].map(async (name) => Object.keys((await import(`../../src/web/words.${name}.js`)).words)));
    assert.deepEqual(zh, en);
    const names = (await readdir(folder)).filter((name) => /\.(js|html)$/.test(name) && !name.startsWith('words.'));
    const source = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
    for (const [, key] of source.matchAll(/(?:word\(|data-(?:word|label|hint)=)["']([A-Za-z_]+)["']/g)) assert.ok(en.includes(key), key);
    const made = /^(error|act|state|role|ended|back|key)_/; // put together from what the wire says
    for (const key of en) assert.ok(made.test(key) || new RegExp(`['"]${key}['"]`).test(source), `${key} is not used`);
  });

  test('every file is short, and its first lines say what it is', async () => {
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.js') && !name.endsWith('.css')) continue;
      const lines = (await readFile(join(folder, name), 'utf8')).split('\n');
      assert.match(lines[0], /^(\/\/|\/\*) ./, name);
      assert.ok(lines.length <= 500, `${name}: ${lines.length} lines`);
    }
  });
});

test('no console error and no request to another host in all of this', () => isClean(ann, ben));
