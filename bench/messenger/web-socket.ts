// WebSockets of the generators and of the plain server; the one file of the bench that knows what
// makes them. Both sides of a ratio have the same, without compression.

import { type RawData, WebSocket, WebSocketServer } from 'ws';

export type { WebSocket };

export interface Opening {
  readonly url: string;
  readonly subprotocols?: readonly string[];
  heard(frame: Uint8Array): void;
  /** Ended, with its close code, whoever ended it. */
  ended(code: number): void;
}

/** Resolves when it is open; rejects when it does not open. */
export function openSocket({ url, subprotocols, heard, ended }: Opening): Promise<WebSocket> {
  const socket = new WebSocket(url, [...(subprotocols ?? [])], { perMessageDeflate: false });
  socket.on('message', (data: RawData) => heard(data as Buffer));
  socket.on('close', ended);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => resolve(socket));
  });
}

/** A server on a free port of this machine; `path` is that of the upgrade. */
export async function serve(
  accept: (socket: WebSocket, path: string) => void,
): Promise<{ readonly port: number }> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    clientTracking: false,
    backlog: 2_048,
  });
  server.on('connection', (socket, request) => accept(socket, request.url ?? '/'));
  await new Promise((resolve) => server.on('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port };
}
