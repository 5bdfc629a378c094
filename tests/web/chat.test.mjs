// The page of `GET /` in a real browser: people talk in groups and in private, and use what is around that.
// What happens when links break is in breaks.test.mjs, looks and access are in looks.test.mjs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { act, enter, isClean, joinGroup, leadsTo, line, part, row, sameBrowser, say, sent, sentTexts, show, talk, writeTo } from './people.mjs';
import { soon, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, ann, ben;

before(async () => {
  daemon = await startDaemon({ options: ['--messages-per-second', '1000', '--messages-burst', '2000'] });
  browser = await startBrowser();
  [ann, ben] = [await enter(browser, daemon, 'Ann'), await enter(browser, daemon, '本 Ben')];
});

after(async () => {
  await browser?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

describe('two people', () => {
  test('get two numbers', () => {
    assert.ok(Number(ann.uid) >= 1001);
    assert.ok(Number(ben.uid) >= 1001);
    assert.notEqual(ann.uid, ben.uid);
  });

  test('talk in a group, both ways', async () => {
    await joinGroup(ann, '123');
    await joinGroup(ben, '123');
    await say(ann, 'hello from Ann');
    await line(ben, 'hello from Ann').waitFor();
    await line(ann, 'hello from Ann').waitFor();
    await say(ben, '坎儿井的水 🌊');
    await line(ann, '坎儿井的水 🌊').waitFor();
    assert.equal(await line(ben, '坎儿井的水 🌊').count(), 1, 'the own message is shown once');
  });

  test('talk in private, both ways; that it was read is told', async () => {
    await writeTo(ann, ben.uid);
    await say(ann, 'only for you');
    await talk(ben, 'Ann').locator('.badge.unread').filter({ hasText: /^1/ }).waitFor();
    await ben.page.waitForFunction(() => document.title.startsWith('(1) '));
    assert.equal(await line(ben, 'only for you').count(), 0, 'a private message is not in the group');
    const state = part(ann, 'log').locator('.row', { hasText: 'only for you' }).locator('.state');
    await state.getByText('sent', { exact: true }).waitFor();
    await show(ben, 'Ann');
    await line(ben, 'only for you').waitFor();
    await state.filter({ hasText: 'read' }).waitFor();
    await talk(ben, 'Ann').locator('.badge.unread').waitFor({ state: 'detached' });
    await ben.page.waitForFunction(() => !document.title.startsWith('('));
    await say(ben, 'and back');
    await line(ann, 'and back').waitFor();
  });

  test('are called by their names in the list', async () => {
    await talk(ann, '本 Ben').waitFor();
    await talk(ben, 'Ann').waitFor();
  });

  test('a third one hears the group and not what is private', async () => {
    const cho = await enter(browser, daemon, 'Cho');
    await joinGroup(cho, '123');
    await say(ann, 'a secret');
    await line(ben, 'a secret').waitFor();
    await show(ann, '123');
    await say(ann, 'after the secret');
    await line(cho, 'after the secret').waitFor();
    assert.equal(await cho.page.getByText('a secret', { exact: true }).count(), 0);
    isClean(cho);
    await cho.page.context().close();
    await show(ben, '123');
  });
});

test('fifty texts that would run as a script stay text', async () => {
  const inner = ['<script>X</script>', '<img src=x onerror=X>', '<svg onload=X>', '<svg><script>X</script></svg>', '<iframe src="javascript:X"></iframe>',
    '<a href="javascript:X">a</a>', '<body onload=X>', '<details open ontoggle=X>', '<input autofocus onfocus=X>', '<video><source onerror=X></video>',
    '<math><mi xlink:href="data:x,X">', '<object data="javascript:X">', '<embed src="javascript:X">', '<form action="javascript:X"><button>', '<style>@import "javascript:X"</style>',
    '<link rel=stylesheet href="data:,X">', '<meta http-equiv=refresh content="0;javascript:X">', '<template><script>X</script></template>', '<b onmouseover=X>b</b>', '"><script>X</script>',
    "'><script>X</script>", '</textarea><script>X</script>', '</title><script>X</script>', '<!--><script>X</script>-->', '{{X}}'];
  const texts = inner.flatMap((text) => [text.replaceAll('X', 'document.title="broken"'), text.replaceAll('X', 'window.broken=1').toUpperCase()]);
  assert.equal(texts.length, 50);
  for (const text of texts) await say(ann, text);
  await line(ben, texts.at(-1)).waitFor();
  for (const tab of [ann, ben]) {
    const shown = await part(tab, 'log').locator('.content').allTextContents();
    for (const text of texts) assert.ok(shown.includes(text), text);
    assert.equal(await part(tab, 'log').locator('img, script, svg, iframe, object, embed, style, form, input, a').count(), 0);
    assert.doesNotMatch(await tab.page.title(), /broken/);
    assert.equal(await tab.page.evaluate(() => window.broken ?? window.BROKEN), undefined);
  }
  isClean(ann, ben);
});

test('only http and https become links, without what ends the sentence', async () => {
  await say(ann, 'see https://example.com/a, (https://example.com/b), https://example.com/c_(d)! 看http://example.com/坎儿井。 and javascript:alert(1)');
  await part(ben, 'log').getByText('javascript:alert(1)').last().waitFor();
  const links = await part(ben, 'log').locator('a').evaluateAll((all) => all.map((link) => [link.textContent, link.rel, link.target]));
  const addresses = ['https://example.com/a', 'https://example.com/b', 'https://example.com/c_(d)', 'http://example.com/坎儿井'];
  assert.deepEqual(links, addresses.map((address) => [address, 'noopener noreferrer', '_blank']));
});

test('one to five emoji alone are large', async () => {
  const large = ['👍', '👨‍👩‍👧 🇨🇳', '❤️👍🏽🎉🌊☀️'];
  const plain = ['👍👍👍👍👍👍', '👍 yes', '5', '#', '坎'];
  for (const text of [...large, ...plain]) await say(ann, text);
  await line(ben, plain.at(-1)).waitFor();
  const shown = await part(ben, 'log').locator('.content.large').allTextContents();
  assert.deepEqual(shown, large);
});

test('times are told by calendar days, in the language of the reader', async () => {
  const told = await ann.page.evaluate(async () => {
    const base = document.querySelector('script[type="module"]').src;
    const { chooseLanguage, dayAndClock, shortTime } = await import(base.replace('app.js', 'text.js'));
    const at = (days) => new Date(new Date().setHours(14, 5, 0, 0)).setDate(new Date().getDate() - days);
    const all = {};
    for (const name of ['zh', 'en']) {
      await chooseLanguage(name);
      all[name] = [0, 1, 3, 6, 7, 800].map((days) => dayAndClock(at(days))).concat(shortTime(at(0)), shortTime(at(1)));
    }
    const weekday = (days, locale) => new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(at(days));
    return { ...all, days: ['zh-CN', 'en'].map((locale) => [weekday(3, locale), weekday(6, locale)]) };
  });
  const [[zh3, zh6], [en3, en6]] = told.days;
  assert.deepEqual(told.zh.slice(0, 4), ['14:05', '昨天 14:05', `${zh3} 14:05`, `${zh6} 14:05`]);
  assert.deepEqual(told.en.slice(0, 4), ['14:05', 'yesterday 14:05', `${en3} 14:05`, `${en6} 14:05`]);
  assert.match(told.zh[4], /^(\d{4}年)?\d+月\d+日 14:05$/);
  assert.match(told.en[5], /^[A-Z][a-z]+ \d+, \d{4} 14:05$/);
  assert.deepEqual([told.zh.slice(6), told.en.slice(6)], [['14:05', '昨天'], ['14:05', 'yesterday']]);
});

test('Enter that ends a composition of an input method does not send', async () => {
  const input = part(ann, 'input');
  await input.fill('');
  await input.focus();
  const keys = await ann.page.context().newCDPSession(ann.page);
  const enterKey = (type, code) => keys.send('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', windowsVirtualKeyCode: code });
  const before = sentTexts(ann, 'group').length;

  await keys.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 });
  // With the code that browsers give to keys which the input method takes, and with that of Enter itself.
  for (const code of [229, 13]) {
    await enterKey('rawKeyDown', code);
    await enterKey('keyUp', code);
  }
  assert.equal(await input.inputValue(), 'ni hao', 'the composition goes on');
  await keys.send('Input.insertText', { text: '你好' });
  // Some browsers report the Enter only after the composition has ended; then the code alone tells.
  await enterKey('rawKeyDown', 229);
  await enterKey('keyUp', 229);
  assert.equal(await input.inputValue(), '你好', 'the word is chosen and still in the input');
  assert.equal(sentTexts(ann, 'group').length, before, 'nothing was sent');

  await input.press('Enter');
  await line(ben, '你好').waitFor();
  assert.deepEqual(sentTexts(ann, 'group').slice(before), ['你好']);
});

