// The processes of a messenger's benchmark, and what the kernel says about them. Servers print
// where they listen; generators answer calls, one at a time.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const READY_WITHIN_MS = 20_000;

export interface Program {
  readonly script: string;
  readonly words?: readonly string[];
  /** For Node itself. */
  readonly flags?: readonly string[];
}

/** A process of ours. CPU and memory are read by the kernel's tables, so this is for Linux. */
export class Child {
  readonly #child: ChildProcess;

  constructor({ script, words = [], flags = [] }: Program, stdio: 'server' | 'generator') {
    this.#child = spawn(process.execPath, [...flags, script, ...words], {
      stdio: ['pipe', 'pipe', 'inherit', ...(stdio === 'generator' ? ['ipc' as const] : [])],
    });
  }

  protected get process(): ChildProcess {
    return this.#child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Microseconds of all threads that are there, user and system. */
  cpu(): number {
    const folder = `/proc/${this.pid}/task`;
    return readdirSync(folder).reduce((sum, thread) => sum + threadUs(`${folder}/${thread}`), 0);
  }

  /** Of the main thread, which runs JavaScript. */
  mainCpu(): number {
    return threadUs(`/proc/${this.pid}/task/${this.pid}`);
  }

  /** Resident bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  /** Tells it to collect garbage; see collect.ts. */
  collect(): void {
    this.#child.kill('SIGWINCH');
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}

function threadUs(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    // The thread ended between the listing and this.
    return 0;
  }
}

export class Server extends Child {
  #url = '';

  static async start(program: Program): Promise<Server> {
    const server = new Server(program, 'server');
    server.#url = await urlPrintedBy(server.process);
    return server;
  }

  /** Where its WebSockets are, without a path. */
  get url(): string {
    return this.#url.replace(/^http/, 'ws');
  }
}

/** The address in what it prints; what else it prints is read and dropped. */
function urlPrintedBy(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('a server has no output');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('a server did not start')), READY_WITHIN_MS);
    child.on('exit', (code) => reject(new Error(`a server ended with ${code}`)));
    lines.on('line', (line) => {
      const url = / on (http:\S+)/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    });
  });
}

/** One call and its answer; both go through a pipe. */
export interface Call {
  readonly call: string;
  readonly given: unknown;
}

export type Answer = { readonly value: unknown } | { readonly failure: string };

export class Generator extends Child {
  readonly #gone = new AbortController();

  constructor(program: Program) {
    super(program, 'generator');
    this.process.stdout?.resume();
    this.process.once('exit', () => this.#gone.abort());
  }

  async ask<Value>(call: string, given: unknown): Promise<Value> {
    const { process: child } = this;
    const answered = once(child, 'message', { signal: this.#gone.signal }) as Promise<[Answer]>;
    child.send({ call, given } satisfies Call);
    const [answer] = await answered;
    if ('failure' in answer) throw new Error(`the generator failed: ${answer.failure}`);
    return answer.value as Value;
  }
}
