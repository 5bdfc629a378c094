// A site of somebody else's, on a port of its own and under a strict policy, that carries the support widget by its one
// line; the people who visit it; and agents who answer them, over their WebSocket.

import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { PATIENCE_MS, createKey, installed, openTab, soon } from './peers.mjs';

const { WebSocket } = installed('ws');

export const SECRET = 'a secret that only this test knows';

/** What the daemon is started with, so that tokens of the site and guests both come in. */
export const options = ['--token-secret-file', 'token.secret', '--guests', 'yes', '--messages-per-second', '1000', '--messages-burst', '2000'];
export const files = { 'token.secret': SECRET };

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token of the site (HS256). @param {object} claims @param {{seconds?: number, secret?: string}} [how] */
export function sign(claims, { seconds = 3600, secret = SECRET } = {}) {
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ exp: Math.floor(Date.now() / 1000) + seconds, ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Calls the HTTP API with a key of all scopes, made at the first call. */
export function apiOf(daemon) {
  let key;
  return async (method, path, body) => {
    key ??= createKey(daemon, 'read,publish,manage');
    const headers = { authorization: `Bearer ${await key}`, 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, daemon.page), { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
}

/** Somebody who answers. */
export class Agent {
  /** @type {any[]} */
  heard = [];
  #waiting = [];
  #asked = 0;

  /** @param {{socket: string}} daemon @param {string} uid @param {{name?: string, desks?: string[]}} [claims] */
  constructor(daemon, uid, claims = {}) {
    this.daemon = daemon;
    this.uid = uid;
    this.claims = { sub: uid, name: uid, role: 'agent', ...claims };
  }

  /** Comes in, once more after the connection is gone, and goes on duty. @param {string} state */
  async enter(state = 'online') {
    this.socket = new WebSocket(`${this.daemon.socket}/ws`);
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => this.#take(JSON.parse(String(data))));
    await new Promise((done, failed) => this.socket.once('open', done).once('error', failed));
    const login = this.hears((event) => event.type === 'login');
    this.say({ type: 'login', content: 'login', token: sign(this.claims) });
    await login;
    await this.ask({ type: 'duty', state, capacity: 100 });
    return this;
  }

  leave() {
    this.socket?.terminate();
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  /** Asks, and waits for the answer; an error is one. */
  ask(message) {
    const id = `${this.uid}-${(this.#asked += 1)}-${Date.now()}`;
    const answer = this.hears((event) => event.id === id);
    this.say({ ...message, id });
    return answer;
  }

  #take(event) {
    this.heard.push(event);
    for (const one of this.#waiting.splice(0)) if (!one.is(event)) this.#waiting.push(one);
      else one.done(event);
  }

  /** The first event of that kind from now on. @returns {Promise<any>} */
  hears(is) {
    return new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error(`${this.uid} never heard ${is}`)), PATIENCE_MS);
      this.#waiting.push({ is, done: (event) => void (clearTimeout(late), done(event)) });
    });
  }

  /** What was said in a ticket, as this agent heard it, or hears it. @param {string} content */
  async hearsSaid(content) {
    return soon(`${this.uid} hears ${content}`, () => this.heard.find((event) => event.type === 'support' && event.content === content));
  }

  /** The ticket that somebody waits in who said that. @param {string} content */
  async ticketOf(content) {
    const told = await soon(`a ticket with ${content}`, () => this.heard.find((event) => event.type === 'ticket' && event.last?.content === content));
    return told.ticket;
  }
}

/**
 * Opens a site that carries the widget.
 * @param {{page: string}} daemon
 * @param {{attributes?: string, body?: string, policy?: string}} [site]
 */
