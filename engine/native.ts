// The door to the addon, and the only file that imports it: its types, and the doorbell that wakes
// this JavaScript thread and brings it answers.
//
// Invariants: one pipe per JavaScript thread, for as long as the thread lives. It keeps the process
// alive only while something is pending. No call here waits for the disk.

import { createRequire } from 'node:module';
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { NativeJoined } from './native-types.js';
import type { WorldAddon } from './native-worlds.js';

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
  readonly maxBytes?: number;
  readonly journalWindowBytes?: number;
  readonly journalWindowMs?: number;
  readonly cacheBytes?: number;
  readonly backgroundBytesPerSecond?: number;
}

/** What the doorbell tells of one store. */
export interface Hearer {
  hear(run: AppendedRun): void;
  hearDone(first: number, count: number): void;
  hearJoined(ticket: number, joined: NativeJoined): void;
  hearFailure(ticket: number, error: NativeError): void;
  hearNews(attachment: number): void;
}

/** Records of one round: the tickets from `first` on have these seqs, which are only lent. */
export interface AppendedRun {
  readonly first: number;
  readonly at: number;
  readonly seqs: Float64Array;
  /** Stored earlier under the same dedupKey, and answered again. */
  readonly repeated: boolean;
}

/** A failure of the log: its code, and the fields that belong to the code. */
export class NativeError extends Error {
  readonly code: string;
  readonly fields: Readonly<Record<string, number | string>>;

  constructor({ code, message, fields }: Failure, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NativeError';
    this.code = code;
    this.fields = Object.fromEntries(fields);
  }
}

/** What is wrong, as the log says it: `fields` belong to the code, as `file` of FOQ_CORRUPT. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly fields: readonly (readonly [string, number | string])[];
}

/** What `verify` found in the files of a store. */
export interface Findings {
  readonly files: number;
  readonly rounds: number;
  readonly batches: number;
  readonly effects: number;
  readonly records: number;
  readonly lastRound: number;
  /** Every round up to this one was durable when the mark was written. */
  readonly mark: number;
  /** Of what is sealed, and the rows in them. */
  readonly tables: number;
  readonly sealedRecords: number;
  readonly stateRows: number;
  readonly inboxRows: number;
  /** 0 where damage kept them from being looked at. */
  readonly chats: number;
  /** A round that was never durable follows the last; the next opening cuts it away. */
  readonly isTorn: boolean;
  /** Damage; the store does not open while there is any. */
  readonly errors: readonly Failure[];
  /** What the next opening repairs by itself. */
  readonly repairs: readonly string[];
}

/** What `repair` found and did. */
export interface Repairs {
  readonly damage: readonly string[];
  /** What was done, or would be; none where nothing is damaged, or something is refused. */
  readonly steps: readonly string[];
  /** Why nothing is done. */
  readonly refused?: string;
  readonly written: boolean;
}

/** What a backup has. */
export interface BackupMade {
  readonly lastRound: number;
  readonly journalFiles: number;
  readonly linkedTables: number;
  readonly copiedTables: number;
  readonly bytes: number;
}

/** See calls, reads, news in native/binding/src. Every call throws an `Error` with a `code`. */
export interface Addon extends WorldAddon {
  attach(): { side: number; descriptor: number };
  open(side: number, directory: string, options: NativeOptions): number;
  submit(side: number, handle: number, packed: Uint8Array, bytes: number): number;
  drain(side: number, words: Float64Array): number;
  takeError(side: number): Failure | null;
  takeAnswer(side: number, request: number, into: Uint8Array): void;
  takeThrown(): Failure | null;
  epoch(side: number, handle: number): string;
  heads(side: number, handle: number, buffer: Uint8Array, bytes: number): number;
  read(
    ...args: [side: number, handle: number, packed: Uint8Array, bytes: number, maxBytes: number]
  ): number;
  pinned(side: number, handle: number, chatId: string): number;
  cursors(side: number, handle: number, chatId: string): number;
  page(
    ...args: [
      side: number,
      handle: number,
      which: number,
      consumerId: string,
      after: string,
      limit: number,
    ]
  ): number;
  takeReady(side: number, into: Uint8Array): void;
  attachConsumer(side: number, handle: number, consumerId: string): number;
  watchChat(side: number, handle: number, chatId: string): number;
  detachAttachment(side: number, handle: number, attachment: number): void;
  takeNews(side: number, handle: number, attachment: number, limit: number): number;
  barrier(side: number, handle: number): number;
  stats(side: number, handle: number): [name: string, value: number | number[]][];
  conditions(side: number, handle: number): [kind: string, message: string][];
  close(side: number, handle: number): void;
  verify(side: number, directory: string): number;
  takeReport(side: number, request: number): Findings;
  repair(side: number, directory: string, write: boolean): number;
  takeRepairs(side: number, request: number): Repairs;
  backup(side: number, handle: number, directory: string): number;
  takeBackup(side: number, request: number): BackupMade;
  backupEnd(side: number, request: number): void;
  restore(side: number, from: string, to: string): number;
  dump(side: number, directory: string): number;
  dumpOn(side: number, dump: number): void;
  dumpEnd(side: number, dump: number): void;
}

export const addon = loadAddon();

function loadAddon(): Addon {
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
  rung: 12,
} as const;

/** Words per drain: a few thousand answers at a time. */
const WORDS = 8192;

interface Wait {
  resolve(bytes: number): void;
  reject(error: NativeError): void;
}

/** What this JavaScript thread shares with the addon. Made by the first `open` of the thread. */
export class Side {
  static #ofThisThread: Side | undefined;
  readonly number: number;
  /** By handle. */
  readonly stores = new Map<number, Hearer>();
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
    // A socket that reads into a given buffer makes no garbage. At most one byte is there: a buffer
    // that it does not fill tells the event loop that no second read is needed.
    const onread = { buffer: new Uint8Array(8), callback };
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
        this.stores.get(number)?.hearDone(this.#word(at + 2), this.#word(at + 3));
        return 4;
      case TAG.joined:
        this.stores.get(number)?.hearJoined(this.#word(at + 2), {
          joinSeq: this.#word(at + 3),
          received: this.#word(at + 4),
          firstSeq: this.#word(at + 5),
          headSeq: this.#word(at + 6),
        });
        return 7;
      case TAG.rung:
        this.stores.get(number)?.hearNews(this.#word(at + 2));
        return 3;
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
