// Operations that go to the store by one call, and who waits for their answers.
//
// Invariants: operations of a parcel are answered exactly once each, to its waiter. A parcel has a
// packer until it was submitted, and a first ticket from then on; a dropped one never has.

import type { FoqError } from '../protocol/index.js';
import type { AppendedRun } from './native.js';
import type { NativeJoined, OperationPacker } from './native-types.js';

/** A part of a run: its seqs from `from` on answer `count` operations of the parcel. */
export interface RunPart {
  readonly run: AppendedRun;
  readonly from: number;
  readonly count: number;
}

/** Who waits for the operations of a parcel; `index` counts them from 0. None may throw. */
export interface Waiter {
  appended(index: number, part: RunPart): void;
  done(index: number): void;
  joined(index: number, joined: NativeJoined): void;
  failed(index: number, error: FoqError): void;
}

export class Parcel {
  readonly waiter: Waiter;
  /** Counts toward the promises that may be in flight; a bulk has one for all. */
  readonly isPromised: boolean;
  #packer: OperationPacker | undefined;
  #count = 0;
  #bytes = 0;
  #first = -1;
  #unanswered = 0;
  #isDropped = false;

  constructor(packer: OperationPacker, waiter: Waiter, { isPromised = true } = {}) {
    this.#packer = packer;
    this.waiter = waiter;
    this.isPromised = isPromised;
  }

  /** Only before it was submitted or dropped. */
  get packer(): OperationPacker {
    if (this.#packer === undefined) throw new Error('a parcel is packed before it is submitted');
    return this.#packer;
  }

  get count(): number {
    return this.#packer?.count ?? this.#count;
  }

  /** Bytes packed; kept when the packer is gone. */
  get bytes(): number {
    return this.#packer?.used ?? this.#bytes;
  }

  /** Ticket of its first operation; -1 until it was submitted. */
  get first(): number {
    return this.#first;
  }

  get isSubmitted(): boolean {
    return this.#first >= 0;
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  get isAnswered(): boolean {
    return this.#unanswered === 0;
  }

  /** The store has it; the packer is free for others. */
  submitted(first: number, { count, bytes }: { count: number; bytes: number }): void {
    this.#packer = undefined;
    this.#first = first;
    this.#count = count;
    this.#bytes = bytes;
    this.#unanswered = count;
  }

  answered(count: number): void {
    this.#unanswered -= count;
  }

  /** It will not be submitted; whoever waits was told. */
  drop(): void {
    this.#isDropped = true;
  }

  /** Tells its waiter of one failure for all of it, before it was submitted. */
  refuse(error: FoqError): void {
    const { count } = this;
    this.drop();
    for (let index = 0; index < count; index += 1) this.waiter.failed(index, error);
  }
}