test('Shift+Enter breaks the line, and the field grows to six lines', async () => {
  const input = part(ann, 'input');
  const height = () => input.evaluate((node) => node.clientHeight);
  const low = await height();
  await input.fill('one');
  await input.press('End');
  await input.press('Shift+Enter');
  await ann.page.keyboard.type('two');
  assert.ok((await height()) > low);
  await input.press('Enter');
  await part(ben, 'log').getByText(/one\s+two/).last().waitFor();
  assert.equal(sentTexts(ann, 'group').at(-1), 'one\ntwo');
  await input.fill('1\n2\n3\n4\n5\n6');
  const six = await height();
  await input.fill('1\n2\n3\n4\n5\n6\n7\n8');
  assert.equal(await height(), six);
  await input.fill('');
});

test('who prefers it sends by Ctrl+Enter', async () => {
  await part(ann, 'me').click();
  await part(ann, 'dialog').getByLabel('Send with').selectOption('Ctrl+Enter');
  await ann.page.keyboard.press('Escape');
  await part(ann, 'input').fill('above');
  await part(ann, 'input').press('Enter');
  await ann.page.keyboard.type('below');
  assert.equal(await part(ann, 'input').inputValue(), 'above\nbelow');
  await part(ann, 'input').press('Control+Enter');
  await part(ben, 'log').getByText(/above\s+below/).last().waitFor();
  await part(ann, 'me').click();
  await part(ann, 'dialog').getByLabel('Send with').selectOption('Enter');
  await ann.page.keyboard.press('Escape');
});

