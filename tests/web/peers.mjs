// What both tests stand on: the real daemon on a free port, and Debian's Chromium that can reach nothing else.
//
// The packages lie in target/tools/web, where scripts/test installs them from the package-lock.json beside
// this file, so that nothing but sources lies in the tree.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = createRequire(join(root, 'target/tools/web/package.json'));
const { chromium } = installed('playwright-core');

/** The source of axe-core, which finds what a page keeps from people with impairments. */
export const axe = installed('axe-core').source;

export const screenshots = join(root, 'target/screenshots');
await mkdir(screenshots, { recursive: true });

/**
 * Starts the release build (or $KAREZ_BIN) in an empty folder.
 * @param {string} [listen] ADDRESS:PORT; a free port if it is not given
 * @returns {Promise<{host: string, page: string, socket: string, stop: () => Promise<number>}>} where it listens,
 *   the address of its page and of its WebSocket; `stop` gives the exit status
 */
export async function startDaemon(listen = '127.0.0.1:0') {
  const folder = await mkdtemp(join(tmpdir(), 'karez-web-'));
  const binary = process.env.KAREZ_BIN ?? join(root, 'target/release/karez');
  const daemon = spawn(binary, ['--listen', listen], {
    cwd: folder,
    env: { ...process.env, KAREZ_CONFIG: '' }, // whatever settings this machine has
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((done, failed) => {
    daemon.once('error', failed);
    daemon.once('exit', (status, signal) => done(status ?? signal));
  });
  const said = [];
  const address = new Promise((found) => {
    createInterface(daemon.stderr).on('line', (line) => {
      said.push(line);
      const match = line.match(/http:\/\/(127\.0\.0\.1:\d+)\//);
      if (match) found(match[1]);
    });
  });
  const tooLate = new Promise((done) => setTimeout(done, 10_000).unref());
  const host = await Promise.race([address, ended.then(() => undefined), tooLate]);
  const stop = async () => {
    daemon.kill('SIGTERM');
    const status = await ended;
    await rm(folder, { recursive: true, force: true });
    return status;
  };
  if (host === undefined) {
    await stop();
    throw new Error(`the daemon did not tell its page's address: ${said.join('\n')}`);
  }
  return { host, page: `http://${host}/`, socket: `ws://${host}`, stop };
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
