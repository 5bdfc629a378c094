// The support widget in the page of another site, under a strict policy: people who ask, agents who answer, a daemon that
// dies between them; who is believed and who is not. What it looks like and weighs is in widget-looks.test.mjs.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { choice, isClean } from './people.mjs';
import { openTab, screenshots, soon, startBrowser, startDaemon } from './peers.mjs';
import { apiOf, files, line, onDuty, openSite, options, row, say, sign, visit } from './shop.mjs';

let daemon, browser, site, api;

before(async () => {
  daemon = await startDaemon({ options, files });
  browser = await startBrowser();
  site = await openSite(daemon);
  api = apiOf(daemon);
  await api('PUT', '/v1/desks/sales', { name: 'Sales', greeting: 'Welcome! What can we do for you?' });
  await api('PUT', '/v1/desks/form', { name: 'Orders', form: [{ name: 'name', label: 'Your name', required: true }, { name: 'order', label: 'Order number', required: false }] });
  await api('PUT', '/v1/desks/members', { name: 'Members', identified: true });
});

after(async () => {
  await browser?.close();
  await site?.stop();
  assert.deepEqual(site?.reports, [], 'no breach of the policy of the site');
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

/** Somebody in front of the site until the test is over. */
async function visitor(t, query = '?desk=sales', context = {}, where = daemon) {
  const person = await visit(browser, where, `${site.page}${query}`, context);
  t.after(() => person.page.context().close());
  return person;
}

const place = (panel, text) => panel.getByTestId('place').filter({ hasText: text }).waitFor();
const title = (panel, text) => panel.getByTestId('title').getByText(text, { exact: true }).waitFor();
const about = (panel, text) => panel.getByTestId('about').filter({ hasText: text }).waitFor();

test('ask, wait, be answered, be passed on, end and rate', async (t) => {
  const [ann, ben] = [await onDuty(t, daemon, 'Ann'), await onDuty(t, daemon, 'Ben')];
  const [first, second] = [await visitor(t), await visitor(t)];
  assert.equal(await first.page.evaluate(() => document.querySelector('karez-widget').shadowRoot), null, 'the page cannot look into it');
  assert.equal(first.page.frames().length, 1, 'nothing is loaded before it is used');
  const [one, two] = [await first.open(), await second.open()];
  await line(one, 'Welcome! What can we do for you?').waitFor();
  await about(one, 'We are here for you');
  await say(one, 'Do you have green tea?');
  await place(one, 'You are next.');
  const ticket = await ann.ticketOf('Do you have green tea?');
  await say(two, 'And black tea?');
  await place(two, 'You are number 2 in line.');
  const told = ann.heard.find((event) => event.type === 'ticket' && event.ticket === ticket);
  assert.equal(told.visitor.page, `${site.page}?desk=sales`, 'agents see where the visitor is');

  await ann.ask({ type: 'claim', ticket });
  await title(one, 'Ann');
  await place(two, 'You are next.');
  await one.getByText('Ann has joined the conversation').waitFor();
  ann.say({ type: 'typing', ticket });
  await one.getByTestId('typing').filter({ hasText: 'Ann is writing…' }).waitFor();
  await ann.ask({ type: 'support', ticket, content: 'We do. 头春绿 and others.' });
  await line(one, 'We do. 头春绿 and others.').waitFor();
  await one.getByTestId('typing').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
  const isTyping = ann.hears((event) => event.type === 'typing' && event.ticket === ticket);
  await one.getByTestId('input').pressSequentially('One tin');
  await isTyping;
  await one.getByTestId('input').fill('One tin, please');
  await one.getByTestId('input').press('Enter');
  const last = await ann.hearsSaid('One tin, please');
  await row(one, 'One tin, please').filter({ hasText: 'sent' }).waitFor();
  await ann.ask({ type: 'read', ticket, seq: last.seq });
  await row(one, 'One tin, please').filter({ hasText: 'read' }).waitFor();

  await ann.ask({ type: 'transfer', ticket, uid: 'Ben', note: 'wants a tin' });
  await title(one, 'Ben');
  await ben.ask({ type: 'support', ticket, content: 'Ben here. It is on its way.' });
  await line(one, 'Ben here. It is on its way.').waitFor();
  assert.equal(await one.getByText('wants a tin').count(), 0, 'notes are for agents');
  await ben.ask({ type: 'close', ticket });
  await one.getByText('The conversation has been ended').waitFor();
  await one.getByTestId('star-4').check();
  await one.getByTestId('comment').fill('Quick, and good tea');
  const rated = ben.hears((event) => event.type === 'ticket' && event.ticket === ticket && event.stars === 4);
  await one.getByTestId('rate').click();
  await one.getByText('Thank you for your rating').waitFor();
  await rated;

  await one.getByTestId('begin').click();
  await say(one, 'One thing more');
  const again = await ben.ticketOf('One thing more');
  assert.ok(again > ticket, 'another conversation');
  await one.getByTestId('earlier').click();
  await line(one, 'One tin, please').waitFor();
  await two.getByTestId('end').click();
  await two.getByTestId('end-yes').click();
  await two.getByText('You have ended the conversation').waitFor();
  await two.getByTestId('begin').waitFor();
  assert.equal(await two.getByTestId('star-1').count(), 0, 'nobody is there to be rated');
  isClean(first, second);
});

test('a reload keeps the conversation; what comes while it is closed is counted, and the page hears of it', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  await say(panel, 'Are you there?');
  const ticket = await ann.ticketOf('Are you there?');
  await ann.ask({ type: 'claim', ticket });
  for (let n = 1; n <= 60; n += 1) await ann.ask({ type: 'support', ticket, content: `Line ${n}` });
  await line(panel, 'Line 60').waitFor();
  assert.deepEqual((await person.heard('state')).map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]), ['none', 'waiting', 'open']);
  await soon('the page hears all', async () => (await person.heard('message')).length >= 60);
  assert.equal((await person.heard('message')).length, 60);
  await panel.getByTestId('close').click();
  await soon('it is closed', async () => (await person.heard('close')).length === 1);
  await ann.ask({ type: 'support', ticket, content: 'Still there?' });
  await ann.ask({ type: 'support', ticket, content: 'I wait.' });
  await soon('it is counted', async () => (await person.heard('unread')).at(-1)?.count === 2);
  await person.page.screenshot({ path: join(screenshots, 'widget-unread.png') });

  await person.page.reload();
  await person.page.locator('karez-widget').waitFor({ state: 'attached' });
  await soon('who has a conversation is told at once', async () => (await person.heard('unread')).at(-1)?.count === 2);
  const later = await person.open();
  await line(later, 'I wait.').waitFor();
  await later.getByText('New messages').waitFor({ state: 'attached' });
  await soon('it is read', async () => (await person.heard('unread')).at(-1)?.count === 0);
  await soon('the agent sees that', () => ann.heard.some((event) => event.type === 'read' && event.ticket === ticket && event.seq === 63));
  assert.equal(await line(later, 'Are you there?').count(), 0, 'a page of history at a time');
  await later.getByTestId('earlier').click();
  await line(later, 'Are you there?').waitFor();
  await title(later, 'Ann');

  // Another page of the same visit, with the panel open.
  await person.page.goto(`${site.page}?desk=sales&page=2`);
  const there = await person.panel();
  await line(there, 'I wait.').waitFor();
  await there.getByTestId('input').fill('half a senten');
  await person.page.reload();
  await soon('what was typed is there', async () => (await (await person.panel()).getByTestId('input').inputValue().catch(() => '')) === 'half a senten');
  isClean(person);
});

