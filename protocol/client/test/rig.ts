// Clients for tests: they come again at once, remember what they were told, and are closed at the
// end of the test.

import type { Test } from 'tap';
import { WebSocket } from 'ws';
import { type Client, type ConnectOptions, connect, type SocketClass } from '../index.js';
import type { FakeBroker } from './fake-broker.js';

export interface Told {
  readonly client: Client;
  readonly seqs: number[];
  readonly bodies: (string | Uint8Array | undefined)[];
  readonly errors: Error[];
  readonly states: string[];
}

/** `device` is `userId/deviceId`, and its token. */
export function aClient(
  t: Test,
  {
    broker,
    device = 'ann/phone',
    ...options
  }: Partial<ConnectOptions> & {
    broker: FakeBroker;
    device?: string;
  },
): Told {
  const client = connect({
    url: broker.url,
    token: () => device,
    WebSocket: WebSocket as unknown as SocketClass,
    random: () => 0,
    ...options,
  });
  t.teardown(() => client.close());
  const told: Told = { client, seqs: [], bodies: [], errors: [], states: [] };
  client.on('message', ({ seq, messageBody }) => {
    told.seqs.push(seq);
    told.bodies.push(messageBody);
  });
  client.on('error', (error) => told.errors.push(error));
  client.on('state', (state) => told.states.push(state));
  return told;
}

const WITHIN_MS = 20_000;

/** Resolves once it is so; rejects with `what` when it does not become so. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** 1 to n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}