export async function openSite(daemon, { attributes = '', body = '', policy = '' } = {}) {
  const karez = new URL(daemon.page).origin;
  const reports = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      request.on('data', (data) => reports.push(String(data)));
      response.writeHead(204).end();
      return;
    }
    const desk = new URL(request.url ?? '', karez).searchParams.get('desk') ?? '';
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      // Nothing but what the manual says that the widget needs.
      'content-security-policy': `default-src 'none'; img-src data:; script-src ${karez}; frame-src ${karez} ${policy}; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /reports`,
    });
    response.end(`<!doctype html><html lang="en"><head><title>Another site</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"><script src="${karez}/widget.js" data-desk="${desk}" ${attributes} async></script></head><body><main><h1>Another site</h1><p>With a text of its own.</p></main>${body}</body></html>`);
  });
  await new Promise((done) => server.unref().listen(0, '127.0.0.1', () => done(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    page: `http://127.0.0.1:${address.port}/`,
    origin: `http://127.0.0.1:${address.port}`,
    reports,
    stop: () => new Promise((done) => (server.closeAllConnections(), server.close(done))),
  };
}

/** The page listens from the moment on in which the widget is there. */
const LISTEN = () => {
  let karez;
  const heard = (window.heard = {});
  Object.defineProperty(window, 'Karez', {
    get: () => karez,
    set(value) {
      karez = value;
      for (const name of ['open', 'close', 'unread', 'state', 'message', 'renew', 'error']) karez.on(name, (event) => (heard[name] ??= []).push(event));
    },
  });
};

/** Somebody in front of a page that carries the widget. @typedef {Awaited<ReturnType<typeof visit>>} Visitor */

/**
 * @param {import('playwright-core').Browser} browser
 * @param {{page: string, socket: string}} daemon
 * @param {string} address of the page
 * @param {object} [context] of the browser
 */
export async function visit(browser, daemon, address, context = {}) {
  const tab = await openTab(browser, [daemon.page, daemon.socket, new URL(address).origin], { viewport: { width: 1280, height: 800 }, ...context });
  await tab.page.addInitScript(LISTEN);
  await tab.page.goto(address);
  await tab.page.locator('karez-widget').waitFor({ state: 'attached' });
  const visitor = {
    ...tab,
    /** The panel, once it is there. @returns {Promise<import('playwright-core').Frame>} */
    panel: () => soon('the panel', () => tab.page.frames().find((frame) => frame.url().startsWith(`${daemon.page}widget/panel`) && !frame.isDetached())),
    /** Presses the button in the corner, and waits for what is behind it. */
    async open() {
      const { width, height } = tab.page.viewportSize() ?? { width: 1280, height: 800 };
      await tab.page.mouse.click(width - 50, height - 50);
      const panel = await visitor.panel();
      await panel.getByTestId('log').locator('.row').first().waitFor();
      return panel;
    },
    /** What the page hears of the widget. @param {string} name @returns {Promise<any[]>} */
    heard: (name) => tab.page.evaluate((name) => window.heard?.[name] ?? [], name),
    stored: () => tab.page.evaluate(() => Object.fromEntries(Object.entries(localStorage))),
  };
  return visitor;
}

/** Somebody on duty until the test is over. @param {import('node:test').TestContext} t @param {{socket: string}} daemon @param {string} uid @param {object} [claims] */
export async function onDuty(t, daemon, uid, claims) {
  const agent = new Agent(daemon, uid, claims);
  t.after(() => agent.leave());
  return agent.enter();
}

/** @param {import('playwright-core').Frame} panel @param {string} text */
export async function say(panel, text) {
  await panel.getByTestId('input').fill(text);
  await panel.getByTestId('send').click();
}

/** A message in the panel's log, found by exactly this text. @param {import('playwright-core').Frame} panel @param {string} text */
export const line = (panel, text) => panel.getByTestId('log').locator('.content').getByText(text, { exact: true });

/** A message with all around it. @param {import('playwright-core').Frame} panel @param {string} text */
export const row = (panel, text) => panel.getByTestId('log').locator('.row').filter({ has: panel.locator('.content').getByText(text, { exact: true }) }).last();
