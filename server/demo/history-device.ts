// A device under the history checker, seen from outside: a process that is started and killed, and
// the log that outlives it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { killed } from './end-of-process.js';
import { type Line, logPathOf, readLog } from './history-log.js';

const LIFE = fileURLToPath(new URL('./history-client.js', import.meta.url));

export interface HistoryDeviceOptions {
  readonly userId: string;
  readonly deviceId: string;
  readonly url: string;
  readonly data: string;
  readonly chatId: string;
  readonly folder: string;
}

export class HistoryDevice {
  readonly name: string;
  readonly #options: HistoryDeviceOptions;
  readonly #path: string;
  #child: ChildProcess | undefined;
  #isDrained: boolean;
  #read: { bytes: number; lines: Line[] } = { bytes: -1, lines: [] };

  constructor(options: HistoryDeviceOptions) {
    this.name = `${options.userId}/${options.deviceId}`;
    this.#options = options;
    this.#path = logPathOf(options);
    this.#isDrained = false;
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  start(): void {
    const args = [LIFE, JSON.stringify(this.#options)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#isDrained = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('drained')) this.#isDrained = true;
    });
  }

  /** It types nothing more. */
  stop(): void {
    this.#child?.stdin?.write('stop\n');
  }

  /** How its client stands, on stderr. */
  say(): void {
    this.#child?.stdin?.write('say\n');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await killed(child);
  }

  /** Of all its lives. */
  readonly log = (): readonly Line[] => {
    const bytes = existsSync(this.#path) ? statSync(this.#path).size : 0;
    if (bytes !== this.#read.bytes && bytes > 0) {
      this.#read = { bytes, lines: readLog(this.#path) };
    }
    return this.#read.lines;
  };

  acks(): number {
    return this.log().filter((line) => 'acked' in line).length;
  }

  /** The last seq that it was handed. */
  last(): number {
    return this.log().reduce((last, line) => ('seen' in line ? line.seq : last), 0);
  }

  /** The greatest seq that it knows of. */
  head(): number {
    return this.log().reduce((head, line) => ('seq' in line ? Math.max(head, line.seq) : head), 0);
  }
}