test('what comes while it is closed sounds, once the visitor wants that, and once for all pages of the site', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  t.after(() => context.close());
  await context.addInitScript(() => {
    globalThis.sounds = 0;
    globalThis.AudioContext = class {
      currentTime = 0;
      destination = {};
      createOscillator = () => ({ frequency: {}, connect: (to) => to, start() {}, stop() {} });
      createGain() {
        globalThis.sounds += 0.5; // two notes are one sound
        return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to };
      }
    };
  });
  const same = { newContext: async () => context };
  const person = await visit(same, daemon, `${site.page}?desk=sales`);
  const panel = await person.open();
  const sounds = async (...panels) => (await Promise.all(panels.map((one) => one.evaluate(() => globalThis.sounds)))).reduce((sum, one) => sum + one, 0);
  await say(panel, 'Ring me');
  const ticket = await ann.ticketOf('Ring me');
  await ann.ask({ type: 'claim', ticket });
  const close = async () => {
    await panel.getByTestId('close').click();
    await soon('it is closed', async () => (await person.heard('close')).length > (await person.heard('open')).length - 1);
  };
  const comes = async (content, count) => {
    await ann.ask({ type: 'support', ticket, content });
    await soon('it is counted', async () => (await person.heard('unread')).at(-1)?.count === count);
  };
  await close();
  await comes('unheard', 1);
  await person.page.waitForTimeout(300);
  assert.equal(await sounds(panel), 0, 'nothing sounds unasked');
  await person.open();
  const bell = panel.getByRole('button', { name: 'Sound for new messages' });
  await bell.click();
  await panel.locator('#bell[aria-pressed="true"]').waitFor();
  await soon('it is tried', async () => (await sounds(panel)) === 1);
  await ann.ask({ type: 'support', ticket, content: 'seen' });
  await line(panel, 'seen').waitFor();
  await person.page.waitForTimeout(300);
  assert.equal(await sounds(panel), 1, 'who looks needs none');
  await close();
  const other = await visit(same, daemon, `${site.page}?desk=sales&page=2`);
  const there = await other.panel();
  await line(there, 'seen').waitFor({ state: 'attached' });
  await comes('heard', 1);
  await soon('it sounds', async () => (await sounds(panel, there)) === 2);
  await line(there, 'heard').waitFor({ state: 'attached' });
  await person.page.waitForTimeout(300);
  assert.equal(await sounds(panel, there), 2, 'in one of them');
  isClean(person, other);
});

