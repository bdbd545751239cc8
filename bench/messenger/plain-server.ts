// The plain server that the broker is compared with: it authenticates nobody and stores nothing.
// `/echo` gets back what it sends; sockets of one `/group/…` get what the others of it send, by one
// `send` each, which is what one would write first.

import { serve, type WebSocket } from './web-socket.js';

const groups = new Map<string, Set<WebSocket>>();

function accept(socket: WebSocket, path: string): void {
  socket.on('error', () => socket.terminate());
  if (path.startsWith('/group/')) join(socket, path);
  else socket.on('message', (data: Buffer) => socket.send(data));
}

function join(socket: WebSocket, path: string): void {
  const members = groups.get(path) ?? new Set();
  groups.set(path, members.add(socket));
  socket.on('close', () => members.delete(socket));
  socket.on('message', (data: Buffer) => {
    for (const member of members) if (member !== socket) member.send(data);
  });
}

const { port } = await serve(accept);
console.log(`plain WebSockets on http://127.0.0.1:${port}`);
// Whoever started it is gone.
process.stdin.on('end', () => process.exit()).resume();
