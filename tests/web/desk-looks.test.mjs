// What the agents' page looks like and who can use it: axe, 375 and 1280 px, light and dark, two languages, forced colours.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agent, duty, look, note, open, openApi, startSite, take, ticket, tokenOf, visitor } from './agents.mjs';
import { inspect, isClean, line, part, say } from './people.mjs';
import { openTab, startBrowser } from './peers.mjs';

let site, browser, api;

before(async () => {
  site = await startSite();
  browser = await startBrowser();
  api = await openApi(site);
});

after(async () => {
  await browser?.close();
  assert.equal(await site?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

describe('what it looks like', () => {
  let shop, token;

  before(async () => {
    token = await tokenOf(site, 'looks', { name: 'Lin', desks: 'shop' });
    for (const short of ['hello', 'thanks']) await api.call('POST', 'canned', { short, content: `We say ${short}, {visitor}.` });
    const first = await agent(browser, site, token);
    await duty(first, 'online');
    shop = [await visitor(site, '李明', '你好，我的订单到哪儿了？', { desk: 'shop', page: 'https://shop.example/orders/1234', lang: 'zh-CN', browser: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', form: { Order: '1234' } })];
    await take(first, '李明');
    await say(first, 'Good morning! One moment, I am looking at your order.');
    await note(first, 'The parcel left the depot on Monday.');
    await shop[0].write('谢谢 👍');
    await part(first, 'tag-input').fill('parcel');
    await part(first, 'tag-input').press('Enter');
    await part(first, 'tags').locator('.tag').waitFor();
    shop.push(await visitor(site, 'Maria', 'Does the green tea come in 500 g?', { desk: 'shop', page: 'https://shop.example/tea' }));
    shop.push(await visitor(site, 'Jo', 'Hello?', { desk: 'shop' }));
    await first.page.context().close();
  });

  after(() => shop.forEach((one) => one.leave()));

  for (const width of [375, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      for (const locale of ['en', 'zh-CN']) {
        test(`${width} px, ${colorScheme}, ${locale}`, async () => {
          const name = (state) => `desk-${state}-${width}-${colorScheme}-${locale.slice(0, 2)}`;
          const options = { viewport: { width, height: width === 375 ? 667 : 800 }, colorScheme, locale };
          const inWhole = (colorScheme === 'light') === (locale === 'en');
          if (inWhole && width === 375) {
            const door = await openTab(browser, [site.page, site.socket], options);
            await door.page.goto(`${site.page}desk`);
            await part(door, 'enter').click();
            await part(door, 'token-wrong').filter({ hasText: /./ }).waitFor();
            await inspect(door, name('door'));
            isClean(door);
            await door.page.context().close();
          }
          const tab = await agent(browser, site, token, options);
          await duty(tab, 'online');
          await ticket(tab, 'Maria').waitFor();
          await inspect(tab, name('list'));
          if (inWhole) {
            await open(tab, 'Maria');
            await line(tab, 'Does the green tea come in 500 g?').waitFor();
            await inspect(tab, name('waiting'));
            if (width === 375) await part(tab, 'back').click();
          }
          await look(tab, 'mine');
          await open(tab, '李明');
          await part(tab, 'note').waitFor();
          await inspect(tab, name('open'));
          if (inWhole && width === 375) {
            await part(tab, 'panel-open').click();
            await part(tab, 'card-name').waitFor();
            await inspect(tab, name('card'));
            await tab.page.keyboard.press('Escape');
          }
          if (inWhole && width === 375) {
            await part(tab, 'mode-note').click();
            await part(tab, 'input').fill('/');
            await part(tab, 'canned').locator('li').first().waitFor();
            await inspect(tab, name('note'));
            await part(tab, 'input').fill('');
            await part(tab, 'transfer').click();
            await part(tab, 'transfer-go').waitFor();
            await inspect(tab, name('transfer'));
            await tab.page.keyboard.press('Escape');
            await part(tab, 'back').click();
            await part(tab, 'self').click();
            await part(tab, 'sign-out').waitFor();
            await inspect(tab, name('settings'));
            await tab.page.keyboard.press('Escape');
          }
          isClean(tab);
          await tab.page.context().close();
        });
      }
    }
  }

  test('with forced colours, at 200 %, and large enough to be touched', async () => {
    const tab = await agent(browser, site, token, { viewport: { width: 640, height: 400 } });
    await ticket(tab, 'Maria').waitFor();
    await inspect(tab, 'desk-zoomed');
    await tab.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await inspect(tab, 'desk-forced-colours');
    await tab.page.setViewportSize({ width: 375, height: 667 });
    await open(tab, 'Maria');
    const small = await tab.page.evaluate(() => [...document.querySelectorAll('button, input, textarea, select')]
      .filter((node) => node.checkVisibility()).map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([text]) => text));
    assert.deepEqual(small, []);
    await tab.page.context().close();
  });
});