test('an agent sees the page that was turned to without loading it', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  await person.page.evaluate(() => history.pushState({}, '', '/tea/7?size=2#leaf'));
  await person.page.mouse.click(200, 300);
  await say(panel, 'What about this one?');
  const ticket = await ann.ticketOf('What about this one?');
  const told = ann.heard.find((event) => event.type === 'ticket' && event.ticket === ticket);
  assert.equal(told.visitor.page, `${site.page}tea/7?size=2`);
  isClean(person);
});

test('what the daemon will not have yet says why it waits', async (t) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  t.after(() => context.close());
  await context.clock.install();
  let refuses = true;
  await context.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, id } = JSON.parse(String(message));
      if (refuses && type === 'support') socket.send(JSON.stringify({ type: 'error', id, code: 'rate_limited', message: 'too much', retry: 20_000 }));
      else server.send(message);
    });
  });
  await onDuty(t, daemon, 'Ann');
  const person = await visit({ newContext: async () => context }, daemon, `${site.page}?desk=sales`);
  const panel = await person.open();
  await say(panel, 'One word too many');
  await row(panel, 'One word too many').filter({ hasText: 'sending' }).waitFor();
  await context.clock.fastForward(11_000);
  await place(panel, 'Too many at once. Please wait a little (rate_limited)');
  await place(panel, 'Your message will be sent by itself.');
  refuses = false;
  await context.clock.fastForward(20_000);
  await row(panel, 'One word too many').filter({ hasText: 'sent' }).waitFor();
  isClean(person);
});

