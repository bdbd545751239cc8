// A handle on a store that this process has open: what is submitted, and who hears the answers.
//
// Invariant: every submitted operation is answered exactly once, before `close` resolves.

import { type AppendedRun, addon, type NativeError, type NativeOptions, Side } from './native.js';
import { type ReadAnswer, unpackRead } from './packing.js';

/** Who hears the answers to what was submitted through a store. Neither may throw. */
export interface Answers {
  appended(run: AppendedRun): void;
  failed(ticket: number, error: NativeError): void;
}

export interface NativeHead {
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly lastAt: number;
  readonly guard: number;
  readonly roster: number;
  readonly marksVersion: number;
}

export type NativeReadFrom =
  | { readonly fromSeq: number }
  | { readonly before: number }
  | { readonly last: true };

export interface ReadLimits {
  readonly limit: number;
  readonly maxBytes: number;
}

/** One handle on a store that this process has open; see native/binding/src/registry.rs. */
export class NativeStore {
  readonly #side: Side;
  readonly #handle: number;
  readonly #answers: Answers;
  readonly #numbers = new Float64Array(6);
  #pending = 0;
  #whenIdle: (() => void) | undefined;

  /** Only for `open`. */
  private constructor(side: Side, handle: number, answers: Answers) {
    this.#side = side;
    this.#handle = handle;
    this.#answers = answers;
  }

  static open(dir: string, options: NativeOptions, answers: Answers): Promise<NativeStore> {
    return NativeStore.openBy((side) => addon.open(side, dir, options), answers);
  }

  /** As `open`; `start` begins it and gives the handle. */
  static async openBy(start: (side: number) => number, answers: Answers): Promise<NativeStore> {
    const side = Side.get();
    const handle = start(side.number);
    const store = new NativeStore(side, handle, answers);
    await side.wait(handle);
    side.stores.set(handle, store);
    return store;
  }

  /** Submits the first `bytes` of `packed`, which hold `count` operations; the first's ticket. */
  submit(packed: Uint8Array, { bytes, count }: { bytes: number; count: number }): number {
    const first = addon.submit(this.#side.number, this.#handle, packed, bytes);
    this.#pending += count;
    this.#side.expect(count);
    return first;
  }

  /** Where a chat stands; zeros (and firstSeq 1) for one that was never seen. */
  head(chatId: string): NativeHead {
    const numbers = this.#numbers;
    addon.head(this.#side.number, this.#handle, chatId, numbers);
    const [firstSeq = 0, headSeq = 0, lastAt = 0, guard = 0, roster = 0, marksVersion = 0] =
      numbers;
    return { firstSeq, headSeq, lastAt, guard, roster, marksVersion };
  }

  async read(chatId: string, from: NativeReadFrom, limits: ReadLimits): Promise<ReadAnswer> {
    const [mode, seq] = modeOf(from);
    const { limit, maxBytes } = limits;
    const side = this.#side;
    const request = addon.read(side.number, this.#handle, chatId, mode, seq, limit, maxBytes);
    const into = new Uint8Array(await side.wait(request));
    addon.takeAnswer(side.number, request, into);
    return unpackRead(into);
  }

  /** Resolves when everything submitted is answered and, if no one else has the store, closed. */
  async close(): Promise<void> {
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    addon.close(this.#side.number, this.#handle);
    this.#side.stores.delete(this.#handle);
    await this.#side.wait(this.#handle);
  }

  /** Only for the doorbell. */
  hear(run: AppendedRun): void {
    this.#answers.appended(run);
    this.#settle(run.seqs.length);
  }

  /** Only for the doorbell. */
  hearFailure(ticket: number, error: NativeError): void {
    this.#answers.failed(ticket, error);
    this.#settle(1);
  }

  #settle(count: number): void {
    this.#side.settle(count);
    this.#pending -= count;
    if (this.#pending === 0) this.#whenIdle?.();
  }
}

function modeOf(from: NativeReadFrom): [mode: number, seq: number] {
  if ('fromSeq' in from) return [0, from.fromSeq];
  if ('before' in from) return [1, from.before];
  return [2, 0];
}
