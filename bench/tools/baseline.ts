// The raw baselines, measured by a program in Rust whenever a scenario asks for one: what is not
// in this file's requests is not measured in JavaScript either. See foq-bench-baseline.rs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** One request at a time; the program measures alone while this process waits. */
export class Baseline {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(program: string, options: { folder: string; chats: number; commit: string }) {
    const { folder, chats, commit } = options;
    this.#child = spawn(program, [folder, String(chats), commit], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error(`${program} has no output`);
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** One record per sync on a growing file, records a second. */
  r0(recordBytes: number, windowMs: number): Promise<number> {
    return this.#ask(`r0 ${recordBytes} ${windowMs}`);
  }

  /** The device: 1 MiB and one sync, the better of one and two in flight; bytes a second. */
  r1(windowMs: number): Promise<number> {
    return this.#ask(`r1 ${windowMs}`);
  }

  /** 4 KiB and one sync at a time on a pre-written file, a second. */
  pages(windowMs: number): Promise<number> {
    return this.#ask(`pages ${windowMs}`);
  }

  /** The same one at a time: how long 99 of 100 took at most, ms. */
  pageP99(windowMs: number): Promise<number> {
    return this.#ask(`page-p99 ${windowMs}`);
  }

  /** The bare group committer at its maximum, the better of both depths; records a second. */
  r2(payloadBytes: number, windowMs: number): Promise<number> {
    return this.#ask(`r2 ${payloadBytes} ${windowMs}`);
  }

  /** What a reader must know of the machine. */
  async machine(): Promise<Readonly<Record<string, string>>> {
    return JSON.parse(await this.#line('machine'));
  }

  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin?.end();
    await ended;
    this.#reader.close();
  }

  async #ask(request: string): Promise<number> {
    const value = Number(await this.#line(request));
    if (!(value > 0)) throw new Error(`the baseline "${request}" gave no figure`);
    return value;
  }

  async #line(request: string): Promise<string> {
    this.#child.stdin?.write(`${request}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the baselines ended at "${request}"`);
    return value;
  }
}