test('the daemon is killed and started again: both go on, and nothing is lost or said twice', async (t) => {
  const own = await startDaemon({ options, files });
  t.after(() => own.stop());
  const shop = await openSite(own);
  t.after(() => shop.stop());
  const ann = await onDuty(t, own, 'Ann');
  const [person, next] = [await visit(browser, own, shop.page), await visit(browser, own, shop.page)];
  t.after(async () => (await person.page.context().close(), next.page.context().close()));
  const [panel, waiting] = [await person.open(), await next.open()];
  await say(panel, 'Before');
  const ticket = await ann.ticketOf('Before');
  await ann.ask({ type: 'claim', ticket });
  await ann.ask({ type: 'support', ticket, content: 'Heard' });
  await line(panel, 'Heard').waitFor();
  await say(waiting, 'I am in line');
  await place(waiting, 'You are next.');
  await own.kill();
  await say(panel, 'Meanwhile 1');
  await say(panel, 'Meanwhile 2');
  await panel.getByTestId('banner').filter({ hasText: 'No connection' }).waitFor();
  await person.page.screenshot({ path: join(screenshots, 'widget-offline.png') });
  await own.start();
  ann.leave();
  await ann.enter();
  await panel.getByTestId('banner').waitFor({ state: 'hidden', timeout: 40_000 });
  // The panel may have been back before Ann, who then finds it in the history.
  await row(panel, 'Meanwhile 2').filter({ hasText: 'sent' }).waitFor();
  await ann.ask({ type: 'support', ticket, content: 'After' });
  await line(panel, 'After').waitFor();
  await place(waiting, 'You are next.');
  await ann.ask({ type: 'claim', ticket: await ann.ticketOf('I am in line') });
  await title(waiting, 'Ann');
  const { messages } = await ann.ask({ type: 'history', ticket });
  assert.deepEqual(messages.map(({ content }) => content), ['Before', 'Heard', 'Meanwhile 1', 'Meanwhile 2', 'After']);
  assert.deepEqual(await panel.getByTestId('log').locator('[data-seq] .content').allTextContents(), ['Before', 'Heard', 'Meanwhile 1', 'Meanwhile 2', 'After']);
  // The browser itself logs each attempt that failed.
  assert.deepEqual([person, next].flatMap(({ errors }) => errors).filter((text) => !text.includes('WebSocket connection')), []);
  assert.deepEqual([person.foreign, next.foreign], [[], []]);
});

test('a message is left when nobody is there, and answered later', async (t) => {
  await api('PUT', '/v1/desks/night', { name: 'Night', away: 'We are asleep.' });
  const person = await visitor(t, '?desk=night');
  const panel = await person.open();
  await about(panel, 'Away just now');
  await place(panel, 'We are asleep.');
  assert.equal(await panel.getByTestId('input').getAttribute('placeholder'), 'Leave a message');
  await say(panel, 'Call me when you are up');
  await place(panel, 'Your message is with us.');
  await person.page.goto('about:blank');
  const ann = await onDuty(t, daemon, 'Ann');
  const { tickets } = await soon('it is listed', async () => {
    const list = await ann.ask({ type: 'tickets', view: 'all' });
    return list.tickets?.some((one) => one.last?.content === 'Call me when you are up') && list;
  });
  const { ticket } = tickets.find((one) => one.last?.content === 'Call me when you are up');
  await ann.ask({ type: 'claim', ticket });
  await ann.ask({ type: 'support', ticket, content: 'Good morning!' });
  await person.page.goto(`${site.page}?desk=night`);
  const later = await person.panel();
  await line(later, 'Good morning!').waitFor();
  await title(later, 'Ann');
  isClean(person);
});

