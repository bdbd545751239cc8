// What the queue asks of the native store, as types: the inside door between the library and the
// addon. `native-store.ts` implements it; tests may stand in for it.
//
// Invariants: every submitted operation is answered exactly once, in order per chat, before
// `close` resolves. Nothing here waits for the disk on the caller's thread. Failures are
// `NativeError`, thrown by what returns at once and rejected by what returns a promise.

import type {
  CursorView,
  Gap,
  JoinedRow,
  JoinOptions,
  Keep,
  PendingRow,
} from '../protocol/index.js';
import type { AppendedRun, BackupMade, NativeError } from './native.js';
import type { ReadRecord } from './record.js';

/** Who hears the answers to what was submitted through a store. None may throw. */
export interface Answers {
  /** Appends of one round: tickets from `first` on have these seqs, which are only lent. */
  appended(run: AppendedRun): void;
  /** Acks, and what has no value. */
  done(ticket: number): void;
  joined(ticket: number, joined: NativeJoined): void;
  failed(ticket: number, error: NativeError): void;
  /** `takeNews` has something; not said again until a call left nothing. */
  news(attachment: number): void;
}

/** No attachment's number. */
export const CONDITIONS = 0;

export interface NativeCondition {
  /** `disk-full`, `damaged` or `clock-jump`. */
  readonly kind: string;
  readonly message: string;
}

export interface NativeJoined {
  readonly joinSeq: number;
  readonly received: number;
  readonly firstSeq: number;
  readonly headSeq: number;
}

export interface PackedFields {
  readonly kind?: number | undefined;
  /** With `isMember`, a consumer that must be joined. */
  readonly senderId?: string | undefined;
  readonly isMember?: boolean | undefined;
  readonly dedupKey?: Uint8Array | undefined;
  readonly dedupOver?: Uint8Array | undefined;
  readonly guard?: { readonly expected: number; readonly next: number } | undefined;
  readonly ifHead?: number | undefined;
  readonly ifRoster?: number | undefined;
  readonly join?: readonly string[] | undefined;
  readonly leave?: readonly string[] | undefined;
  readonly pin?: boolean | undefined;
}

/**
 * Operations of one turn of the event loop, copied into a buffer that is used again and again.
 * A method that throws (RangeError for what cannot be packed) leaves it as it was.
 */
export interface OperationPacker {
  readonly count: number;
  /** Bytes packed. */
  readonly used: number;
  clear(): void;
  /** Text is packed as UTF-8 without a copy in between. */
  append(chatId: string, payload: Uint8Array | string, fields?: PackedFields): void;
  ack(
    chatId: string,
    consumerId: string,
    marks: {
      readonly received?: number | undefined;
      readonly delivered?: number | undefined;
      readonly read?: number | undefined;
      readonly marksSeen?: number | undefined;
      readonly durable?: boolean | undefined;
    },
  ): void;
  join(chatId: string, consumerId: string, at: NonNullable<JoinOptions['at']>): void;
  leave(chatId: string, consumerId: string, joinSeq?: number): void;
  /** Leaves and erases the cursor, also a closing one. */
  forget(chatId: string, consumerId: string): void;
  trim(chatId: string, upToSeq: number): void;
  deleteRecords(chatId: string, ranges: readonly (readonly [number, number])[]): void;
  deleteChat(chatId: string): void;
  configure(
    chatId: string,
    options: {
      readonly keep?: Keep | undefined;
      readonly maxAgeMs?: number | undefined;
      readonly keepAtLeastMs?: number | undefined;
      readonly maxBytes?: number | undefined;
    },
  ): void;
}

export interface NativeHead {
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly lastAt: number;
  readonly guard: number;
  readonly roster: number;
  readonly marksVersion: number;
}

/** The chat's own overrides; what is absent has the store's default. */
export interface NativeChatOptions {
  readonly keep?: Keep;
  readonly maxAgeMs?: number;
  readonly keepAtLeastMs?: number;
  readonly maxBytes?: number;
}

export type NativeReadFrom =
  | { readonly fromSeq: number }
  | { readonly before: number }
  | { readonly last: true };

