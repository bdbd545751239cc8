// Backups of a queue's store while it goes on.
//
// Invariant: one that nobody waits for any more is given up, and takes away what it made; closing
// the queue waits for that, and for no more.

import type { Backup } from '../protocol/index.js';
import { closedError, invalidArgument } from './errors.js';
import { NativeError } from './native.js';
import type { StoreHandle } from './native-types.js';

type Source = Pick<StoreHandle, 'backup'>;

export class Backups {
  readonly #ends = new Set<() => void>();

  /** Rejects with what the store says, and with FOQ_CLOSED when it was given up. */
  async make(store: Source, dir: unknown, signal: AbortSignal | undefined): Promise<Backup> {
    if (typeof dir !== 'string' || dir === '') {
      throw invalidArgument('dir', 'the path of a directory', dir);
    }
    const { made, end } = store.backup(dir);
    this.#ends.add(end);
    signal?.addEventListener('abort', end, { once: true });
    try {
      return await made;
    } catch (error) {
      throw error instanceof NativeError && error.code === 'FOQ_CLOSED' ? closedError() : error;
    } finally {
      signal?.removeEventListener('abort', end);
      this.#ends.delete(end);
    }
  }

  /** Gives up what is under way. */
  close(): void {
    for (const end of this.#ends) end();
  }
}
