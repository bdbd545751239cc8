// The interface of a queue, whether its store is in this process or behind a broker. Types only.
//
// Every rejection is a `FoqError`, but where `signal` was aborted before anything was submitted:
// then its reason.

import type { ConsumeOptions, Consumer, Deliveries } from './delivery-types.js';
import type {
  AckOptions,
  Appended,
  AppendFields,
  AppendOptions,
  ChatOptions,
  ChatRow,
  CursorView,
  Head,
  Joined,
  JoinedRow,
  JoinOptions,
  Marks,
  Page,
  PageOptions,
  Payload,
  PendingRow,
  QueueRecord,
  ReadRange,
  ReadResult,
  Waiting,
} from './queue-values.js';

/** The result of one of many: `error` is a FoqError. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Error };

/**
 * Many operations with one promise. Not atomic; a chat's operations land in order. The methods
 * copy what they are given and throw only for arguments that no store could take.
 */
export interface Bulk {
  /** Operations that it holds. */
  readonly size: number;
  /**
   * As `append` of a queue. Throws FOQ_INVALID_ARGUMENT, FOQ_TOO_LARGE, and FOQ_BUSY beyond
   * `pendingBytesMax`, as all that follow.
   */
  append(chatId: string, payload: Payload, fields?: AppendFields): this;
  /** As `ack` of a queue, not durable by itself. */
  ack(chatId: string, consumerId: string, marks: Marks): this;
  /** As `join` of a queue. */
  join(chatId: string, consumerId: string, options?: { readonly at?: JoinOptions['at'] }): this;
  /** As `leave` of a queue. */
  leave(chatId: string, consumerId: string): this;
  /** As `trim` of a queue. */
  trim(chatId: string, upToSeq: number): this;
  /** One result per operation, in order; never rejects for one. The bulk is then empty again. */
  commit(options?: Waiting): Promise<Result<Appended | Joined | undefined>[]>;
}

/**
 * What a queue cannot do for now: it is poisoned; its disk is full; work in the background met
 * damage, which `message` names (see `foq verify`); the clock jumped ahead, so that nothing expires
 * by age until it is steady; or a consumer has acked nothing for 10 s with its window full.
 */
export type Degraded =
  | { readonly kind: 'poisoned'; readonly message: string }
  | { readonly kind: 'disk-full'; readonly message: string }
  | { readonly kind: 'damaged'; readonly message: string }
  | { readonly kind: 'clock-jump'; readonly message: string }
  | { readonly kind: 'window-full'; readonly consumerId: string; readonly message: string };

/** What the listeners of a queue are told. */
export interface QueueNotices {
  /** Something does not work any more; said once until it works again. */
  degraded: (notice: Degraded) => void;
  /** The queue is closed, and every promise is settled. */
  closed: () => void;
}

/** Who still holds a record, and when it goes. */
export interface Why {
  readonly chatId: string;
  readonly seq: number;
  /** `damaged`: it was lost to damage, and `foq repair` left a gap in its place. */
  readonly state: 'kept' | 'gone' | 'not-yet' | 'damaged';
  /** Consumers that have not received it, closing ones too. */
  readonly heldBy: readonly CursorView[];
  readonly pinned: boolean;
  /** When it goes at the latest; absent under `keep: 'forever'`, when pinned, and once gone. */
  readonly goneBy?: number;
  /** The same in a sentence. */
  readonly text: string;
}

/** What a backup has. */
export interface Backup {
  /** The last round that was durable when it began. */
  readonly lastRound: number;
  /** Files of the journal; always copies. */
  readonly journalFiles: number;
  /** Tables that share the store's own files, as these never change; on the same file system. */
  readonly linkedTables: number;
  readonly copiedTables: number;
  /** Bytes that were read and written for it. */
  readonly bytes: number;
}

