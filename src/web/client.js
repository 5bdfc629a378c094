// The connection: login, heartbeat, coming back, and requests that are kept until they are answered.
//
// What has not been answered when the connection breaks is sent over the next one, in order and with the same `id`:
// the server says a message once, however often it is sent. It knows an `id` for a day; whoever asked before that is
// told that it is unsure.

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const LOGIN_TIMEOUT_MS = 10_000;
const PONG_TIMEOUT_MS = 10_000;
const STEADY_MS = 10_000; // a connection that lasts as long ends the back-off
// The server has called the message itself wrong: sending it once more would only close the next connection.
const CLOSED_BY_OUR_FAULT = new Set([1002, 1003, 1007, 1008, 1009]);
// Less than the day for which the server knows an `id`: clocks differ, and messages are on their way for a while.
export const REPEATABLE_MS = 23 * 3_600_000;

/** An id that no other request of this user has. `crypto.randomUUID` is missing on plain http. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}

export class Client {
  /**
   * @param {string} url
   * @param {{login: () => object, event: (e: object) => void, refused: () => boolean, state: (s: object) => void}} app
   *   `login` gives the login message, `event` takes what the server says, `refused` is asked after a failed
   *   login whether to try once more, `state` hears of {phase, wait}: connecting, online, waiting, stopped.
   */
  constructor(url, app) {
    this.url = url;
    this.app = app;
    this.socket = null;
    this.online = false;
    this.attempt = 0;
    this.limitBytes = 65_536;
    this.recallMs = 0;
    this.clockAheadMs = 0;
    /** @type {Map<string, {message: object, sent: boolean, since: number?, done: Function, refused: Function}>} */
    this.unanswered = new Map();
    const hurry = () => this.mayHurry && !document.hidden && this.connectNow();
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
  }

  /** Opens the connection unless there is one. */
  connect() {
    if (this.socket) return;
    clearTimeout(this.retryTimer);
    this.wanted = true;
    this.bye = null;
    this.app.state({ phase: 'connecting' });
    const socket = new WebSocket(this.url, 'karez.v1');
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify(this.app.login()));
      this.loginTimer = setTimeout(() => this.drop(), LOGIN_TIMEOUT_MS);
    };
    socket.onmessage = (e) => this.received(e.data);
    socket.onclose = (e) => this.closed(socket, e.code);
  }

  /** Comes back at once if the client is waiting to. Does nothing after `stop`. */
  connectNow() {
    if (this.wanted && !this.socket) this.connect();
  }

  /** Ends the connection for good. */
  stop() {
    this.wanted = false;
    clearTimeout(this.retryTimer);
    this.unanswered.clear();
    const socket = this.socket;
    if (socket) this.closed(socket, 1000);
    socket?.close(1000);
  }

  /** Sends what needs no answer and is worth nothing later (typing, presence). @param {object} message */
  tell(message) {
    if (this.online) this.socket.send(JSON.stringify(message));
  }

  /**
   * Sends a request, over this connection or the next, and keeps it until it is answered.
   * @param {object} message @param {string} [id] @returns {Promise<object>} the answer; rejects with the `error`
   */
  ask(message, id = newId()) {
    const whole = { ...message, id };
    return new Promise((done, refused) => {
      const request = { message: whole, sent: false, since: null, done, refused };
      this.unanswered.set(id, request);
      if (this.online) this.sendRequest(request);
    });
  }

  /** Gives up a request that has not been answered. @param {string} id */
  forget(id) {
    this.unanswered.delete(id);
  }

  /** Whether the server would take a message of this size. @param {object} message */
  fits(message) {
    return new TextEncoder().encode(JSON.stringify(message)).length <= this.limitBytes;
  }

  /** For how long one's own message of this time may still be recalled. @param {number} time the server's */
  recallLeftMs(time) {
    return time + this.recallMs - (Date.now() - this.clockAheadMs);
  }

  sendRequest(request) {
    request.sent = true;
    request.since ??= Date.now();
    this.socket.send(JSON.stringify(request.message));
  }

  received(text) {
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      return; // Not ours: a server of another kind may answer here.
    }
    this.heardAt = performance.now();
    if (event.type === 'bye') this.bye = event;
    if (event.type === 'login') this.loggedIn(event);
    // The id of a push is the back end's, and answers nothing.
    const request = event.type === 'push' ? undefined : this.unanswered.get(event.id);
    if (request) {
      this.unanswered.delete(event.id);
      event.type === 'error' ? request.refused(event) : request.done(event);
    }
    this.app.event(event, Boolean(request));
  }

  loggedIn(event) {
    clearTimeout(this.loginTimer);
    this.online = true;
    this.steadyTimer = setTimeout(() => (this.attempt = 0), STEADY_MS);
    this.limitBytes = event.limits?.message_bytes ?? this.limitBytes;
    this.recallMs = (event.limits?.recall_seconds ?? 0) * 1000;
    this.clockAheadMs = Date.now() - event.time;
    this.app.state({ phase: 'online' });
    this.heartbeat = setInterval(() => this.ping(), (event.heartbeat ?? 25) * 1000);
    // After the application has seen the login: it may ask for more, and the old requests keep their order.
    queueMicrotask(() => {
      for (const [id, request] of this.unanswered) {
        if (request.since !== null && Date.now() - request.since > REPEATABLE_MS) this.giveUp(id, 'unsure');
        else if (!request.sent) this.sendRequest(request);
      }
    });
  }

  giveUp(id, code) {
    const request = this.unanswered.get(id);
    this.unanswered.delete(id);
    request.refused({ code });
  }

  // A link that died without a word looks open to a browser. Only a missing pong shows it.
  ping() {
    const asked = performance.now();
    this.tell({ type: 'ping' });
    this.pongTimer = setTimeout(() => this.heardAt < asked && this.drop(), PONG_TIMEOUT_MS);
  }

  // close() waits for the other side, which may be gone: whoever drops a dead link does not wait for it.
  drop() {
    const socket = this.socket;
    socket?.close();
    if (socket) this.closed(socket, 1006);
  }

  closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.online = false;
    clearTimeout(this.loginTimer);
    clearTimeout(this.pongTimer);
    clearTimeout(this.steadyTimer);
    clearInterval(this.heartbeat);
    for (const [id, request] of this.unanswered) {
      if (request.sent && CLOSED_BY_OUR_FAULT.has(code)) this.giveUp(id, code === 1009 ? 'too_large' : 'closed');
      request.sent = false;
    }
    if (!this.wanted) return;
    const wait = this.pause(code);
    if (wait === null) {
      this.wanted = false;
      this.app.state({ phase: 'stopped' });
      return;
    }
    this.attempt += 1;
    // A pause that the server asked for is kept even when the tab or the network comes back.
    this.mayHurry = this.bye?.retry === undefined && !(code >= 4100 && code < 4200);
    this.app.state({ phase: 'waiting', wait });
    this.retryTimer = setTimeout(() => this.connectNow(), wait);
  }

  /** Milliseconds until the next attempt, by the band of the close code; null: do not come back. */
  pause(code) {
    if (code === 4001) return this.app.refused() ? 0 : null;
    if (code >= 4000 && code < 4100) return null;
    if (this.bye?.retry !== undefined) return this.bye.retry;
    if (code >= 4200 && code < 4300 && this.attempt === 0) return 0;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.attempt);
    // Full jitter: a thousand clients of a server that restarts must not come back in step.
    const jittered = 100 + Math.random() * ceiling;
    return code >= 4100 && code < 4200 ? 2000 + jittered : jittered;
  }
}
