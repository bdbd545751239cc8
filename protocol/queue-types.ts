// The interface of a queue, whether its store is in this process or behind a broker. Types only.
//
// Ranges are inclusive; `before` is exclusive. Every number is a safe integer. Instants are ms
// since epoch, durations ms or a text such as '30d' ('s', 'm', 'h', 'd'). Every rejection is a
// `FoqError`, but where `signal` was aborted before anything was submitted: then its reason.

/** Text is stored as UTF-8. A buffer may be changed as soon as the call has returned. */
export type Payload = Uint8Array | string;
export type Duration = number | string;
export type Keep = 'until-received' | 'window' | 'forever';

export interface Waiting {
  /** Aborted after submit, the call rejects with FOQ_UNKNOWN_OUTCOME and the reason as `cause`. */
  readonly signal?: AbortSignal | undefined;
}

/** At most one of `as` and `senderId`. */
export interface AppendFields {
  /** Sends as this consumer, which must be joined at this record's seq. */
  readonly as?: string | undefined;
  /** Names a sender that need not be joined. */
  readonly senderId?: string | undefined;
  /** At most 128 bytes; needs a sender. A repeat answers the first append again. */
  readonly dedupKey?: Payload | undefined;
  /** Hashed for idempotency instead of the payload. */
  readonly dedupOver?: Payload | undefined;
  readonly guard?: { readonly expected: number; readonly next: number } | undefined;
  /** Only if the head is this seq; 0 creates a chat once. */
  readonly ifHead?: number | undefined;
  readonly ifRoster?: number | undefined;
  /** Join at this record's seq, atomically with it; at most 1,000. */
  readonly join?: readonly string[] | undefined;
  readonly leave?: readonly string[] | undefined;
  /** Becomes the chat's pinned record. */
  readonly pin?: boolean | undefined;
  /** One byte, opaque to the engine. */
  readonly kind?: number | undefined;
}

export interface AppendOptions extends AppendFields, Waiting {}

export interface Appended {
  readonly seq: number;
  readonly at: number;
  /** True when an earlier append with the same dedupKey was answered again. */
  readonly duplicate: boolean;
}

export interface QueueRecord {
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  /** Empty when nobody was named. */
  readonly senderId: string;
  /** A view that stays valid; empty when `deleted`. */
  readonly payload: Uint8Array;
  /** A tombstone of `deleteRecords`. */
  readonly deleted: boolean;
  /** The payload as UTF-8. */
  text(): string;
  /** The payload parsed as JSON; throws SyntaxError. */
  json(): unknown;
}

export type GapReason = 'expired' | 'trimmed' | 'deleted' | 'quota' | 'before-join' | 'damaged';

export interface Gap {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: GapReason;
}

/** At most one of `fromSeq` (default 1), `before` and `last`. */
export interface ReadRange extends Waiting {
  readonly fromSeq?: number | undefined;
  readonly before?: number | undefined;
  /** The newest so many records. */
  readonly last?: number | undefined;
  /** Default 1,000, at most 10,000. */
  readonly limit?: number | undefined;
  /** Default 1 MiB; at least one record is read, whatever it is. */
  readonly maxBytes?: number | undefined;
}

export interface ReadResult {
  /** Ascending. */
  readonly records: readonly QueueRecord[];
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly epoch: string;
  readonly gap?: Gap;
}

/** A never-seen chat has firstSeq 1 and zeros. */
export interface Head {
  readonly chatId: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly lastAt: number;
  readonly guard: number;
  readonly roster: number;
  readonly epoch: string;
}

export interface JoinOptions extends Waiting {
  /** After the newest record (default), at the floor, or at this seq. */
  readonly at?: 'head' | 'first' | number | undefined;
}

export interface Joined {
  readonly joinSeq: number;
  readonly received: number;
  readonly firstSeq: number;
  readonly headSeq: number;
}

/** Each only grows. `delivered` and `read` never raise `received`. */
export interface Marks {
  readonly received?: number | undefined;
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
}

export interface AckOptions extends Waiting {
  /** Resolve only when the ack survives a crash. */
  readonly durable?: boolean | undefined;
}

export interface CursorView {
  readonly consumerId: string;
  readonly joinSeq: number;
  readonly received: number;
  readonly delivered: number;
  readonly read: number;
  /** Of a closing cursor: the last seq it gets. */
  readonly leaveSeq?: number;
}

export interface PageOptions extends Waiting {
  /** `next` of the page before. */
  readonly after?: string | null | undefined;
  /** Default 1,000, at most 10,000. */
  readonly limit?: number | undefined;
}