/** Copied from native counters; counts since the store was opened. */
export interface Stats {
  readonly appends: number;
  readonly acks: number;
  readonly rounds: number;
  readonly syncs: number;
  readonly payloadBytes: number;
  readonly journalBytes: number;
  /** Bytes of journal files that were written before they were needed. */
  readonly spareBytes: number;
  readonly ackBytes: number;
  /** Of joins, leaves and what else changes memberships. */
  readonly membershipBytes: number;
  /** Journal files that became tables; records they kept, and those that nobody needed any more. */
  readonly seals: number;
  readonly sealedRecords: number;
  readonly droppedRecords: number;
  /** Bytes that seals wrote: of records, of chat states, and of what consumers lack. */
  readonly segmentBytes: number;
  readonly stateBytes: number;
  readonly inboxBytes: number;
  readonly merges: number;
  /** Bytes that merges wrote. */
  readonly mergedBytes: number;
  /** Bytes that merges had still to read and write when that was looked at last. */
  readonly mergeDebtBytes: number;
  /** Tables whose records had all expired, removed unread. */
  readonly expiredTables: number;
  /** Seals, merges and checks of tables that gave up: damage (see `foq verify`), or no space. */
  readonly backgroundFailures: number;
  /** Chats that were read from tables, and blocks of tables that were in memory, or were not. */
  readonly coldLookups: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Tables there are, their bytes on disk, and of their directories and filters in memory. */
  readonly tables: number;
  readonly tableBytes: number;
  readonly filterBytes: number;
  /** Chats that opening the store left for when somebody asks for them. */
  readonly partialChats: number;
  /** Chats in memory. */
  readonly chats: number;
  readonly journalFiles: number;
  readonly pendingBytes: number;
  readonly poisoned: boolean;
  /** Microseconds of a sync: upper bounds of power-of-two classes, and how many fell in each. */
  readonly syncMicros: readonly { readonly upTo: number; readonly count: number }[];
  /** Operations of a round, likewise. */
  readonly roundOperations: readonly { readonly upTo: number; readonly count: number }[];
}

/** One chat of a queue, with its key at hand: what most programs use. */
export interface Chat {
  readonly chatId: string;
  /** As `append` of the queue. */
  append(payload: Payload, options?: AppendOptions): Promise<Appended>;
  /** As `read` of the queue. */
  read(range?: ReadRange): Promise<ReadResult>;
  /** As `join` of the queue. */
  join(consumerId: string, options?: JoinOptions): Promise<Joined>;
  /** As `leave` of the queue. */
  leave(consumerId: string, options?: Waiting): Promise<void>;
  /** As `ack` of the queue. */
  ack(consumerId: string, marks: Marks, options?: AckOptions): Promise<void>;
  /** As `trim` of the queue. */
  trim(upToSeq: number, options?: Waiting): Promise<void>;
}

/**
 * One handle on a store: chats with an order each, consumers with a cursor each. Every call that
 * returns a promise rejects with a `FoqError`; besides those it names, FOQ_INVALID_ARGUMENT,
 * FOQ_CLOSED, FOQ_BUSY and, of what changes something, FOQ_POISONED. docs/errors.md lists all.
 */
