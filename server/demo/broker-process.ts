// A broker as a process of its own, to be killed and started again on the same port and folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { killed } from './end-of-process.js';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const READY_WITHIN_MS = 20_000;
const ASK_EVERY_MS = 20;

export class BrokerProcess {
  readonly data: string;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #printed = '';

  private constructor(data: string, port: number) {
    this.data = data;
    this.#port = port;
  }

  static async start(data: string): Promise<BrokerProcess> {
    const broker = new BrokerProcess(data, await freePort());
    await broker.start();
    return broker;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it takes sessions. */
  async start(): Promise<void> {
    const args = [MAIN, 'serve', '--data', this.data, '--port', String(this.#port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-4_096);
      });
    }
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#isReady())) {
      if (child.exitCode === null && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
        continue;
      }
      await this.kill();
      throw new Error(`the broker did not start:\n${this.#printed}`);
    }
  }

  /** SIGKILL: nothing is finished, and nothing is said goodbye to. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await killed(child);
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
