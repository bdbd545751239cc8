// Pre-written journal files that are lent to one store after the other, as the native scenario
// lends them: a queue that recycles its files has such files at hand, and the raw baselines write
// to pre-written files too. A store takes a file named `*.free` in its journal folder as its next
// spare instead of writing a new one. Files of a closed store come back with their old bytes in
// them, which a log must not mistake for its own anyway.

import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 1 << 20;
/** Spares that a store holds ready beyond what its windows need. */
const SPARES = 2;

export class JournalFiles {
  readonly #folder: string;
  readonly #fileBytes: number;
  #names = 0;

  /** `fileBytes` as the stores have it, a multiple of 1 MiB. */
  constructor(folder: string, fileBytes: number) {
    this.#folder = folder;
    this.#fileBytes = fileBytes;
  }

  /** Puts as many files into a store's journal as this many bytes need, those there included. */
  async lend(dir: string, bytes: number): Promise<void> {
    const journal = join(dir, 'journal');
    const needed = Math.ceil(bytes / this.#fileBytes) + SPARES;
    const there = (await readdir(journal)).filter((name) => name.endsWith('.free')).length;
    await mkdir(this.#folder, { recursive: true });
    const stock = await readdir(this.#folder);
    for (let count = there; count < needed; count++) {
      const name = stock.pop() ?? (await this.#write());
      await rename(join(this.#folder, name), join(journal, `${this.#name()}.free`));
    }
  }

  /** Takes every full-size file of a closed store's journal. */
  async takeBack(dir: string): Promise<void> {
    const journal = join(dir, 'journal');
    for (const name of await readdir(journal)) {
      const path = join(journal, name);
      const { size } = await stat(path);
      if (size === this.#fileBytes) await rename(path, join(this.#folder, this.#name()));
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #write(): Promise<string> {
    const name = this.#name();
    const file = await open(join(this.#folder, name), 'wx');
    const zeros = new Uint8Array(MIB);
    for (let at = 0; at < this.#fileBytes; at += MIB) await file.write(zeros, 0, MIB, at);
    await file.sync();
    await file.close();
    return name;
  }

  #name(): string {
    this.#names += 1;
    return `bench-${process.pid}-${this.#names}`;
  }
}
