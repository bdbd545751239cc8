// Where deliveries wait until they are asked for, one by one or by arrays.
//
// Invariants: what is handed is handed once and in order; one asks at a time; after an end nothing
// follows, and what waited is dropped: it was never handed, so it will be delivered again. The
// windows of its consumers bound what waits.

import { type Delivery, FoqError } from '../../protocol/index.js';
import { type Handed, hand, isWithin } from './handed.js';
import type { Lane } from './lane.js';

type One = IteratorResult<Delivery, undefined>;
type Many = IteratorResult<readonly Delivery[], undefined>;

/** Deliveries that may wait before nothing more is read for them. */
const WAITING_MAX = 4096;
/** Handed deliveries that the array may hold. */
const SPENT_MAX = 1024;
const DONE = { done: true, value: undefined } as const;

export class Outlet {
  readonly #pull: () => void;
  readonly #drained: () => void;
  readonly #ended: () => void;
  #hasRefused: boolean;
  #waiting: Handed[] = [];
  /** Index of the next. */
  #next = 0;
  /** Wakes who asks. */
  #asking: (() => void) | undefined;
  #isWaking: boolean;
  #end: 'open' | 'after what waits' | 'ended' = 'open';
  #error: { readonly reason: unknown } | undefined;

  /**
   * `pull` is called when somebody asks and nothing waits; it may push at once. `drained` is called
   * after `isFull` was true and some of it was handed, `ended` once, however it ends.
   */
  constructor({
    pull,
    drained,
    ended,
  }: Readonly<Record<'pull' | 'drained' | 'ended', () => void>>) {
    this.#pull = pull;
    this.#drained = drained;
    this.#hasRefused = false;
    this.#ended = ended;
    this.#isWaking = false;
  }

  get isFull(): boolean {
    const isFull = this.#waiting.length - this.#next >= WAITING_MAX;
    if (isFull) this.#hasRefused = true;
    return isFull;
  }

  get hasEnded(): boolean {
    return this.#end === 'ended';
  }

  push(delivery: Handed): void {
    if (this.#end !== 'open') return;
    if (this.#next >= SPENT_MAX) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    this.#waiting.push(delivery);
    this.#wake();
  }

  /** What waits of a lane within these seqs is not handed. */
  withdraw(range: { lane: Lane; fromSeq: number; toSeq: number }): void {
    this.#waiting = this.#waiting
      .slice(this.#next)
      .filter((delivery) => !isWithin(delivery, range));
    this.#next = 0;
  }

  /** Ends once what waits has been asked for. */
  finish(): void {
    if (this.#end === 'open') this.#end = 'after what waits';
    this.#wake();
  }

  end(): void {
    if (this.hasEnded) return;
    this.#end = 'ended';
    this.#waiting = [];
    this.#next = 0;
    this.#wake();
    this.#ended();
  }

  /** Ends with an error, unless it has ended. */
  fail(reason: unknown): void {
    if (this.hasEnded) return;
    this.#error = { reason };
    this.end();
  }

  next(): Promise<One> {
    const delivery = this.#take();
    if (delivery !== undefined) return Promise.resolve({ done: false, value: delivery });
    return this.#ask(() => {
      const value = this.#take();
      return value === undefined ? undefined : { done: false, value };
    });
  }

  nextBatch(): Promise<Many> {
    const batch = this.#takeAll();
    if (batch !== undefined) return Promise.resolve({ done: false, value: batch });
    return this.#ask(() => {
      const value = this.#takeAll();
      return value === undefined ? undefined : { done: false, value };
    });
  }

  #take(): Delivery | undefined {
    if (this.#next === this.#waiting.length) this.#refill();
    const delivery = this.#waiting[this.#next];
    if (delivery === undefined) return undefined;
    this.#next += 1;
    if (this.#hasRefused) this.#drain();
    return hand(delivery);
  }

  #takeAll(): readonly Delivery[] | undefined {
    if (this.#next === this.#waiting.length) this.#refill();
    if (this.#waiting.length === 0) return undefined;
    const batch = this.#next === 0 ? this.#waiting : this.#waiting.slice(this.#next);
    this.#waiting = [];
    this.#next = 0;
    if (this.#hasRefused) this.#drain();
    for (const delivery of batch) hand(delivery);
    return batch;
  }

  #drain(): void {
    this.#hasRefused = false;
    this.#drained();
  }

  #refill(): void {
    if (this.#next > 0) this.#waiting = [];
    this.#next = 0;
    if (this.#end === 'open') this.#pull();
  }

  async #ask<Result>(take: () => Result | undefined): Promise<Result | typeof DONE> {
    if (this.#asking !== undefined) {
      const message = 'ask for the next delivery only when the one before has come';
      throw new FoqError('FOQ_INVALID_ARGUMENT', { message });
    }
    for (;;) {
      if (this.#end !== 'open') {
        const error = this.#error;
        this.#error = undefined;
        this.end();
        if (error !== undefined) throw error.reason;
        return DONE;
      }
      await new Promise<void>((resolve) => {
        this.#asking = resolve;
      });
      const result = take();
      if (result !== undefined) return result;
    }
  }

  /** Not at once: what is pushed in one go is handed together. */
  #wake(): void {
    if (this.#asking === undefined || this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      const asking = this.#asking;
      this.#asking = undefined;
      asking?.();
    });
  }
}
