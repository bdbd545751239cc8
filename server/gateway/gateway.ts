// All connections of this process: which is the newest of its device, how many may come, their
// ticks, and their end.
//
// Invariants: a device has at most one connection that was welcomed; there are at most
// `connectionsMax` connections, and `strangersMax` of them without a welcome; `hellosPerSecond`
// come in, and as many at once after a pause.

import { randomBytes } from 'node:crypto';
import { consumerIdOf, type Subprotocol } from '../../protocol/wire/index.js';
import { Connection, type Socket } from './connection.js';
import { Frames } from './frames.js';
import type { OutputOptions } from './output.js';
import { SendRate } from './send-rate.js';
import type { Services } from './services.js';

const TICK_MS = 1_000;
const HELLOS_PER_SECOND = 2_000;
/** How often a closing gateway looks whether all is answered. */
const DRAIN_MS = 20;

export interface GatewayOptions {
  readonly services: Services;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  readonly now: () => number;
  readonly connectionsMax?: number | undefined;
  readonly strangersMax?: number | undefined;
  readonly hellosPerSecond?: number | undefined;
  readonly output?: OutputOptions | undefined;
}

/** Since the gateway was made, but for the two that say how many there are. */
export interface GatewayStats {
  readonly connections: number;
  readonly devices: number;
  readonly accepted: number;
  readonly refused: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** By close code; those that the broker closed. */
  readonly closed: ReadonlyMap<number, number>;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #connections = new Set<Connection>();
  readonly #byDevice = new Map<string, Connection>();
  readonly #closed = new Map<number, number>();
  readonly #frames = { in: 0, out: 0 };
  readonly #written = new Frames();
  readonly #hellos: SendRate;
  #accepted = 0;
  #refused = 0;
  #isClosing: boolean;
  #timer: NodeJS.Timeout;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { hellosPerSecond = HELLOS_PER_SECOND, now } = options;
    this.#hellos = new SendRate({ perSecond: hellosPerSecond, burst: hellosPerSecond }, now());
    this.#isClosing = false;
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  /** Whether one more may come; to be asked before the upgrade. */
  mayAccept(): boolean {
    const { connectionsMax = 10_000, strangersMax = 1_000 } = this.#options;
    const strangers = this.#connections.size - this.#byDevice.size;
    const may =
      !this.#isClosing && this.#connections.size < connectionsMax && strangers < strangersMax;
    if (!may) this.#refused += 1;
    return may;
  }

  accept(socket: Socket, subprotocol: Subprotocol): Connection {
    const { services, durability, now, output } = this.#options;
    const connection = new Connection({
      ...{ socket, subprotocol, services, durability, now, output, frames: this.#written },
      sessionId: randomBytes(12).toString('base64url'),
      events: {
        enters: () => this.#hellos.take(now()),
        welcome: (welcomed) => this.#welcome(welcomed),
        frame: (direction) => {
          this.#frames[direction] += 1;
        },
        closed: (closed, code) => this.#forget(closed, code),
      },
    });
    this.#connections.add(connection);
    this.#accepted += 1;
    return connection;
  }

  tick(): void {
    for (const connection of [...this.#connections]) connection.tick();
  }

  stats(): GatewayStats {
    return {
      connections: this.#connections.size,
      devices: this.#byDevice.size,
      accepted: this.#accepted,
      refused: this.#refused,
      framesIn: this.#frames.in,
      framesOut: this.#frames.out,
      closed: this.#closed,
    };
  }

  /** Says goAway to all, waits for what is under way, and closes what is left after `withinMs`. */
  async close({ withinMs, retryAfterMs }: { withinMs: number; retryAfterMs: number }) {
    this.#isClosing = true;
    for (const connection of [...this.#connections]) connection.goAway(retryAfterMs);
    const until = performance.now() + withinMs;
    while (this.#connections.size > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    }
    for (const connection of [...this.#connections]) connection.closeAs('SHUTDOWN');
    clearInterval(this.#timer);
  }

  #welcome(connection: Connection): void {
    const { caller } = connection.session;
    if (caller === undefined || connection.session.isClosed) return;
    const device = consumerIdOf(caller);
    const older = this.#byDevice.get(device);
    this.#byDevice.set(device, connection);
    older?.closeAs('CONNECTED_ELSEWHERE');
  }

  #forget(connection: Connection, code: number): void {
    this.#connections.delete(connection);
    this.#closed.set(code, (this.#closed.get(code) ?? 0) + 1);
    const { caller } = connection.session;
    if (caller === undefined) return;
    const device = consumerIdOf(caller);
    if (this.#byDevice.get(device) === connection) this.#byDevice.delete(device);
  }
}
