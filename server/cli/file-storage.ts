// The storage of a client in one file, for the command line: a line for each write, synced before
// it counts. A line that was cut off by a crash is the last, and was never answered.

import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ClientStorage } from '../../protocol/client/index.js';

/** A file of so many lines is written anew, with what still counts. */
const LINES_MAX = 10_000;

type Row = readonly [key: string, base64: string | null];

export class FileStorage implements ClientStorage {
  readonly #path: string;
  readonly #linesMax: number;
  readonly #kept = new Map<string, string>();
  #file: FileHandle | undefined;
  #lines = 0;

  constructor(path: string, { linesMax = LINES_MAX }: { linesMax?: number } = {}) {
    this.#path = path;
    this.#linesMax = linesMax;
  }

  async load(): Promise<[string, Uint8Array][]> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    for (const line of linesOf(await textOf(this.#path))) this.#take(line);
    await this.#writeAnew();
    return [...this.#kept].map(([key, base64]) => [key, Buffer.from(base64, 'base64')]);
  }

  async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const rows = [...changes].map(([key, value]): Row => [key, base64Of(value)]);
    this.#take(rows);
    if (this.#file === undefined || this.#lines >= this.#linesMax) return await this.#writeAnew();
    await this.#file.appendFile(`${JSON.stringify(rows)}\n`);
    await this.#file.datasync();
    this.#lines += 1;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #take(rows: readonly Row[]): void {
    for (const [key, base64] of rows) {
      if (base64 === null) this.#kept.delete(key);
      else this.#kept.set(key, base64);
    }
  }

  /** Under another name first: a crash leaves the old file or the new one. */
  async #writeAnew(): Promise<void> {
    await this.close();
    const draft = `${this.#path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify([...this.#kept])}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
    await syncFolder(dirname(this.#path));
    this.#file = await open(this.#path, 'a');
    this.#lines = 1;
  }
}

function base64Of(value: Uint8Array | undefined): string | null {
  return value === undefined ? null : Buffer.from(value).toString('base64');
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** What follows the last newline was never synced whole. */
function linesOf(text: string): Row[][] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line): Row[] => JSON.parse(line));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
