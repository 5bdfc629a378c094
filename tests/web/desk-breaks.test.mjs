// The agents' page when something breaks or is not as usual: a reload, a daemon that is killed, the keyboard alone, several
// tabs, text that would like to be a script.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agent, duty, look, note, openApi, startSite, take, ticket, tokenOf, visitor } from './agents.mjs';
import { inspect, isClean, line, part, reconnect, row, say } from './people.mjs';
import { openTab, soon, startBrowser } from './peers.mjs';

let site, browser, api, ann;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const hidden = (node) => node.waitFor({ state: 'hidden' });

before(async () => {
  site = await startSite();
  browser = await startBrowser();
  api = await openApi(site);
  await api.call('POST', 'canned', { short: 'sorry', content: 'We are sorry, {visitor}.' });
  ann = await agent(browser, site, await tokenOf(site, 'ann', { name: 'Ann' }));
  await duty(ann, 'online');
});

after(async () => {
  await browser?.close();
  assert.equal(await site?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

test('a reload, and the daemon killed and started again: the ticket, the draft and the duty are still there', async () => {
  const eva = await visitor(site, 'Eva', 'before all of it', { desk: 'sales' });
  await take(ann, 'Eva');
  await say(ann, 'said before');
  await row(ann, 'said before').locator('.state').getByText('sent').waitFor();
  await note(ann, 'a note before');
  await part(ann, 'input').fill('half a sent');
  await ann.page.reload();
  await part(ann, 'title').getByText('Eva', { exact: true }).waitFor();
  await line(ann, 'said before').waitFor();
  await part(ann, 'note').filter({ hasText: 'a note before' }).waitFor();
  assert.equal(await part(ann, 'input').inputValue(), 'half a sent');
  await soon('she is on duty', () => part(ann, 'duty-online').isChecked());

  await site.kill();
  await part(ann, 'input').fill('said while it was down');
  await part(ann, 'send').click();
  await row(ann, 'said while it was down').locator('.state').getByText('waiting').waitFor();
  await part(ann, 'banner').waitFor();
  await inspect(ann, 'desk-offline');
  await site.start();
  await reconnect(ann);
  await eva.enter();
  await row(ann, 'said while it was down').locator('.state').getByText('sent').waitFor({ timeout: 30_000 });
  await eva.heardOnce((one) => one.content === 'said while it was down');
  assert.equal(eva.heard.filter((one) => one.content === 'said while it was down').length, 1);
  await eva.write('still here');
  await line(ann, 'still here').waitFor();
  assert.equal(await line(ann, 'said while it was down').count(), 1);
  await part(ann, 'end').click();
  await part(ann, 'end-yes').click();
  await eva.heardOnce((one) => one.type === 'ticket' && one.state === 'closed');
  // Chromium notes each attempt that finds nobody.
  ann.errors.splice(0, ann.errors.length, ...ann.errors.filter((text) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(text)));
  eva.leave();
});

test('a ticket in which nobody speaks says when it closes, goes on after a word, and closes by itself', async () => {
  assert.ok((await api.call('PUT', 'desks/quiet', { idle_close_seconds: 7, idle_notice_seconds: 5 })).status < 300);
  const ida = await visitor(site, 'Ida', 'hello?', { desk: 'quiet' });
  await take(ann, 'Ida');
  await part(ann, 'bar').getByText(/Closes by itself in 0:0\d/).waitFor();
  // It is hidden for two seconds.
  await Promise.all([hidden(part(ann, 'bar')), ida.write('still here')]);
  await part(ann, 'bar').getByText('Closed by itself').waitFor();
  ida.leave();
});

test('who holds as many tickets as allowed takes no more, and is told so', async () => {
  const tab = await agent(browser, site, await tokenOf(site, 'max', { name: 'Max', desks: 'full' }));
  await duty(tab, 'online');
  await part(tab, 'self').click();
  await part(tab, 'capacity').fill('1');
  await part(tab, 'capacity').press('Tab');
  await part(tab, 'load').getByText('0 of 1').waitFor({ state: 'attached' });
  await tab.page.keyboard.press('Escape');
  const both = [await visitor(site, 'One', 'first', { desk: 'full' }), await visitor(site, 'Two', 'second', { desk: 'full' })];
  await take(tab, 'One');
  await part(tab, 'load').getByText('1 of 1').waitFor();
  await ticket(tab, 'Two').getByTestId('claim-line').click();
  await part(tab, 'alert').getByText('as many as you may').waitFor();
  for (const one of both) {
    await one.ask({ type: 'close', ticket: one.ticket });
    one.leave();
  }
  isClean(tab);
  await tab.page.context().close();
});

test('whoever may not come in is told why, and whoever is sent away may come back', async () => {
  const door = async (token) => {
    const tab = await openTab(browser, [site.page, site.socket]);
    await tab.page.goto(`${site.page}desk#token=${token}`);
    return tab;
  };
  const user = await door(await tokenOf(site, 'una', { role: 'user' }));
  await part(user, 'token-wrong').getByText('not that of an agent').waitFor();
  const token = await tokenOf(site, 'gus', { name: 'Gus' });
  const forged = await door(`${token.slice(0, -6)}AAAAAA`);
  await part(forged, 'token-wrong').getByText('no longer holds').waitFor();
  assert.equal(new URL(forged.page.url()).hash, '');
  await part(forged, 'token').fill('no token');
  await part(forged, 'token').press('Enter');
  await part(forged, 'token-wrong').getByText('no token').waitFor();
  await part(forged, 'token').fill(token);
  await part(forged, 'enter').click();
  await part(forged, 'me').getByText('gus', { exact: true }).waitFor();
  assert.equal((await api.call('POST', 'users/gus/disconnect')).status, 200);
  await forged.page.getByText('An administrator has ended this session').waitFor();
  await part(forged, 'ended-back').click();
  await part(forged, 'me').getByText('gus', { exact: true }).waitFor();
  await part(forged, 'self').click();
  await part(forged, 'sign-out').click();
  await part(forged, 'token').waitFor();
  assert.deepEqual(await forged.page.evaluate(() => [{ ...sessionStorage }, Object.keys(localStorage)]), [{}, []]);
  isClean(user, forged);
  for (const { page } of [user, forged]) await page.context().close();
});

test('by the keyboard alone: duty, take, answer, note, kept reply, transfer, close, keys', async () => {
  const tab = await agent(browser, site, await tokenOf(site, 'kay', { name: 'Kay', desks: 'keys' }));
  const { keyboard } = tab.page;
  const focus = (id) => tab.page.waitForFunction((id) => document.activeElement?.dataset.testid === id || document.activeElement?.id === id, id);
  await keyboard.press('d');
  await focus('duty-away');
  for (let n = 0; n < 3 && !(await part(tab, 'duty-online').isChecked()); n += 1) await keyboard.press('ArrowRight');
  await duty(tab, 'online');
  const tom = await visitor(site, 'Tom', 'keys only', { desk: 'keys' });
  await ticket(tab, 'Tom').waitFor();
  await keyboard.press('c');
  await focus('input');
  await keyboard.type('all by keys');
  await keyboard.press('Enter');
  await tom.heardOnce((one) => one.content === 'all by keys');
  await keyboard.press('Escape');
  await focus('log');
  await keyboard.press('n');
  await focus('input');
  await keyboard.type('a note by keys');
  await keyboard.press('Enter');
  await part(tab, 'note').filter({ hasText: 'a note by keys' }).waitFor();
  await keyboard.press('Escape');
  await keyboard.press('r');
  await focus('input');
  await keyboard.type('/sor');
  await part(tab, 'canned').locator('li').first().waitFor();
  await keyboard.press('Enter');
  await keyboard.press('Enter');
  await tom.heardOnce((one) => one.content === 'We are sorry, Tom.');
  await keyboard.press('Escape');
  await keyboard.press('2');
  await ticket(tab, 'Tom').waitFor();
  await keyboard.press('?');
  await part(tab, 'dialog').getByText('take this ticket, or the next one that waits').waitFor();
  await inspect(tab, 'desk-keys');
  await keyboard.press('Escape');
  await hidden(part(tab, 'dialog'));
  await keyboard.press('t');
  await focus('transfer-to');
  await keyboard.press('Escape');
  await hidden(part(tab, 'dialog'));
  await keyboard.press('e');
  await focus('end-yes');
  await keyboard.press('Enter');
  await tom.heardOnce((one) => one.type === 'ticket' && one.state === 'closed');
  await keyboard.press('f');
  await part(tab, 'figures').waitFor();
  await keyboard.press('Escape');
  isClean(tab);
  tom.leave();
  await tab.page.context().close();
});

test('the bell: one of two tabs rings for a new visitor, and only after a click', async () => {
  const prepare = (page) => page.context().addInitScript(() => {
    window.rung = [];
    window.notified = [];
    class Audio {
      currentTime = 0;
      destination = {};
      createOscillator = () => ({ frequency: {}, connect: (node) => node, start: () => window.rung.push(1), stop: () => {} });
      createGain = () => ({ gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (node) => node });
    }
    window.AudioContext = Audio;
    window.Notification = class { static permission = 'default'; static asked = 0; static requestPermission() { this.asked += 1; return Promise.resolve((this.permission = 'granted')); } constructor(title) { window.notified.push(title); } close() {} };
  });
  const token = await tokenOf(site, 'bea', { name: 'Bea', desks: 'bells' });
  const tab = await agent(browser, site, token, {}, prepare);
  const other = await tab.page.context().newPage();
  await other.goto(`${site.page}desk#token=${token}`);
  await other.getByTestId('me').filter({ hasText: 'bea' }).waitFor();
  await duty(tab, 'online');
  const heard = async () => (await Promise.all([tab.page, other].map((page) => page.evaluate(() => window.rung.length)))).reduce((sum, one) => sum + one, 0);
  const quiet = await visitor(site, 'Quiet', 'no bell yet', { desk: 'bells' });
  await ticket(tab, 'Quiet').waitFor();
  await pause(300);
  assert.equal(await heard(), 0);
  assert.equal(await tab.page.evaluate(() => window.Notification.asked), 0);
  await part(tab, 'bell').click();
  await tab.page.waitForFunction(() => window.Notification.asked === 1 && window.rung.length === 2);
  await other.getByTestId('bell').and(other.locator('[aria-pressed="true"]')).waitFor();
  const before = await heard();
  const loud = await visitor(site, 'Loud', 'the bell', { desk: 'bells' });
  await ticket(tab, 'Loud').waitFor();
  await soon('it rings', async () => (await heard()) > before);
  await pause(500); // and not in the other tab as well
  assert.equal((await heard()) - before, 2, 'two notes, of one tab');
  assert.match(await tab.page.title(), /^\(2\) /);
  for (const one of [quiet, loud]) {
    await one.ask({ type: 'close', ticket: one.ticket });
    one.leave();
  }
  isClean(tab);
  await tab.page.context().close();
});

describe('foreign text stays text', () => {
  const payloads = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "javascript:alert(1)//'", '<svg onload=alert(1)>', '{{constructor.constructor("alert(1)")()}}', '</textarea><script>alert(1)</script>'];

  test('in names, pages, referrers, forms, tags, notes, kept replies, ratings and what is said', async () => {
    const tab = await agent(browser, site, await tokenOf(site, 'xss', { name: payloads[0], desks: 'foreign' }));
    tab.page.on('dialog', () => assert.fail('a script ran'));
    await duty(tab, 'online');
    for (const [at, payload] of payloads.entries()) {
      const one = await visitor(site, payload, payload, { desk: 'foreign', page: payload, referrer: payload, lang: payload, browser: payload, form: { [`field ${at}`]: payload, [payload]: payload } });
      await look(tab, 'waiting');
      await part(tab, 'queue').locator('.claim').first().click();
      await line(tab, payload).first().waitFor();
      await note(tab, payload);
      await part(tab, 'tag-input').fill(`t${payload}`.slice(0, 60));
      await part(tab, 'tag-input').press('Enter');
      await part(tab, 'tags').locator('.tag').first().waitFor();
      await part(tab, 'self').click();
      await part(tab, 'own-canned').click();
      await part(tab, 'canned-short').fill(`c${at}`);
      await part(tab, 'canned-content').fill(`${payload} {visitor}`);
      await part(tab, 'canned-save').click();
      await part(tab, 'canned-list').getByText(`/c${at}`).waitFor();
      await tab.page.keyboard.press('Escape');
      await part(tab, 'input').fill(`/c${at}`);
      await part(tab, 'canned').locator('li').first().waitFor();
      await part(tab, 'input').press('Enter');
      await part(tab, 'input').press('Enter');
      await one.heardOnce((heard) => heard.type === 'support' && heard.content === `${payload} ${payload}`);
      await part(tab, 'end').click();
      await part(tab, 'end-yes').click();
      await one.heardOnce((heard) => heard.type === 'ticket' && heard.state === 'closed');
      await one.ask({ type: 'rate', ticket: one.ticket, stars: 1, comment: payload });
      await part(tab, 'rating').getByText(payload, { exact: true }).waitFor();
      one.leave();
    }
    await look(tab, 'closed');
    const made = await tab.page.evaluate(() => [...document.querySelectorAll('script, img, svg, iframe, [onerror], [onload]')].map((node) => node.outerHTML).filter((html) => !html.includes('/desk/app.js')));
    assert.deepEqual(made, []);
    const links = await tab.page.evaluate(() => [...document.querySelectorAll('a')].map((node) => node.protocol));
    assert.ok(links.every((protocol) => protocol === 'http:' || protocol === 'https:'), String(links));
    isClean(tab);
    await tab.page.context().close();
  });
});

test('no console error and no request to another host in all of this', () => isClean(ann));
