// bun server.js PORT echo|room|deflate|chat: the server that Bun has inside, with its own topics, as its manual has
// it. What the modes are: tests/bench/src/peers.rs.

const [port, mode] = process.argv.slice(2);

const users = new Map();
const seqs = new Map();
let lastUid = 1000;

function request(socket, text) {
  const it = JSON.parse(text);
  const { uid } = socket.data;
  const entry = { name: String(uid), content: it.content, time: Date.now() };
  switch (it.type) {
    case 'login':
      socket.data.uid = ++lastUid;
      users.set(lastUid, socket);
      socket.send(JSON.stringify({ type: 'login', uid: lastUid, name: String(lastUid) }));
      break;
    case 'join':
      socket.subscribe(`group ${it.gid}`);
      socket.send(JSON.stringify({ type: 'ack', id: it.id }));
      break;
    case 'group': {
      const seq = (seqs.get(it.gid) ?? 0) + 1;
      seqs.set(it.gid, seq);
      server.publish(`group ${it.gid}`, JSON.stringify({ type: 'groupPm', gid: it.gid, seq, uid, ...entry }));
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

const hear = {
  echo: (socket, message) => socket.send(message),
  room: (_socket, message) => server.publish('room', message),
  deflate: (_socket, message) => server.publish('room', message, true),
  chat: request,
};

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  fetch(head, server) {
    if (server.upgrade(head, { data: {} })) return undefined;
    return new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    perMessageDeflate: mode === 'deflate',
    open(socket) {
      if (mode === 'room' || mode === 'deflate') socket.subscribe('room');
    },
    message: hear[mode],
    close(socket) {
      users.delete(socket.data.uid);
    },
  },
});
