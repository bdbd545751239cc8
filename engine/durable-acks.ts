// Tells who acked without waiting when the ack survives a crash.
//
// An ack that was applied becomes durable with the next round, or by a round of its own after
// `ackFlushMs`. Nothing says which round that was; so a while later the store is asked whether all
// is durable, once for all acks until then, when it mostly is and the question costs no sync.

import { foqErrorOf } from './errors.js';
import type { StoreHandle } from './native-types.js';
import type { Listener } from './promises.js';

/** The store's own round is under way when its time has come. */
const ROUND_MS = 50;

export interface DurableAcksOptions {
  readonly store: Pick<StoreHandle, 'flush'>;
  readonly ackFlushMs: number;
}

export class DurableAcks {
  readonly #store: Pick<StoreHandle, 'flush'>;
  readonly #waitMs: number;
  #applied: Listener[] = [];
  #timer: NodeJS.Timeout | undefined;
  #life: 'open' | 'closed' = 'open';

  constructor({ store, ackFlushMs }: DurableAcksOptions) {
    this.#store = store;
    this.#waitMs = ackFlushMs + ROUND_MS;
  }

  /** The ack of this listener was applied. */
  add(listener: Listener): void {
    if (this.#life === 'closed') return;
    this.#applied.push(listener);
    this.#timer ??= setTimeout(() => void this.#ask(), this.#waitMs).unref();
  }

  /** Nobody is told any more: the store makes all acks durable when it closes. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#applied = [];
    this.#life = 'closed';
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const applied = this.#applied;
    this.#applied = [];
    let error: ReturnType<typeof foqErrorOf> | undefined;
    try {
      await this.#store.flush();
    } catch (failure) {
      error = foqErrorOf(failure);
    }
    for (const listener of applied) listener(error);
  }
}
