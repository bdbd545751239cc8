// What one device did, over all its lives: a line for each message that it typed, that was acked,
// and that it was handed, written before anything else happens with it. A device that was killed
// finds its place in it again.

import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Line =
  | { readonly typed: number }
  | { readonly acked: number; readonly seq: number }
  | { readonly seen: string; readonly seq: number };

export function logPathOf(device: {
  readonly folder: string;
  readonly userId: string;
  readonly deviceId: string;
}): string {
  return join(device.folder, `${device.userId}.${device.deviceId}.history`);
}

/** Lines that are whole; the one that a kill cut off was never written. */
export function readLog(path: string): Line[] {
  const text = wholeText(path);
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line): Line => JSON.parse(line));
}

export class HistoryLog {
  readonly #file: number;
  #typed = 0;
  #seen = 0;

  constructor(path: string) {
    if (existsSync(path)) truncateSync(path, Buffer.byteLength(wholeText(path)));
    for (const line of existsSync(path) ? readLog(path) : []) this.#count(line);
    this.#file = openSync(path, 'a');
  }

  /** The number of the message that was typed last. */
  get typed(): number {
    return this.#typed;
  }

  /** The seq that was handed last. */
  get seen(): number {
    return this.#seen;
  }

  write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#count(line);
  }

  close(): void {
    closeSync(this.#file);
  }

  #count(line: Line): void {
    if ('typed' in line) this.#typed = line.typed;
    if ('seen' in line) this.#seen = line.seq;
  }
}

function wholeText(path: string): string {
  const text = readFileSync(path, 'utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}
