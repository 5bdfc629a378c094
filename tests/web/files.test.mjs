// Files and pictures in the page: chosen, dropped and pasted, on their way, there, and gone again; and what happens when
// they are too large, not allowed, or the link breaks under them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { FaultyLink } from './faulty.mjs';
import { act, enter, inspect, isClean, joinGroup, line, part, say, sent, show, talk } from './people.mjs';
import { startBrowser, startDaemon } from './peers.mjs';
import { Sender, gif, paper, picture, withNotes } from './pictures.mjs';

const FREE = ['--messages-per-second', '1000', '--messages-burst', '2000'];
const LIMIT = 2 << 20;
let daemon, browser, ann, ben;

before(async () => {
  daemon = await startDaemon({ options: [...FREE, '--files-bytes-max', String(LIMIT)] });
  browser = await startBrowser();
  [ann, ben] = [await enter(browser, daemon, 'Ann'), await enter(browser, daemon, '李坎儿', { locale: 'zh-CN' })];
  for (const tab of [ann, ben]) await joinGroup(tab, 'tea');
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const choose = (tab, ...files) => part(tab, 'files').setInputFiles(files);
const files = (tab) => part(tab, 'log').locator('karez-file');
/** The file of this name in the log, once it is stored. */
const file = (tab, name) => part(tab, 'log').locator('.row[data-seq] karez-file').filter({ has: tab.page.locator(`img[alt$="${name}"], b:text-is("${name}")`) });
const bubble = (tab, name) => part(tab, 'log').locator('.row').filter({ has: tab.page.locator(`karez-file img[alt$="${name}"], karez-file b:text-is("${name}")`) });

/** What the daemon has of a file that was said. */
async function fetched(tab, name) {
  const { file: { id } } = sent(ann, 'group').findLast((message) => message.data?.file.name === name).data;
  const token = await tab.page.evaluate(() => localStorage.getItem('karez.token'));
  const response = await fetch(`${daemon.page}files/${id}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
}

/** A picture that can be seen, of this size in itself. */
async function isSeen(tab, name, width, height) {
  const image = file(tab, name).locator('img');
  await image.waitFor();
  await tab.page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await image.elementHandle());
  assert.deepEqual(await image.evaluate((image) => [image.naturalWidth, image.naturalHeight]), [width, height]);
  assert.match(await image.getAttribute('src'), /^blob:/);
}

test('several at once wait in a tray, can be left out, and go in order behind what was typed', async () => {
  const small = await picture(ann.page, 'small.png', 60, 40, 'image/png');
  const large = withNotes(await picture(ann.page, 'large.jpg', 3000, 2000));
  await choose(ann, large, small, gif('moves.gif'), paper('minutes.pdf', 20_000), paper('secret.pdf', 10));
  await part(ann, 'attached').nth(4).waitFor();
  await ann.page.getByRole('button', { name: 'Do not send secret.pdf' }).click();
  await part(ann, 'input').fill('from yesterday');
  await inspect(ann, 'tray-1280-light-en');
  await part(ann, 'input').press('Enter');
  await part(ann, 'tray').waitFor({ state: 'hidden' });
  await line(ben, 'from yesterday').waitFor();
  await isSeen(ben, 'large.jpg', 2048, 1365);
  await isSeen(ben, 'small.png', 60, 40);
  await isSeen(ben, 'moves.gif', 1, 1);
  await file(ben, 'minutes.pdf').waitFor();
  assert.equal(await files(ben).count(), 4);
  const said = await part(ben, 'log').locator('.content, karez-file').evaluateAll((all) => all.map((one) => one.file?.name ?? one.textContent));
  assert.deepEqual(said.slice(-5), ['from yesterday', 'large.jpg', 'small.png', 'moves.gif', 'minutes.pdf']);
  await talk(ben, 'tea').getByText('[文件] minutes.pdf').waitFor();

  const [sentLarge, sentSmall] = [await fetched(ben, 'large.jpg'), await fetched(ben, 'small.png')];
  assert.equal(sentLarge.type, 'image/jpeg');
  assert.ok(!sentLarge.bytes.includes('Exif') && !sentLarge.bytes.includes('GPS'), 'where it was taken is nobody\'s business');
  assert.deepEqual(sentSmall.bytes, small.buffer, 'as it is');
});

test('a small picture with notes is freed of them too', async () => {
  await choose(ann, withNotes(await picture(ann.page, 'portrait.jpg', 300, 400)));
  await part(ann, 'send').click();
  await isSeen(ben, 'portrait.jpg', 300, 400);
  assert.ok(!(await fetched(ben, 'portrait.jpg')).bytes.includes('GPS'));
});

test('it has its size before it is there', async () => {
  let mayCome;
  const gate = new Promise((done) => (mayCome = done));
  await ben.page.route('**/files/*', async (route) => (await gate, route.continue()));
  await ben.page.reload();
  const box = () => file(ben, 'large.jpg').boundingBox();
  await file(ben, 'large.jpg').waitFor();
  const was = await box();
  const height = await part(ben, 'log').evaluate((log) => log.scrollHeight);
  mayCome();
  await isSeen(ben, 'large.jpg', 2048, 1365);
  assert.deepEqual(await box(), was);
  assert.equal(await part(ben, 'log').evaluate((log) => log.scrollHeight), height);
  await ben.page.unroute('**/files/*');
});

test('it opens in full, is saved, and what is no picture is saved too', async () => {
  await file(ben, 'large.jpg').getByRole('button').click();
  await part(ben, 'dialog').getByText('2048 × 1365').waitFor();
  await ben.page.waitForFunction(() => document.querySelector('.whole')?.naturalWidth === 2048);
  await inspect(ben, 'viewer-1280-light-zh');
  const save = async (button) => {
    const [download] = await Promise.all([ben.page.waitForEvent('download'), button.click()]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  };
  const picture = await save(part(ben, 'dialog').getByRole('button', { name: '下载 large.jpg' }));
  assert.deepEqual(picture, { name: 'large.jpg', bytes: (await fetched(ben, 'large.jpg')).bytes });
  await ben.page.keyboard.press('Escape');
  await part(ben, 'dialog').waitFor({ state: 'hidden' });
  const paper_ = await save(file(ben, 'minutes.pdf').getByRole('button', { name: '下载 minutes.pdf' }));
  assert.deepEqual(paper_, { name: 'minutes.pdf', bytes: Buffer.alloc(20_000, 7) });
});

/** What a browser does when something is pasted or dropped. */
const give = (tab, event, type, texts = []) => tab.page.evaluate(([event, type, texts]) => {
  const data = new DataTransfer();
  for (const text of texts) data.setData('text/plain', text);
  const bytes = Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (one) => one.charCodeAt(0));
  data.items.add(new File([bytes], `${event}.gif`, { type }));
  const target = document.getElementById('input');
  const made = event === 'paste' ? new ClipboardEvent(event, { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
  return !target.dispatchEvent(made);
}, [event, type, texts]);

test('pasted and dropped ones are attached; a table that is pasted is text', async () => {
  assert.equal(await give(ann, 'paste', 'image/gif', ['a\tb']), false, 'the browser puts the text in');
  assert.equal(await part(ann, 'attached').count(), 0);
  assert.equal(await give(ann, 'paste', 'image/gif'), true);
  assert.equal(await give(ann, 'dragover', 'image/gif'), true);
  await ann.page.getByText('Drop files here').waitFor();
  assert.equal(await give(ann, 'drop', 'image/gif'), true);
  await ann.page.getByText('Drop files here').waitFor({ state: 'hidden' });
  await part(ann, 'attached').nth(1).waitFor();
  // They belong to this conversation, and wait there.
  await joinGroup(ann, 'elsewhere');
  assert.equal(await part(ann, 'tray').isVisible(), false);
  await show(ann, 'tea');
  assert.equal(await part(ann, 'attached').count(), 2);
  await part(ann, 'send').click();
  await isSeen(ben, 'paste.gif', 1, 1);
  await isSeen(ben, 'drop.gif', 1, 1);
});

test('one that is too large is told before it is sent, in the language of the reader', async () => {
  for (const [tab, words] of [[ann, /huge.bin is too large: 2.1 MB. At most 2 MB/], [ben, /“huge.bin”太大：2.1 MB，最多 2 MB/]]) {
    await part(tab, 'input').fill('typed');
    await choose(tab, { name: 'huge.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(LIMIT + 100_000) });
    await tab.page.getByRole('alert').filter({ hasText: words }).waitFor();
    assert.equal(await part(tab, 'attached').count(), 0);
    assert.equal(await part(tab, 'input').inputValue(), 'typed');
    await tab.page.locator('#alert-close').click();
    await part(tab, 'input').fill('');
  }
  await choose(ann, paper('nothing.pdf', 0));
  await ann.page.getByRole('alert').filter({ hasText: 'An empty file' }).waitFor();
  await ann.page.locator('#alert-close').click();
});

test('how far it is, is shown, and it can be taken back on the way', async () => {
  const network = await ann.page.context().newCDPSession(ann.page);
  await network.send('Network.enable');
  const speed = (bytes) => network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  await speed(200_000);
  await choose(ann, { name: 'slow.bin', mimeType: 'application/octet-stream', buffer: randomBytes(1_500_000) });
  await part(ann, 'send').click();
  const going = ann.page.getByRole('progressbar', { name: 'Sending slow.bin' });
  await going.waitFor();
  await ann.page.waitForFunction((node) => node.value > 0.05 && node.value < 1, await going.elementHandle());
  await inspect(ann, 'uploading-1280-light-en');
  await bubble(ann, 'slow.bin').getByRole('button', { name: 'Cancel' }).click();
  await bubble(ann, 'slow.bin').waitFor({ state: 'detached' });
  await speed(-1);
  await say(ann, 'never mind');
  await line(ben, 'never mind').waitFor();
  assert.equal(await file(ben, 'slow.bin').count(), 0);
});

test('what is recalled vanishes, in full view too, and its bytes with it', async () => {
  await choose(ann, await picture(ann.page, 'oops.png', 500, 400, 'image/png'));
  await part(ann, 'send').click();
  await isSeen(ben, 'oops.png', 500, 400);
  const address = await file(ben, 'oops.png').locator('img').getAttribute('src');
  await file(ben, 'oops.png').getByRole('button').click();
  await part(ben, 'dialog').getByText('500 × 400').waitFor();
  await bubble(ann, 'oops.png').hover();
  await bubble(ann, 'oops.png').getByRole('button', { name: 'Recall' }).click();
  await part(ann, 'log').getByText('You recalled a message').waitFor();
  assert.equal(await part(ann, 'log').getByRole('button', { name: 'Edit again' }).count(), 0, 'a name is nothing to edit');
  await file(ben, 'oops.png').waitFor({ state: 'detached' });
  await part(ben, 'dialog').waitFor({ state: 'hidden' });
  assert.equal((await fetched(ben, 'oops.png')).status, 404);
  const isRevoked = () => ben.page.evaluate((address) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(false);
    image.onerror = () => done(true);
    image.src = address;
  }), address);
  while (!(await isRevoked())) await ben.page.waitForTimeout(200); // until the time of the test is over
  ben.errors.length = 0; // the console tells of an address that is gone
});

test('a reply quotes a picture, and leads to it', async () => {
  await bubble(ben, 'large.jpg').hover();
  await bubble(ben, 'large.jpg').getByRole('button', { name: '回复' }).click();
  await say(ben, '真美');
  const quote = part(ann, 'log').locator('.row', { hasText: '真美' }).locator('.quote');
  await quote.filter({ hasText: 'Ann' }).filter({ hasText: '[Picture]' }).click();
  await part(ann, 'log').locator('.row.pointed karez-file').waitFor();
});

test('what others call a picture is shown as one only if it is; nothing of it runs', async () => {
  const sender = await Sender.enter(daemon);
  const size = { width: 300, height: 200 };
  const script = '<script>window.broken = 1</script>';
  await sender.say({ type: 'join', gid: 'tea' });
  await sender.file('tea', 'image', { name: 'page.png', mimeType: 'text/html', buffer: Buffer.from(script) }, size);
  await sender.file('tea', 'image', { name: 'drawn.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`) }, size);
  await sender.file('tea', 'image', { name: '<img src=x onerror=alert(1)>.gif', mimeType: 'image/gif', buffer: gif('').buffer }, { width: 1e9, height: 0.5 });
  await sender.say({ type: 'group', gid: 'tea', content: 'an old kind of picture', kind: 'image', data: { url: 'http://example.com/x.png' } });
  await line(ben, 'an old kind of picture').waitFor();
  for (const name of ['page.png', 'drawn.svg']) {
    await file(ben, name).getByRole('button', { name: `下载 ${name}` }).waitFor();
    assert.equal(await file(ben, name).locator('img').count(), 0);
  }
  await file(ben, '<img src=x onerror=alert(1)>.gif').locator('img[src^="blob:"]').waitFor();
  const box = await file(ben, '<img src=x onerror=alert(1)>.gif').boundingBox();
  assert.ok(box.width <= 300 && box.height >= 40 && box.height <= 300, JSON.stringify(box));
  assert.equal(await ben.page.evaluate(() => window.broken), undefined);
  sender.close();
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`a conversation with pictures, ${width} px, ${colorScheme}`, async () => {
      for (const tab of [ann, ben]) {
        await tab.page.setViewportSize({ width, height: width === 375 ? 667 : 800 });
        await tab.page.emulateMedia({ colorScheme });
        await file(tab, 'large.jpg').scrollIntoViewIfNeeded();
        await isSeen(tab, 'large.jpg', 2048, 1365);
        await tab.page.mouse.move(0, 0);
        await inspect(tab, `pictures-${width}-${colorScheme}-${tab === ann ? 'en' : 'zh'}`);
      }
    });
  }
}

