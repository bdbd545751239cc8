// The answers to the operations of one bulk, as numbers until somebody asks for objects.
//
// Invariant: each operation is settled once; a later answer to it changes nothing.

import type { Appended, FoqError, Joined, Result } from '../protocol/index.js';
import type { NativeJoined } from './native-types.js';
import type { RunPart, Waiter } from './parcel.js';

/** States of an operation. */
const PENDING = 0;
const APPENDED = 1;
const REPEATED = 2;
const OTHER = 3;

export type BulkResult = Result<Appended | Joined | undefined>;

const DONE: BulkResult = { ok: true, value: undefined };

const NONE = new Float64Array(0);

export class BulkResults {
  readonly #states: Uint8Array;
  /** Made with the first append: a bulk of acks has none. */
  #seqs: Float64Array = NONE;
  #ats: Float64Array = NONE;
  /** Answers that are no appends. */
  readonly #others = new Map<number, BulkResult>();
  readonly #settled: () => void;
  #pending: number;

  /** `settled` is called once, when no operation is pending. */
  constructor(count: number, settled: () => void) {
    this.#states = new Uint8Array(count);
    this.#pending = count;
    this.#settled = settled;
  }

  appended(index: number, { run, from, count }: RunPart): void {
    if (this.#seqs === NONE) {
      this.#seqs = new Float64Array(this.#states.length);
      this.#ats = new Float64Array(this.#states.length);
    }
    const end = index + count;
    const part = run.seqs.subarray(from, from + count);
    this.#seqs.set(part, index);
    this.#ats.fill(run.at, index, end);
    this.#states.fill(run.repeated ? REPEATED : APPENDED, index, end);
    this.#settle(count);
  }

  other(index: number, result: BulkResult): void {
    if (this.#states[index] !== PENDING) return;
    this.#states[index] = OTHER;
    if (result !== DONE) this.#others.set(index, result);
    this.#settle(1);
  }

  /** In the order of the operations. */
  toArray(): BulkResult[] {
    const results: BulkResult[] = [];
    for (let index = 0; index < this.#states.length; index += 1) results.push(this.#at(index));
    return results;
  }

  #at(index: number): BulkResult {
    const state = this.#states[index];
    if (state === OTHER) return this.#others.get(index) ?? DONE;
    const seq = this.#seqs[index] ?? 0;
    const at = this.#ats[index] ?? 0;
    return { ok: true, value: { seq, at, duplicate: state === REPEATED } };
  }

  #settle(count: number): void {
    this.#pending -= count;
    if (this.#pending === 0) this.#settled();
  }
}

/** Waits for one parcel of a bulk, whose operations begin at `base`. */
export class BulkPart implements Waiter {
  readonly #base: number;
  /** Known when the bulk is committed, which is before anything is answered. */
  #results: BulkResults | undefined;

  constructor(base: number) {
    this.#base = base;
  }

  commit(results: BulkResults): void {
    this.#results = results;
  }

  appended(index: number, part: RunPart): void {
    this.#results?.appended(this.#base + index, part);
  }

  done(index: number): void {
    this.#results?.other(this.#base + index, DONE);
  }

  joined(index: number, { joinSeq, received, firstSeq, headSeq }: NativeJoined): void {
    const value = { joinSeq, received, firstSeq, headSeq };
    this.#results?.other(this.#base + index, { ok: true, value });
  }

  failed(index: number, error: FoqError): void {
    this.#results?.other(this.#base + index, { ok: false, error });
  }
}
