// A session that the site ends: a page says why and what can be done, and does not come back by itself.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { enter, inspect, isIn, joinGroup, line, part, say, sent } from './people.mjs';
import { createKey, openTab, startBrowser, startDaemon } from './peers.mjs';

const secret = 'a secret of thirty-two bytes or so, for tests';
let daemon, browser, key;

before(async () => {
  daemon = await startDaemon({ files: { secret }, options: ['--token-secret-file', 'secret', '--guests', 'yes'] });
  key = await createKey(daemon, 'manage', 'site');
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

/** As a site makes them. The daemon gives them half a minute more. */
function tokenOf(uid, ttl_s) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: uid, exp: Math.floor(Date.now() / 1000) + ttl_s })}`;
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`;
}

/** One call of the site's back end. */
async function call(method, path, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`${daemon.page}v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${await response.clone().text()}`);
}

/** The page that says it, with these words; and for a while nothing more is tried. */
async function ends(tab, words) {
  await tab.page.getByRole('heading', { name: 'You are signed off' }).waitFor();
  await tab.page.getByText(words).waitFor();
  const logins = sent(tab, 'login').length;
  await tab.page.waitForTimeout(1500);
  assert.equal(sent(tab, 'login').length, logins, 'nobody has come back by himself');
  assert.match(await tab.page.title(), /signed off/);
  assert.equal(await part(tab, 'banner').isVisible(), false);
}

test('who is disconnected comes back by a click, as the same one, with what was typed', async () => {
  const ann = await enter(browser, daemon, 'Ann');
  await joinGroup(ann, 'Tea house');
  await say(ann, 'before');
  await line(ann, 'before').waitFor();
  await part(ann, 'input').fill('half a thought');
  await call('POST', `users/${ann.uid}/disconnect`);
  await ends(ann, 'An administrator has ended this session.');
  await inspect(ann, 'ended-kicked-1280-light-en');
  await ann.page.getByRole('button', { name: 'Come back' }).click();
  await part(ann, 'input').waitFor();
  assert.equal(await part(ann, 'input').inputValue(), 'half a thought');
  await part(ann, 'send').click();
  await part(ann, 'log').locator('.row:not(.queued)', { hasText: 'half a thought' }).waitFor();
  assert.equal(await part(ann, 'me').textContent(), ann.uid);
  assert.deepEqual([ann.errors, ann.foreign], [[], []]);
  await ann.page.context().close();
});

test('who is banned is told, may try, and is let in when the ban is over', async () => {
  const ben = await enter(browser, daemon, 'Ben');
  await call('PUT', `users/${ben.uid}/ban`);
  await ends(ben, 'An administrator keeps you out of this chat');
  const logins = sent(ben, 'login').length;
  await ben.page.getByRole('button', { name: 'Try again' }).click();
  await ends(ben, 'An administrator keeps you out of this chat');
  assert.equal(sent(ben, 'login').length, logins + 1, 'one click, one attempt');
  await inspect(ben, 'ended-banned-1280-light-en');
  await ben.page.reload();
  await ends(ben, 'An administrator keeps you out of this chat');
  await call('DELETE', `users/${ben.uid}/ban`);
  await ben.page.getByRole('button', { name: 'Try again' }).click();
  await part(ben, 'begin').waitFor();
  await part(ben, 'me').filter({ hasText: ben.uid }).waitFor();
  assert.deepEqual(ben.foreign, []);
  await ben.page.context().close();
});

test('whose pass expires is shown the way back, and comes in by a new one in the same tab', async () => {
  const site = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><title>a shop</title><link rel="icon" href="data:,"><a href="${daemon.page}#token=${tokenOf('dan', -20)}">chat</a>`);
  });
  await new Promise((listening) => site.unref().listen(0, '127.0.0.1', listening));
  const shop = `127.0.0.1:${site.address().port}`;
  try {
    const dan = await openTab(browser, [daemon.page, daemon.socket, `http://${shop}/`], { viewport: { width: 375, height: 667 } });
    await dan.page.goto(`http://${shop}/`);
    await dan.page.getByText('chat').click();
    await isHere(dan, 'dan');
    await ends(dan, 'Your pass has expired.');
    assert.ok(sent(dan, 'login').length <= 2);
    assert.equal(sent(dan, 'refresh').length, 0, 'the same token is not sent again and again');
    assert.equal(await dan.page.getByRole('link', { name: `Back to ${shop}` }).getAttribute('href'), `http://${shop}/`);
    await inspect(dan, 'ended-expired-375-light-en');
    await dan.page.evaluate((token) => (location.hash = `#token=${token}`), tokenOf('dan', 3600));
    // The page of before has that name too.
    await dan.page.waitForFunction(() => location.hash === '' && document.body.dataset.stage === 'rooms');
    await isHere(dan, 'dan');
    assert.deepEqual([dan.errors, dan.foreign], [[], []]);
    await dan.page.context().close();
  } finally {
    site.close();
  }
});

const isHere = (tab, uid) => part(tab, 'me').filter({ hasText: uid }).waitFor({ state: 'attached' });

test('who comes with a pass that has expired may come in as a guest', async () => {
  const eve = await openTab(browser, [daemon.page, daemon.socket], { viewport: { width: 1280, height: 800 } });
  await eve.page.goto(`${daemon.page}#token=${tokenOf('eve', -120)}`);
  await ends(eve, 'Your pass has expired.');
  assert.equal(await eve.page.getByRole('link').count(), 0, 'nobody knows where it came from');
  await eve.page.getByRole('button', { name: 'Come in as a guest' }).click();
  await part(eve, 'name').fill('Eve');
  await part(eve, 'enter').click();
  await isIn(eve);
  await eve.page.context().close();
});
