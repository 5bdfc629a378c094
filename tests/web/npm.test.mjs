// The client as a package: `npm pack` packs what the daemon serves and nothing else, it can be imported, and the tree is
// as before.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './peers.mjs';

const folder = join(root, 'scripts/packaging/npm');

test('what is packed is the client, and can be imported', async () => {
  const before = await readdir(folder);
  const work = await mkdtemp(join(tmpdir(), 'karez-npm-'));
  try {
    const pack = (...options) =>
      JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts=false', '--foreground-scripts=false', ...options], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }));
    const [dry] = pack('--dry-run');
    const names = dry.files.map(({ path }) => path).sort();
    assert.deepEqual(names, ['LICENSE', 'README.md', 'karez.d.ts', 'karez.js', 'package.json']);
    const [{ filename }] = pack('--pack-destination', work);
    const installed = join(work, 'node_modules/karez');
    await mkdir(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(work, filename), '-C', installed, '--strip-components=1']);
    for (const name of ['karez.js', 'karez.d.ts']) {
      assert.equal(await readFile(join(installed, name), 'utf8'), await readFile(join(root, 'src/web/client', name), 'utf8'), name);
    }
    await writeFile(join(work, 'try.mjs'), "import { Karez, KarezError, newId } from 'karez'; console.log(typeof Karez, typeof KarezError, newId().length > 8);");
    assert.equal(execFileSync('node', ['try.mjs'], { cwd: work }).toString(), 'function function true\n');
    const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const cargo = await readFile(join(root, 'Cargo.toml'), 'utf8');
    assert.equal(version, cargo.match(/^version = "(.*)"$/m)[1], 'the client has the version of the daemon');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  assert.deepEqual(await readdir(folder), before, 'nothing is left behind');
});
