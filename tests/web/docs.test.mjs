// GET /docs in a real browser, and what it says that one may copy, run against the real daemon: its lines for curl,
// Python, Node and PHP (where there is one), its HTML page, and every line of curl in the manual and README.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { axe, createKey, openTab, root, screenshots, startBrowser, startDaemon } from './peers.mjs';

const HERE = 'http://127.0.0.1:8282';
let daemon, browser, key, site;
/** The examples of the page in order, as they stand in the file. @type {{kind: string, text: string}[]} */
let examples;

const unescaped = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const ours = (text) => text.replaceAll(HERE, daemon.page.slice(0, -1)).replaceAll(HERE.replace('http', 'ws'), daemon.socket);
const example = (kind) => examples.filter((one) => one.kind === kind).map((one) => one.text);

/** Runs a program on a text. @returns {Promise<string>} what it prints; rejects if it fails */
function run(program, options, text) {
  return new Promise((done, failed) => {
    const env = { ...process.env, KEY: key };
    const child = execFile(program, options, { env, cwd: daemon.folder, timeout: 30_000 }, (error, out, complaints) =>
      error ? failed(new Error(`${program}: ${error.message}\n${out}\n${complaints}\n${text}`)) : done(out));
    child.stdin.end(text);
  });
}

/** Runs lines of shell in which curl fails where the daemon refuses. */
const shell = (text) =>
  run('bash', ['-euo', 'pipefail'], `curl() { command curl -sS --fail-with-body --max-time 10 "$@" && echo; }\n${ours(text).replaceAll(/kz_\.\.\./g, key)}\n`);

before(async () => {
  site = createServer(async (request, response) => {
    const [kind, content] = request.url === '/karez.js'
      ? ['text/javascript', await readFile(join(root, 'src/web/client/karez.js'))]
      : ['text/html', ours(example('html')[0])];
    response.setHeader('content-type', `${kind}; charset=utf-8`).end(content);
  });
  await new Promise((listening) => site.unref().listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${site.address().port}`;
  daemon = await startDaemon({
    options: ['--token-secret-file', 'secret', '--guests', 'yes', '--origin', origin],
    files: { secret: 'x'.repeat(48) },
  });
  key = await createKey(daemon, 'publish,read,manage', 'site');
  const page = await (await fetch(`${daemon.page}docs`)).text();
  examples = [...page.matchAll(/<pre data-code="(\S+)"><code>([^]*?)<\/code><\/pre>/g)].map(([, kind, text]) => ({ kind, text: unescaped(text) }));
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  site?.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

describe('what one may copy', () => {
  test('the lines for curl', async () => {
    const lines = [...example('curl'), ...example('sh')];
    assert.ok(lines.length >= 8);
    const said = await shell(lines.join('\n'));
    for (const word of ['"users_online":', '"stored":2', '"content":"hello everybody"', '"banned":true', '"token":"', '"name":"teas.txt","type":"text/plain","bytes":19']) {
      assert.ok(said.includes(word), `${word}: ${said}`);
    }
  });

  for (const [kind, program, options] of [['python', 'python3', ['-']], ['node', 'node', ['--input-type=module', '-']], ['php', 'php', []]]) {
    test(`the lines for ${program}`, async () => {
      assert.equal(example(kind).length, example('curl').length, 'one for each of curl');
      const said = await run(program, options, ours(example(kind).join('\n')));
      assert.ok(said.includes('users_online'), said);
    });
  }

  test('every line of curl in the manual and in README', async () => {
    let found = 0;
    for (const name of ['src/manual/api.md', 'README.md']) {
      const text = await readFile(join(root, name), 'utf8');
      const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block);
      // A line that ends with a backslash goes on; what else stands in a block (`karez key create`) is no call.
      const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'));
      const inline = [...text.matchAll(/`(curl [^`]+)`/g)].map(([, line]) => line);
      for (const line of [...lines, ...inline].filter((line) => line.startsWith('curl ') && line.includes(`${HERE}/v1/`))) {
        await shell(line);
        found += 1;
      }
    }
    assert.ok(found >= 6, `${found} lines`);
  });

  test('the page with the JavaScript client, served by another host', async () => {
    const tab = await openTab(browser, [`http://127.0.0.1:${site.address().port}`, daemon.socket]);
    await tab.page.goto(`http://127.0.0.1:${site.address().port}/`);
    await tab.page.getByRole('textbox').fill('from the page');
    await tab.page.getByRole('button').click();
    await tab.page.getByText('Ann: from the page').waitFor();
    await shell(`curl ${HERE}/v1/push -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
      -d '{"to":{"all":true},"content":"we close at six"}'`);
    await tab.page.getByText('* we close at six').waitFor();
    await tab.page.context().close();
  });
});

describe('the page', () => {
  for (const width of [375, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      for (const lang of ['en', 'zh']) {
        test(`${width} px, ${colorScheme}, ${lang}`, async () => {
          const tab = await openTab(browser, [daemon.page], { viewport: { width, height: 800 }, colorScheme });
          await tab.page.goto(`${daemon.page}docs?lang=${lang}`);
          await tab.page.getByRole('heading', { level: 2, name: lang === 'en' ? 'Push' : '推送' }).waitFor();
          await tab.page.screenshot({ path: join(screenshots, `docs-${width}-${colorScheme}-${lang}.png`), fullPage: width === 1280 });
          const sideways = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(sideways <= 0, `${sideways} px do not fit`);
          const { violations, passes } = await tab.page.evaluate(async (source) => {
            if (!window.axe) (0, eval)(source);
            return window.axe.run();
          }, axe);
          assert.ok(passes.length > 5, 'axe has looked at something');
          const words = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
          assert.equal(words.join('\n'), '');
          assert.deepEqual([tab.errors, tab.foreign], [[], []]);
          await tab.page.context().close();
        });
      }
    }
  }

  test('by keyboard: the language of the examples, and copying', async () => {
    const tab = await openTab(browser, [daemon.page], { permissions: ['clipboard-read', 'clipboard-write'] });
    await tab.page.goto(`${daemon.page}docs`);
    await tab.page.getByRole('radio', { name: 'curl' }).focus();
    await tab.page.keyboard.press('ArrowRight');
    await tab.page.keyboard.press('ArrowRight');
    assert.equal(await tab.page.locator('pre[data-code="curl"]:visible').count(), 0);
    const shown = tab.page.locator('pre[data-code="python"]:visible');
    assert.ok((await shown.count()) >= 7);
    await shown.first().focus();
    await tab.page.keyboard.press('Tab');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
    const copied = await tab.page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, ours(example('python')[0]), 'with the address of this host');
    await tab.page.getByRole('button', { name: '中文' }).focus();
    await tab.page.keyboard.press('Enter');
    assert.equal(await tab.page.locator('html').getAttribute('lang'), 'zh');
    await tab.page.context().close();
  });

  test('every link leads somewhere', async () => {
    const page = await (await fetch(`${daemon.page}docs`)).text();
    for (const [, target] of page.matchAll(/(?:href|src)="([^"]+)"/g)) {
      if (target.startsWith('data:')) continue;
      if (target.startsWith('#')) assert.ok(page.includes(`id="${target.slice(1)}"`), target);
      else assert.equal((await fetch(daemon.page.slice(0, -1) + target)).status, 200, target);
    }
  });

  test('it tells every code of the API', async () => {
    const document = await (await fetch(`${daemon.page}v1/openapi.json`)).json();
    const page = await (await fetch(`${daemon.page}docs`)).text();
    for (const code of document.components.schemas.Problem.properties.code.enum) assert.ok(page.includes(`<code>${code}</code>`), code);
  });
});
