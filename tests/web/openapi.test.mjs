// /v1/openapi.json says what the daemon does: each example of it is replayed against the real daemon, and each answer is
// as it is described, with the members of the example and no other. That every route, code and limit is in it is
// shown in tests/wire/openapi.rs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createKey, installed, startDaemon } from './peers.mjs';

const Ajv = installed('ajv/dist/2020').default;
const formats = installed('ajv-formats').default;
const WebSocket = installed('ws');
const { Validator } = await import(installed.resolve('@seriousme/openapi-schema-validator'));

let daemon, keys, openapi, ajv, online, visitor, agent;

/** One request. @returns {Promise<{status: number, kind: string | null, headers: Headers, text: string, body: any}>} */
async function ask(method, path, { body, kind = 'application/json', key = keys.all, headers = {} } = {}) {
  const all = { ...(key && { authorization: `Bearer ${key}` }), ...(body !== undefined && { 'content-type': kind }), ...headers };
  const response = await fetch(daemon.page.slice(0, -1) + path, { method, headers: all, body });
  const text = await response.text();
  const found = response.headers.get('content-type');
  return { status: response.status, kind: found, headers: response.headers, text, body: found?.includes('json') ? JSON.parse(text) : undefined };
}

const call = async (method, path, value) => {
  const answer = await ask(method, path, { body: value === undefined ? undefined : JSON.stringify(value) });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
};

const resolved = (value) =>
  value?.$ref ? value.$ref.slice(2).split('/').reduce((found, name) => found[name], openapi) : value;

/** The same schema, but that no object may have a member that is not described: what is not told is found. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  delete copy['x-limit'];
  // The parts of `allOf` each describe some of the members: only the whole can be closed.
  if (copy.properties && !copy.allOf) copy.unevaluatedProperties = false;
  return copy;
}

function validator(schema, strictly = true) {
  const components = { schemas: strictly ? closed(openapi.components.schemas) : openapi.components.schemas };
  return ajv.compile({ ...(strictly ? closed(schema) : schema), components });
}

/** The names of all members (of a list: the kinds of elements), so that an example shows what there is and nothing else. */
function shape(value) {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shape(one))))];
  if (value === null || typeof value !== 'object') return 'value';
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, shape(value[name])]));
}

/** Every operation with its method and path. */
const operations = () =>
  Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })));

/** A path with the examples of its parameters, and the query that it cannot do without. */
const filled = ({ path, parameters = [] }) => {
  const needed = parameters.map(resolved).filter((one) => one.in === 'query' && one.required);
  const query = needed.map((one) => `?${one.name}=${one.example}`).join('');
  return path.replace(/\{(\w+)\}/g, (_, name) => {
    const found = parameters.map(resolved).find((one) => one.in === 'path' && one.name === name);
    return encodeURIComponent(found.example);
  }) + query;
};

/** Everything is as the examples have it. */
async function ground() {
  await ask('DELETE', '/v1/groups/123');
  await call('PUT', '/v1/groups/123', { name: 'Tea house', owner: 1001 });
  await call('PUT', '/v1/groups/123/members/1002', {});
  await call('POST', '/v1/groups/123/messages', { content: 'hello' });
}

/** Somebody is online, from the first time on. */
async function eve() {
  if (online) return;
  const body = JSON.stringify({ uid: 1009, name: 'Eve' });
  const { token } = (await ask('POST', '/v1/tokens', { body })).body;
  online = new WebSocket(`${daemon.socket}/ws`);
  await once(online, 'open');
  online.send(JSON.stringify({ type: 'login', token }));
  await once(online, 'message');
}

/** A client that is logged in, and hears what it says to be answered. */
async function client(login) {
  const socket = new WebSocket(`${daemon.socket}/ws`);
  await once(socket, 'open');
  const say = async (message) => {
    const answered = once(socket, 'message');
    socket.send(JSON.stringify(message));
    await answered;
  };
  await say({ type: 'login', ...login });
  return { socket, say };
}

/** Ann has opened ticket 1, Bob has claimed it and answered; from the first time on. */
async function served() {
  if (visitor) return;
  const { token } = (await ask('POST', '/v1/tokens', { body: JSON.stringify({ uid: 'bob', name: 'Bob', role: 'agent', desks: ['sales'] }) })).body;
  agent = await client({ token });
  await agent.say({ type: 'duty', state: 'online', id: 'd' });
  visitor = await client({ name: 'Ann' });
  await visitor.say({
    type: 'support', id: 's', content: 'Where is my order?', desk: 'sales', page: 'https://shop.example/tea/7',
    referrer: 'https://search.example/', browser: 'Mozilla/5.0', lang: 'en', form: { mail: 'ann@mail.example' },
  });
  await agent.say({ type: 'claim', ticket: 1, id: 'c' });
  await agent.say({ type: 'support', ticket: 1, content: 'Let me look', id: 'a' });
  for (let step = 0; (await ask('GET', '/v1/tickets/1')).body.seq !== 2; step += 1) {
    assert.ok(step < 1_000, 'nobody is served');
    await new Promise((done) => setTimeout(done, 10));
  }
}

