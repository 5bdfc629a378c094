// The client as a package: `npm pack` packs what the daemon serves and nothing else, it can be imported, its example is a
// chat that works, and the tree is as before.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openTab, root, startBrowser, startDaemon } from './peers.mjs';

const folder = join(root, 'scripts/packaging/npm');

test('what is packed is the client, can be imported, and its example is a chat', async () => {
  const before = await readdir(folder);
  const work = await mkdtemp(join(tmpdir(), 'karez-npm-'));
  try {
    const pack = (...options) =>
      JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts=false', '--foreground-scripts=false', ...options], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }));
    const [dry] = pack('--dry-run');
    const names = dry.files.map(({ path }) => path).sort();
    assert.deepEqual(names, ['LICENSE', 'README.md', 'example.html', 'karez.d.ts', 'karez.js', 'package.json']);
    const [{ filename }] = pack('--pack-destination', work);
    const installed = join(work, 'node_modules/karez');
    await mkdir(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(work, filename), '-C', installed, '--strip-components=1']);
    for (const name of ['karez.js', 'karez.d.ts']) {
      assert.equal(await readFile(join(installed, name), 'utf8'), await readFile(join(root, 'src/web/client', name), 'utf8'), name);
    }
    await writeFile(join(work, 'try.mjs'), "import { Karez, KarezError, newId } from 'karez'; console.log(typeof Karez, typeof KarezError, newId().length > 8);");
    assert.equal(execFileSync('node', ['try.mjs'], { cwd: work }).toString(), 'function function true\n');
    await chats(installed);
    const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const cargo = await readFile(join(root, 'Cargo.toml'), 'utf8');
    assert.equal(version, cargo.match(/^version = "(.*)"$/m)[1], 'the client has the version of the daemon');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  assert.deepEqual(await readdir(folder), before, 'nothing is left behind');
});

/** Two people in the example, served by another server, say something to the group and to each other. */
async function chats(folder) {
  const types = { html: 'text/html; charset=utf-8', js: 'text/javascript' };
  const site = createServer(async (request, response) => {
    const name = new URL(request.url, 'http://any').pathname.slice(1);
    response.setHeader('Content-Type', types[name.split('.').at(-1)] ?? 'text/plain');
    response.end(await readFile(join(folder, name)));
  });
  await new Promise((listening) => site.unref().listen(0, '127.0.0.1', listening));
  const address = `http://127.0.0.1:${site.address().port}/`;
  const daemon = await startDaemon();
  const browser = await startBrowser();
  try {
    const people = [];
    for (let n = 0; n < 2; n += 1) {
      const tab = await openTab(browser, [address, daemon.socket]);
      await tab.page.goto(`${address}example.html?server=${daemon.socket}/ws`);
      await tab.page.locator('#uid').filter({ hasText: /^\d+$/ }).waitFor();
      people.push(Object.assign(tab, { uid: await tab.page.locator('#uid').textContent() }));
    }
    const [one, other] = people;
    const say = async (tab, to, text) => {
      await tab.page.getByLabel('To').fill(to);
      await tab.page.getByLabel('Message', { exact: true }).fill(text);
      await tab.page.keyboard.press('Enter');
    };
    await say(one, '', 'to <b>all</b>');
    for (const tab of people) await tab.page.locator('.group').getByText('to <b>all</b>').waitFor();
    await say(other, one.uid, 'to one');
    for (const tab of people) await tab.page.locator('.pm').getByText(`to ${one.uid}: to one`).waitFor();
    await say(one, 'system', 'to nobody');
    await one.page.getByRole('alert').filter({ hasText: 'bad_request' }).waitFor();
    for (const tab of people) assert.deepEqual([tab.errors, tab.foreign], [[], []]);
  } finally {
    await browser.close();
    site.close();
    await daemon.stop();
  }
}