export interface ChatRow {
  readonly chatId: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly received: number;
  readonly lastAt: number;
}

export interface PendingRow extends ChatRow {
  /** Others' marks changed and were not handed over. */
  readonly marks: boolean;
}

export interface JoinedRow extends ChatRow {
  readonly joinSeq: number;
}

export interface Page<Row> {
  readonly chats: readonly Row[];
  /** Null at the end. */
  readonly next: string | null;
}

export interface ChatOptions {
  readonly keep?: Keep | undefined;
  readonly maxAge?: Duration | undefined;
  readonly keepAtLeast?: Duration | undefined;
}

/** The result of one of many: `error` is a FoqError. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Error };

/**
 * Many operations with one promise. Not atomic; a chat's operations land in order. The methods
 * copy what they are given and throw only for arguments that no store could take.
 */
export interface Bulk {
  readonly size: number;
  append(chatId: string, payload: Payload, fields?: AppendFields): this;
  ack(chatId: string, consumerId: string, marks: Marks): this;
  join(chatId: string, consumerId: string, options?: { readonly at?: JoinOptions['at'] }): this;
  leave(chatId: string, consumerId: string): this;
  trim(chatId: string, upToSeq: number): this;
  /** One result per operation, in order; never rejects for one. The bulk is then empty again. */
  commit(options?: Waiting): Promise<Result<Appended | Joined | undefined>[]>;
}

interface Acking {
  /** Acks up to here. A failure ends the iteration. */
  ack(): void;
  ackDurable(): Promise<void>;
  /** Stops this chat and offers again from here after `delayMs` (default 0). */
  nack(options?: { readonly delayMs?: number | undefined }): void;
}

export interface RecordDelivery extends Omit<QueueRecord, 'kind'>, Acking {
  readonly kind: 'record';
  readonly consumerId: string;
  readonly chatId: string;
  /** The record's own byte. */
  readonly recordKind: number;
  /** 1, and one more with each time it is offered again. */
  readonly attempt: number;
}

export interface GapDelivery extends Gap, Acking {
  readonly kind: 'gap';
  readonly consumerId: string;
  readonly chatId: string;
}

/** The backlog of a chat has been delivered; without `chatId`, that of all. */
export interface CaughtUpDelivery {
  readonly kind: 'caught-up';
  readonly consumerId: string;
  readonly chatId?: string;
}

/** Others' marks in this chat changed; `cursors` has them. */
export interface MarksDelivery {
  readonly kind: 'marks';
  readonly consumerId: string;
  readonly chatId: string;
}

/** A newer session of this consumer took over; nothing follows. */
export interface FencedDelivery {
  readonly kind: 'fenced';
  readonly consumerId: string;
}

export type Delivery =
  | RecordDelivery
  | GapDelivery
  | CaughtUpDelivery
  | MarksDelivery
  | FencedDelivery;

export interface AttachOptions {
  /** Only these chats; without it all that the consumer is joined in, also later. */
  readonly chats?: readonly string[] | undefined;
  /** Join the named chats first, where absent: at the floor or after the head. */
  readonly join?: 'first' | 'head' | undefined;
  /** Unacked deliveries allowed, over all chats; a chat may have a quarter (at least 1). */
  readonly window?: { readonly records?: number; readonly bytes?: number } | undefined;
}

export interface ConsumeOptions extends AttachOptions, Waiting {
  /** Ack a record when the next is asked for; `break` acks nothing. */
  readonly autoAck?: boolean | undefined;
}

/** Iterate once. `break`, `close`, an aborted `signal` release it; `signal` throws its reason. */
export interface Consumer extends AsyncIterable<Delivery> {
  readonly consumerId: string;
  /** The same by arrays of what is ready together; instead of iterating one by one. */
  batches(): AsyncIterable<readonly Delivery[]>;
  /** More chats, where `chats` was given. */
  add(chatIds: readonly string[]): Promise<void>;
  remove(chatIds: readonly string[]): void;
  /** Ends the iteration normally. */
  close(): void;
}

/** A consumer within `deliveries()`. */
export interface AttachedConsumer {
  readonly consumerId: string;
  ack(chatId: string, upToSeq: number): void;
  nack(chatId: string, fromSeq: number, options?: { readonly delayMs?: number }): void;
  add(chatIds: readonly string[]): Promise<void>;
  remove(chatIds: readonly string[]): void;
  detach(): void;
}

