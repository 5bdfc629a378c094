// A link that fails on demand: a proxy of bytes between a client and the daemon.

import { createServer, connect } from 'node:net';

/**
 * @typedef {object} Fault what happens to one connection
 * @property {number} [up] after so many bytes of the client the link is reset
 * @property {number} [down] after so many bytes of the daemon the link is reset; the last ones get through
 * @property {boolean} [chop] every byte is a segment of its own
 */

export class FaultyLink {
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  /** One for each connection to come, in order; then the link is good. @type {Fault[]} */
  faults = [];
  /** Neither side hears anything, and neither is told. */
  silent = false;
  /** Whoever connects is reset. */
  away = false;
  /** How often somebody has connected. */
  connections = 0;

  /** @param {string} host of the daemon, ADDRESS:PORT */
  constructor(host) {
    this.host = host;
    // Whoever forgets to close it is not kept by it.
    this.server = createServer((client) => this.#carry(client)).unref();
  }

  /** @returns {Promise<string>} the address of the WebSocket behind the link */
  async open() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', () => done(undefined)));
    const address = /** @type {import('node:net').AddressInfo} */ (this.server.address());
    return `ws://127.0.0.1:${address.port}/ws`;
  }

  /** Breaks every connection. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close() {
    this.cut();
    this.server.close();
  }

  /** @param {import('node:net').Socket} client */
  #carry(client) {
    this.connections += 1;
    client.on('error', () => {});
    if (this.away) return client.resetAndDestroy();
    const fault = this.faults.shift() ?? {};
    const [address, port] = this.host.split(':');
    const daemon = connect(Number(port), address);
    const both = [client, daemon];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        // What is written is delivered before the other side learns of the end.
        for (const other of both) other.destroySoon();
      });
    }
    this.#pipe(client, daemon, fault.up ?? Infinity, fault, both);
    this.#pipe(daemon, client, fault.down ?? Infinity, fault, both);
  }

  /** @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {number} left @param {Fault} fault @param {import('node:net').Socket[]} both */
  #pipe(from, to, left, fault, both) {
    from.on('data', (/** @type {Buffer} */ bytes) => {
      if (this.silent || to.destroyed) return;
      const part = bytes.subarray(0, left);
      left -= part.length;
      if (fault.chop) for (const byte of part) to.write(Buffer.of(byte));
      else to.write(part);
      if (left <= 0) for (const socket of both) socket.destroySoon();
    });
  }
}
