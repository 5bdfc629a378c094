// What the support widget looks like and who can use it: axe, 375 and 1280 px, light and dark, two languages, the keyboard
// alone, what it weighs; and the demo shop. Screenshots of the main states are left in target/screenshots.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { isClean } from './people.mjs';
import { axe, openTab, root, screenshots, soon, startBrowser, startDaemon } from './peers.mjs';
import { apiOf, files, line, onDuty, openSite, options, say, visit } from './shop.mjs';

const LOADER_BYTES_MAX = 3 * 1024;
const PANEL_BYTES_MAX = 40 * 1024;

let daemon, browser, site, api;

before(async () => {
  daemon = await startDaemon({ options, files });
  browser = await startBrowser();
  site = await openSite(daemon);
  api = apiOf(daemon);
  await api('PUT', '/v1/desks/sales', { name: 'Sales', greeting: 'Welcome! What can we do for you?' });
  await api('PUT', '/v1/desks/tea', { name: 'Leaf & Water · 一叶一水', greeting: '您好！Hello! Ask us anything about leaves, water and cups. 🍵' });
});

after(async () => {
  await browser?.close();
  await site?.stop();
  assert.deepEqual(site?.reports, [], 'no breach of the policy of the site');
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

/** Somebody in front of the site until the test is over. */
async function visitor(t) {
  const person = await visit(browser, daemon, `${site.page}?desk=sales`);
  t.after(() => person.page.context().close());
  return person;
}

const OPEN_ROOT = () => {
  // axe and the keyboard's test look into the button; whoever visits the site cannot.
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    return attach.call(this, { ...how, mode: 'open' });
  };
};

/** No rule of axe is broken, by the panel or, where it is new, by the button in the page; nothing is wider than it may be. */
async function inspect(person, panel, name, isNew = false) {
  await panel.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  await person.page.screenshot({ path: join(screenshots, `widget-${name}.png`) });
  for (const frame of isNew ? [panel, person.page.mainFrame()] : [panel]) {
    const sideways = await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(sideways <= 0, `${sideways} px do not fit`);
    const { violations, passes } = await frame.evaluate(async (source) => {
      if (!window.axe) (0, eval)(source);
      return window.axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    }, axe);
    assert.ok(passes.length > 5, 'axe has looked at something');
    assert.equal(violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`).join('\n'), '', name);
  }
}

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const locale of ['en', 'zh-CN']) {
      test(`${width} px, ${colorScheme}, ${locale}`, async (t) => {
        const isChinese = locale === 'zh-CN';
        const inWhole = (colorScheme === 'light') === !isChinese;
        const desk = `looks-${width}-${colorScheme}-${locale}`;
        await api('PUT', `/v1/desks/${desk}`, isChinese
          ? { name: '一叶一水', greeting: '您好，欢迎光临！想了解哪款茶？', form: [{ name: 'name', label: '怎么称呼您', required: true }] }
          : { name: 'Leaf & Water', greeting: 'Hello! Which tea would you like to know more about?', form: [{ name: 'name', label: 'Your name', required: true }] });
        const colour = width === 375 ? 'data-color="#ffd54a"' : 'data-color="#2f6b3c"';
        const shop = await openSite(daemon, { attributes: `${colour} data-lang="${locale}"` });
        t.after(() => shop.stop());
        const viewport = { width, height: width === 375 ? 667 : 800 };
        const context = await browser.newContext({ viewport, colorScheme, locale });
        t.after(() => context.close());
        const name = (state) => `${state}-${width}-${colorScheme}-${locale.slice(0, 2)}`;
        const person = await visit({ newContext: async () => (await context.addInitScript(OPEN_ROOT), context) }, daemon, `${shop.page}?desk=${desk}`);
        await person.page.getByRole('button', { name: isChinese ? '联系客服' : 'Chat with us' }).click();
        const panel = await person.panel();
        await panel.getByTestId('fields').waitFor();
        await inspect(person, panel, name('away'), true);
        const ann = await onDuty(t, daemon, 'Ann', { desks: [desk] });
        await panel.locator('input[name=name]').fill(isChinese ? '小雅' : 'Marga');
        const question = isChinese ? '你们的绿茶是今年春天的吗？' : 'Is the green one from this spring?';
        await say(panel, question);
        await panel.getByTestId('place').waitFor();
        await inspect(person, panel, name('waiting'));
        const ticket = await ann.ticketOf(question);
        await ann.ask({ type: 'claim', ticket });
        await ann.ask({ type: 'support', ticket, content: isChinese ? '是的，四月初采的，栗香很明显。https://example.com/teas' : 'Yes, picked in the first week of April. https://example.com/teas' });
        await ann.ask({ type: 'support', ticket, content: '🍵' });
        await say(panel, isChinese ? '太好了，我要一罐。' : 'Wonderful. One tin, please.');
        await ann.hearsSaid(isChinese ? '太好了，我要一罐。' : 'Wonderful. One tin, please.');
        ann.say({ type: 'typing', ticket });
        await panel.getByTestId('typing').filter({ hasText: 'Ann' }).waitFor();
        await inspect(person, panel, name('talk'));
        if (inWhole) {
          await panel.getByTestId('emoji-open').click();
          await panel.locator('#emoji button').first().waitFor();
          await inspect(person, panel, name('emoji'));
          await panel.locator('#emoji button').first().press('Escape');
        }
        await panel.getByTestId('end').click();
        if (inWhole) await inspect(person, panel, name('ending'));
        await panel.getByTestId('end-yes').click();
        await panel.getByTestId('star-5').check();
        await inspect(person, panel, name('rating'));
        await panel.getByTestId('rate').click();
        await panel.locator('.thanks').waitFor();
        if (inWhole) await inspect(person, panel, name('rated'));
        const size = await panel.getByTestId('log').evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
        assert.ok(size >= 16);
        isClean(person);
        assert.deepEqual(shop.reports, []);
      });
    }
  }
}

test('what is touched is large enough; at 200 % nothing is lost, with forced colours and little motion neither', async (t) => {
  await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  await say(panel, 'Hello');
  await panel.getByTestId('place').waitFor();
  const small = await panel.evaluate(() => [...document.querySelectorAll('button, a, input, textarea')]
    .filter((node) => node.checkVisibility() && !node.closest('.content'))
    .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([text]) => text));
  assert.deepEqual(small, []);
  await person.page.setViewportSize({ width: 640, height: 400 });
  await inspect(person, panel, 'zoomed', true);
  await person.page.setViewportSize({ width: 1280, height: 800 });
  await person.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await inspect(person, panel, 'forced-colours', true);
  assert.equal(await panel.evaluate(() => document.getAnimations().length), 0, 'nothing moves');
  isClean(person);
});

test('by the keyboard alone: open, write, read, take back, end, rate, close', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  t.after(() => context.close());
  await context.addInitScript(OPEN_ROOT);
  const person = await visit({ newContext: async () => context }, daemon, `${site.page}?desk=sales`);
  const { keyboard } = person.page;
  await keyboard.press('Tab');
  const button = person.page.getByRole('button', { name: 'Chat with us' });
  await soon('the button has the focus', () => button.evaluate((node) => node === node.getRootNode().activeElement));
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  await keyboard.press('Enter');
  const panel = await person.panel();
  const focus = (what, is) => soon(what, () => panel.evaluate(is));
  await focus('the composer has the focus', () => document.activeElement?.id === 'input');
  await keyboard.type('All by keys');
  await keyboard.press('Enter');
  await line(panel, 'All by keys').waitFor();
  const ticket = await ann.ticketOf('All by keys');
  await ann.ask({ type: 'claim', ticket });
  await ann.ask({ type: 'support', ticket, content: 'Well typed' });
  await line(panel, 'Well typed').waitFor();
  for (let n = 0; n < 5 && !(await panel.evaluate(() => document.activeElement?.id === 'log')); n += 1) await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowUp');
  for (let n = 0; n < 3 && !(await panel.evaluate(() => document.activeElement?.textContent?.includes('All by keys'))); n += 1) await keyboard.press('ArrowUp');
  await keyboard.press('Tab');
  await focus('it may be taken back', () => document.activeElement?.className === 'recall');
  await keyboard.press('Enter');
  await panel.getByText('A message was taken back').waitFor();
  await panel.getByTestId('input').focus();
  for (let n = 0; n < 8 && !(await panel.evaluate(() => document.activeElement?.id === 'end')); n += 1) await keyboard.press('Shift+Tab');
  await keyboard.press('Enter');
  await focus('the question has the focus', () => document.activeElement?.closest('dialog') !== null);
  await keyboard.press('Escape');
  await panel.getByTestId('dialog').waitFor({ state: 'hidden' });
  await keyboard.press('Enter');
  await focus('the question has the focus', () => document.activeElement?.closest('dialog') !== null);
  await keyboard.press('Enter');
  await panel.getByTestId('star-1').waitFor();
  await panel.getByTestId('star-1').focus();
  await keyboard.press('Space');
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowRight');
  await keyboard.press('Tab');
  await keyboard.type('fine');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await panel.locator('.thanks', { hasText: 'Thank you' }).waitFor();
  assert.equal(await panel.locator('.thanks .stars').getAttribute('aria-label'), '3 stars');
  await keyboard.press('Escape');
  await soon('the button has the focus again', () => person.page.getByRole('button', { name: 'Chat with us' }).evaluate((node) => node === node.getRootNode().activeElement));
  isClean(person);
});

test('the demo shop carries it by the one line, in both languages', async (t) => {
  await onDuty(t, daemon, 'Ann');
  for (const [locale, ask, colorScheme, width] of /** @type {const} */ ([['en', 'Ask us', 'light', 1280], ['zh-CN', '问一问', 'dark', 375]])) {
    const person = await openTab(browser, [daemon.page, daemon.socket], { locale, colorScheme, viewport: { width, height: 800 } });
    await person.page.goto(`${daemon.page}demo`);
    await person.page.getByRole('button', { name: ask }).waitFor();
    const { violations } = await person.page.evaluate(async (source) => {
      if (!window.axe) (0, eval)(source);
      return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    }, axe);
    assert.deepEqual(violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html)}`), []);
    assert.ok((await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    await person.page.screenshot({ path: join(screenshots, `demo-${width}-${colorScheme}-${locale.slice(0, 2)}.png`) });
    await person.page.getByRole('button', { name: ask }).click();
    const panel = await soon('the panel', () => person.page.frames().find((frame) => frame.url().includes('/widget/panel')));
    await panel.getByTestId('log').locator('.row').first().waitFor();
    await person.page.screenshot({ path: join(screenshots, `demo-open-${width}-${colorScheme}-${locale.slice(0, 2)}.png`) });
    isClean(person);
    await person.page.context().close();
  }
});

test('opened by a link, without a page around it, the panel keeps its visitor itself', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await openTab(browser, [daemon.page, daemon.socket], { viewport: { width: 375, height: 667 } });
  t.after(() => person.page.context().close());
  await person.page.goto(`${daemon.page}widget/panel#desk=sales`);
  const panel = person.page.mainFrame();
  await panel.getByTestId('log').locator('.row').first().waitFor();
  assert.ok(!(await panel.getByTestId('close').isVisible()));
  await say(panel, 'From the mail');
  await ann.ticketOf('From the mail');
  await person.page.reload();
  await line(panel, 'From the mail').waitFor();
  isClean(person);
});

