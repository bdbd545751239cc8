// Queues for one row, each in a directory of its own, which goes with it.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openQueue, type Queue } from '../../engine/index.js';
import { JournalFiles, type SealingOptions } from '../tools/index.js';

const FILE_BYTES = 16 << 20;

export class FreshQueues {
  readonly #folder: string;
  readonly #dirs = new Map<Queue, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(name: string, sealing: SealingOptions = {}): Promise<Queue> {
    const dir = await mkdtemp(join(this.#folder, `${name}-`));
    const queue = await openQueue({ dir, journalFileBytes: FILE_BYTES, ...sealing });
    this.#dirs.set(queue, dir);
    return queue;
  }

  /** Writes files for so many bytes of journal in advance, as a journal that recycles has them. */
  async lend(queue: Queue, bytes: number): Promise<void> {
    const dir = this.#dirs.get(queue);
    const files = new JournalFiles(join(this.#folder, 'lent-fresh'), FILE_BYTES);
    if (dir !== undefined) await files.lend(dir, bytes);
    await files.close();
  }

  async discard(queue: Queue): Promise<void> {
    await queue.close();
    const dir = this.#dirs.get(queue);
    this.#dirs.delete(queue);
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }
}
