// What the calls of a queue take and give. Types only.
//
// Ranges are inclusive; `before` is exclusive. Every number is a safe integer. Instants are ms
// since epoch, durations ms or a text such as '30d' ('s', 'm', 'h', 'd').

/** Text is stored as UTF-8. A buffer may be changed as soon as the call has returned. */
export type Payload = Uint8Array | string;

/** Milliseconds, or a number with its unit: `'90s'`, `'15m'`, `'48h'`, `'30d'`. */
export type Duration = number | string;

/** What makes a record leave: all who hold it have received it, only its age, or only `trim`. */
export type Keep = 'until-received' | 'window' | 'forever';

/** What every call takes that waits for an answer. */
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
  /**
   * Only if the chat's guard, 0 at first, is `expected`; it becomes `next`. Else
   * FOQ_GUARD_CONFLICT.
   */
  readonly guard?: { readonly expected: number; readonly next: number } | undefined;
  /** Only if the head is this seq; 0 creates a chat once. */
  readonly ifHead?: number | undefined;
  /** Only if the chat's roster number is this; else FOQ_ROSTER_STALE. */
  readonly ifRoster?: number | undefined;
  /** Join at this record's seq, atomically with it; at most 1,000. */
  readonly join?: readonly string[] | undefined;
  /** Leave after this record, atomically with it; at most 1,000. */
  readonly leave?: readonly string[] | undefined;
  /** Becomes the chat's pinned record. */
  readonly pin?: boolean | undefined;
  /** One byte, opaque to the engine. */
  readonly kind?: number | undefined;
}

/** What an append takes. */
export interface AppendOptions extends AppendFields, Waiting {}

/** Where an append ended. */
export interface Appended {
  /** Its number in the chat; the first is 1. */
  readonly seq: number;
  /** When it was ordered, ms since the epoch. */
  readonly at: number;
  /** True when an earlier append with the same dedupKey was answered again. */
  readonly duplicate: boolean;
}

/** One record as it is read. */
export interface QueueRecord {
  /** Its number in the chat. */
  readonly seq: number;
  /** When it was ordered, ms since the epoch. */
  readonly at: number;
  /** The byte it was appended with; 0 when none was given. */
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

/**
 * Why records are missing: too old or received by all, `trim`, `deleteChat`, a limit in bytes,
 * written while the consumer was not joined, or damage on the disk.
 */
export type GapReason = 'expired' | 'trimmed' | 'deleted' | 'quota' | 'before-join' | 'damaged';

/** A declared range of seqs that a reader will not get; inclusive. */
export interface Gap {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: GapReason;
}

/** At most one of `fromSeq` (default 1), `before` and `last`. */
export interface ReadRange extends Waiting {
  /** From this seq upwards; at most one above the head. */
  readonly fromSeq?: number | undefined;
  /** The newest records below this seq. */
  readonly before?: number | undefined;
  /** The newest so many records. */
  readonly last?: number | undefined;
  /** Default 1,000, at most 10,000. */
  readonly limit?: number | undefined;
  /**
   * Default 1 MiB; at least one record is read, whatever it is. Where not all fit, `before` and
   * `last` give the newest.
   */
  readonly maxBytes?: number | undefined;
}

/** Records, and where the chat stands. */
export interface ReadResult {
  /** Ascending. */
  readonly records: readonly QueueRecord[];
  /** The floor: the first seq that can be read. */
  readonly firstSeq: number;
  /** The last durable seq; 0 when there is none. */
  readonly headSeq: number;
  /** Identity of the store's history. */
  readonly epoch: string;
  /** Set when the range begins below the floor. */
  readonly gap?: Gap;
}

/** A never-seen chat has firstSeq 1 and zeros. */
export interface Head {
  readonly chatId: string;
  /** The floor: the first seq that can be read. */
  readonly firstSeq: number;
  /** The last durable seq. */
  readonly headSeq: number;
  /** When the newest record was ordered, ms since the epoch. */
  readonly lastAt: number;
  /** The compare-and-append counter. */
  readonly guard: number;
  /** Grows by one with each change of who is joined. */
  readonly roster: number;
  /** Identity of the store's history. */
  readonly epoch: string;
}

/** Where a consumer begins. */
export interface JoinOptions extends Waiting {
  /** After the newest record (default), at the floor, or at this seq. */
  readonly at?: 'head' | 'first' | number | undefined;
}

/** Where a consumer stands after it joined, or stood already. */
export interface Joined {
  /** The first seq that it gets. */
  readonly joinSeq: number;
  /** What it has received of the chat. */
  readonly received: number;
  readonly firstSeq: number;
  readonly headSeq: number;
}

/** Each only grows. `delivered` and `read` never raise `received`. */
export interface Marks {
  /** All up to here is received, and need not be kept for this consumer. */
  readonly received?: number | undefined;
  /** How far it is shown as delivered; releases nothing. */
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
}

/** When an ack resolves. */
export interface AckOptions extends Waiting {
  /** Resolve only when the ack survives a crash. */
  readonly durable?: boolean | undefined;
}

/** Where one consumer stands in a chat. */
export interface CursorView {
  readonly consumerId: string;
  /** The first seq of its present membership. */
  readonly joinSeq: number;
  /** The last seq that it has acked. */
  readonly received: number;
  readonly delivered: number;
  readonly read: number;
  /** Of a closing cursor: the last seq it gets. */
  readonly leaveSeq?: number;
}

/** Which part of a list. */
export interface PageOptions extends Waiting {
  /** `next` of the page before. */
  readonly after?: string | null | undefined;
  /** Default 1,000, at most 10,000. */
  readonly limit?: number | undefined;
}

/** A chat in a list, and how far the consumer has it. */
export interface ChatRow {
  readonly chatId: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  /** The last seq that the consumer has acked. */
  readonly received: number;
  /** When the newest record was ordered, ms since the epoch. */
  readonly lastAt: number;
}

/** A chat with something new for a consumer. */
export interface PendingRow extends ChatRow {
  /** Others' marks changed and were not handed over. */
  readonly marks: boolean;
}

/** A chat in which a consumer is joined. */
export interface JoinedRow extends ChatRow {
  /** The first seq of its present membership. */
  readonly joinSeq: number;
}

/** A part of a list. */
export interface Page<Row> {
  readonly chats: readonly Row[];
  /** Null at the end. */
  readonly next: string | null;
}

/** Overrides of the store's retention for one chat; what is absent keeps the store's. */
export interface ChatOptions {
  /** What makes a record leave. */
  readonly keep?: Keep | undefined;
  /** Older records leave, whoever has not received them; at least 1 minute. */
  readonly maxAge?: Duration | undefined;
  /** Younger records stay although all have them; 0, or at least 1 minute. */
  readonly keepAtLeast?: Duration | undefined;
  /**
   * The oldest records leave when the chat has more bytes in the journal, whoever has not received
   * them and whatever else keeps them, by about a sixteenth at a time; what was written before
   * there was a limit does not count. 0 for no limit, or at least 64 KiB.
   */
  readonly maxBytes?: number | undefined;
}
