// The JavaScript client on links that fail, against the real daemon: whatever happens, what is said is stored once and in
// order, and whoever listens hears each entry once and in order.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Karez, KarezError } from '../../src/web/client/karez.js';
import { FaultyLink } from './faulty.mjs';
import { installed, root, soon, startDaemon } from './peers.mjs';

// Node 20 has none of its own.
const { WebSocket } = installed('ws');
globalThis.WebSocket = WebSocket;
const SECONDS = 1000;

let daemon;
let lastGid = 0;
const open = new Set();

before(async () => {
  daemon = await startDaemon({ options: ['--messages-per-second', '1000', '--messages-burst', '2000'] });
});

after(async () => {
  for (const each of open) each.disconnect?.() ?? each.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

/** A client of the daemon, or of a link to it. */
function client(url, options = {}) {
  let token, networkIsBack;
  // A browser would call this.
  globalThis.addEventListener = (name, tell) => (networkIsBack = tell);
  const karez = new Karez(url, { getToken: (refused) => (refused ? undefined : token), ...options });
  karez.on('login', (event) => (token = event.token ?? token));
  open.add(karez);
  return Object.assign(karez, { networkIsBack });
}

const event = (karez, name, wanted = () => true) =>
  new Promise((done, failed) => {
    const tooLate = setTimeout(() => failed(new Error(`no ${name}`)), 40 * SECONDS);
    const take = (e) => wanted(e) && (karez.off(name, take), clearTimeout(tooLate), done(e));
    karez.on(name, take);
  });

/** Two users in a group of their own: Ann behind a link that may fail, Ben behind none. */
async function pair(options = {}, site = daemon) {
  const link = new FaultyLink(site.host);
  open.add(link);
  const ann = client(await link.open(), options);
  const ben = client(`${site.socket}/ws`);
  for (const karez of [ann, ben]) {
    karez.connect();
    await event(karez, 'login');
  }
  const gid = (lastGid += 1);
  await ben.group(gid).join();
  await ann.group(gid).join();
  const heard = { ann: [], ben: [] };
  for (const [name, karez] of Object.entries({ ann, ben })) {
    karez.on('message', (m) => m.gid === gid && m.type === 'groupPm' && heard[name].push(m));
  }
  return { ann, ben, gid, link, heard };
}

const texts = (messages) => messages.map((message) => message.content);
const numbered = (count, word = 'n') => Array.from({ length: count }, (_, n) => `${word}${n}`);

/** Says `count` things, has `fault` happen meanwhile, and proves that all of it is stored and heard once and in order. */
async function sayThrough({ ann, ben, gid, heard }, fault, count = 100) {
  const said = numbered(count);
  const stored = said.map((text, n) => {
    const sent = ann.group(gid).send(text);
    if (n === Math.floor(count / 3)) fault?.();
    return sent;
  });
  const acks = await Promise.all(stored);
  await soon('everybody hears all', () => heard.ann.length >= count && heard.ben.length >= count);
  const history = [];
  for (let more = true; more; ) {
    const page = await ben.group(gid).history({ after: history.at(-1)?.seq ?? 0, limit: 100 });
    history.push(...page.messages.filter((message) => message.type === 'groupPm'));
    more = page.more;
  }
  assert.deepEqual(texts(history), said, 'all is stored, once and in order');
  assert.deepEqual(acks.map(({ seq }) => seq), history.map(({ seq }) => seq), 'each ack names its entry');
  assert.deepEqual(texts(heard.ann), said, 'its author hears all, once and in order');
  assert.deepEqual(texts(heard.ben), said, 'the other hears all, once and in order');
  assert.deepEqual(ann.outbox, []);
}

describe('a message is stored once and heard once', { concurrency: 4 }, () => {
  test('on a good link', async () => sayThrough(await pair()));

  test('when the link breaks while it is said', async () => {
    const talk = await pair();
    await sayThrough(talk, () => talk.link.cut());
  });

  test('when the link breaks again and again', async () => {
    const talk = await pair();
    talk.ben.on('message', () => talk.heard.ben.length % 20 === 0 && talk.heard.ben.length < 100 && talk.link.cut());
    await sayThrough(talk);
    assert.ok(talk.link.connections >= 5, `${talk.link.connections} connections`);
  });

  // The bytes of a handshake and a login are some hundreds; what comes after is a message, cut anywhere.
  for (const up of [40, 350, 700, 777, 1_100]) {
    test(`when the link breaks after ${up} bytes to the daemon: a half head, a half frame, before the ack`, async () => {
      const talk = await pair();
      talk.link.faults = [{ up }, { up }, { up: up + 1 }];
      await sayThrough(talk, () => talk.link.cut());
      assert.ok(talk.link.connections >= 5);
    });
  }

  for (const down of [20, 250, 800, 1_001, 2_000]) {
    test(`when the link breaks after ${down} bytes from the daemon: stored, and the ack is lost`, async () => {
      const talk = await pair();
      talk.link.faults = [{ down }, { down }, { down: down + 1 }];
      await sayThrough(talk, () => talk.link.cut());
      assert.ok(talk.link.connections >= 5);
    });
  }

  test('when every byte comes alone', async () => {
    const talk = await pair();
    talk.link.faults = [{ chop: true }];
    await sayThrough(talk, () => talk.link.cut());
  });

  test('when nobody answers for a while', async () => {
    const talk = await pair();
    await sayThrough(talk, () => {
      talk.link.away = true;
      talk.link.cut();
      setTimeout(() => (talk.link.away = false), 1500);
    });
  });

  test('when a dead link does not say so: it is noticed within 35 s', async () => {
    const talk = await pair();
    const since = performance.now();
    talk.link.silent = true;
    const noticed = event(talk.ann, 'state', ({ state }) => state === 'connecting').then(() => {
      talk.link.silent = false;
      return performance.now() - since;
    });
    await sayThrough(talk, undefined, 10);
    assert.ok((await noticed) <= 35 * SECONDS);
  });

  test('when the network says that it is back, a dead link is noticed at once', async () => {
    const talk = await pair();
    talk.link.silent = true;
    const noticed = event(talk.ann, 'state', ({ state }) => state === 'connecting').then(() => (talk.link.silent = false));
    const since = performance.now();
    talk.ann.networkIsBack();
    await noticed;
    assert.ok(performance.now() - since < 6 * SECONDS);
    await sayThrough(talk, undefined, 10);
  });

  test('when the same frame is seen twice', async () => {
    class Doubling extends WebSocket {
      set onmessage(take) {
        super.onmessage = (e) => (take(e), take(e));
      }
    }
    globalThis.WebSocket = Doubling; // For others that run beside it too, which does them no harm.
    await sayThrough(await pair()).finally(() => (globalThis.WebSocket = WebSocket));
  });

  test('when the clock jumps', async () => {
    const talk = await pair();
    const now = Date.now;
    const said = numbered(10);
    const sent = said.map((text) => talk.ann.group(talk.gid).send(text));
    Date.now = () => now() + 3_600_000;
    talk.link.cut();
    await Promise.all(sent).finally(() => (Date.now = now));
    await soon('all is heard', () => talk.heard.ben.length >= 10);
    assert.deepEqual(texts(talk.heard.ben), said);
  });

  test('when what others say comes while one is away', async () => {
    const talk = await pair();
    talk.link.away = true;
    talk.link.cut();
    const said = numbered(50, 'away');
    for (const text of said) await talk.ben.group(talk.gid).send(text);
    talk.link.away = false;
    await soon('all is heard', () => talk.heard.ann.length >= 50);
    assert.deepEqual(texts(talk.heard.ann), said);
  });
});

describe('what cannot be had is said', { concurrency: 4 }, () => {
  test('a gap, when more was missed than is replayed', async () => {
    const talk = await pair();
    const { ann, ben, gid, link } = talk;
    link.away = true;
    link.cut();
    await Promise.all(numbered(501).map((text, n) => ben.request({ type: 'group', gid, content: text, id: `gap${n}` })));
    const gap = event(ann, 'gap');
    link.away = false;
    const { after, before: next } = await gap;
    assert.equal(next - after, 502);
    await ben.group(gid).send('after the gap');
    await soon('what follows is heard', () => talk.heard.ann.length >= 1);
    assert.deepEqual(texts(talk.heard.ann), ['after the gap']);
  });

  test('another store: all numbers begin anew, and what waits is said there', async () => {
    const site = await startDaemon();
    const link = new FaultyLink(site.host);
    open.add(link);
    const ann = client(await link.open());
    ann.connect();
    await event(ann, 'login');
    await ann.group(1).send('in the first');
    const first = ann.epoch;
    const anew = event(ann, 'epoch');
    link.away = true;
    link.cut();
    await site.stop();
    const other = await startDaemon();
    const waiting = ann.group(1).send('in the second');
    link.host = other.host;
    link.away = false;
    await anew;
    assert.notEqual(ann.epoch, first);
    assert.ok((await waiting).seq > 0);
    ann.disconnect();
    await other.stop();
  });

  test('a message that is too large, at once and without a connection lost', async () => {
    const { ann, gid, link } = await pair();
    await assert.rejects(ann.group(gid).send('x'.repeat(70_000)), { code: 'too_large', retryable: false });
    assert.equal(link.connections, 1);
  });

  test('a refusal: the others go on', async () => {
    const { ann, ben, gid } = await pair();
    await ben.request({ type: 'mute', gid, uid: ann.uid });
    await assert.rejects(ann.group(gid).send('let me'), (error) => error instanceof KarezError && error.code === 'muted');
    assert.ok((await ann.user(ben.uid).send('let me')).seq > 0);
    assert.deepEqual(ann.outbox, []);
  });

  test('without an outbox nothing waits', async () => {
    const ann = client(`${daemon.socket}/ws`, { outbox: 'none' });
    await assert.rejects(ann.group(1).send('now or never'), { code: 'offline', retryable: true });
  });

  test('after disconnect nothing is asked any more', async () => {
    const { ann, gid } = await pair();
    ann.disconnect();
    assert.equal(ann.state, 'disconnected');
    await assert.rejects(ann.group(gid).history(), { code: 'disconnected' });
  });
});

describe('the daemon goes and comes', () => {
  test('killed while something is said, and started again', async () => {
    const site = await startDaemon({ options: ['--messages-per-second', '1000', '--messages-burst', '2000'] });
    const talk = await pair({}, site);
    let again;
    await sayThrough(talk, () => {
      again = site.kill().then(() => site.start());
    });
    await again;
    talk.ann.disconnect();
    talk.ben.disconnect();
    await site.stop();
  });

  test('faster than it allows: all arrives, in order', async () => {
    const site = await startDaemon({ options: ['--messages-per-second', '50', '--messages-burst', '20'] });
    const talk = await pair({}, site);
    await sayThrough(talk, undefined, 60);
    talk.ann.disconnect();
    talk.ben.disconnect();
    await site.stop();
  });

  test('ended for maintenance: back after the time it has named', async () => {
    const site = await startDaemon();
    const ann = client(`${site.socket}/ws`);
    ann.connect();
    await event(ann, 'login');
    const bye = event(ann, 'bye');
    const waiting = event(ann, 'state', ({ wait }) => wait !== undefined);
    await site.end();
    assert.equal((await waiting).wait, (await bye).retry);
    ann.disconnect();
    await site.stop();
  });
});

test('a desk is asked: the ack names the ticket, which is a conversation as any other', async () => {
  const [asks, later] = [client(`${daemon.socket}/ws`), client(`${daemon.socket}/ws`)];
  const heard = [];
  asks.on('message', (entry) => heard.push(entry.content));
  const told = event(asks, 'ticket');
  const sent = event(asks, 'sent');
  asks.connect();
  const { ticket, seq } = await asks.support('Is anybody there?', { desk: 'sales', page: 'https://shop.example/' });
  assert.deepEqual([seq, (await told).ticket, (await sent).ticket], [1, ticket, ticket]);
  assert.equal((await asks.support('Hello?')).ticket, ticket, 'the one that is open');
  assert.equal((await asks.ticket(ticket).send('I can wait.')).seq, 3);
  await soon('all is heard', () => heard.length === 3);
  assert.deepEqual(texts((await asks.ticket(ticket).history()).messages), ['Is anybody there?', 'Hello?', 'I can wait.']);
  assert.equal(asks.positions.tickets[ticket], 3);
  later.connect();
  await event(later, 'login');
  await assert.rejects(later.ticket(ticket).history(), { code: 'not_found' });
});

describe('tokens', () => {
  const secret = 'a secret of thirty-two bytes or so, for tests';

  const tokenOf = async (site, uid, ttl) => {
    const made = await promisify(execFile)(site.binary, ['token', 'create', '--uid', uid, '--ttl', ttl, '--token-secret-file', site.file('secret')]);
    return made.stdout.trim();
  };

  test('one that is about to expire is renewed on the open connection', async () => {
    const site = await startDaemon({ files: { secret }, options: ['--token-secret-file', 'secret'] });
    const asked = [];
    const getToken = async (refused) => {
      asked.push(refused);
      return tokenOf(site, 'ann', asked.length === 1 ? '61s' : '1h');
    };
    const ann = client(`${site.socket}/ws`, { getToken });
    let connections = 0;
    ann.on('login', () => (connections += 1)).connect();
    await event(ann, 'login');
    await soon('a second token is asked for', () => asked.length === 2);
    await ann.group(1).send('still here');
    assert.deepEqual([asked, connections], [[false, false], 1]);
    ann.disconnect();
    await site.stop();
  });

  test('one that is refused is asked for once more, and then it ends', async () => {
    const site = await startDaemon({ files: { secret }, options: ['--token-secret-file', 'secret'] });
    const asked = [];
    const ann = client(`${site.socket}/ws`, { getToken: (refused) => (asked.push(refused), 'not a token') });
    ann.connect();
    const { code } = await event(ann, 'state', ({ state }) => state === 'disconnected');
    assert.deepEqual([code, asked], [4001, [false, true]]);
    await site.stop();
  });
});

describe('the file', () => {
  const file = join(root, 'src/web/client/karez.js');

  test('weighs at most 8 KiB compressed', async () => {
    const bytes = gzipSync(await readFile(file), { level: 9 }).length;
    console.log(`client: ${bytes} bytes compressed`);
    assert.ok(bytes <= 8192, `${bytes} bytes`);
  });

  test('has the types that its declaration says', async () => {
    const out = join(root, 'target/web-types');
    const tsc = join(root, 'target/tools/web/node_modules/.bin/tsc');
    const options = ['--allowJs', '--checkJs', '--strict', '--target', 'es2022', '--module', 'esnext', '--lib', 'es2023,dom,dom.iterable'];
    await promisify(execFile)(tsc, [...options, '--declaration', '--emitDeclarationOnly', '--outDir', out, file]);
    const [made, kept] = await Promise.all([join(out, 'karez.d.ts'), file.replace(/\.js$/, '.d.ts')].map((path) => readFile(path, 'utf8')));
    assert.equal(kept, made, 'src/web/client/karez.d.ts is not what the source says: copy target/web-types/karez.d.ts there');
  });
});