test('a text that is too long says so, and is not lost', async () => {
  const long = '长'.repeat(22_000);
  await part(ann, 'input').fill(long);
  await ann.page.getByText('464 bytes too long').waitFor();
  await part(ann, 'send').click();
  await ann.page.getByRole('alert').filter({ hasText: 'That is too long' }).waitFor();
  assert.equal(await part(ann, 'input').inputValue(), long);
  await part(ann, 'input').fill('');
  await ann.page.keyboard.press('Escape');
});

test('a reply quotes, and a click on the quote goes there', async () => {
  await act(ben, '你好', 'Reply');
  await ben.page.getByText('Reply to Ann').waitFor();
  await say(ben, 'nihao to you');
  const quote = part(ann, 'log').locator('.row', { hasText: 'nihao to you' }).locator('.quote');
  await quote.filter({ hasText: 'Ann' }).filter({ hasText: '你好' }).waitFor();
  assert.equal(typeof sent(ben, 'group').at(-1).reply, 'number');
  await leadsTo(ann, quote, row(ann, '你好'));
});

test('what one recalls is gone for everybody, and may be edited again', async () => {
  await say(ann, 'oops, wrong group');
  const heard = line(ben, 'oops, wrong group');
  await heard.waitFor();
  await row(ben, 'oops, wrong group').hover();
  await row(ben, 'oops, wrong group').getByRole('button', { name: 'Reply' }).waitFor();
  assert.equal(await part(ben, 'log').getByRole('button', { name: 'Recall' }).count(), 0, 'only on own messages');
  await act(ann, 'oops, wrong group', 'Recall');
  await part(ann, 'log').getByText('You recalled a message').waitFor();
  await part(ben, 'log').getByText('Ann recalled a message').waitFor();
  await heard.waitFor({ state: 'detached' });
  await part(ann, 'log').getByRole('button', { name: 'Edit again' }).click();
  assert.equal(await part(ann, 'input').inputValue(), 'oops, wrong group');
  await part(ann, 'input').fill('');
  await ben.page.reload();
  await part(ben, 'log').getByText('Ann recalled a message').waitFor();
  const kept = await ben.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.body.innerText]));
  assert.doesNotMatch(kept, /oops/);
});

test('what was recalled may be edited again for five minutes, and not longer', async () => {
  const dee = await enter(browser, daemon, 'Dee', {}, (page) => page.clock.install());
  await joinGroup(dee, 'regrets');
  await say(dee, 'said too soon');
  await part(dee, 'log').locator('.row[data-seq]', { hasText: 'said too soon' }).waitFor();
  await act(dee, 'said too soon', 'Recall');
  const again = part(dee, 'log').getByRole('button', { name: 'Edit again' });
  await again.waitFor();
  await dee.page.clock.fastForward('04:30');
  await say(dee, 'and now this');
  await part(dee, 'log').locator('.row[data-seq]', { hasText: 'and now this' }).waitFor();
  assert.ok(await again.isVisible());
  await dee.page.clock.fastForward('00:31');
  await again.waitFor({ state: 'detached' });
  await part(dee, 'log').getByText('You recalled a message').waitFor();
  isClean(dee);
  await dee.page.context().close();
});

