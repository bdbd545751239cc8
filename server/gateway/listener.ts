// Where WebSockets come in; the one file that knows how they are made. Nobody is believed here: an
// upgrade is refused for its path, its Origin, its subprotocol or for want of place before anything
// is kept of it, and until `hello` a socket may send no more than a small frame.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { FoqError } from '../../protocol/index.js';
import {
  chooseSubprotocol,
  type Fault,
  FRAME_LIMITS,
  HELLO_FRAME_BYTES_MAX,
  isBinary,
  problemOf,
  SUBPROTOCOLS,
  type Subprotocol,
} from '../../protocol/wire/index.js';
import type { Connection, Socket } from './connection.js';
import type { Gateway } from './gateway.js';

export interface ListenerOptions {
  readonly gateway: Gateway;
  readonly server: Server;
  /** Asked at each upgrade, because a port may be known only when it is bound. */
  readonly origins: () => readonly string[];
}

const PATH = '/chat';

/** A frame comes in so many fragments at most, and waits in so many pieces of the network. */
const FRAGMENTS_MAX = 64;
const CHUNKS_MAX = 4_096;
/** A peer that does not answer the closing handshake is cut off after this. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Bytes before `hello`: the frame, its header, and fragments of it. */
const STRANGER_BYTES_MAX = HELLO_FRAME_BYTES_MAX + 1_024;
/** Pings of WebSocket itself that are answered, a second. */
const PONGS_PER_SECOND = 10;

/** Why ws closes by itself: not WebSocket, not UTF-8, too many parts, too long. */
const WS_FAULTS: Readonly<Record<number, () => FoqError>> = {
  1002: () => badFrame('malformed'),
  1007: () => badFrame('not-utf8'),
  1008: () => badFrame('malformed'),
  1009: () => tooLarge(),
};

/** Tells what is wrong with a frame before ws closes for it, so that our code says what it was. */
class DeviceSocket extends WebSocket {
  fault: (error: FoqError) => void = () => undefined;

  /** A reason comes with what the peer said, never with a fault that ws found. */
  override close(code?: number, reason?: string | Buffer): void {
    const found = reason === undefined ? WS_FAULTS[code ?? 0] : undefined;
    if (found !== undefined) this.fault(found());
    super.close(code, reason);
  }
}

export function listen({ gateway, server, origins }: ListenerOptions): void {
  const sockets = new WebSocketServer({
    WebSocket: DeviceSocket,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_LIMITS.frameBytesMax,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: CHUNKS_MAX,
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (offered) => chooseSubprotocol(offered) ?? false,
  } as ServerOptions<typeof DeviceSocket>);
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refusal = refusalOf(request, origins()) ?? placeIn(gateway);
    if (refusal !== undefined) return refuse(stream, refusal);
    return sockets.handleUpgrade(request, stream, head, (socket) =>
      accept(gateway, socket, stream),
    );
  });
}

interface Refusal {
  readonly status: string;
  readonly error: FoqError;
  readonly headers?: readonly string[];
}

function refusalOf(request: IncomingMessage, origins: readonly string[]): Refusal | undefined {
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== PATH) {
    const message = `Only ${PATH} is upgraded to a WebSocket.`;
    return { status: '404 Not Found', error: new FoqError('FOQ_INVALID_ARGUMENT', { message }) };
  }
  const { origin } = request.headers;
  if (origin !== undefined && !origins.includes(origin)) {
    const message =
      'Pages of this origin may not connect; the option origins lists those that may.';
    return { status: '403 Forbidden', error: new FoqError('FOQ_FORBIDDEN', { message }) };
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',');
  if (chooseSubprotocol(offered.map((name) => name.trim())) !== undefined) return undefined;
  const message = `A subprotocol is needed: ${SUBPROTOCOLS.join(' or ')}.`;
  return {
    status: '426 Upgrade Required',
    error: new FoqError('FOQ_INVALID_ARGUMENT', { message }),
    headers: ['Upgrade: websocket', `Sec-WebSocket-Protocol: ${SUBPROTOCOLS.join(', ')}`],
  };
}

function placeIn(gateway: Gateway): Refusal | undefined {
  if (gateway.mayAccept()) return undefined;
  const error = new FoqError('FOQ_BUSY', { details: { retryAfterMs: 5_000 } });
  return { status: '503 Service Unavailable', error, headers: ['Retry-After: 5'] };
}

function refuse(stream: Duplex, { status, error, headers = [] }: Refusal): void {
  const body = JSON.stringify({ ...problemOf(error), status: Number.parseInt(status, 10) });
  stream.on('error', () => stream.destroy());
  stream.end(
    [
      `HTTP/1.1 ${status}`,
      'Connection: close',
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...headers,
      '',
      body,
    ].join('\r\n'),
    () => stream.destroy(),
  );
}

function accept(gateway: Gateway, socket: DeviceSocket, stream: Duplex): void {
  const subprotocol = socket.protocol as Subprotocol;
  const connection = gateway.accept(socketOf(socket, stream), subprotocol);
  socket.fault = (error) => connection.refuse(error);
  watchStranger(connection, stream);
  answerPings(connection, socket);
  socket.on('message', (data: Buffer, isData) => {
    if (isData !== isBinary(subprotocol)) return connection.refuse(badFrame('malformed'));
    return connection.frame(data);
  });
  socket.on('error', () => connection.gone());
  socket.on('close', () => connection.gone());
}

/** Frames go to the stream as they are: without compression ws has none of its own under way. */
function socketOf(socket: WebSocket, stream: Duplex): Socket {
  return {
    write: (frames, written) => {
      if (socket.readyState !== socket.OPEN) return;
      const last = frames.length - 1;
      if (last > 0) stream.cork();
      for (let index = 0; index < last; index++) stream.write(frames[index]);
      stream.write(frames[last], (error) => error ?? written());
      if (last > 0) stream.uncork();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code, reason) => {
      socket.resume();
      socket.close(code, reason);
    },
  };
}

/** Refuses who sends much before `hello`, however it is split, and reads nothing more of it. */
function watchStranger(connection: Connection, stream: Duplex): void {
  let bytes = 0;
  const watch = (chunk: Buffer) => {
    bytes += chunk.length;
    if (connection.session.hasHello) stream.off('data', watch);
    else if (bytes > STRANGER_BYTES_MAX) {
      connection.refuse(tooLarge());
      // What still comes is thrown away, so that the close frame is not lost with a reset; ws cuts
      // the socket off when its time for closing is over.
      stream.removeAllListeners('data');
      stream.resume();
      stream.end();
    }
  };
  stream.on('data', watch);
}

function tooLarge(): FoqError {
  return new FoqError('FOQ_TOO_LARGE', { details: { limit: 'frameBytesMax' } });
}

function badFrame(reason: Fault): FoqError {
  const message = `The frame is refused: ${reason}.`;
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, details: { reason } });
}

/** Signs of life; answered so often at most, so that a flood of them costs nothing. */
function answerPings(connection: Connection, socket: WebSocket): void {
  let left = PONGS_PER_SECOND;
  let second = 0;
  socket.on('ping', (data: Buffer) => {
    const current = Math.floor(performance.now() / 1_000);
    if (current !== second) left = PONGS_PER_SECOND;
    second = current;
    left -= 1;
    connection.heard();
    if (left >= 0 && socket.readyState === socket.OPEN) socket.pong(data);
  });
  socket.on('pong', () => connection.heard());
}
