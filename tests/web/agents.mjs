// Agents in front of the desk's page, and visitors who write to them over the bare WebSocket, so that all they hear is seen.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answered, part, sent } from './people.mjs';
import { PATIENCE_MS, createKey, installed, openTab, soon, startDaemon } from './peers.mjs';

const WebSocket = installed('ws');
const secret = 'a secret of thirty-two bytes or so, for tests';
const run = promisify(execFile);

/** A daemon for agents with tokens and visitors without. @param {string[]} [options] */
export const startSite = (options = []) =>
  startDaemon({ files: { secret }, options: ['--token-secret-file', 'secret', '--guests', 'yes', '--messages-per-second', '1000', '--messages-burst', '2000', ...options] });

/** @param {{binary: string, file: (name: string) => string}} site @param {string} uid @param {{name?: string, role?: string, desks?: string, ttl?: string}} [claims] */
export async function tokenOf(site, uid, { name = uid, role = 'agent', desks, ttl = '1h' } = {}) {
  const options = ['--uid', uid, '--name', name, '--role', role, '--ttl', ttl, ...(desks ? ['--desks', desks] : [])];
  return (await run(site.binary, ['token', 'create', ...options, '--token-secret-file', site.file('secret')])).stdout.trim();
}

/** A key of the HTTP API, and calls with it. */
export async function openApi(site) {
  const key = await createKey(site, 'read,publish,manage');
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) };
    const response = await fetch(`${site.page}v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: response.status === 204 ? {} : await response.json().catch(() => ({})) };
  };
  return { key, call };
}

/** Opens the desk for an agent, until it has learned what is there. @param {object} [options] of the browser context @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] */
export async function agent(browser, site, token, options = {}, prepare = async () => {}) {
  const tab = await openTab(browser, [site.page, site.socket], { viewport: { width: 1280, height: 800 }, ...options });
  await prepare(tab.page);
  await tab.page.goto(`${site.page}desk#token=${token}`);
  await part(tab, 'me').filter({ hasText: /./ }).waitFor();
  // The last of what it asks at first.
  await answered(tab, 'agents');
  return tab;
}

/** Goes on duty, or off, and the daemon knows. @param {'online' | 'busy' | 'away'} state */
export async function duty(tab, state) {
  await part(tab, `duty-${state}`).check();
  await soon(`${state} is known`, () => sent(tab, 'duty').at(-1)?.state === state);
  await answered(tab, 'duty');
  assert.ok(await part(tab, `duty-${state}`).isChecked());
}

/** A line of the list, by the visitor's name. */
export const ticket = (tab, name) => part(tab, 'queue').locator('li').filter({ has: tab.page.locator('.item-name').getByText(name, { exact: true }) });

/** @param {'waiting' | 'mine' | 'all' | 'offline' | 'closed'} view */
export const look = (tab, view) => part(tab, `view-${view}`).click();

/** Shows a ticket of the list. */
export async function open(tab, name) {
  await ticket(tab, name).locator('.item').click();
  await part(tab, 'title').getByText(name, { exact: true }).waitFor();
}

/** Takes a ticket that waits. */
export async function take(tab, name) {
  await look(tab, 'waiting');
  await ticket(tab, name).getByTestId('claim-line').click();
  await part(tab, 'title').getByText(name, { exact: true }).waitFor();
  await part(tab, 'transfer').waitFor();
}

/** Writes to colleagues. */
export async function note(tab, text) {
  await part(tab, 'mode-note').click();
  await part(tab, 'input').fill(text);
  await part(tab, 'send').click();
  await part(tab, 'note').filter({ hasText: text }).waitFor();
  await part(tab, 'mode-reply').click();
}

/** Somebody who needs help, on a page of a site. */
export class Visitor {
  #lastId = 0;
  #waiting = [];

  constructor(site, name) {
    Object.assign(this, { site, name, heard: [], ticket: undefined, token: undefined, last: 0 });
  }

  /** Comes, or comes back. */
  enter() {
    this.socket = new WebSocket(`${this.site.socket}/ws`);
    this.socket.on('message', (data) => this.#take(JSON.parse(String(data))));
    this.socket.on('error', () => {});
    const resume = this.epoch && { epoch: this.epoch, tickets: { [this.ticket]: this.last } };
    this.socket.once('open', () => this.say({ type: 'login', content: 'login', name: this.name, token: this.token, resume }));
    return this.hears((one) => one.type === 'login');
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  /** Asks, and hears the answer; an error is thrown. */
  async ask(message) {
    const id = `${this.name} ${(this.#lastId += 1)}`;
    const answer = this.hears((one) => one.id === id);
    this.say({ ...message, id });
    const heard = await answer;
    if (heard.type === 'error') throw Object.assign(new Error(heard.message), heard);
    return heard;
  }

  /** Opens a ticket, or speaks in the one that is open. */
  async write(content, more = {}) {
    const answer = await this.ask({ type: 'support', content, ...(this.ticket ? { ticket: this.ticket } : more) });
    this.ticket = answer.ticket;
    return answer;
  }

  #take(message) {
    if (message.type === 'login') Object.assign(this, { uid: message.uid, epoch: message.epoch, token: message.token ?? this.token });
    if (message.type === 'support') this.last = Math.max(this.last, message.seq);
    this.heard.push(message);
    this.#waiting = this.#waiting.filter(({ is, done }) => !is(message) || done(message));
  }

  /** The first message of that kind from now on. */
  hears(is) {
    return new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error(`${this.name} never heard ${is}`)), PATIENCE_MS);
      this.#waiting.push({ is, done: (message) => void (clearTimeout(late), done(message)) });
    });
  }

  /** What was or will be heard. */
  async heardOnce(is) {
    return this.heard.find(is) ?? this.hears(is);
  }

  leave() {
    this.socket.terminate();
  }
}

/** A visitor who has asked something. */
export async function visitor(site, name, content, more) {
  const one = new Visitor(site, name);
  await one.enter();
  if (content) await one.write(content, more);
  return one;
}