test('what a desk asks for first reaches the agent; what is missing is asked for', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t, '?desk=form');
  const panel = await person.open();
  await panel.getByLabel('Your name').waitFor();
  await soon('the first field has the focus', () => panel.evaluate(() => document.activeElement?.getAttribute('name') === 'name'));
  await say(panel, 'Where is my parcel?');
  await panel.getByTestId('alert').filter({ hasText: 'Your name' }).waitFor();
  assert.equal(await panel.getByLabel('Your name').getAttribute('aria-invalid'), 'true');
  await panel.getByLabel('Your name').fill('Marga');
  await panel.getByLabel('Order number').fill('A-17');
  await panel.getByTestId('send').click();
  const ticket = await ann.ticketOf('Where is my parcel?');
  const told = ann.heard.findLast((event) => event.type === 'ticket' && event.ticket === ticket);
  assert.deepEqual(told.visitor.form, { name: 'Marga', order: 'A-17' });
  assert.equal(told.visitor.name, 'Marga', 'whoever gives a name is called by it');
  await panel.getByTestId('fields').waitFor({ state: 'hidden' });
  isClean(person);
});

test('a conversation that falls silent is announced to end, and ends', async (t) => {
  await api('PUT', '/v1/desks/silent', { name: 'Silent', idle_close_seconds: 6, idle_notice_seconds: 4 });
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t, '?desk=silent');
  const panel = await person.open();
  await say(panel, 'I will say no more');
  await ann.ask({ type: 'claim', ticket: await ann.ticketOf('I will say no more') });
  await place(panel, /ends in 0:0\d unless you write/);
  // It is hidden for two seconds.
  await Promise.all([panel.getByTestId('place').waitFor({ state: 'hidden' }), say(panel, 'But this')]);
  await panel.getByText('since nothing more was said').waitFor();
  await panel.getByTestId('star-1').waitFor();
  isClean(person);
});

test('whoever is banned reads so, and does not come back by itself', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  await say(panel, 'I was rude');
  const ticket = await ann.ticketOf('I was rude');
  const { uid } = ann.heard.find((event) => event.type === 'ticket' && event.ticket === ticket).visitor;
  await api('PUT', `/v1/users/${uid}/ban`, { seconds: 3600 });
  await panel.getByTestId('ended').filter({ hasText: 'disconnected by the operator' }).waitFor();
  assert.ok(!(await panel.getByTestId('input').isVisible()));
  await api('DELETE', `/v1/users/${uid}/ban`);
  await panel.getByTestId('ended-act').click();
  await line(panel, 'I was rude').waitFor();
  await panel.getByTestId('input').waitFor();
  isClean(person);
});

test('what is refused stands in the log with ways on; what was said by mistake is taken back', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  await say(panel, 'My card number is 4111');
  const ticket = await ann.ticketOf('My card number is 4111');
  await ann.ask({ type: 'claim', ticket });
  await choice(row(panel, 'My card number is 4111'), 'Take back');
  await panel.getByText('A message was taken back').waitFor();
  const { messages } = await ann.ask({ type: 'history', ticket });
  assert.ok(!JSON.stringify(messages).includes('4111'));
  await panel.getByTestId('input').fill('x'.repeat(70_000));
  await panel.getByTestId('send').click();
  await panel.getByTestId('alert').filter({ hasText: 'too long' }).waitFor();
  assert.equal((await panel.getByTestId('input').inputValue()).length, 70_000, 'nothing typed is lost');
  isClean(person);
});