test('a name behind @ marks the message for the one who is named', async () => {
  await writeTo(ben, ann.uid);
  await part(ann, 'input').fill('');
  await part(ann, 'input').pressSequentially('look, @b');
  await ann.page.getByRole('option', { name: /本 Ben/ }).waitFor();
  await ann.page.keyboard.press('Enter');
  assert.equal(await part(ann, 'input').inputValue(), 'look, @本 Ben ');
  await ann.page.keyboard.press('Enter');
  await talk(ben, '123').getByText('You are mentioned').waitFor({ state: 'attached' });
  assert.deepEqual(sent(ann, 'group').at(-1).mentions.map(String), [ben.uid]);
  await show(ben, '123');
  await part(ben, 'log').locator('.row.names-me', { hasText: 'look' }).waitFor();
  await part(ben, 'log').getByText('New messages').waitFor();
  await talk(ben, '123').getByText('You are mentioned').waitFor({ state: 'detached' });
});

test('emoji are chosen by arrow keys', async () => {
  await part(ann, 'emoji-open').click();
  await ann.page.locator('#emoji button:focus').waitFor();
  await ann.page.keyboard.press('ArrowRight');
  await ann.page.keyboard.press('ArrowDown');
  await ann.page.keyboard.press('Enter');
  await ann.page.keyboard.press('Escape');
  const chosen = await part(ann, 'input').inputValue();
  assert.match(chosen, /^\p{Extended_Pictographic}$/u);
  await ann.page.keyboard.press('Enter');
  await part(ben, 'log').locator('.content.large').getByText(chosen, { exact: true }).waitFor();
  assert.ok((await ann.page.locator('#emoji button').count()) >= 190);
});

test('who is typing is told to the others only, at most once in three seconds', async () => {
  const told = () => sent(ann, 'typing').filter((one) => String(one.gid) === '123').length;
  const [before, since] = [told(), performance.now()];
  await part(ann, 'input').pressSequentially('thinking about it', { delay: 200 });
  await part(ben, 'typing').filter({ hasText: 'Ann is typing' }).waitFor();
  assert.equal(await part(ann, 'typing').textContent(), '');
  assert.ok(told() - before <= 1 + (performance.now() - since) / 3000, `${told() - before} times`);
  await part(ann, 'input').fill('');
  await part(ben, 'typing').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
});

test('a draft is marked in the list, and there again', async () => {
  await part(ann, 'input').fill('half a thought');
  await show(ann, '本 Ben');
  await talk(ann, '123').getByText('half a thought').waitFor();
  await ann.page.reload();
  await part(ann, 'title').getByText('本 Ben').waitFor();
  await talk(ann, '123').getByText('Draft:').waitFor();
  await show(ann, '123');
  assert.equal(await part(ann, 'input').inputValue(), 'half a thought');
  await part(ann, 'input').fill('');
});

test('天气 is found, and a click goes there', async () => {
  await say(ben, '明天天气怎么样？');
  await line(ann, '明天天气怎么样？').waitFor();
  await part(ann, 'find').fill('天气');
  await part(ann, 'found').getByText('1 message found').waitFor();
  await leadsTo(ann, part(ann, 'found').getByText('明天天气怎么样？'), row(ann, '明天天气怎么样？'));
  await part(ann, 'find').fill('no such words at all');
  await part(ann, 'found').getByText('Nothing found').waitFor();
  await part(ann, 'find').fill('本');
  await part(ann, 'found').getByText('Conversations').waitFor();
  await part(ann, 'find').fill('');
  await part(ann, 'talks').waitFor();
});

