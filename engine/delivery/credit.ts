// How much more a consumer may be given: its window, and the quarter of it that one chat may have.
//
// Invariants: what is in flight and what is being read stay within the window in records; what is
// in flight stays within it in bytes, but for a single record that is larger by itself.

import type { Lane, Load } from './lane.js';

export interface WindowLimits {
  readonly records: number;
  readonly bytes: number;
}

/** At most, until a record was seen. */
const GUESS_BYTES = 256;
/** How much the newest record counts in the guess for the next. */
const GUESS_SHARE = 1 / 16;

/** `lane`: the chat has its quarter. `window`: the window is full. `soon`: it may be, by reads. */
export type Refusal = 'lane' | 'window' | 'soon';

export class Credit {
  readonly #window: WindowLimits;
  readonly #quarter: WindowLimits;
  /** In flight. */
  readonly load: Load = { records: 0, bytes: 0 };
  /** Being read. */
  readonly #reserved: Load = { records: 0, bytes: 0 };
  /** Bytes that a record probably has. */
  #guessBytes: number;

  constructor(window: WindowLimits) {
    this.#window = window;
    this.#quarter = {
      records: Math.max(1, Math.floor(window.records / 4)),
      bytes: Math.max(1, Math.floor(window.bytes / 4)),
    };
    this.#guessBytes = Math.min(GUESS_BYTES, window.bytes / window.records);
  }

  /** Why the lane can be given nothing now; undefined if it can. */
  refusal(lane: Lane): Refusal | undefined {
    const { load } = this;
    if (lane.records >= this.#quarter.records) return 'lane';
    if (isTooLarge(lane, this.#quarter, lane)) return 'lane';
    if (load.records >= this.#window.records) return 'window';
    if (isTooLarge(lane, this.#window, load)) return 'window';
    const reserved = this.#reserved.records;
    return load.records + reserved >= this.#window.records ? 'soon' : undefined;
  }

  /** Takes credit for at most `most` records to be read, at least 1. */
  reserve(lane: Lane, most: number): Load {
    const { load } = this;
    const reserved = this.#reserved;
    const bytesFree = Math.min(
      this.#quarter.bytes - lane.bytes,
      this.#window.bytes - load.bytes - reserved.bytes,
    );
    const recordsFree = Math.min(
      this.#quarter.records - lane.records,
      this.#window.records - load.records - reserved.records,
    );
    const guess = Math.max(1, Math.floor(bytesFree / this.#guessBytes));
    const records = Math.min(most, recordsFree, guess);
    const bytes = Math.floor(records * this.#guessBytes);
    reserved.records += records;
    reserved.bytes += bytes;
    return { records, bytes };
  }

  release({ records, bytes }: Load): void {
    this.#reserved.records -= records;
    this.#reserved.bytes -= bytes;
  }

  /** Learns what records weigh. */
  weigh(bytes: number): void {
    this.#guessBytes += (bytes - this.#guessBytes) * GUESS_SHARE;
  }
}

/** Whether the next record, as far as known, goes beyond the limit; one alone never does. */
function isTooLarge(lane: Lane, limits: WindowLimits, load: Load): boolean {
  if (load.records === 0) return false;
  return load.bytes + Math.max(1, lane.neededBytes) > limits.bytes;
}
