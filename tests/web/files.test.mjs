// Files and pictures in the page: chosen, dropped and pasted, on their way, there, and gone again. What happens when they
// are refused, or a link breaks under them, is in uploads.test.mjs.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { choice, enter, inspect, isClean, isIn, joinGroup, leadsTo, line, part, say, sent, show, talk } from './people.mjs';
import { soon, startBrowser, startDaemon } from './peers.mjs';
import { Sender, bubble, choose, file, files, gif, give, isSeen, paper, picture, withNotes } from './pictures.mjs';

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

/** What the daemon has of a file that was said. */
async function fetched(tab, name) {
  const { file: { id } } = sent(ann, 'group').findLast((message) => message.data?.file.name === name).data;
  const token = await tab.page.evaluate(() => localStorage.getItem('karez.token'));
  const response = await fetch(`${daemon.page}files/${id}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
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

test('a small picture with notes is freed of them too, and one that may be seen through stays so', async () => {
  await choose(ann, withNotes(await picture(ann.page, 'portrait.jpg', 300, 400)), await picture(ann.page, 'wide.png', 2500, 50, 'image/png'));
  await part(ann, 'send').click();
  await isSeen(ben, 'portrait.jpg', 300, 400);
  await isSeen(ben, 'wide.webp', 2048, 41);
  assert.equal((await fetched(ben, 'wide.webp')).type, 'image/webp');
  assert.ok(!(await fetched(ben, 'portrait.jpg')).bytes.includes('GPS'));
});

test('it has its size before it is there', async () => {
  let mayCome;
  const gate = new Promise((done) => (mayCome = done));
  await ben.page.route('**/files/*', async (route) => (await gate, route.continue()));
  await ben.page.reload();
  const box = () => file(ben, 'large.jpg').boundingBox();
  await isIn(ben);
  await file(ben, 'large.jpg').waitFor();
  // All but the pictures is there: nothing moves any more.
  const place = async () => JSON.stringify([await box(), await part(ben, 'log').evaluate((log) => [log.scrollHeight, log.scrollTop])]);
  await soon('it holds still', async () => (await place()) === (await new Promise((done) => setTimeout(done, 300)).then(place)));
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
  await speed(60_000); // slow enough to be looked at
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
  await choice(bubble(ann, 'oops.png'), 'Recall');
  await part(ann, 'log').getByText('You recalled a message').waitFor();
  await file(ben, 'oops.png').waitFor({ state: 'detached' });
  await part(ben, 'dialog').waitFor({ state: 'hidden' });
  assert.equal((await fetched(ben, 'oops.png')).status, 404);
  const isRevoked = () => ben.page.evaluate((address) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(false);
    image.onerror = () => done(true);
    image.src = address;
  }), address);
  await soon('its address is gone', isRevoked);
  assert.equal(await part(ann, 'log').getByRole('button', { name: 'Edit again' }).count(), 0, 'a name is nothing to edit');
  ben.errors.length = 0; // the console tells of an address that is gone
});

test('a reply quotes a picture, and leads to it', async () => {
  await choice(bubble(ben, 'large.jpg'), '回复');
  await say(ben, '真美');
  const quote = part(ann, 'log').locator('.row', { hasText: '真美' }).locator('.quote');
  await leadsTo(ann, quote.filter({ hasText: 'Ann' }).filter({ hasText: '[Picture]' }), bubble(ann, 'large.jpg'));
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