describe('governing', () => {
  const choose = async (tab, name, what) => {
    await part(tab, 'panel').locator('li', { hasText: name }).locator('button').click();
    await part(tab, 'dialog').getByRole('button', { name: what, exact: true }).click();
  };

  test('members have roles, and who may is offered what', async () => {
    await part(ann, 'panel-open').click();
    await part(ann, 'panel').locator('li', { hasText: 'Ann (you)' }).getByText('owner').waitFor();
    await choose(ann, '本 Ben', 'Make admin');
    await part(ben, 'log').getByText(`Ann made ${ben.uid} an admin`).waitFor();
    await part(ann, 'panel').locator('li', { hasText: '本 Ben' }).getByText('admin').waitFor();
    await part(ben, 'panel-open').click();
    await part(ben, 'panel').locator('li', { hasText: 'Ann' }).locator('button').click();
    await part(ben, 'dialog').waitFor();
    assert.equal(await part(ben, 'dialog').getByRole('button', { name: 'Remove' }).count(), 0, 'nobody removes the owner');
    await ben.page.keyboard.press('Escape');
  });

  test('who is muted keeps what was typed, and may send it later', async () => {
    await choose(ann, '本 Ben', 'Mute for 10 minutes');
    await part(ben, 'log').getByText(`Ann muted ${ben.uid}`).waitFor();
    await say(ben, 'may I?');
    const failed = part(ben, 'log').locator('.row.failed', { hasText: 'may I?' });
    await failed.getByText('You are muted here').waitFor();
    // In another conversation the same one may speak on.
    await show(ben, 'Ann');
    await say(ben, 'they muted me');
    await part(ben, 'log').locator('.row:not(.queued)', { hasText: 'they muted me' }).waitFor();
    await show(ben, '123');
    await choose(ann, '本 Ben', 'Let speak again');
    await part(ben, 'log').getByText(`Ann lets ${ben.uid} speak again`).waitFor();
    const ids = () => sent(ben, 'group').filter(({ content }) => content === 'may I?').map(({ id }) => id);
    await failed.getByRole('button', { name: 'Send again' }).click();
    await line(ann, 'may I?').waitFor();
    await soon('it is sent twice', () => ids().length === 2);
    assert.equal(ids()[0], ids()[1], 'under its id');
  });

  test('who is put out is told, and the conversation is gone', async () => {
    await choose(ann, '本 Ben', 'Remove');
    await ben.page.getByRole('alert').filter({ hasText: `Ann removed ${ben.uid}` }).waitFor();
    await talk(ben, '123').waitFor({ state: 'detached' });
    await ben.page.keyboard.press('Escape');
    await joinGroup(ben, '123');
    await part(ann, 'log').getByText('本 Ben joined').waitFor();
  });

  test('a group gets a name, and is left', async () => {
    await joinGroup(ann, 'short-lived');
    await part(ann, 'panel-open').click();
    await ann.page.getByRole('button', { name: 'Rename' }).click();
    await part(ann, 'dialog').getByLabel('Name of the group').fill('Tea house');
    await ann.page.keyboard.press('Enter');
    await part(ann, 'title').getByText('Tea house', { exact: true }).waitFor();
    await part(ann, 'panel').getByRole('button', { name: 'Leave' }).click();
    await part(ann, 'dialog').getByRole('button', { name: 'Leave' }).click();
    await talk(ann, 'Tea house').waitFor({ state: 'detached' });
    await show(ann, '123');
  });
});

test('who is there has a dot, and who was there is told when', async () => {
  const pat = await enter(browser, daemon, 'Pat');
  await writeTo(ann, pat.uid);
  await part(ann, 'about').getByText('online', { exact: true }).waitFor();
  assert.equal(await ann.page.locator('#talk-avatar.online').count(), 1);
  isClean(pat);
  await pat.page.context().close();
  await part(ann, 'about').getByText(/^last seen \d\d:\d\d$/).waitFor();
  assert.equal(await ann.page.locator('#talk-avatar.online').count(), 0);
});

test('two tabs agree on what was read', async () => {
  const other = await sameBrowser(ann, daemon);
  assert.equal(other.uid, ann.uid);
  await writeTo(ben, ann.uid);
  await say(ben, 'which of your tabs?');
  for (const tab of [ann, other]) await talk(tab, '本 Ben').locator('.badge.unread').waitFor();
  await show(other, '本 Ben');
  await talk(ann, '本 Ben').locator('.badge.unread').waitFor({ state: 'detached' });
  await say(other, 'this one');
  await line(ben, 'this one').waitFor();
  await talk(ann, '本 Ben').getByText('you: this one').waitFor();
  assert.deepEqual(other.errors, []);
  await other.page.close();
});

test('a link leads into a group', async () => {
  const tab = await enter(browser, daemon, 'Lee');
  // Followed in the tab that is open: the page is loaded anew by itself.
  await tab.page.goto(`${daemon.page}#g=tea%20club`);
  await part(tab, 'title').getByText('tea club', { exact: true }).waitFor();
  assert.equal(new URL(tab.page.url()).hash, '');
  isClean(tab);
  await tab.page.context().close();
});

test('no console error and no request to another host in all of this', () => isClean(ann, ben));
