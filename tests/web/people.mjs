// People in front of the chat page: each in a browser profile of their own, doing what people do.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PATIENCE_MS, axe, openTab, screenshots, soon } from './peers.mjs';

/** @typedef {Awaited<ReturnType<typeof openTab>> & {uid: string}} Person */

export const part = (tab, id) => tab.page.getByTestId(id);

/** A message in the log, found by exactly this text. */
export const line = (tab, text) => part(tab, 'log').locator('.content').getByText(text, { exact: true });

/** A message with all around it. */
export const row = (tab, text) => part(tab, 'log').locator('.row').filter({ has: tab.page.locator('.content').getByText(text, { exact: true }) }).last();

/** A conversation in the list. */
export const talk = (tab, title) => part(tab, 'talks').locator('li').filter({ has: tab.page.locator('.item-name', { hasText: title }) });

/**
 * Opens the page and comes in.
 * @param {import('playwright-core').Browser} browser
 * @param {{page: string, socket: string}} site
 * @param {string} name
 * @param {object} [options] of the browser context
 * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] what to do before the page is there
 * @returns {Promise<Person>}
 */
export async function enter(browser, site, name, options = {}, prepare = async () => {}) {
  const tab = await openTab(browser, [site.page, site.socket], { viewport: { width: 1280, height: 800 }, ...options });
  await prepare(tab.page);
  await tab.page.goto(site.page);
  await part(tab, 'name').fill(name);
  await part(tab, 'enter').click();
  return isIn(tab);
}

/** Waits until somebody is logged in. @returns {Promise<Person>} */
export async function isIn(tab) {
  await part(tab, 'me').filter({ hasText: /^\d+$/ }).waitFor();
  return Object.assign(tab, { uid: await part(tab, 'me').textContent() });
}

/** Another tab of the same browser profile. */
export async function sameBrowser(tab, site) {
  const page = await tab.page.context().newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const errors = [];
  page.on('console', (said) => said.type() === 'error' && errors.push(said.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(site.page);
  return isIn({ page, errors, foreign: [], sent: [], heard: [] });
}

/** Joins a group, which makes it if there is none. */
export async function joinGroup(tab, gid) {
  await part(tab, 'begin').click();
  await part(tab, 'gid').fill(gid);
  await part(tab, 'gid').press('Enter');
  await part(tab, 'title').filter({ hasText: gid }).waitFor();
  await part(tab, 'dialog').waitFor({ state: 'hidden' });
}

/** Opens the private talk with a user. */
export async function writeTo(tab, uid) {
  await part(tab, 'begin').click();
  await part(tab, 'uid').fill(uid);
  await part(tab, 'uid').press('Enter');
  await part(tab, 'dialog').waitFor({ state: 'hidden' });
}

/** Shows a conversation of the list. */
export async function show(tab, title) {
  await talk(tab, title).locator('button').click();
  await part(tab, 'title').getByText(title, { exact: true }).waitFor();
}

export async function say(tab, text) {
  await part(tab, 'input').fill(text);
  await part(tab, 'send').click();
}

/** Says many things by the page's own means, without waiting for any. */
export const sayMany = (tab, texts) => tab.page.evaluate((texts) => {
  const input = document.getElementById('input');
  for (const text of texts) {
    input.value = text;
    document.getElementById('composer').requestSubmit();
  }
}, texts);

/** What went over the WebSocket of this type. */
export const sent = (tab, type) => tab.sent.filter((message) => message.type === type);
export const sentTexts = (tab, type) => sent(tab, type).map((message) => message.content);

/** Waits until what was said last of this type has its answer. */
export const answered = (tab, type) => soon(`an answer to ${type}`, () => {
  const last = sent(tab, type).at(-1);
  return last && tab.heard.some((message) => message.id === last.id);
});

/** Opens the actions of a line and chooses one. */
export function choice(line, name) {
  // A line that is drawn anew under the pointer has its actions when the pointer comes again.
  return soon(name, async () => {
    await line.hover();
    return line.getByRole('button', { name, exact: true }).click({ timeout: 3000 }).then(() => true, () => false);
  });
}

/** Opens a message's actions and chooses one. */
export const act = (tab, text, name) => choice(row(tab, text), name);

/** Clicks on what leads to a line, which is marked for two seconds. */
export const leadsTo = (tab, link, line) => Promise.all([part(tab, 'log').locator('.row.pointed').and(line).waitFor(), link.click()]);

/** Presses "Reconnect now", unless the page is back already. */
export const reconnect = (tab) => tab.page.evaluate(() => {
  const button = document.getElementById('reconnect');
  if (button.checkVisibility()) button.click();
});

/**
 * Notes when something is so in a page, by the page itself: what passes is not missed, and a robot's delay is in no figure.
 * @param {Person} tab @param {string} name under which `notedAt` finds it @param {() => boolean} is asked at each change of the page
 */
export const noting = (tab, name, is) => tab.page.evaluate(([name, is]) => {
  const holds = (0, eval)(is);
  const noted = (globalThis.noted ??= {});
  const look = () => holds() && (noted[name] ??= Date.now());
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
}, [name, String(is)]);

/** When that was, in milliseconds since 1970, once it has been. */
export async function notedAt(tab, name) {
  const found = await tab.page.waitForFunction((name) => globalThis.noted[name], name);
  return found.jsonValue();
}

/** No rule of axe is broken, nothing is wider than the screen; what is seen is left in target/screenshots. */
export async function inspect(tab, name) {
  // A colour on its way from light to dark would be measured in between.
  await tab.page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {}))));
  await tab.page.screenshot({ path: join(screenshots, `${name}.png`) });
  const sideways = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(sideways <= 0, `${sideways} px do not fit`);
  const { violations, passes } = await tab.page.evaluate(async (source) => {
    // By `eval`, which the page's own policy forbids to the page, but not to the tools of the browser.
    if (!window.axe) (0, eval)(source);
    return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
  }, axe);
  assert.ok(passes.length > 5, 'axe has looked at something');
  const words = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
  assert.equal(words.join('\n'), '', name);
}

/** No console error (a breach of the policy is one), no request to another host. */
export function isClean(...tabs) {
  for (const tab of tabs) assert.deepEqual([tab.errors, tab.foreign], [[], []]);
}
