// What both tests stand on: the real daemon on a free port, and Debian's Chromium that can reach nothing else.
//
// The packages lie in target/tools/web, where scripts/test installs them from the package-lock.json beside
// this file, so that nothing but sources lies in the tree.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
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

/**
 * Starts the release build (or $KAREZ_BIN) in an empty folder.
 * @param {{listen?: string, options?: string[], files?: Record<string, string>}} [site] ADDRESS:PORT (default: a free
 *   port), further options, and files of the folder by name
 */
export async function startDaemon({ listen = '127.0.0.1:0', options = [], files = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'karez-web-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  let daemon;
  const site = {
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
    end: () => (daemon.child.kill('SIGTERM'), daemon.ended),
    /** Ends it as a power cut would. */
    kill: () => (daemon.child.kill('SIGKILL'), daemon.ended),
    /** Asks it to end, and removes what it has left. @returns {Promise<number | string>} the exit status */
    stop: async () => {
      const status = await site.end();
      await rm(folder, { recursive: true, force: true });
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
  const ended = new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (status, signal) => done(status ?? signal));
  });
  const said = [];
  const address = new Promise((found) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const match = line.match(/http:\/\/(127\.0\.0\.1:\d+)\//);
      if (match) found(match[1]);
    });
  });
  const tooLate = new Promise((done) => setTimeout(done, 10_000).unref());
  return { child, ended, said, host: Promise.race([address, ended.then(() => undefined), tooLate]) };
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
 * (a breach of the content security policy is one of them) and what it sent over its WebSocket.
 * @param {import('playwright-core').Browser} browser
 * @param {string[]} allowed the start of every address that it may ask for
 * @param {object} [options] of Playwright's browser context
 */
export async function openTab(browser, allowed, options = {}) {
  const context = await browser.newContext({ locale: 'en', ...options });
  const foreign = [];
  const errors = [];
  const sent = [];
  const check = (address) => {
    const known = /^(data|blob|about):/.test(address) || allowed.some((start) => address.startsWith(start));
    if (!known) foreign.push(address);
  };
  context.on('request', (request) => check(request.url()));
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('websocket', (socket) => {
    check(socket.url());
    socket.on('framesent', (frame) => sent.push(JSON.parse(String(frame.payload))));
  });
  return { page, foreign, errors, sent };
}
