// Uploads that do not go as wished: refused, broken off, waiting for a daemon that is away; and pictures that come late
// while somebody reads.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { FaultyLink } from './faulty.mjs';
import { enter, isClean, joinGroup, line, part, reconnect, sent, talk } from './people.mjs';
import { startBrowser, startDaemon } from './peers.mjs';
import { Sender, bubble, choose, file, files, give, isSeen, paper, picture } from './pictures.mjs';

const FREE = ['--messages-per-second', '1000', '--messages-burst', '2000'];
let daemon, browser;

before(async () => {
  daemon = await startDaemon({ options: FREE });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

describe('what a server may refuse', () => {
  test('who may not speak is told, and sends it later under its id', async () => {
    const [owner, guest] = [await enter(browser, daemon, 'Owner'), await enter(browser, daemon, 'Guest')];
    for (const tab of [owner, guest]) await joinGroup(tab, 'strict');
    const choice = async (what) => {
      await part(owner, 'panel').locator('li', { hasText: 'Guest' }).locator('button').click();
      await part(owner, 'dialog').getByRole('button', { name: what, exact: true }).click();
    };
    await part(owner, 'panel-open').click();
    await choice('Mute for 10 minutes');
    await part(guest, 'log').getByText(`muted ${guest.uid}`).waitFor();
    await choose(guest, await picture(guest.page, 'later.jpg', 400, 300));
    await part(guest, 'send').click();
    await bubble(guest, 'later.jpg').getByText('You are muted here').waitFor();
    await choice('Let speak again');
    await part(guest, 'log').getByText('speak again').waitFor();
    const id = await bubble(guest, 'later.jpg').getAttribute('data-pending');
    await bubble(guest, 'later.jpg').getByRole('button', { name: 'Send again' }).click();
    await isSeen(owner, 'later.jpg', 400, 300);
    assert.deepEqual(sent(guest, 'group').map((message) => message.id), [id]);
    for (const tab of [owner, guest]) assert.deepEqual(tab.foreign, []);
    for (const tab of [owner, guest]) await tab.page.context().close();
  });

  test('a server without room says so, and what cannot be sent can be removed', async () => {
    const site = await startDaemon({ options: ['--files-total-bytes-max', '50000'] });
    const tab = await enter(browser, site, 'Full');
    await joinGroup(tab, 'tea');
    await choose(tab, paper('fits.pdf', 40_000), paper('too-much.pdf', 40_000));
    await part(tab, 'send').click();
    await file(tab, 'fits.pdf').waitFor();
    await bubble(tab, 'too-much.pdf').getByText('The server has no room for files left.').waitFor();
    await talk(tab, 'tea').getByText('not sent').waitFor();
    await bubble(tab, 'too-much.pdf').getByRole('button', { name: 'Remove' }).click();
    await bubble(tab, 'too-much.pdf').waitFor({ state: 'detached' });
    await tab.page.context().close();
    await site.stop();
  });

  test('a server without files offers none', async () => {
    const site = await startDaemon({ options: ['--files-bytes-max', '0'] });
    const tab = await enter(browser, site, 'None');
    await joinGroup(tab, 'tea');
    assert.equal(await part(tab, 'attach').isVisible(), false);
    await give(tab, 'paste', 'image/gif');
    await tab.page.getByRole('alert').filter({ hasText: 'Files cannot be sent here' }).waitFor();
    isClean(tab);
    await tab.page.context().close();
    await site.stop();
  });
});

test('a link that breaks under an upload: it goes on by itself, and is said once', async () => {
  const link = new FaultyLink(daemon.host);
  const address = new URL(await link.open()).host;
  const max = await enter(browser, { page: `http://${address}/`, socket: `ws://${address}` }, 'Max');
  const ben = await enter(browser, daemon, 'Ben');
  for (const tab of [max, ben]) await joinGroup(tab, 'tea');
  const network = await max.page.context().newCDPSession(max.page);
  await network.send('Network.enable');
  const speed = (bytes) => network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  await speed(100_000); // slow enough to be broken off
  const bytes = randomBytes(1_200_000);
  await choose(max, { name: 'broken.bin', mimeType: 'application/octet-stream', buffer: bytes });
  await part(max, 'send').click();
  const going = max.page.getByRole('progressbar', { name: 'Sending broken.bin' });
  await max.page.waitForFunction((node) => node.value > 0.2, await going.elementHandle());
  link.away = true;
  link.cut();
  await part(max, 'banner').waitFor();
  await going.waitFor();
  await speed(-1);
  link.away = false;
  await reconnect(max);
  for (const tab of [max, ben]) await file(tab, 'broken.bin').waitFor();
  await part(max, 'log').locator('[data-pending]').waitFor({ state: 'detached' });
  for (const tab of [max, ben]) assert.equal(await file(tab, 'broken.bin').count(), 1);
  assert.equal(new Set(sent(max, 'group').map((message) => message.id)).size, 1);
  assert.deepEqual(max.foreign, []);
  for (const tab of [max, ben]) await tab.page.context().close();
  link.close();
});

test('a daemon that is away: what was attached waits, and goes out when it is back', async () => {
  const site = await startDaemon({ options: FREE });
  const [kim, lou] = [await enter(browser, site, 'Kim'), await enter(browser, site, 'Lou')];
  for (const tab of [kim, lou]) await joinGroup(tab, 'rooms');
  // What makes files ready is here before the daemon is gone.
  await choose(kim, paper('first.pdf', 1000));
  await part(kim, 'send').click();
  await file(lou, 'first.pdf').waitFor();
  await site.kill();
  await part(kim, 'banner').waitFor();
  await choose(kim, await picture(kim.page, 'meanwhile.jpg', 640, 480), paper('second.pdf', 2000));
  await part(kim, 'input').fill('said while it was away');
  await part(kim, 'send').click();
  await bubble(kim, 'meanwhile.jpg').locator('img[src^="blob:"]').waitFor();
  await site.start();
  for (const tab of [kim, lou]) await reconnect(tab);
  await line(lou, 'said while it was away').waitFor();
  await isSeen(lou, 'meanwhile.jpg', 640, 480);
  for (const tab of [kim, lou]) await file(tab, 'second.pdf').waitFor();
  for (const tab of [kim, lou]) assert.equal(await files(tab).count(), 3);
  for (const tab of [kim, lou]) await tab.page.context().close();
  await site.stop();
});

test('history with pictures that come late stays within a pixel', async () => {
  const sender = await Sender.enter(daemon);
  await sender.say({ type: 'join', gid: 'album' });
  const hal = await enter(browser, daemon, 'Hal');
  const pictures = [await picture(hal.page, 'a.jpg', 400, 300), await picture(hal.page, 'b.jpg', 200, 500), await picture(hal.page, 'c.jpg', 900, 200)];
  const sizes = [{ width: 400, height: 300 }, { width: 200, height: 500 }, { width: 900, height: 200 }];
  for (let n = 0; n < 27; n += 1) {
    await sender.file('album', 'image', pictures[n % 3], sizes[n % 3]);
    for (let m = 0; m < 4; m += 1) await sender.say({ type: 'group', gid: 'album', content: `line ${n}.${m}` });
  }
  await hal.page.route('**/files/*', async (route) => {
    await new Promise((done) => setTimeout(done, 150));
    await route.continue().catch(() => {});
  });
  await joinGroup(hal, 'album');
  await line(hal, 'line 26.3').waitFor();
  const drift = await part(hal, 'log').evaluate(async (node) => {
    const rows = () => [...node.querySelectorAll('[data-seq]')];
    const first = rows()[0].dataset.seq;
    node.scrollTop = 300;
    const box = node.getBoundingClientRect();
    const read = rows().find((row) => row.querySelector('.bubble').getBoundingClientRect().bottom > box.top + 40);
    const top = () => node.querySelector(`[data-seq="${read.dataset.seq}"] .bubble`).getBoundingClientRect().top;
    const was = top();
    let worst = 0;
    for (let more = 60; more > 0; ) {
      await new Promise((done) => requestAnimationFrame(done));
      worst = Math.max(worst, Math.abs(top() - was));
      if (rows()[0].dataset.seq !== first) more -= 1;
    }
    return worst;
  });
  console.log(`drift with pictures: ${drift} px`);
  assert.ok(drift <= 1, `${drift} px`);
  isClean(hal);
  sender.close();
  await hal.page.context().close();
});
