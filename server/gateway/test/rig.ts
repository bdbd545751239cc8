// A gateway over real sockets, with stand-ins for all that it is given: a token is `user/device`,
// commands are carried out by `run`, the clock is the test's.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import { FoqError } from '../../../protocol/index.js';
import { decodeMaps } from '../../../protocol/wire/codec/index.js';
import { encodeOutgoing, type Subprotocol } from '../../../protocol/wire/index.js';
import { Gateway, type GatewayOptions } from '../gateway.js';
import { listen } from '../listener.js';
import type { Answer, ChatCommand, Services, StreamSink } from '../services.js';

export const ORIGIN = 'http://page.example';

export interface Rig {
  readonly gateway: Gateway;
  readonly port: number;
  readonly reported: unknown[];
  readonly revoked: Set<string>;
  /** By user/device: what was attached last. */
  readonly sinks: Map<string, StreamSink>;
  readonly received: [chatId: string, upToSeq: number][];
  now: number;
  run: (command: ChatCommand) => Promise<Answer>;
}

type StandIns = Omit<Rig, 'gateway' | 'port'>;

export async function aGateway(t: Test, given: Partial<GatewayOptions> = {}): Promise<Rig> {
  const server = createServer();
  const rig: StandIns = {
    reported: [],
    revoked: new Set(),
    sinks: new Map(),
    received: [],
    now: 1_000_000,
    run: async () => ({ fields: {} }),
  };
  const services = standIns(rig);
  const gateway = new Gateway({ services, durability: 'fsync', now: () => rig.now, ...given });
  listen({ gateway, server, origins: () => [ORIGIN] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    await gateway.close({ withinMs: 0, retryAfterMs: 1 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(rig, { gateway, port: (server.address() as AddressInfo).port });
}

function standIns(rig: StandIns): Services {
  return {
    authenticate: async (token) => {
      const [userId = '', deviceId] = token.split('/');
      if (deviceId === undefined) throw new FoqError('FOQ_UNAUTHORIZED');
      return { userId, deviceId, expiresAt: rig.now + 3_600_000 };
    },
    isRevoked: ({ userId, deviceId }) => rig.revoked.has(`${userId}/${deviceId}`),
    run: (_caller, command) => rig.run(command),
    received: (_caller, chatId, upToSeq) => rig.received.push([chatId, upToSeq]),
    attach: async ({ userId, deviceId }, sink) => {
      rig.sinks.set(`${userId}/${deviceId}`, sink);
      return {
        sentUpTo: () => 0,
        serverAcked: () => undefined,
        received: () => undefined,
        flow: async () => undefined,
        detach: () => undefined,
      };
    },
    report: (error) => rig.reported.push(error),
  };
}

export interface Device {
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly maps: Record<string, unknown>[];
  readonly closed: Promise<number>;
  send(...maps: object[]): void;
  /** The first map that fits, also of those that came before. */
  next(fits: (map: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
}

const WITHIN_MS = 20_000;

/** A socket that is open and has said nothing. */
export async function aSocket(
  port: number,
  subprotocol: Subprotocol = 'foq.v1.json',
): Promise<Device> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, [subprotocol], {
    perMessageDeflate: false,
  });
  const maps: Record<string, unknown>[] = [];
  const hearers = new Set<() => void>();
  socket.on('message', (data: Buffer) => {
    maps.push(...decodeMaps(data, subprotocol, UNBOUNDED));
    for (const hear of [...hearers]) hear();
  });
  // What the broker cuts off may be half written; `closed` says how it ended.
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await once(socket, 'open', { signal: AbortSignal.timeout(WITHIN_MS) });
  return {
    socket,
    maps,
    closed,
    send: (...sent) => {
      const encoded = sent.map((map) => encodeOutgoing(map as never, subprotocol));
      for (const one of encoded) socket.send(one, { binary: subprotocol === 'foq.v1.msgpack' });
    },
    next: (fits) => firstOf(maps, { fits, hearers, closed }),
  };
}

const UNBOUNDED = { frameBytesMax: 1e9, depthMax: 64, elementsMax: 1e6, mapsMax: 1e4 };

function firstOf(
  maps: Record<string, unknown>[],
  given: {
    readonly fits: (map: Record<string, unknown>) => boolean;
    readonly hearers: Set<() => void>;
    readonly closed: Promise<number>;
  },
): Promise<Record<string, unknown>> {
  const { fits, hearers, closed } = given;
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = maps.find(fits);
      if (found === undefined) return;
      hearers.delete(look);
      resolve(found);
    };
    hearers.add(look);
    look();
    closed.then((code) => reject(new Error(`closed with ${code}`)), reject);
  });
}

/** One that was welcomed. */
export async function aDevice(
  port: number,
  { name = 'ann/phone', subprotocol }: { name?: string; subprotocol?: Subprotocol } = {},
): Promise<Device> {
  const device = await aSocket(port, subprotocol);
  device.send({ t: 'hello', id: 0, token: name });
  await device.next(({ t }) => t === 'welcome');
  return device;
}

/** Resolves when it is so; looks again whenever the loop has turned. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