test('no console error and no request to another host in all of this', () => isClean(ann, ben));

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
  await joinGroup(max, 'tea');
  const network = await max.page.context().newCDPSession(max.page);
  await network.send('Network.enable');
  const speed = (bytes) => network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  await speed(300_000);
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
  await part(max, 'banner').getByRole('button', { name: 'Reconnect now' }).click({ timeout: 2000 }).catch(() => {});
  await file(ben, 'broken.bin').waitFor();
  await part(max, 'log').locator('[data-pending]').waitFor({ state: 'detached' });
  for (const tab of [max, ben]) assert.equal(await file(tab, 'broken.bin').count(), 1);
  assert.equal(new Set(sent(max, 'group').map((message) => message.id)).size, 1);
  assert.deepEqual(max.foreign, []);
  await max.page.context().close();
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
  await part(kim, 'banner').getByRole('button', { name: 'Reconnect now' }).click({ timeout: 3000 }).catch(() => {});
  await part(lou, 'banner').getByRole('button', { name: 'Reconnect now' }).click({ timeout: 3000 }).catch(() => {});
  await line(lou, 'said while it was away').waitFor();
  await isSeen(lou, 'meanwhile.jpg', 640, 480);
  await file(lou, 'second.pdf').waitFor();
  for (const tab of [kim, lou]) assert.equal(await files(tab).count(), 3);
  for (const tab of [kim, lou]) await tab.page.context().close();
  await site.stop();
});

test('history with pictures that come late stays within a pixel', async () => {
  const sender = await Sender.enter(daemon);
  await sender.say({ type: 'join', gid: 'album' });
  const pictures = [await picture(ann.page, 'a.jpg', 400, 300), await picture(ann.page, 'b.jpg', 200, 500), await picture(ann.page, 'c.jpg', 900, 200)];
  const sizes = [{ width: 400, height: 300 }, { width: 200, height: 500 }, { width: 900, height: 200 }];
  for (let n = 0; n < 27; n += 1) {
    await sender.file('album', 'image', pictures[n % 3], sizes[n % 3]);
    for (let m = 0; m < 4; m += 1) await sender.say({ type: 'group', gid: 'album', content: `line ${n}.${m}` });
  }
  const hal = await enter(browser, daemon, 'Hal');
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
