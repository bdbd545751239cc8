// The door to the addon, and the only file that imports it: its types, the doorbell that wakes this
// JavaScript thread, and stores whose answers arrive by it.
//
// Invariants: one pipe per JavaScript thread, for as long as the thread lives. It keeps the process
// alive only while something is pending. No call here waits for the disk.

import { createRequire } from 'node:module';
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { type ReadAnswer, unpackRead } from './packing.js';

export interface NativeOptions {
  readonly create?: boolean;
  readonly readOnly?: boolean;
  readonly durability?: 'fsync' | 'page-cache-unsafe';
  readonly journalFileBytes?: number;
  readonly roundBytesMax?: number;
  readonly payloadBytesMax?: number;
  readonly pendingBytesMax?: number;
  readonly dedupDepth?: number;
  readonly ackFlushMs?: number;
  readonly idleMarkMs?: number;
  readonly spares?: number;
  readonly keep?: 'until-received' | 'window' | 'forever';
  readonly maxAgeMs?: number;
  readonly keepAtLeastMs?: number;
}

/** Who hears the answers to what was submitted through a store. None of these may throw. */
export interface Answers {
  /** Records of one round: the tickets from `first` on have these seqs. `seqs` is only lent. */
  appended(run: AppendedRun): void;
  failed(ticket: number, error: NativeError): void;
}

export interface AppendedRun {
  readonly first: number;
  readonly at: number;
  readonly seqs: Float64Array;
  /** Stored earlier under the same dedupKey, and answered again. */
  readonly repeated: boolean;
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

/** A failure of the log: its code, and the fields that belong to the code. */
export class NativeError extends Error {
  readonly code: string;
  readonly fields: Readonly<Record<string, number | string>>;

  constructor({ code, message, fields }: Failure) {
    super(message);
    this.name = 'NativeError';
    this.code = code;
    this.fields = Object.fromEntries(fields);
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly fields: readonly (readonly [string, number | string])[];
}

/** See native/binding/src/calls.rs. Every call throws an `Error` with a `code`. */
export interface Addon {
  attach(): { side: number; descriptor: number };
  open(side: number, directory: string, options: NativeOptions): number;
  submit(side: number, handle: number, packed: Uint8Array, bytes: number): number;
  drain(side: number, words: Float64Array): number;
  takeError(side: number): Failure | null;
  takeAnswer(side: number, request: number, into: Uint8Array): void;
  head(side: number, handle: number, chatId: string, into: Float64Array): void;
  read(
    ...args: [
      side: number,
      handle: number,
      chatId: string,
      mode: number,
      from: number,
      limit: number,
      maxBytes: number,
    ]
  ): number;
  close(side: number, handle: number): void;
}

const addon = loadAddon();

/** The addon itself, once per JavaScript thread. For this file and its test. */
export function loadAddon(): Addon {
  const libc = process.platform === 'linux' ? '-gnu' : '';
  const name = `foq.${process.platform}-${process.arch}${libc}.node`;
  try {
    return createRequire(import.meta.url)(`../../native/binding/${name}`);
  } catch (cause) {
    const remedy = 'In a checkout, `npm run build` makes it (needs cargo).';
    throw new Error(`The native part of foq, ${name}, could not be loaded. ${remedy}`, { cause });
  }
}

/** Tags of the groups of words; see native/binding/src/words.rs. */
const TAG = {
  appended: 1,
  repeated: 2,
  failed: 3,
  done: 4,
  joined: 5,
  opened: 6,
  openFailed: 7,
  closed: 8,
  closeFailed: 9,
  answered: 10,
  refused: 11,
} as const;

/** Words per drain: a few thousand answers at a time. */
const WORDS = 8192;

interface Wait {
  resolve(bytes: number): void;
  reject(error: NativeError): void;
}

/** What this JavaScript thread shares with the addon. Made by the first `open` of the thread. */
class Side {
  static #ofThisThread: Side | undefined;
  readonly number: number;
  /** By handle. */
  readonly stores = new Map<number, NativeStore>();
  /** By handle (open, close) or request: numbers of one sequence. */
  readonly #waits = new Map<number, Wait>();
  readonly #words = new Float64Array(WORDS);
  readonly #socket: Socket;
  #pending = 0;

  static get(): Side {
    Side.#ofThisThread ??= new Side();
    return Side.#ofThisThread;
  }

  constructor() {
    const { side, descriptor } = addon.attach();
    this.number = side;
    const callback = () => {
      this.#drain();
      return true;
    };
    // Of at most one byte at a time; a socket that reads into a given buffer makes no garbage.
    const onread = { buffer: new Uint8Array(1), callback };
    const options: SocketConstructorOpts & ConnectOpts = {
      fd: descriptor,
      writable: false,
      onread,
    };
    this.#socket = new Socket(options);
    this.#socket.unref();
  }

  /** Keeps the thread alive until as many answers have come. */
  expect(count: number): void {
    if (this.#pending === 0 && count > 0) this.#socket.ref();
    this.#pending += count;
  }

  settle(count: number): void {
    this.#pending -= count;
    if (this.#pending === 0) this.#socket.unref();
  }

  /** Resolves to the bytes of the answer, if it has any. */
  wait(number: number): Promise<number> {
    this.expect(1);
    return new Promise((resolve, reject) => {
      this.#waits.set(number, { resolve, reject });
    });
  }

  #drain(): void {
    do {
      const used = addon.drain(this.number, this.#words);
      let at = 1;
      while (at < used) at += this.#hear(at);
    } while (this.#words[0] === 1);
  }

  /** Hears one group of words; its length. */
  #hear(at: number): number {
    const tag = this.#word(at);
    const number = this.#word(at + 1);
    switch (tag) {
      case TAG.appended:
      case TAG.repeated: {
        const count = this.#word(at + 3);
        const seqs = this.#words.subarray(at + 5, at + 5 + count);
        const [first, time] = [this.#word(at + 2), this.#word(at + 4)];
        const repeated = tag === TAG.repeated;
        this.stores.get(number)?.hear({ first, at: time, seqs, repeated });
        return 5 + count;
      }
      case TAG.failed:
        this.stores.get(number)?.hearFailure(this.#word(at + 2), this.#takeError());
        return 3;
      case TAG.done:
        return 3;
      case TAG.joined:
        return 7;
      case TAG.answered:
        this.#end(number)?.resolve(this.#word(at + 2));
        return 3;
      case TAG.opened:
      case TAG.closed:
        this.#end(number)?.resolve(0);
        return 2;
      case TAG.openFailed:
      case TAG.closeFailed:
      case TAG.refused:
        this.#end(number)?.reject(this.#takeError());
        return 2;
      default:
        throw new Error(`the addon said ${tag}, which this version does not know`);
    }
  }

  #end(number: number): Wait | undefined {
    const wait = this.#waits.get(number);
    this.#waits.delete(number);
    this.settle(1);
    return wait;
  }

  #takeError(): NativeError {
    const failure = addon.takeError(this.number);
    if (failure === null) throw new Error('the addon announced an error and has none');
    return new NativeError(failure);
  }

  #word(at: number): number {
    return this.#words[at] ?? Number.NaN;
  }
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

  static async open(dir: string, options: NativeOptions, answers: Answers): Promise<NativeStore> {
    const side = Side.get();
    const handle = addon.open(side.number, dir, options);
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
