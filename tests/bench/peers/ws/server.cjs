// node server.cjs PORT echo|room|deflate|chat: what most people would write with `ws`. The package is found by
// NODE_PATH. What the modes are: tests/bench/src/peers.rs.

const { WebSocketServer } = require('ws');

const [port, mode] = process.argv.slice(2);
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(port),
  perMessageDeflate: mode === 'deflate' ? { threshold: 128 } : false,
  backlog: 4096,
});

const users = new Map();
const groups = new Map();
let lastUid = 1000;

function request(socket, text) {
  const it = JSON.parse(text);
  const { uid } = socket;
  const entry = { name: String(uid), content: it.content, time: Date.now() };
  switch (it.type) {
    case 'login':
      socket.uid = ++lastUid;
      users.set(socket.uid, socket);
      socket.send(JSON.stringify({ type: 'login', uid: socket.uid, name: String(socket.uid) }));
      break;
    case 'join':
      if (!groups.has(it.gid)) groups.set(it.gid, { seq: 0, members: new Set() });
      groups.get(it.gid).members.add(socket);
      socket.send(JSON.stringify({ type: 'ack', id: it.id }));
      break;
    case 'group': {
      const group = groups.get(it.gid);
      const text = JSON.stringify({ type: 'groupPm', gid: it.gid, seq: ++group.seq, uid, ...entry });
      for (const member of group.members) member.send(text);
      break;
    }
    case 'pm': {
      const text = JSON.stringify({ type: 'pm', uid, to: it.uid, seq: 1, ...entry });
      socket.send(text);
      users.get(it.uid)?.send(text);
      break;
    }
  }
}

function leave(socket) {
  users.delete(socket.uid);
  for (const { members } of groups.values()) members.delete(socket);
}

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    if (mode === 'echo') {
      socket.send(data, { binary: isBinary });
    } else if (mode === 'chat') {
      request(socket, data);
    } else {
      for (const client of server.clients) client.send(data, { binary: isBinary });
    }
  });
  socket.on('close', () => leave(socket));
  socket.on('error', () => {});
});
