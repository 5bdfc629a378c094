// What both tests stand on: the real daemon on a free port, and Debian's Chromium that can reach nothing else.
//
// The packages lie in target/tools/web, where scripts/test installs them from the package-lock.json beside
// this file, so that nothing but sources lies in the tree.

import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** A package of target/tools/web. */
export const installed = createRequire(join(root, 'target/tools/web/package.json'));
const { chromium } = installed('playwright-core');

/** The source of axe-core, which finds what a page keeps from people with impairments. */
export const axe = installed('axe-core').source;

export const screenshots = join(root, 'target/screenshots');
await mkdir(screenshots, { recursive: true });

const binary = process.env.KAREZ_BIN ?? join(root, 'target/release/karez');

/** So long something is waited for that a quick machine has at once. */
export const PATIENCE_MS = 30_000;

/** Waits until something holds. @param {string} what @param {() => any} holds @returns {Promise<any>} what it answers */
export async function soon(what, holds, wait_ms = PATIENCE_MS) {
  const until = performance.now() + wait_ms;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (performance.now() > until) throw new Error(`not within ${wait_ms} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The daemons that run, and the folders that they have. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {Set<string>} */
const folders = new Set();

// However this process ends, it leaves nothing behind: a test that has failed has not come to its `stop`.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(128 + constants.signals[signal]));

/**
 * Starts the release build (or $KAREZ_BIN) in an empty folder.
 * @param {{listen?: string, options?: string[], files?: Record<string, string>}} [site] ADDRESS:PORT (default: a free
 *   port), further options, and files of the folder by name
 */
export async function startDaemon({ listen = '127.0.0.1:0', options = [], files = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'karez-web-'));
  folders.add(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  let daemon;
  const site = {
    get pid() {
      return daemon.child.pid;
    },
    /** ADDRESS:PORT, which is kept over a restart. */
    host: listen,
    binary,
    folder,
    /** The address of the page. */
    get page() {
      return `http://${site.host}/`;
    },
    /** The address of the WebSocket. */
    get socket() {
      return `ws://${site.host}`;
    },
    /** @param {string} name the path of a file of its folder */
    file: (name) => join(folder, name),
    /** Starts it, once more after `end` or `kill`. */
    start: async () => {
      daemon = run(binary, ['--listen', site.host, ...options], folder);
      const host = await daemon.host;
      if (host === undefined) {
        await site.stop();
        throw new Error(`the daemon did not tell its page's address: ${daemon.said.join('\n')}`);
      }
      site.host = host;
    },
    /** Asks it to end. @returns {Promise<number | string>} the exit status */
    end: () => daemon.signal('SIGTERM').ended,
    /** Ends it as a power cut would. */
    kill: () => daemon.signal('SIGKILL').ended,
    /** Has it do nothing until `resume`: what comes meanwhile comes at once. */
    pause: () => daemon.child.kill('SIGSTOP'),
    resume: () => daemon.child.kill('SIGCONT'),
    /** Asks it to end, and removes what it has left. @returns {Promise<number | string>} the exit status */
    stop: async () => {
      const status = await site.end();
      await rm(folder, { recursive: true, force: true });
      folders.delete(folder);
      return status;
    },
  };
  await site.start();
  return site;
}

function run(command, options, folder) {
  const child = spawn(command, options, {
    cwd: folder,
    env: { ...process.env, KAREZ_CONFIG: '' }, // whatever settings this machine has
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  const ended = new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (status, signal) => (running.delete(child), done(status ?? signal)));
  });
  const said = [];
  const address = new Promise((found) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const match = line.match(/http:\/\/(127\.0\.0\.1:\d+)\//);
      if (match) found(match[1]);
    });
  });
  const tooLate = new Promise((done) => setTimeout(done, PATIENCE_MS).unref());
  const host = Promise.race([address, ended.then(() => undefined), tooLate]);
  // A daemon that a failed test has left does not keep the process.
  host.finally(() => (child.unref(), child.stderr.unref())).catch(() => {});
  const daemon = { child, ended, said, host, signal: (name) => (child.ref(), child.kill(name), daemon) };
  return daemon;
}

/** A key of the HTTP API, from the moment on in which the daemon knows it. @param {{binary: string, folder: string, page: string}} site @param {string} scope */
export async function createKey(site, scope, name = 'tests') {
  const made = execFileSync(site.binary, ['key', 'create', '--name', name, '--scope', scope], { cwd: site.folder, stdio: 'pipe' });
  const key = made.toString().match(/kz_\S+/)[0];
  // It looks at the file of keys once a second.
  await soon('the daemon knows the key', async () => (await fetch(`${site.page}v1/key`, { headers: { authorization: `Bearer ${key}` } })).status === 200);
  return key;
}

/** Starts Chromium with a profile that is empty and is thrown away. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // No name is resolved, so that a request to another host fails besides being counted.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/**
 * A tab of a user of its own, and what it did: requests to hosts other than the allowed ones, console errors
 * (a breach of the content security policy is one of them) and what it sent and heard over its WebSocket.
 * @param {import('playwright-core').Browser} browser
 * @param {string[]} allowed the start of every address that it may ask for
 * @param {object} [options] of Playwright's browser context
 */
export async function openTab(browser, allowed, options = {}) {
  const context = await browser.newContext({ locale: 'en', ...options });
  const foreign = [];
  const errors = [];
  const sent = [];
  const heard = [];
  const check = (address) => {
    const known = /^(data|blob|about):/.test(address) || allowed.some((start) => address.startsWith(start));
    if (!known) foreign.push(address);
  };
  context.on('request', (request) => check(request.url()));
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('websocket', (socket) => {
    check(socket.url());
    socket.on('framesent', (frame) => sent.push(JSON.parse(String(frame.payload))));
    socket.on('framereceived', (frame) => heard.push(JSON.parse(String(frame.payload))));
  });
  return { page, foreign, errors, sent, heard };
}
