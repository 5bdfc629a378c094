// The desks on the admin's page: who waits, who is on duty, and what an operator changes. Then what the agents' page is made
// of: its weight, its types, its words.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { agent, duty, openApi, startSite, take, tokenOf, visitor } from './agents.mjs';
import { inspect, isClean, part } from './people.mjs';
import { openTab, root, startBrowser } from './peers.mjs';

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

test('operators see desks, queues and agents on their page, and change a desk’s settings', async () => {
  const tab = await openTab(browser, [site.page], { viewport: { width: 1280, height: 900 } });
  await tab.page.goto(`${site.page}admin`);
  await part(tab, 'key').fill(api.key);
  await part(tab, 'enter').click();
  const ben = await agent(browser, site, await tokenOf(site, 'ben', { name: 'Ben', desks: 'lamps' }));
  await duty(ben, 'online');
  const asks = await visitor(site, 'Iva', 'Are there lamps?', { desk: 'lamps' });
  const lamps = part(tab, 'desk').filter({ hasText: 'lamps' });
  await lamps.getByText('open · 1 waits · 0 tickets open').waitFor();
  await lamps.getByTestId('agent').filter({ hasText: 'Ben (ben)' }).getByText('online · 0 of 5').waitFor();
  await take(ben, 'Iva');
  await lamps.getByText('open · 0 wait · 1 ticket open').waitFor();
  asks.leave();
  await part(tab, 'desk-name').fill('night');
  await part(tab, 'desk-name').press('Enter');
  await part(tab, 'desk-title').fill('Night <b>shift</b>');
  await part(tab, 'routing').selectOption('least_loaded');
  await part(tab, 'greeting').fill('Good evening');
  await part(tab, 'hours-always').uncheck();
  await part(tab, 'hours-tz').fill('Asia/Shanghai');
  await part(tab, 'hours-mon').fill('late');
  await part(tab, 'desk-save').click();
  await part(tab, 'desk-refused').getByText('written as').waitFor();
  await part(tab, 'hours-mon').fill('9:00-12:00, 13:30-18:00');
  await part(tab, 'hours-dates').fill('2026-12-25');
  await part(tab, 'form-add').click();
  await part(tab, 'form-name').fill('mail');
  await part(tab, 'form-label').fill('Your mail');
  await part(tab, 'form-required').check();
  await inspect(tab, 'admin-desk');
  await part(tab, 'desk-save').click();
  await part(tab, 'log').getByText('Settings of desk night saved').waitFor();
  await part(tab, 'desk').filter({ hasText: 'Night <b>shift</b>' }).waitFor();
  const { body } = await api.call('GET', 'desks/night');
  assert.equal(body.routing, 'least_loaded');
  assert.deepEqual(body.hours.week.mon, [['09:00', '12:00'], ['13:30', '18:00']]);
  assert.deepEqual(body.hours.dates, { '2026-12-25': [] });
  assert.deepEqual(body.form, [{ name: 'mail', label: 'Your mail', required: true }]);
  const asked = await visitor(site, 'Asker');
  assert.equal((await asked.ask({ type: 'desk', desk: 'night' })).greeting, 'Good evening');
  asked.leave();
  await part(tab, 'desk').filter({ hasText: 'night' }).getByRole('button').click();
  await tab.page.waitForFunction(() => document.querySelector('[data-testid=hours-mon]').value === '09:00-12:00, 13:30-18:00');
  await part(tab, 'desk-reset').click();
  await part(tab, 'ask-yes').click();
  await part(tab, 'log').getByText('Desk night has the default rules').waitFor();
  await part(tab, 'desks').scrollIntoViewIfNeeded();
  await inspect(tab, 'admin-desks');
  isClean(tab, ben);
  for (const { page } of [tab, ben]) await page.context().close();
});

describe('what the agents’ page is made of', () => {
  const folder = join(root, 'src/web/desk');

  test('the first load is at most 65 KiB compressed', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    const files = new Map();
    network.on('Network.responseReceived', ({ requestId, response }) => files.set(requestId, { url: new URL(response.url).pathname, headers: response.headers }));
    network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => Object.assign(files.get(requestId) ?? {}, { bytes: encodedDataLength }));
    await page.goto(`${site.page}desk#token=${await tokenOf(site, 'weight')}`);
    await page.getByTestId('me').filter({ hasText: 'weight' }).waitFor();
    const all = [...files.values()].filter((file) => file.url.startsWith('/') && file.bytes !== undefined);
    const total = all.reduce((sum, file) => sum + file.bytes, 0);
    console.log(`desk: ${total} bytes with headers, ${all.length} requests`);
    assert.ok(total > 20_000 && total <= 65 * 1024, `${total} bytes`);
    for (const { url, headers } of all) {
      assert.equal(headers['cache-control'], url === '/desk' ? 'no-cache' : 'public, max-age=31536000, immutable', url);
      assert.equal(headers['content-encoding'], 'gzip', url);
    }
    await context.close();
  });

  test('its types hold', async () => {
    const tsc = join(root, 'target/tools/web/node_modules/.bin/tsc');
    const options = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--target', 'es2022', '--module', 'esnext', '--lib', 'es2023,dom,dom.iterable'];
    const files = (await readdir(folder)).filter((name) => name.endsWith('.js')).map((name) => join(folder, name));
    await promisify(execFile)(tsc, [...options, ...files]).catch((error) => assert.fail(error.stdout));
  });

  test('both languages have the same words, with the same blanks, and each is used', async () => {
    const [{ own: en }, { own: zh }] = [await import('../../src/web/desk/words.en.js'), await import('../../src/web/desk/words.zh.js')];
    assert.deepEqual(Object.keys(zh), Object.keys(en));
    const blanks = (text) => [...new Set(JSON.stringify(text).match(/\{\w\}/g))].sort();
    for (const key of Object.keys(en)) assert.deepEqual(blanks(zh[key]), blanks(en[key]), key);
    const names = (await readdir(folder)).filter((name) => /\.(js|html)$/.test(name) && !name.startsWith('words'));
    const shared = ['log.js', 'composer.js', 'row.js', 'notices.js', 'text.js'];
    const sources = [...names.map((name) => join(folder, name)), ...shared.map((name) => join(folder, '..', name))];
    const source = (await Promise.all(sources.map((name) => readFile(name, 'utf8')))).join('\n');
    const made = /^(error|is|by|view|empty|duty|fig|days)_/; // put together from what the wire says
    for (const key of Object.keys(en)) assert.ok(made.test(key) || new RegExp(`['"]${key}['"]`).test(source), `${key} is not used`);
  });
});