describe('what it is made of', () => {
  const folder = join(root, 'src/web/widget');

  test('the loader is at most 3 KB compressed, the panel 40 KB with all that it loads at first', async (t) => {
    const context = await browser.newContext({ locale: 'zh-CN' });
    t.after(() => context.close());
    const page = await context.newPage();
    /** @type {Map<string, any>} */
    const loaded = new Map();
    page.on('response', (response) => loaded.set(new URL(response.url()).pathname, response));
    await page.goto(`${daemon.page}widget/panel#desk=sales`);
    await page.getByTestId('log').locator('.row').first().waitFor();
    let total = 0;
    for (const [path, response] of loaded) {
      const headers = response.headers();
      assert.equal(headers['content-encoding'], 'gzip', path);
      const bytes = Number(headers['content-length']);
      total += bytes;
      console.log(`${String(bytes).padStart(6)} ${path}`);
    }
    const served = await fetch(`${daemon.page}widget.js`, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(served.headers.get('content-encoding'), 'gzip');
    const loader = Number(served.headers.get('content-length'));
    console.log(`widget: loader ${loader} bytes compressed, panel ${total} bytes in ${loaded.size} requests`);
    assert.ok(loader > 1000 && loader <= LOADER_BYTES_MAX, `loader: ${loader} bytes`);
    assert.ok(total > 15_000 && total <= PANEL_BYTES_MAX, `panel: ${total} bytes`);
    assert.ok(loaded.size <= 15, `${loaded.size} requests`);
  });

  test('its types hold', async () => {
    const tsc = join(root, 'target/tools/web/node_modules/.bin/tsc');
    const options = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--target', 'es2022', '--module', 'esnext', '--lib', 'es2023,dom,dom.iterable'];
    const entries = [join(folder, 'loader.js'), join(folder, 'panel.js'), join(root, 'src/web/demo/demo.js')];
    await promisify(execFile)(tsc, [...options, ...entries]).catch((error) => assert.fail(error.stdout));
  });

  test('both languages have the same words, each is used, and none is missing', async () => {
    const { words: en } = await import('../../src/web/widget/words.en.js');
    const { words: zh } = await import('../../src/web/widget/words.zh.js');
    assert.deepEqual(Object.keys(zh), Object.keys(en));
    const names = (await readdir(folder)).filter((name) => /\.(js|html)$/.test(name) && !/^(words|loader)/.test(name));
    const source = (await Promise.all([...names.map((name) => join(folder, name)), ...['emoji.js', 'file.js', 'attach.js', 'dialog.js'].map((name) => join(root, 'src/web', name))].map((name) => readFile(name, 'utf8')))).join('\n');
    for (const [, key] of source.matchAll(/(?:word\(|data-(?:word|label|hint)=)["']([A-Za-z_]+)["']/g)) assert.ok(key in en, key);
    for (const key of Object.keys(en)) assert.ok(/^(error|state)_/.test(key) || new RegExp(`['"]${key}['"]`).test(source), `${key} is not used`);
  });

  test('every file is short, and its first lines say what it is', async () => {
    for (const name of await readdir(folder)) {
      if (!/\.(js|css)$/.test(name)) continue;
      const lines = (await readFile(join(folder, name), 'utf8')).split('\n');
      assert.match(lines[0], /^(\/\/|\/\*) ./, name);
      assert.ok(lines.length <= 500, `${name}: ${lines.length} lines`);
    }
  });
});