export interface Queue {
  /** Identity of the store's history. */
  readonly epoch: string;
  /** What an answered append survives: power loss, or only the death of the process. */
  readonly durability: 'fsync' | 'page-cache-unsafe';
  /**
   * Appends a record; resolves when it is durable. Rejects with FOQ_TOO_LARGE above
   * `payloadBytesMax`, FOQ_DISK_FULL, and where a field says so FOQ_DEDUP_CONFLICT {seq},
   * FOQ_GUARD_CONFLICT {current, headSeq}, FOQ_HEAD_CONFLICT {headSeq}, FOQ_ROSTER_STALE {roster},
   * FOQ_NOT_JOINED.
   */
  append(chatId: string, payload: Payload, options?: AppendOptions): Promise<Appended>;
  /** Collects many operations for one promise. Throws FOQ_CLOSED. */
  bulk(): Bulk;
  /**
   * Records in ascending order, at least one where there is one. Rejects with FOQ_SEQ_OUT_OF_RANGE
   * {headSeq} for a `fromSeq` beyond the head + 1, FOQ_CORRUPT where bytes do not verify.
   */
  read(chatId: string, range?: ReadRange): Promise<ReadResult>;
  /** The newest record appended with `pin`; null if there is none. */
  pinned(chatId: string, options?: Waiting): Promise<QueueRecord | null>;
  /** Where these chats stand, in the order asked; zeros for one that was never seen. */
  heads(chatIds: readonly string[]): Promise<Head[]>;
  /**
   * Begins to hold the records of a chat for this consumer; neither needs to exist. Who is joined
   * stays as he was. Rejects with FOQ_SEQ_OUT_OF_RANGE {headSeq}, FOQ_TOO_LARGE beyond 1,024
   * joined consumers, FOQ_DISK_FULL.
   */
  join(chatId: string, consumerId: string, options?: JoinOptions): Promise<Joined>;
  /**
   * Ends it: nothing above the present head is held for this consumer. With `joinSeq` only the
   * membership that began there. Who is not joined is no error.
   */
  leave(
    chatId: string,
    consumerId: string,
    options?: Waiting & { readonly joinSeq?: number | undefined },
  ): Promise<void>;
  /** Joins one consumer in many chats; a result per chat, in order. */
  joinMany(
    consumerId: string,
    chats: readonly { readonly chatId: string; readonly at?: JoinOptions['at'] }[],
    options?: Waiting,
  ): Promise<Result<Joined>[]>;
  /** Leaves everywhere and erases the consumer's cursors at once (a device was removed). */
  forget(consumerId: string, options?: Waiting): Promise<void>;
  /**
   * Raises the consumer's marks in a chat; a lower value changes nothing. Without `durable` it
   * resolves when the ack is applied, and survives a crash after `ackFlushMs` at the latest.
   * Rejects with FOQ_NOT_JOINED, FOQ_SEQ_OUT_OF_RANGE {headSeq}.
   */
  ack(chatId: string, consumerId: string, marks: Marks, options?: AckOptions): Promise<void>;
  /** Who holds the chat and how far; closing cursors too. */
  cursors(chatId: string, options?: Waiting): Promise<CursorView[]>;
  /** Chats with news for this consumer, most recent first. */
  pending(consumerId: string, options?: PageOptions): Promise<Page<PendingRow>>;
  /** Chats in which this consumer is joined, by chatId. */
  chatsOf(consumerId: string, options?: PageOptions): Promise<Page<JoinedRow>>;
  /** All chats of the store. */
  chats(options?: PageOptions): Promise<Page<Omit<ChatRow, 'received'>>>;
  /** Overrides the store's retention for this chat. */
  configure(chatId: string, options: ChatOptions & Waiting): Promise<void>;
  /** Removes all records up to this seq, whoever has not received them; above the head, all. */
  trim(chatId: string, upToSeq: number, options?: Waiting): Promise<void>;
  /**
   * Empties the records of 1 to 1,000 inclusive ranges: what is left is a tombstone. Rejects with
   * FOQ_SEQ_OUT_OF_RANGE {headSeq}.
   */
  deleteRecords(
    chatId: string,
    ranges: readonly (readonly [fromSeq: number, toSeq: number])[],
    options?: Waiting,
  ): Promise<void>;
  /** Removes all records and all cursors of a chat; its seqs go on where they were. */
  deleteChat(chatId: string, options?: Waiting): Promise<void>;
  /** Deliveries for one consumer. Throws FOQ_CLOSED and FOQ_INVALID_ARGUMENT. */
  consume(consumerId: string, options?: ConsumeOptions): Consumer;
  /** One per queue handle and thread; a second is FOQ_INVALID_ARGUMENT while it is open. */
  deliveries(): Deliveries;
  /** Resolves when the head is at least `seq`. */
  waitFor(chatId: string, seq: number, options?: Waiting): Promise<void>;
  /** Resolves when everything submitted before, acks too, is durable. */
  flush(options?: Waiting): Promise<void>;
  /** Counters and gauges of the store, whoever else has it open. */
  stats(): Promise<Stats>;
  /** Who still holds a record, and when it goes at the latest. */
  why(chatId: string, seq: number, options?: Waiting): Promise<Why>;
  /**
   * Backs the store up into an empty directory, or one that is not there yet, while everything goes
   * on; resolves when it is durable. All that was answered before the call is in it. `foq restore`
   * makes a store of it. FOQ_BUSY while another is made, FOQ_UNAVAILABLE where the directory is
   * not empty or cannot be used, FOQ_DISK_FULL, FOQ_CORRUPT. One that fails, is aborted or
   * meets `close` takes away what it made.
   */
  backup(dir: string, options?: Waiting): Promise<Backup>;
  /** A handle on one chat. Throws FOQ_INVALID_ARGUMENT. */
  chat(chatId: string): Chat;
  /** Begins to tell a listener. */
  on<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): this;
  /** Tells it no more. */
  off<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): this;
  /**
   * Settles everything once, makes all acks durable, leaves no handle. What is not settled after
   * `timeoutMs` (default: no limit) rejects with FOQ_UNKNOWN_OUTCOME.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}