test('pictures and files go both ways, and what is taken back is gone', async (t) => {
  const ann = await onDuty(t, daemon, 'Ann');
  const person = await visitor(t);
  const panel = await person.open();
  assert.ok(!(await panel.getByTestId('attach').isVisible()), 'a file needs a ticket');
  await say(panel, 'My teapot is broken');
  const ticket = await ann.ticketOf('My teapot is broken');
  await ann.ask({ type: 'claim', ticket });
  const picture = Buffer.from(await panel.evaluate(async () => {
    const canvas = new OffscreenCanvas(300, 200);
    const context = canvas.getContext('2d');
    context.fillStyle = '#a8573a';
    context.fillRect(40, 40, 220, 120);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  }));
  await panel.getByTestId('files').setInputFiles([{ name: 'teapot.png', mimeType: 'image/png', buffer: picture }, { name: 'bill.txt', mimeType: 'text/plain', buffer: Buffer.from('one teapot') }]);
  await panel.getByTestId('attached').nth(1).waitFor();
  await panel.getByTestId('send').click();
  const image = await ann.hearsSaid('teapot.png');
  const bill = await ann.hearsSaid('bill.txt');
  assert.deepEqual([image.kind, image.data.file.width, image.data.file.height, bill.kind], ['image', 300, 200, 'file']);
  const get = (id) => fetch(`${daemon.page}files/${id}`, { headers: { authorization: `Bearer ${sign(ann.claims)}` } });
  assert.equal(await (await get(bill.data.file.id)).text(), 'one teapot');
  await soon('the picture is shown', () => panel.evaluate(() => document.querySelector('#log .own karez-file img')?.naturalWidth === 300));

  const upload = await fetch(`${daemon.page}v1/files?ticket=${ticket}&name=new.png`, { method: 'POST', headers: { authorization: `Bearer ${sign(ann.claims)}`, 'content-type': 'image/png' }, body: picture });
  assert.equal(upload.status, 201);
  const { id, name, type, bytes } = await upload.json();
  await ann.ask({ type: 'support', ticket, content: name, kind: 'image', data: { file: { id, name, type, bytes, width: 300, height: 200 } } });
  await soon('hers is shown', () => panel.evaluate(() => document.querySelector('#log .row:not(.own) karez-file img')?.naturalWidth === 300));
  await person.page.screenshot({ path: join(screenshots, 'widget-files.png') });
  await panel.getByRole('button', { name: 'Picture: new.png' }).click();
  await panel.getByTestId('dialog').getByRole('img').waitFor();
  await panel.getByTestId('dialog').getByRole('button', { name: 'Close', exact: true }).click();

  await person.page.reload();
  const later = await person.panel();
  await soon('both are there after a reload', () => later.evaluate(() => [...document.querySelectorAll('#log karez-file img')].filter((one) => one.naturalWidth === 300).length === 2));
  await choice(later.locator('#log .own', { has: later.locator('karez-file.picture') }), 'Take back');
  await later.getByText('A message was taken back').waitFor();
  await soon('it is gone', async () => (await get(image.data.file.id)).status === 404);
  isClean(person);
});