const settled = async () => {
  await served();
  await call('PUT', '/v1/desks/sales', openapi.paths['/v1/desks/{desk}'].put.requestBody.content['application/json'].examples.whole.value);
};

const unsettled = async () => {
  await served();
  await ask('DELETE', '/v1/desks/sales');
};

/** What one operation needs besides. */
const PREPARED = {
  Desks: settled,
  Desk: settled,
  'PutDesk 200': settled,
  'PutDesk 201': unsettled,
  DeleteDesk: settled,
  Tickets: unsettled,
  TicketHistory: unsettled,
  SayInTicket: unsettled,
  Notes: async () => {
    await unsettled();
    await call('POST', '/v1/tickets/1/notes', { from: 'bob', content: 'Called the carrier.' });
  },
  NewNote: unsettled,
  Transcript: unsettled,
  Canned: () => call('POST', '/v1/canned', { short: 'hi', content: 'Hello {visitor}!', desk: 'sales' }),
  Figures: unsettled,
  Ticket: unsettled,
  PatchTicket: unsettled,
  UsersOnline: eve,
  UserHistory: () => call('POST', '/v1/users/1002/messages', { content: 'hello' }),
  Unban: () => call('PUT', '/v1/users/1002/ban', {}),
  Ban: () => ask('DELETE', '/v1/users/1002/ban'),
  'Forget 202': () => call('POST', '/v1/groups/123/messages', { from: 1002, content: 'forget me' }),
  'Forget 200': async () => {
    await call('POST', '/v1/groups/123/messages', { from: 1002, content: 'forget me' });
    for (let step = 0; (await ask('DELETE', '/v1/users/1002')).status === 202; step += 1) {
      assert.ok(step < 1_000, 'never done');
      await new Promise((done) => setTimeout(done, 10));
    }
  },
  'PutGroup 201': () => ask('DELETE', '/v1/groups/123'),
  'PutMember 201': () => ask('DELETE', '/v1/groups/123/members/1002'),
};

before(async () => {
  daemon = await startDaemon({ options: ['--token-secret-file', 'secret', '--guests', 'yes', '--api-calls-per-second', '10000'], files: { secret: 'x'.repeat(48) } });
  keys = { all: await createKey(daemon, 'publish,read,manage', 'all'), read: await createKey(daemon, 'read', 'read') };
  const answer = await ask('GET', '/v1/openapi.json', { key: undefined });
  assert.equal(answer.status, 200, answer.text);
  openapi = answer.body;
  ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, keywords: ['x-limit', 'components'], allErrors: true });
  formats(ajv);
});

after(async () => {
  visitor?.socket.close();
  agent?.socket.close();
  assert.equal(await daemon?.stop(), 0, 'the daemon ends with 0 after SIGTERM');
});

test('it is a valid document of OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(openapi));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
});

test('the schemas refuse what is wrong: a member that is missing, and one that is not described', () => {
  const valid = validator({ $ref: '#/components/schemas/Said' });
  const said = { seq: 1, time: 1, online: 0, stored: 0 };
  assert.ok(valid(said));
  for (const wrong of [{ ...said, more: 1 }, { seq: 1, time: 1, online: 0 }, { ...said, seq: '1' }]) assert.ok(!valid(wrong));
});

test('every schema of an object says what each member is', () => {
  for (const [name, schema] of Object.entries(openapi.components.schemas)) {
    for (const required of schema.required ?? []) assert.ok(schema.properties[required], `${name}: ${required}`);
  }
});