export interface ReadRequest {
  readonly chatId: string;
  readonly from: NativeReadFrom;
  readonly limit: number;
}

export interface ReadAnswer {
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly gap: Gap | undefined;
  readonly records: readonly ReadRecord[];
}

/** A chat in which an attached consumer has something new, or whose head a watch saw grow. */
export interface NewsRow {
  readonly chatId: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  /** Of the consumer's cursor; 0 for a watch. */
  readonly received: number;
  /** The last seq this cursor gets: the head, or a closing cursor's leaveSeq. */
  readonly lastSeq: number;
  /**
   * First seq of its present membership, 0 for a watch: only below it can holes lie. Where it is
   * absent, delivery asks `cursors` for each chat that becomes active.
   */
  readonly joinSeq?: number;
  readonly marksVersion: number;
  readonly marks: boolean;
  /** The consumer has no cursor here (any more). */
  readonly gone: boolean;
}

/** Where `joinSeq` or `lastSeq` is absent, delivery asks `cursors`; see `NewsRow`. */
export type PendingCursorRow = PendingRow & {
  readonly joinSeq?: number;
  readonly lastSeq?: number;
};

export interface News {
  readonly rows: readonly NewsRow[];
  /** Another attachment of the same consumer took over; this one hears nothing more. */
  readonly fenced: boolean;
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  /** Opaque; undefined at the end. */
  readonly next: string | undefined;
}

export type CursorRow = CursorView & {
  readonly marksSeen: number;
  /** Ranges above `received` it will not get, as it was not joined. */
  readonly holes: readonly (readonly [number, number])[];
};

export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

export interface NativeStats {
  readonly [name: string]: number | readonly number[];
}

/** One handle on a store that this process has open. */
export interface StoreHandle {
  /** 16 hex digits. */
  readonly epoch: string;
  packer(bytes: number): OperationPacker;
  /** Submits what is packed and clears it; the first's ticket. FOQ_BUSY leaves it as it was. */
  submit(packer: OperationPacker): number;
  /** In the order asked. */
  /** At once where nothing has to be read from the disk. */
  heads(chatIds: readonly string[]): NativeHead[] | Promise<NativeHead[]>;
  chatOptions(chatId: string): Promise<NativeChatOptions>;
  /**
   * Reads in the order asked, `maxBytes` of records together, the first at least one. An answer
   * without records and gap although its head is higher was not reached: ask again. Comes at once
   * where nothing had to wait for the disk.
   */
  read(requests: readonly ReadRequest[], maxBytes: number): ReadAnswer[] | Promise<ReadAnswer[]>;
  pinned(chatId: string): Promise<ReadRecord | undefined>;
  cursors(chatId: string): Promise<CursorRow[]>;
  pending(consumerId: string, page: PageRequest): Promise<Pages<PendingCursorRow>>;
  /** Joined chats by chatId; with `closing`, also those it is leaving. */
  chatsOf(
    consumerId: string,
    page: PageRequest & { readonly closing?: boolean },
  ): Promise<Pages<JoinedRow>>;
  chats(page: PageRequest): Promise<Pages<Omit<PendingRow, 'received' | 'marks'>>>;
  /** News of this consumer from now on; a newer attachment in this process fences an older. */
  attach(consumerId: string): number;
  /** News of this chat's head from now on. */
  watch(chatId: string): number;
  detach(attachment: number): void;
  /** At most `limit` chats, each once; call until it returns none. */
  takeNews(attachment: number, limit: number): News;
  /** Resolves when everything submitted so far, acks too, is durable. */
  flush(): Promise<void>;
  stats(): NativeStats;
  /** Backs the store up into an empty directory; `end` gives it up, and `made` rejects then. */
  backup(dir: string): { readonly made: Promise<BackupMade>; end(): void };
  /** What the store suffers from now; attachment `CONDITIONS` has news when that has changed. */
  conditions(): readonly NativeCondition[];
  /** Resolves when everything submitted is answered and, if no one else has the store, closed. */
  close(): Promise<void>;
}