describe('who the visitor is', { concurrency: 4 }, () => {
  test('a token of the site makes a visitor known; another is another, and sees nothing of the one before', async (t) => {
    const ann = await onDuty(t, daemon, 'Ann');
    const person = await visitor(t, '?desk=members');
    const panel = await person.open();
    await place(panel, 'Please sign in on this site to write to us.');
    assert.ok(!(await panel.getByTestId('input').isVisible()));
    const token = sign({ sub: 'rosa', name: 'Rosa' });
    await person.page.evaluate((token) => window.Karez.identify(token), token);
    await soon('she may write', async () => (await person.panel()).getByTestId('input').isVisible().catch(() => false));
    const hers = await person.panel();
    await say(hers, 'It is me, Rosa');
    const ticket = await ann.ticketOf('It is me, Rosa');
    const told = ann.heard.findLast((event) => event.type === 'ticket' && event.ticket === ticket);
    assert.deepEqual([told.visitor.uid, told.visitor.name], ['rosa', 'Rosa']);
    assert.ok(!JSON.stringify(await person.stored()).includes(token), 'her token is kept nowhere');
    await person.page.evaluate((token) => window.Karez.identify(token), sign({ sub: 'hugo', name: 'Hugo' }));
    await soon('his panel is empty', async () => {
      const his = await person.panel();
      return (await his.getByTestId('input').isVisible().catch(() => false)) && (await line(his, 'It is me, Rosa').count()) === 0;
    });
    await person.page.evaluate(() => window.Karez.identify());
    await soon('nobody again', async () => (await (await person.panel()).getByTestId('place').textContent().catch(() => ''))?.includes('sign in'));
    isClean(person);
  });

  for (const [name, token] of Object.entries({
    forged: sign({ sub: 'rosa' }, { secret: 'the secret of somebody else, as long' }),
    expired: sign({ sub: 'rosa' }, { seconds: -3600 }),
    'of no kind': 'nonsense',
  })) {
    test(`a token that is ${name} is refused, and makes nobody a guest unasked`, async (t) => {
      const person = await visitor(t);
      await person.page.evaluate((token) => window.Karez.identify(token), token);
      const { width, height } = person.page.viewportSize();
      await person.page.mouse.click(width - 50, height - 50);
      const panel = await person.panel();
      await panel.getByTestId('ended').filter({ hasText: 'not valid here, or has expired' }).waitFor();
      await soon('the page hears of it', async () => (await person.heard('error')).length > 0);
      assert.deepEqual((await person.heard('error')).map(({ code }) => code), ['unauthorized']);
      assert.ok((await person.heard('renew')).length >= 1, 'the site was asked for another');
      assert.deepEqual(Object.keys(await person.stored()).filter((key) => !/\.(live|open)$/.test(key)), [], 'no guest was made');
      if (name === 'expired') {
        await person.page.evaluate((token) => window.Karez.identify(token), sign({ sub: 'rosa', name: 'Rosa' }));
        await soon('a good one helps', async () => (await person.panel()).getByTestId('input').isVisible().catch(() => false));
      } else {
        await panel.getByTestId('ended-act').click();
        await soon('a guest by choice', async () => (await person.panel()).getByTestId('input').isVisible().catch(() => false));
      }
      isClean(person);
    });
  }

  test('a site that is not named shows no panel, and is told why', async (t) => {
    const own = await startDaemon({ options: [...options, '--widget-sites', 'https://shop.example'], files });
    t.after(() => own.stop());
    const shop = await openSite(own);
    t.after(() => shop.stop());
    const person = await visit(browser, own, shop.page);
    t.after(() => person.page.context().close());
    await person.page.mouse.click(1230, 750);
    await soon('it is told', () => person.errors.some((text) => text.includes('not allowed') && text.includes('widget_sites') && text.includes(shop.origin)));
    await soon('the page hears of it', async () => (await person.heard('error'))[0]?.code === 'no_panel');
    assert.equal(person.page.frames().length, 1);
    await person.page.screenshot({ path: join(screenshots, 'widget-refused.png') });
    await own.end();
    await person.page.mouse.click(1230, 750);
    await soon('it is told', () => person.errors.some((text) => text.includes('cannot be reached')));
  });

  test('another window can neither speak to the page nor to the panel', async (t) => {
    const evil = createServer((request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<body><script>
      const karez = new URLSearchParams(location.search).get('panel');
      const frame = document.createElement('iframe');
      if (karez) document.body.append(Object.assign(frame, { src: karez }));
      const tell = () => {
        for (const to of [parent, frame.contentWindow]) {
          for (const message of [{ type: 'token', token: 'stolen' }, { type: 'hello', token: 'stolen' }, { type: 'identify', token: 'stolen' }, { type: 'unread', count: 7 }, { type: 'open' }]) {
            if (to && to !== self) to.postMessage({ karez: 1, ...message }, '*');
          }
        }
        window.told = (window.told ?? 0) + 1;
      };
      onmessage = ({ data }) => (window.overheard = data);
      setInterval(tell, 20);
    </script>`));
    await new Promise((done) => evil.listen(0, '127.0.0.1', () => done(undefined)));
    const address = `http://127.0.0.1:${evil.address().port}/`;
    t.after(() => (evil.closeAllConnections(), evil.close()));
    const shop = await openSite(daemon, { body: `<iframe src="${address}" title="an advertisement"></iframe>`, policy: address });
    t.after(() => shop.stop());
    const person = await visit(browser, daemon, `${shop.page}?desk=sales`);
    t.after(() => person.page.context().close());
    const panel = await person.open();
    const frame = await soon('the other frame', () => person.page.frames().find((one) => one.url().startsWith(address)));
    await soon('it has spoken', () => frame.evaluate(() => window.told > 20));
    await say(panel, 'Is anybody listening?');
    await row(panel, 'Is anybody listening?').filter({ hasText: 'sent' }).waitFor();
    assert.ok(!JSON.stringify(await person.stored()).includes('stolen'));
    assert.ok(!(await person.heard('unread')).some(({ count }) => count === 7));
    assert.equal(await frame.evaluate(() => window.overheard), undefined, 'nor does it hear anything');
    assert.deepEqual(person.errors, []);

    // It shows the panel itself, in the name of the site: the panel says nothing, and believes nothing.
    const posing = await openTab(browser, [daemon.page, daemon.socket, address], {});
    t.after(() => posing.page.context().close());
    let sockets = 0;
    posing.page.on('websocket', () => (sockets += 1));
    await posing.page.goto(`${address}?panel=${encodeURIComponent(`${daemon.page}widget/panel#origin=${shop.origin}&desk=sales`)}`);
    await soon('the panel', () => posing.page.frames().find((one) => one.url().includes('/widget/panel'))?.evaluate(() => document.getElementById('about')?.textContent !== undefined).catch(() => false));
    const told = await posing.page.evaluate(() => window.told);
    await soon('it has spoken', () => posing.page.evaluate((told) => window.told > told + 50, told));
    assert.equal(await posing.page.evaluate(() => window.overheard), undefined);
    assert.equal(sockets, 0, 'nobody has logged in');
  });
});

test('what tries to be a script stays text', async (t) => {
  const attacks = ['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '"><svg onload=alert(1)>', 'javascript:alert(1)', '<iframe srcdoc="<script>alert(1)</script>">', '{{constructor.constructor("alert(1)")()}}', '<a href="javascript:alert(1)">x</a>', '\u202e<b>gnp'];
  const [evil] = attacks;
  await api('PUT', '/v1/desks/evil', { name: evil, greeting: attacks[1], away: attacks[2], form: [{ name: 'what', label: attacks[4], required: false }] });
  const ann = await onDuty(t, daemon, 'Ann', { name: evil });
  const person = await visitor(t, '?desk=evil');
  let dialogs = 0;
  person.page.on('dialog', (dialog) => (dialogs += 1, dialog.dismiss()));
  const panel = await person.open();
  await title(panel, evil);
  await line(panel, attacks[1]).waitFor();
  await panel.getByLabel(attacks[4]).waitFor();
  await say(panel, evil);
  const ticket = await ann.ticketOf(evil);
  await ann.ask({ type: 'claim', ticket });
  for (const content of attacks) await ann.ask({ type: 'support', ticket, content });
  await line(panel, attacks.at(-1)).waitFor();
  assert.deepEqual(await panel.getByTestId('log').locator('[data-seq] .content').allTextContents(), [evil, ...attacks]);
  assert.equal(await panel.evaluate(() => document.querySelectorAll('#log img, #log script, #log svg, #log iframe, #log a, #log b').length), 0);
  assert.equal(dialogs, 0);
  isClean(person);
});

test('Enter that chooses a word in an input method does not send', async (t) => {
  const person = await visitor(t);
  const panel = await person.open();
  await panel.getByTestId('input').focus();
  const keys = await person.page.context().newCDPSession(panel).catch(() => person.page.context().newCDPSession(person.page));
  await keys.send('Input.imeSetComposition', { text: 'nihao', selectionStart: 5, selectionEnd: 5 });
  await keys.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  await keys.send('Input.insertText', { text: '你好' });
  assert.equal(await panel.getByTestId('input').inputValue(), '你好');
  assert.equal(await panel.locator('#log .own').count(), 0);
  await person.page.keyboard.press('Shift+Enter');
  await person.page.keyboard.type('in two lines');
  await person.page.keyboard.press('Enter');
  await line(panel, '你好\nin two lines').waitFor();
  isClean(person);
});