/** What servers drain: arrays of deliveries of all the consumers attached here. Iterate once. */
export interface Deliveries extends AsyncIterable<readonly Delivery[]> {
  attach(consumerId: string, options?: AttachOptions): Promise<AttachedConsumer>;
  /** Detaches all and ends the iteration. */
  close(): void;
}

export type Degraded =
  | { readonly kind: 'poisoned'; readonly message: string }
  | { readonly kind: 'disk-full'; readonly message: string }
  | { readonly kind: 'window-full'; readonly consumerId: string; readonly message: string };

export interface QueueNotices {
  degraded: (notice: Degraded) => void;
  closed: () => void;
}

/** Who still holds a record, and when it goes. */
export interface Why {
  readonly chatId: string;
  readonly seq: number;
  readonly state: 'kept' | 'gone' | 'not-yet';
  /** Consumers that have not received it, closing ones too. */
  readonly heldBy: readonly CursorView[];
  readonly pinned: boolean;
  /** When it goes at the latest; absent under `keep: 'forever'`, when pinned, and once gone. */
  readonly goneBy?: number;
  /** The same in a sentence. */
  readonly text: string;
}

/** Copied from native counters; counts since the store was opened. */
export interface Stats {
  readonly appends: number;
  readonly acks: number;
  readonly rounds: number;
  readonly syncs: number;
  readonly payloadBytes: number;
  readonly journalBytes: number;
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
  append(payload: Payload, options?: AppendOptions): Promise<Appended>;
  read(range?: ReadRange): Promise<ReadResult>;
  join(consumerId: string, options?: JoinOptions): Promise<Joined>;
  leave(consumerId: string, options?: Waiting): Promise<void>;
  ack(consumerId: string, marks: Marks, options?: AckOptions): Promise<void>;
  trim(upToSeq: number, options?: Waiting): Promise<void>;
}

export interface Queue {
  readonly epoch: string;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  append(chatId: string, payload: Payload, options?: AppendOptions): Promise<Appended>;
  bulk(): Bulk;
  read(chatId: string, range?: ReadRange): Promise<ReadResult>;
  /** The newest record appended with `pin`; null if there is none. */
  pinned(chatId: string, options?: Waiting): Promise<QueueRecord | null>;
  heads(chatIds: readonly string[]): Promise<Head[]>;
  join(chatId: string, consumerId: string, options?: JoinOptions): Promise<Joined>;
  leave(
    chatId: string,
    consumerId: string,
    options?: Waiting & { readonly joinSeq?: number | undefined },
  ): Promise<void>;
  joinMany(
    consumerId: string,
    chats: readonly { readonly chatId: string; readonly at?: JoinOptions['at'] }[],
    options?: Waiting,
  ): Promise<Result<Joined>[]>;
  /** Leaves everywhere and erases the consumer's cursors at once (a device was removed). */
  forget(consumerId: string, options?: Waiting): Promise<void>;
  ack(chatId: string, consumerId: string, marks: Marks, options?: AckOptions): Promise<void>;
  cursors(chatId: string, options?: Waiting): Promise<CursorView[]>;
  /** Chats with news for this consumer, most recent first. */
  pending(consumerId: string, options?: PageOptions): Promise<Page<PendingRow>>;
  chatsOf(consumerId: string, options?: PageOptions): Promise<Page<JoinedRow>>;
  chats(options?: PageOptions): Promise<Page<Omit<ChatRow, 'received'>>>;
  configure(chatId: string, options: ChatOptions & Waiting): Promise<void>;
  trim(chatId: string, upToSeq: number, options?: Waiting): Promise<void>;
  deleteRecords(
    chatId: string,
    ranges: readonly (readonly [fromSeq: number, toSeq: number])[],
    options?: Waiting,
  ): Promise<void>;
  deleteChat(chatId: string, options?: Waiting): Promise<void>;
  consume(consumerId: string, options?: ConsumeOptions): Consumer;
  /** One per queue handle and thread; a second is FOQ_INVALID_ARGUMENT while it is open. */
  deliveries(): Deliveries;
  /** Resolves when the head is at least `seq`. */
  waitFor(chatId: string, seq: number, options?: Waiting): Promise<void>;
  /** Resolves when everything submitted before, acks too, is durable. */
  flush(options?: Waiting): Promise<void>;
  stats(): Promise<Stats>;
  why(chatId: string, seq: number, options?: Waiting): Promise<Why>;
  chat(chatId: string): Chat;
  on<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): this;
  off<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): this;
  /**
   * Settles everything once, makes all acks durable, leaves no handle. What is not settled after
   * `timeoutMs` (default: no limit) rejects with FOQ_UNKNOWN_OUTCOME.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
