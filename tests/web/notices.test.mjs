// Sound and notification: one of several tabs tells, nobody is asked before the bell is clicked, and the title counts. What
// the browser would show and play is counted at its edge.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, isClean, joinGroup, line, part, sameBrowser, say, sayMany, show, talk, writeTo } from './people.mjs';
import { soon, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, ann, other, ben;

/** In place of what would be heard and seen outside of the page; and nobody looks at it when `lookAway` says so. */
function standIn() {
  let isLooked = true;
  const told = { asked: 0, notes: [], sounds: 0, answer: 'granted' };
  Object.assign(globalThis, {
    told,
    look: (/** @type {boolean} */ on) => {
      isLooked = on;
      dispatchEvent(new Event(on ? 'focus' : 'blur'));
    },
    Notification: class {
      static permission = 'default';
      static async requestPermission() {
        told.asked += 1;
        return (this.permission = told.answer);
      }
      constructor(title, { body, tag }) {
        Object.assign(this, { title, body, tag });
        told.notes.push(this);
      }
      close() {}
    },
    AudioContext: class {
      currentTime = 0;
      destination = {};
      createOscillator() {
        return { frequency: {}, connect: (to) => to, start() {}, stop() {} };
      }
      createGain() {
        told.sounds += 0.5; // two notes are one sound
        return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to };
      }
    },
  });
  Document.prototype.hasFocus = () => isLooked;
}

const told = (tab) => tab.page.evaluate(() => ({ asked: told.asked, sounds: told.sounds, notes: told.notes.map(({ title, body, tag }) => ({ title, body, tag })) }));
const look = (tab, on) => tab.page.evaluate((on) => look(on), on);
const bell = (tab) => tab.page.locator('#bell');

/** Until what was said is counted everywhere, and told by one, if it is to be told. */
async function settle(unread, notes) {
  const tabs = [ann, other].filter((one) => !one.page.isClosed());
  for (const tab of tabs) await tab.page.waitForFunction((unread) => document.title.startsWith(`(${unread}) `), unread);
  await soon('it is told', async () => (await Promise.all(tabs.map(told))).reduce((sum, one) => sum + one.notes.length, 0) >= notes);
  await ann.page.waitForTimeout(300); // and by nobody else
}

/** How many locks of this name all tabs have, and wait for. */
const locks = (tab, name) => tab.page.evaluate(async (name) => {
  const { held, pending } = await navigator.locks.query();
  return [held, pending].map((all) => all.filter((lock) => lock.name.startsWith(name)).length).join();
}, name);

/** Until so many tabs have said by their lock that they are looked at. */
const areLooked = (count) => soon(`${count} looked at`, async () => (await locks(ann, 'karez-looked-')) === `${count},0`);

before(async () => {
  daemon = await startDaemon();
  browser = await startBrowser();
  ann = await enter(browser, daemon, 'Ann', {}, (page) => page.context().addInitScript(standIn));
  ben = await enter(browser, daemon, 'Ben');
  await joinGroup(ann, 'Tea house');
  await writeTo(ben, ann.uid);
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

test('without a click on the bell nobody is asked, and nothing sounds', async () => {
  await look(ann, false);
  await say(ben, 'psst');
  await talk(ann, 'Ben').locator('.badge.unread').filter({ hasText: /^1/ }).waitFor();
  assert.deepEqual(await told(ann), { asked: 0, sounds: 0, notes: [] });
  assert.match(await ann.page.title(), /^\(1\) /, 'the title counts all the same');
});

test('a click asks, and sounds once', async () => {
  await bell(ann).click();
  await ann.page.locator('#bell[aria-pressed="true"]').waitFor();
  await ann.page.waitForFunction(() => told.asked === 1);
  assert.equal((await told(ann)).sounds, 1);
});

test('of two tabs exactly one tells', async () => {
  other = await sameBrowser(ann, daemon);
  await other.page.locator('#bell[aria-pressed="true"]').waitFor();
  await other.page.evaluate(() => (Notification.permission = 'granted'));
  for (const tab of [ann, other]) await look(tab, false);
  await areLooked(0);
  await soon('one tells', async () => (await locks(ann, 'karez-bell-')) === '1,1');
  const before = [await told(ann), await told(other)];
  await say(ben, 'are you there?');
  await settle(2, 1);
  const now = [await told(ann), await told(other)];
  const notes = now.flatMap(({ notes }) => notes);
  assert.deepEqual(notes, [{ title: 'Ben', body: 'are you there?', tag: `u:${ben.uid}` }]);
  assert.equal(now[0].sounds + now[1].sounds - before[0].sounds - before[1].sounds, 1);
});

test('nothing is told to whoever looks at one of the tabs', async () => {
  await look(other, true);
  await areLooked(1);
  const before = [await told(ann), await told(other)];
  await say(ben, 'you see this');
  await settle(3, 1);
  assert.deepEqual([await told(ann), await told(other)], before);
  await look(other, false);
  await areLooked(0);
});

test('when the tab that tells is closed, another does', async () => {
  const leads = (await told(ann)).notes.length > 0 ? ann : other;
  const left = leads === ann ? other : ann;
  await leads.page.close();
  await soon('the other has the lock', async () => (await locks(left, 'karez-bell-')) === '1,0');
  await say(ben, 'and now?');
  await left.page.waitForFunction(() => told.notes.length === 1);
  assert.equal((await told(left)).notes[0].body, 'and now?');
  // A click on it leads there.
  await left.page.evaluate(() => told.notes[0].onclick());
  await part(left, 'title').getByText('Ben', { exact: true }).waitFor();
  await look(left, true);
  await left.page.waitForFunction(() => !document.title.startsWith('('));
  [ann, other] = [left, leads];
});

test('a burst is one sound, and each is told of', async () => {
  await show(ann, 'Tea house');
  await look(ann, false);
  await areLooked(0);
  const before = await told(ann);
  await ann.page.waitForTimeout(1600); // what comes at once sounds once
  await sayMany(ben, ['one', 'two', 'three']);
  await ann.page.waitForFunction((count) => told.notes.length === count, before.notes.length + 3);
  await ann.page.waitForTimeout(300);
  assert.match(await ann.page.title(), /^\(3\) /);
  const now = await told(ann);
  assert.equal(now.sounds - before.sounds, 1);
  assert.deepEqual(now.notes.slice(before.notes.length).map(({ body }) => body), ['one', 'two', 'three']);
});

test('off is off', async () => {
  await bell(ann).click();
  await ann.page.locator('#bell[aria-pressed="false"]').waitFor();
  const before = await told(ann);
  await say(ben, 'silence');
  await ann.page.waitForFunction(() => document.title.startsWith('(4) '));
  await ann.page.waitForTimeout(300);
  assert.deepEqual(await told(ann), before);
});

test('a browser that forbids it says so, and sounds all the same', async () => {
  await ann.page.evaluate(() => {
    told.answer = 'denied';
    Notification.permission = 'default';
  });
  await bell(ann).click();
  await ann.page.getByRole('alert').filter({ hasText: 'does not let this page notify' }).waitFor();
  const before = await told(ann);
  await ann.page.waitForTimeout(1600);
  await say(ben, 'only a sound');
  await ann.page.waitForFunction((sounds) => told.sounds > sounds, before.sounds);
  assert.equal((await told(ann)).notes.length, before.notes.length);
  await show(ann, 'Ben');
  await line(ann, 'only a sound').waitFor();
});

test('no console error and no request to another host in all of this', () => isClean(ann, ben));
