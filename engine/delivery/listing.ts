// Asks the store page by page which chats have something for a consumer, as its window takes them.
//
// Invariants: one page is kept at a time, and the next is asked for only while few chats wait; so
// a device that was away for long costs no more memory than one that was not.

import type { PendingCursorRow, StoreHandle } from '../native-types.js';

const PAGE_ROWS = 1000;
/** Chats in the window below which more are asked for. */
const LANES_LOW = 512;

export class Listing {
  readonly #store: StoreHandle;
  readonly #consumerId: string;
  readonly #take: (row: PendingCursorRow, isBacklog: boolean) => void;
  readonly #asking: (isAsking: boolean) => void;
  #isRunning: boolean;
  /** News were dropped for want of memory. */
  #hasMissed: boolean;
  #whenLow: (() => void) | undefined;

  constructor(
    store: StoreHandle,
    consumerId: string,
    {
      take,
      asking,
    }: {
      take: (row: PendingCursorRow, isBacklog: boolean) => void;
      asking: (isAsking: boolean) => void;
    },
  ) {
    this.#store = store;
    this.#consumerId = consumerId;
    this.#take = take;
    this.#asking = asking;
    this.#isRunning = false;
    this.#hasMissed = false;
  }

  /** A chat has something that was not taken. */
  missed(): void {
    this.#hasMissed = true;
  }

  /** Something is pending that has not been asked for. */
  get isBehind(): boolean {
    return this.#whenLow !== undefined || this.#hasMissed;
  }

  /** Goes on when few chats are left; whether another run has become necessary. */
  wantsMore(lanes: number): boolean {
    if (lanes >= LANES_LOW) return false;
    const goOn = this.#whenLow;
    this.#whenLow = undefined;
    goOn?.();
    return this.#hasMissed && !this.#isRunning;
  }

  /** Resolves when every page was taken. */
  async run({ isBacklog }: { isBacklog: boolean }): Promise<void> {
    this.#isRunning = true;
    this.#hasMissed = false;
    let after: string | undefined;
    do {
      const page = { after, limit: PAGE_ROWS };
      this.#asking(true);
      const { rows, next } = await this.#store.pending(this.#consumerId, page);
      for (const row of rows) this.#take(row, isBacklog);
      this.#asking(false);
      after = next;
      if (after !== undefined) await this.#untilLow();
    } while (after !== undefined);
    this.#isRunning = false;
  }

  #untilLow(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenLow = resolve;
    });
  }
}
