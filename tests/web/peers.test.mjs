// What the tests stand on leaves nothing behind: however the process of a test file ends, its daemon ends too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { soon } from './peers.mjs';

const START = `
  import { startDaemon } from '${new URL('peers.mjs', import.meta.url)}';
  const site = await startDaemon();
  console.log(site.pid, site.folder);
`;

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

for (const [how, rest, signal] of [
  ['comes to its end', ''],
  ['fails', 'throw new Error("as a test would");'],
  ['exits', 'process.exit(3);'],
  ['is over its time', 'setInterval(() => {}, 1000);', 'SIGTERM'],
  ['is broken off', 'setInterval(() => {}, 1000);', 'SIGINT'],
]) {
  test(`a process that ${how} leaves no daemon`, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', START + rest], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((done) => child.once('exit', done));
    const told = await new Promise((done) => createInterface(child.stdout).once('line', done));
    const [pid, folder] = told.split(' ');
    assert.ok(Number(pid) > 1, told);
    if (signal) child.kill(signal);
    await ended;
    await soon('the daemon has ended', () => !isAlive(Number(pid)));
    assert.ok(!existsSync(folder), 'nor its folder');
  });
}
