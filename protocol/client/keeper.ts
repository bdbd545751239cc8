// Writes to the storage, one at a time: what comes while one is under way goes with the next, so
// that a hundred messages at once cost a few syncs. Each key's last value wins.

import type { ClientStorage } from './types.js';

type Changes = Map<string, Uint8Array | undefined>;

export class Keeper {
  readonly #storage: ClientStorage;
  #waiting: Changes = new Map();
  #next: Promise<void> | undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(storage: ClientStorage) {
    this.#storage = storage;
  }

  /** Resolves when all of these are kept. Undefined removes. */
  keep(changes: Iterable<readonly [string, Uint8Array | undefined]>): Promise<void> {
    for (const [key, value] of changes) this.#waiting.set(key, value);
    this.#next ??= this.#write();
    return this.#next;
  }

  async #write(): Promise<void> {
    await this.#underWay.catch(() => undefined);
    const changes = this.#waiting;
    this.#waiting = new Map();
    this.#next = undefined;
    if (changes.size === 0) return;
    const write = this.#storage.write(changes);
    this.#underWay = write;
    await write;
  }
}

/** Forgets all with the process. */
export function memoryStorage(): ClientStorage {
  const kept: Changes = new Map();
  return {
    load: async () => {
      return [...kept].flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
    },
    write: async (changes) => {
      for (const [key, value] of changes) kept.set(key, value);
    },
  };
}
