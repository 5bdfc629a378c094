// node server.cjs PORT echo|room: what most people would write with `ws`. The package is found by NODE_PATH.

const { WebSocketServer } = require('ws');

const [port, mode] = process.argv.slice(2);
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate: false, backlog: 4096 });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    if (mode === 'echo') {
      socket.send(data, { binary: isBinary });
    } else {
      for (const client of server.clients) client.send(data, { binary: isBinary });
    }
  });
  socket.on('error', () => {});
});
