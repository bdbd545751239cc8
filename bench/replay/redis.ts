// Redis Streams, when `redis-server` is installed: started on a free port, with the configuration
// that is printed, and stopped at the end.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { chatIdOf, eachChat, type Found, type Peer, type Replayed, type Shape } from './peer.js';
import { encodeCommand, type Reply, ReplyReader } from './resp.js';

const SETTINGS = { appendonly: 'yes', appendfsync: 'always', save: '' };
const READY_WITHIN_MS = 10_000;
/** Commands under way while backlogs are written. */
const WRITES = 1_000;

export async function redis(dir: string): Promise<Found> {
  const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (found.status !== 0) return { name: 'Redis XRANGE', absent: 'redis-server is not installed' };
  const version = /v=(\S+)/.exec(found.stdout)?.[1] ?? 'unknown';
  const port = await freePort();
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => [`--${name}`, value]);
  const words = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, ...settings];
  const child = spawn('redis-server', words, { stdio: 'ignore' });
  try {
    const connection = await Connection.to(port);
    const said = Object.entries(SETTINGS).map(([name, value]) => `${name} "${value}"`);
    return new Redis(child, connection, `Redis ${version}, ${said.join(', ')}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

class Redis implements Peer {
  readonly name = 'Redis XRANGE';
  readonly facts: string;
  readonly #child: ChildProcess;
  readonly #connection: Connection;

  constructor(child: ChildProcess, connection: Connection, facts: string) {
    this.#child = child;
    this.#connection = connection;
    this.facts = facts;
  }

  async write({ chats, records, payloadBytes }: Shape): Promise<void> {
    const payload = new Uint8Array(payloadBytes).fill(0x61);
    for (let first = 0; first < chats * records; first += WRITES) {
      const count = Math.min(WRITES, chats * records - first);
      const asked = Array.from({ length: count }, (_, index) =>
        this.#connection.ask(['XADD', chatIdOf((first + index) % chats), '*', 'p', payload]),
      );
      await Promise.all(asked);
    }
  }

  replay(shape: Shape): Promise<Replayed> {
    return eachChat(shape, async (chat) => {
      const reply = await this.#connection.ask(['XRANGE', chatIdOf(chat), '-', '+']);
      const rows = Array.isArray(reply) ? reply : [];
      return { records: rows.length, bytes: rows.reduce((sum, row) => sum + payloadOf(row), 0) };
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Bytes of the value in `[id, [field, value]]`. */
function payloadOf(row: Reply): number {
  const fields = Array.isArray(row) ? row[1] : undefined;
  const value = Array.isArray(fields) ? fields[1] : undefined;
  return value instanceof Uint8Array ? value.length : 0;
}

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** Answers come in the order of the commands. */
class Connection {
  readonly #socket: Socket;
  readonly #waiting: Waiter[] = [];
  readonly #reader = new ReplyReader();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (part) => this.#read(part));
    socket.on('close', () => {
      for (const { reject } of this.#waiting) reject(new Error('Redis closed the connection'));
    });
    socket.on('error', () => socket.destroy());
  }

  /** Asks until it listens. */
  static async to(port: number): Promise<Connection> {
    const endAt = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const socket = createConnection({ host: '127.0.0.1', port });
      try {
        await once(socket, 'connect');
        return new Connection(socket);
      } catch (cause) {
        if (performance.now() > endAt) throw new Error('Redis did not start', { cause });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  ask(words: readonly (string | Uint8Array)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encodeCommand(words));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(part: Uint8Array): void {
    for (const reply of this.#reader.read(part)) {
      const waiter = this.#waiting.shift();
      if (reply instanceof Error) waiter?.reject(reply);
      else waiter?.resolve(reply);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
