// What the site's back end pushes, in the page of `GET /` in a real browser: a card, as text, with a link that is one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { createKey, openTab, screenshots, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, key, tab;

const cards = () => tab.page.getByTestId('pushes').getByRole('listitem');

/** One call of a back end. @param {object} push @returns {Promise<{id: string, online: number, stored: number}>} */
async function push(message) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ to: { all: true }, ...message });
  const response = await fetch(`${daemon.page}v1/push`, { method: 'POST', headers, body });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

before(async () => {
  daemon = await startDaemon();
  key = await createKey(daemon, 'publish', 'site');
  browser = await startBrowser();
  tab = await openTab(browser, [daemon.page, daemon.socket], { viewport: { width: 1280, height: 800 } });
  await tab.page.goto(daemon.page);
  await tab.page.getByTestId('name').fill('Ann');
  await tab.page.getByTestId('enter').click();
  await tab.page.getByTestId('me').filter({ hasText: /^\d+$/ }).waitFor();
});

after(async () => {
  await browser?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

test('a push is a card that can be taken away', async () => {
  const answer = await push({ title: 'Your tea', content: 'is on its way', url: '/orders/7' });
  assert.equal(answer.online, 1);
  await cards().filter({ hasText: 'Your tea' }).waitFor();
  assert.equal(await cards().getByRole('link').getAttribute('href'), `${daemon.page}orders/7`);
  await tab.page.screenshot({ path: join(screenshots, 'push.png') });
  await cards().getByRole('button').click();
  assert.equal(await cards().count(), 0);
});

test('what is in it is text and nothing else', async () => {
  await push({ title: '<b>bold</b>', content: '<img src=x onerror=alert(1)>' });
  const card = cards().filter({ hasText: '<b>bold</b>' });
  await card.getByText('<img src=x onerror=alert(1)>', { exact: true }).waitFor();
  assert.equal(await card.locator('img, b, a').count(), 0);
  await card.getByRole('button').click();
});

test('an id that is also that of a request answers nothing, and is shown once', async () => {
  const id = tab.sent.map((message) => message.id).find(Boolean) ?? 'x';
  await push({ id, content: 'once' });
  await push({ content: 'twice' });
  await cards().filter({ hasText: 'twice' }).waitFor();
  assert.equal(await cards().count(), 2);
});

test('a wall of cards is kept low', async () => {
  for (let n = 1; n <= 6; n += 1) await push({ content: `card ${n}` });
  await cards().filter({ hasText: 'card 6' }).waitFor();
  assert.deepEqual(await cards().locator('.push-content').allTextContents(), ['card 3', 'card 4', 'card 5', 'card 6']);
});
