// Waits for the operations of a parcel with one promise each.
//
// Invariant: nothing is allocated per operation but its promise: what makes the promises is one
// function, and the functions that settle them stand in an array by the operation's place. A `then`
// of one promise per parcel would spare those functions; it was half as fast with 32,000 of them in
// flight.

import type { Appended, FoqError, Joined } from '../protocol/index.js';
import type { RunPart, Waiter } from './parcel.js';

/** What an operation may be answered with; who packed it knows which. */
type Answer = Joined | Appended | undefined;
type Settle = (value: Answer | Promise<never>) => void;
/** Hears nothing when the operation was done, or why it was not. Must not throw. */
export type Listener = (error: FoqError | undefined) => void;

export class Promises implements Waiter {
  readonly #settles: (Settle | undefined)[] = [];
  /** Who hears of operations without a promise. */
  #listeners: (Listener | undefined)[] | undefined;
  readonly #executor = (settle: Settle): void => {
    this.#settles.push(settle);
  };

  /** Of the operation that was packed last, which is answered with a `Value`. */
  promise<Value>(): Promise<Value> {
    return new Promise<Answer>(this.#executor) as Promise<Value>;
  }

  /** The operation that was packed last has no promise; `listener` hears how it ended. */
  listen(listener: Listener): void {
    this.#listeners ??= [];
    this.#listeners[this.#settles.length] = listener;
    this.#settles.push(undefined);
  }

  appended(index: number, { run, from, count }: RunPart): void {
    const { seqs, at, repeated } = run;
    for (let step = 0; step < count; step += 1) {
      const settle = this.#settles[index + step];
      this.#settles[index + step] = undefined;
      settle?.({ seq: seqs[from + step] ?? 0, at, duplicate: repeated });
    }
  }

  done(index: number): void {
    this.#take(index)?.(undefined);
    this.#takeListener(index)?.(undefined);
  }

  joined(index: number, { joinSeq, received, firstSeq, headSeq }: Joined): void {
    this.#take(index)?.({ joinSeq, received, firstSeq, headSeq });
  }

  failed(index: number, error: FoqError): void {
    // A promise that is settled with a rejected one rejects; so one function per promise is kept.
    this.#take(index)?.(Promise.reject(error));
    this.#takeListener(index)?.(error);
  }

  #take(index: number): Settle | undefined {
    const settle = this.#settles[index];
    this.#settles[index] = undefined;
    return settle;
  }
  #takeListener(index: number): Listener | undefined {
    const listener = this.#listeners?.[index];
    if (this.#listeners !== undefined) this.#listeners[index] = undefined;
    return listener;
  }
}
