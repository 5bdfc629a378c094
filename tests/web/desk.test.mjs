// The agents' page with the real daemon: two agents in browsers, visitors over the WebSocket. Who takes a ticket, what is
// said and to whom, notes, transfers, ratings, figures. What breaks is in desk-breaks.test.mjs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agent, duty, look, note, open, openApi, startSite, take, ticket, tokenOf, visitor } from './agents.mjs';
import { act, answered, inspect, isClean, line, part, row, say, sent } from './people.mjs';
import { soon, startBrowser } from './peers.mjs';
import { line as lineIn, openSite, say as sayIn, visit } from './shop.mjs';

let site, browser, api, ann, ben;
const tokens = {};

const hidden = (node) => node.waitFor({ state: 'hidden' });

before(async () => {
  site = await startSite();
  browser = await startBrowser();
  api = await openApi(site);
  tokens.ann = await tokenOf(site, 'ann', { name: 'Ann' });
  tokens.ben = await tokenOf(site, 'ben', { name: 'Ben', desks: 'sales' });
  ann = await agent(browser, site, tokens.ann);
  ben = await agent(browser, site, tokens.ben);
  await duty(ann, 'online');
  await duty(ben, 'online');
});

after(async () => {
  await browser?.close();
  assert.equal(await site?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

describe('who waits', () => {
  test('is listed with a clock, the oldest first', async () => {
    const waiting = [await visitor(site, 'Old', 'first', { desk: 'sales', page: 'https://shop.example/a' }), await visitor(site, 'Young', 'second', { desk: 'sales' })];
    for (const tab of [ann, ben]) await ticket(tab, 'Young').waitFor();
    assert.deepEqual(await part(ann, 'queue').locator('.item-name').allTextContents(), ['Old', 'Young']);
    const before = await ticket(ann, 'Old').locator('.ticking').textContent();
    assert.match(before, /^0:\d\d$/);
    await ann.page.waitForFunction((was) => document.querySelector('#queue .ticking').textContent !== was, before);
    assert.match(await ann.page.title(), /^\(2\) /);
    for (const one of waiting) {
      await one.ask({ type: 'close', ticket: one.ticket });
      await ticket(ann, one.name).waitFor({ state: 'detached' });
      one.leave();
    }
  });

  test('of two who take a ticket in the same moment one has it, and the other hears who', async () => {
    const one = await visitor(site, 'Race', 'me first', { desk: 'sales' });
    for (const tab of [ann, ben]) {
      await look(tab, 'waiting');
      await ticket(tab, 'Race').waitFor();
    }
    // A robot's hands are seconds apart here: the daemon holds still until both have clicked.
    site.pause();
    try {
      for (const tab of [ann, ben]) {
        await ticket(tab, 'Race').getByTestId('claim-line').click();
        await soon('it is asked for', () => sent(tab, 'claim').length === 1);
      }
    } finally {
      site.resume();
    }
    const told = await one.heardOnce((heard) => heard.type === 'ticket' && heard.state === 'open');
    const [winner, loser] = told.agent.uid === 'ann' ? [ann, ben] : [ben, ann];
    await part(winner, 'title').getByText('Race', { exact: true }).waitFor();
    await part(loser, 'alert').getByText(`${told.agent.name} was faster`).waitFor();
    await loser.page.keyboard.press('Escape');
    await look(loser, 'all');
    await ticket(loser, 'Race').getByText(told.agent.name).waitFor();
    await open(loser, 'Race');
    await part(loser, 'bar').getByText(`${told.agent.name} is answering`).waitFor();
    assert.equal(await line(loser, 'me first').count(), 0, 'a colleague’s ticket is not read');
    assert.equal(await part(loser, 'input').isVisible(), false);
    assert.equal(one.heard.filter((heard) => heard.type === 'ticket' && heard.state === 'open').length, 1, 'one holder');
    await part(winner, 'end').click();
    await part(winner, 'end-yes').click();
    assert.equal((await one.heardOnce((heard) => heard.type === 'ticket' && heard.state === 'closed')).by, 'agent');
    one.leave();
  });

  test('is offered to one agent for a while where the desk wants it: declined goes on, accepted is taken', async () => {
    assert.ok((await api.call('PUT', 'desks/sales', { routing: 'round_robin', offer_seconds: 25, sticky: false })).status < 300);
    const zoe = await visitor(site, 'Zoe', 'in turn', { desk: 'sales', page: 'https://shop.example/turn' });
    const first = await Promise.race([ann, ben].map(async (tab) => (await part(tab, 'offer').waitFor(), tab)));
    const second = first === ann ? ben : ann;
    await part(first, 'offer').getByText('New visitor: Zoe').waitFor();
    await part(first, 'offer').getByText('https://shop.example/turn').waitFor();
    assert.match(await part(first, 'accept').textContent(), /Accept 0:[12]\d/);
    assert.equal(await part(second, 'offer').count(), 0);
    await part(first, 'decline').click();
    await part(second, 'offer').waitFor();
    await part(first, 'offer').waitFor({ state: 'detached' });
    await inspect(second, 'desk-offer');
    await part(second, 'accept').click();
    await part(second, 'title').getByText('Zoe', { exact: true }).waitFor();
    await line(second, 'in turn').waitFor();
    await part(second, 'end').click();
    await part(second, 'end-yes').click();
    await zoe.heardOnce((one) => one.type === 'ticket' && one.state === 'closed');
    assert.equal((await api.call('PUT', 'desks/sales', { routing: 'claim' })).status, 200);
    zoe.leave();
  });
});

describe('a conversation', () => {
  let mia;

  test('has history, typing, ticks of what was read, replies and recalls', async () => {
    mia = await visitor(site, 'Mia', 'Where is my order?', {
      desk: 'sales', page: 'https://shop.example/orders', referrer: 'https://search.example/', lang: 'zh-CN',
      browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', form: { Mail: 'mia@example.org' },
    });
    await mia.write('It is 1234.');
    await look(ann, 'waiting');
    await open(ann, 'Mia');
    await line(ann, 'It is 1234.').waitFor();
    assert.equal(mia.heard.filter((one) => one.type === 'read').length, 0, 'a look at who waits is not told');
    await part(ann, 'claim').click();
    await mia.heardOnce((one) => one.type === 'read' && one.uid === 'ann');
    const typing = mia.hears((one) => one.type === 'typing');
    await part(ann, 'input').pressSequentially('Let me look');
    assert.equal((await typing).uid, 'ann');
    await part(ann, 'send').click();
    const answer = await mia.heardOnce((one) => one.type === 'support' && one.content === 'Let me look');
    assert.equal(answer.name, 'Ann');
    await row(ann, 'Let me look').locator('.state').getByText('sent').waitFor();
    mia.say({ type: 'typing', ticket: mia.ticket });
    await part(ann, 'typing').getByText('Mia is typing').waitFor();
    await mia.ask({ type: 'read', ticket: mia.ticket, seq: answer.seq });
    await row(ann, 'Let me look').locator('.state').getByText('read').waitFor();
    await mia.write('Thank you', {});
    await line(ann, 'Thank you').waitFor();
    await act(ann, 'Thank you', 'Reply');
    await say(ann, 'With pleasure');
    assert.equal((await mia.heardOnce((one) => one.content === 'With pleasure')).reply, 4);
    await say(ann, 'a slip');
    await row(ann, 'a slip').locator('.state').getByText('sent').waitFor();
    await act(ann, 'a slip', 'Recall');
    await mia.heardOnce((one) => one.type === 'recalled');
    await part(ann, 'log').getByText('You recalled a message').waitFor();
  });

  test('has a card: where from, what the form said, tags', async () => {
    const card = part(ann, 'panel');
    for (const text of ['https://shop.example/orders', 'https://search.example/', 'mia@example.org', 'Chinese (China) (zh-CN)', 'Firefox 140 · Linux', 'Mia']) await card.getByText(text).first().waitFor();
    await part(ann, 'tag-input').fill('order, 1234');
    await part(ann, 'tag-input').press('Enter');
    await part(ann, 'tags').getByText('order').waitFor();
    await card.getByRole('button', { name: 'Remove the tag 1234' }).click();
    await part(ann, 'tags').getByText('1234').waitFor({ state: 'detached' });
    await answered(ann, 'tag');
    await look(ann, 'mine');
    await ticket(ann, 'Mia').locator('.tag').getByText('order').waitFor();
    assert.deepEqual((await api.call('GET', `tickets/${mia.ticket}`)).body.tags, ['order']);
  });

  test('has replies that are kept: one’s own, behind a slash, with the blanks filled in', async () => {
    assert.ok((await api.call('POST', 'canned', { short: 'sorry', content: 'We are sorry, {visitor}.' })).status < 300);
    await part(ann, 'self').click();
    await part(ann, 'own-canned').click();
    await part(ann, 'canned-list').getByText('/sorry').waitFor();
    await part(ann, 'canned-short').fill('hello');
    await part(ann, 'canned-content').fill('Hello {visitor}, {agent} speaking about {ticket} at {desk}.');
    await part(ann, 'canned-save').click();
    await part(ann, 'canned-list').getByText('/hello').waitFor();
    await inspect(ann, 'desk-canned');
    await ann.page.keyboard.press('Escape');
    await part(ann, 'input').fill('');
    await part(ann, 'input').pressSequentially('/');
    await part(ann, 'canned').locator('li').nth(1).waitFor();
    assert.equal(await part(ann, 'canned').locator('li').count(), 2);
    await part(ann, 'input').pressSequentially('he');
    await part(ann, 'canned').locator('li').nth(1).waitFor({ state: 'detached' });
    assert.equal(await part(ann, 'canned').locator('li').count(), 1);
    await part(ann, 'input').press('Enter');
    const filled = `Hello Mia, Ann speaking about ${mia.ticket} at sales.`;
    assert.equal(await part(ann, 'input').inputValue(), filled);
    await part(ann, 'input').press('Enter');
    await mia.heardOnce((one) => one.content === filled);
  });

  test('takes files: those of the agent reach the visitor, and none goes while a note is written', async () => {
    const files = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('what is in it') });
    await part(ann, 'files').setInputFiles(files('invoice.txt'));
    await part(ann, 'tray').getByText('invoice.txt').waitFor();
    await part(ann, 'mode-note').click();
    await hidden(part(ann, 'attach'));
    await note(ann, 'the invoice is ready');
    assert.equal(mia.heard.filter((one) => one.kind === 'file').length, 0);
    await part(ann, 'tray').getByText('invoice.txt').waitFor();
    await part(ann, 'send').click();
    const heard = await mia.heardOnce((one) => one.kind === 'file');
    assert.equal(heard.data.file.name, 'invoice.txt');
    await part(ann, 'log').locator('karez-file').getByText('invoice.txt').waitFor();
    const got = await fetch(`${site.page}files/${heard.data.file.id}`, { headers: { authorization: `Bearer ${mia.token}` } });
    assert.equal(await got.text(), 'what is in it');
  });

  test('goes to a colleague with a note, and back into a desk’s queue', async () => {
    await note(ann, 'she has waited for a week');
    await part(ann, 'transfer').click();
    await part(ann, 'transfer-to').selectOption('uben');
    await part(ann, 'transfer-note').fill('over to you');
    await inspect(ann, 'desk-transfer');
    const moved = mia.hears((one) => one.type === 'ticket' && one.agent?.uid === 'ben');
    await part(ann, 'transfer-go').click();
    await moved;
    await part(ann, 'bar').getByText('Ben is answering').waitFor();
    assert.equal(await part(ann, 'input').isVisible(), false);
    await look(ben, 'mine');
    await ticket(ben, 'Mia').locator('.badge.unread').waitFor();
    await open(ben, 'Mia');
    await part(ben, 'note').filter({ hasText: 'over to you' }).waitFor();
    await part(ben, 'note').filter({ hasText: 'she has waited for a week' }).waitFor();
    await line(ben, 'Let me look').waitFor();
    await say(ben, 'Ben here');
    await mia.heardOnce((one) => one.content === 'Ben here');
    assert.equal(await line(ann, 'Ben here').count(), 0, 'who has handed it over hears no more of it');
    await part(ben, 'transfer').click();
    await part(ben, 'transfer-to').selectOption('*');
    await part(ben, 'transfer-desk').fill('repairs');
    await part(ben, 'transfer-go').click();
    await mia.heardOnce((one) => one.type === 'ticket' && one.state === 'waiting' && one.desk === 'repairs');
    await look(ann, 'waiting');
    await ticket(ann, 'Mia').waitFor();
    await look(ben, 'waiting');
    assert.equal(await ticket(ben, 'Mia').count(), 0, 'Ben is not of that desk');
    await take(ann, 'Mia');
    await line(ann, 'Ben here').waitFor();
    const seen = await part(ann, 'log').locator('[data-seq]').evaluateAll((rows) => rows.map((one) => Number(one.dataset.seq)));
    assert.deepEqual(seen, [...seen].sort((one, other) => one - other), 'nothing is missing or twice');
  });

  test('keeps notes from the visitor: nothing of them was on the visitor’s wire', () => {
    const wire = JSON.stringify(mia.heard);
    assert.equal(mia.heard.filter((one) => one.type === 'note').length, 0);
    for (const text of ['over to you', 'she has waited']) assert.ok(!wire.includes(text), text);
  });

  test('ends with a rating, which the card and the list of closed tickets show', async () => {
    await part(ann, 'end').click();
    await part(ann, 'end-yes').click();
    await part(ann, 'bar').getByText('Closed by the agent').waitFor();
    await mia.ask({ type: 'rate', ticket: mia.ticket, stars: 4, comment: 'quick and kind' });
    await part(ann, 'rating').getByText('4 of 5 stars').waitFor();
    await part(ann, 'rating').getByText('quick and kind').waitFor();
    await look(ann, 'closed');
    await ticket(ann, 'Mia').locator('.stars').waitFor();
    await inspect(ann, 'desk-closed');
  });

  test('is among the earlier ones when the visitor comes again', async () => {
    const before = mia.ticket;
    mia.ticket = undefined;
    await mia.write('Me again', { desk: 'sales' });
    await take(ann, 'Mia');
    await part(ann, 'earlier').getByText(`#${before}`).waitFor();
    await part(ann, 'earlier').getByRole('button').first().click();
    await line(ann, 'Where is my order?').waitFor();
    await part(ann, 'bar').getByText('Closed by').waitFor();
    await look(ann, 'mine');
    await open(ann, 'Mia');
    await part(ann, 'end').click();
    await part(ann, 'end-yes').click();
    await mia.heardOnce((one) => one.type === 'ticket' && one.state === 'closed' && one.ticket === mia.ticket);
    mia.leave();
  });

  test('counts: figures of today, for desks and agents', async () => {
    await part(ann, 'figures-open').click();
    const figures = part(ann, 'figures');
    await figures.getByRole('row', { name: /^sales/ }).first().waitFor();
    await figures.getByRole('row', { name: /^Ann/ }).waitFor();
    await figures.getByText('4.0 ★').first().waitFor();
    await ann.page.getByLabel('7 days').check();
    await figures.getByRole('row', { name: /^sales/ }).first().waitFor();
    await inspect(ann, 'desk-figures');
    await ann.page.keyboard.press('Escape');
  });
});

test('a message is left when nobody is on duty, and taken later', async () => {
  for (const tab of [ann, ben]) await duty(tab, 'away');
  const leo = await visitor(site, 'Leo', 'Call me back, please', { desk: 'sales' });
  await leo.heardOnce((one) => one.type === 'ticket' && one.state === 'offline');
  leo.leave();
  await look(ann, 'offline');
  await ticket(ann, 'Leo').waitFor();
  await open(ann, 'Leo');
  await line(ann, 'Call me back, please').waitFor();
  await part(ann, 'bar').getByText('Leo has left a message').waitFor();
  for (const tab of [ann, ben]) await duty(tab, 'online');
  await part(ann, 'claim').click();
  await say(ann, 'We call at noon');
  await row(ann, 'We call at noon').locator('.state').getByText('sent').waitFor();
  await leo.enter();
  await leo.heardOnce((one) => one.content === 'We call at noon');
  await part(ann, 'end').click();
  await part(ann, 'end-yes').click();
  await leo.heardOnce((one) => one.type === 'ticket' && one.state === 'closed');
  leo.leave();
});

test('from the widget in another site’s page to the desk and back: asked, taken, answered, ended, rated', async (t) => {
  const shop = await openSite(site);
  t.after(() => shop.stop());
  const person = await visit(browser, site, `${shop.page}?desk=sales`);
  t.after(() => person.page.context().close());
  const panel = await person.open();
  await sayIn(panel, 'Is the shop open on Sunday?');
  const name = part(ann, 'queue').locator('.item-name').last();
  await look(ann, 'waiting');
  await part(ann, 'queue').locator('.preview').getByText('Is the shop open on Sunday?').waitFor();
  await open(ann, await name.textContent());
  await part(ann, 'panel').getByText(`${shop.page}?desk=sales`).waitFor();
  await part(ann, 'claim').click();
  await panel.getByTestId('title').getByText('Ann', { exact: true }).waitFor();
  await note(ann, 'asks about Sunday');
  await say(ann, 'From ten to four.');
  await lineIn(panel, 'From ten to four.').waitFor();
  await row(ann, 'From ten to four.').locator('.state').getByText('read').waitFor();
  assert.equal(await panel.getByText('asks about Sunday').count(), 0);
  await sayIn(panel, 'Thanks!');
  await line(ann, 'Thanks!').waitFor();
  await part(ann, 'end').click();
  await part(ann, 'end-yes').click();
  await panel.getByTestId('star-5').check();
  await panel.getByTestId('rate').click();
  await part(ann, 'rating').getByText('5 of 5 stars').waitFor();
  assert.deepEqual(shop.reports, [], 'no breach of the policy of the site');
  isClean(person);
});

test('no console error and no request to another host in all of this', () => isClean(ann, ben));