test('each example of a request is valid, and done as its answer says', async () => {
  let replayed = 0;
  for (const operation of operations().filter(({ operationId }) => !['OpenApi', 'UploadFile', 'FetchFile'].includes(operationId))) {
    const bodies = Object.entries(operation.requestBody?.content ?? { '': { examples: { '': {} } } });
    const successes = Object.entries(operation.responses).filter(([status]) => status < '300');
    const seen = new Set();
    for (const [kind, { schema, examples }] of bodies) {
      for (const [name, { value }] of Object.entries(examples)) {
        for (const [status, response] of successes) {
          const expected = response.content?.['application/json'];
          // An answer belongs to the request of the same name, or is that of the only one.
          const wanted = expected?.examples[name] ?? (name === '' ? Object.values(expected?.examples ?? {})[0] : undefined);
          if (expected && !wanted) continue;
          const title = `${operation.operationId} ${kind} ${name} ${status}`;
          await ground();
          await (PREPARED[`${operation.operationId} ${status}`] ?? PREPARED[operation.operationId])?.();
          if (value !== undefined && schema) {
            const valid = validator(schema, false);
            assert.ok(valid(value), `${title}: ${JSON.stringify(valid.errors)}`);
          }
          const body = value === undefined ? undefined : kind === 'text/plain' ? value : JSON.stringify(value);
          const answer = await ask(operation.method, filled(operation), { body, kind });
          assert.equal(String(answer.status), status, `${title}: ${answer.text}`);
          for (const header of Object.keys(response.headers).filter((header) => header !== 'Idempotent-Replayed')) {
            assert.ok(answer.headers.get(header), `${title}: ${header} is missing`);
          }
          if (expected) {
            assert.equal(answer.kind, 'application/json', title);
            const valid = validator(expected.schema);
            assert.ok(valid(answer.body), `${title}: ${answer.text} ${JSON.stringify(valid.errors)}`);
            assert.ok(valid(wanted.value), `${title}: the example: ${JSON.stringify(valid.errors)}`);
            assert.deepEqual(shape(answer.body), shape(wanted.value), `${title}: the example is not what comes`);
          } else {
            assert.equal(answer.text, '', title);
          }
          seen.add(`${kind} ${name}`);
          seen.add(status);
          replayed += 1;
        }
        assert.ok(seen.has(`${kind} ${name}`), `${operation.operationId}: no answer is told for ${name}`);
      }
    }
    for (const [status] of successes) assert.ok(seen.has(status), `${operation.operationId}: ${status} was not seen`);
  }
  assert.ok(replayed > 55, `${replayed} examples`);
});

describe('refusals', () => {
  const refusals = [
    ['GET', '/v1/groups/{gid}', { key: 'kz_no' }, 401],
    ['POST', '/v1/push', { key: 'read', body: '{}' }, 403],
    ['POST', '/v1/groups/{gid}/messages', { body: '{' }, 400],
    ['POST', '/v1/groups/{gid}/messages', { body: '{}' }, 400],
    ['GET', '/v1/groups/{gid}/messages', { query: '?before=1&after=1' }, 400],
    ['GET', '/v1/groups/{gid}', { gid: 'nowhere' }, 404],
    ['DELETE', '/v1/groups/{gid}/members/{uid}', { uid: 'nobody' }, 404],
    ['DELETE', '/v1/users/{uid}/ban', { uid: 'nobody' }, 404],
    ['PUT', '/v1/groups/{gid}', { gid: 'new', body: '{"open":false}' }, 409],
    ['POST', '/v1/users/{uid}/messages', { body: JSON.stringify({ content: 'x', kind: 'k'.repeat(1_000) }) }, 413],
    ['POST', '/v1/push', { body: 'x', kind: 'text/html' }, 415],
    ['GET', '/v1/tickets/{ticket}', { ticket: 4711 }, 404],
    ['PUT', '/v1/desks/{desk}', { body: '{"routing":"loud"}' }, 400],
    ['PATCH', '/v1/tickets/{ticket}', { key: 'read', body: '{}' }, 403],
    ['DELETE', '/v1/canned/{canned}', { canned: 4711 }, 404],
  ];
  for (const [method, path, { query = '', key = 'all', gid = 123, uid = 1002, ticket = 1, canned = 1, ...options }, status] of refusals) {
    test(`${method} ${path}${query} ${options.body?.slice(0, 20) ?? ''}: ${status}`, async () => {
      await ground();
      const named = { gid, uid, ticket, canned, desk: 'sales' };
      const target = path.replace(/\{(\w+)\}/g, (_, name) => named[name]) + query;
      const answer = await ask(method, target, { key: keys[key] ?? key, ...options });
      isProblem(openapi.paths[path][method.toLowerCase()], answer, status);
    });
  }

  test('another call with a key that was used', async () => {
    const headers = { 'idempotency-key': 'one' };
    const say = (content) => ask('POST', '/v1/users/1002/messages', { body: JSON.stringify({ content }), headers });
    assert.equal((await say('a')).headers.get('idempotent-replayed'), null);
    assert.equal((await say('a')).headers.get('idempotent-replayed'), 'true');
    isProblem(openapi.paths['/v1/users/{uid}/messages'].post, await say('b'), 422);
  });

  function isProblem(operation, answer, status) {
    assert.equal(answer.status, status, answer.text);
    const response = resolved(operation.responses[status]);
    assert.ok(response, `${status} is not described`);
    assert.equal(answer.kind, 'application/problem+json');
    const { schema, example } = response.content['application/problem+json'];
    const valid = validator(schema);
    assert.ok(valid(answer.body), `${answer.text} ${JSON.stringify(valid.errors)}`);
    assert.ok(valid(example), JSON.stringify(valid.errors));
    for (const header of Object.keys(response.headers)) assert.ok(answer.headers.get(header), `${header} is missing`);
  }
});
