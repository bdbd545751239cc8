// The one table of errors: for the library, the wire, REST and the docs. A code never changes its
// meaning; a new failure gets a new row.

/** What a caller may do: repeat as is, repeat later, repeat after changing something, or give up. */
export type Retry = 'same' | 'later' | 'after-change' | 'never';

interface Row {
  /** On the wire. */
  readonly number: number;
  /** Status of a REST answer. */
  readonly http: number;
  readonly retry: Retry;
  readonly text: string;
}

const row = (number: number, http: number, retry: Retry, text: string): Row => ({
  number,
  http,
  retry,
  text,
});

/** By code. Details of an error are plain numbers and strings, named in `text` where there are any. */
export const ERRORS = {
  FOQ_CHAT_NOT_FOUND: row(1, 404, 'after-change', 'The chat was never seen.'),
  FOQ_NOT_JOINED: row(2, 403, 'after-change', 'The consumer is not joined in this chat.'),
  FOQ_SEQ_OUT_OF_RANGE: row(3, 416, 'after-change', 'The seq is beyond the head {headSeq}.'),
  FOQ_DEDUP_CONFLICT: row(4, 409, 'never', 'The dedupKey was used for another payload, {seq}.'),
  FOQ_GUARD_CONFLICT: row(5, 409, 'after-change', 'The guard is {current}, the head {headSeq}.'),
  FOQ_HEAD_CONFLICT: row(6, 409, 'after-change', 'The head is {headSeq}.'),
  FOQ_ROSTER_STALE: row(7, 409, 'after-change', 'The roster is {roster}.'),
  FOQ_TOO_LARGE: row(8, 413, 'after-change', 'Over a limit, {limit}.'),
  FOQ_INVALID_ARGUMENT: row(9, 400, 'after-change', 'An argument that no store could take.'),
  FOQ_BUSY: row(10, 429, 'later', 'A bounded queue is full.'),
  FOQ_DISK_FULL: row(11, 507, 'later', 'Too little free disk: {freeBytes} of {neededBytes}.'),
  FOQ_POISONED: row(12, 503, 'never', 'A write or sync failed; reads go on; open anew.'),
  FOQ_CORRUPT: row(13, 500, 'never', 'Bytes that were durable are wrong: {file}, {from} to {to}.'),
  FOQ_LOCKED: row(14, 503, 'later', 'Another process has the store, {pid}.'),
  FOQ_CLOSED: row(15, 503, 'never', 'The queue, the store or the consumer was closed.'),
  FOQ_FENCED: row(16, 409, 'never', 'A newer session of this consumer took over.'),
  FOQ_EPOCH: row(17, 409, 'after-change', 'The history is another one, {epoch}.'),
  FOQ_NOT_LEADER: row(18, 503, 'later', 'Another node leads this shard.'),
  FOQ_UNAVAILABLE: row(19, 503, 'later', 'The disk, the directory or the mode does not allow it.'),
  FOQ_UNKNOWN_OUTCOME: row(
    20,
    504,
    'same',
    'Given up while under way: it may or may not have happened. Repeat only what has a dedupKey.',
  ),
  FOQ_VERSION: row(21, 505, 'never', 'Format {found} is newer than {supported}.'),
} as const satisfies Readonly<Record<string, Row>>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorDetails = Readonly<Record<string, number | string>>;

/** Every failure that FOQ reports. Nothing is acked on an error, and nothing acked is lost by one. */
export class FoqError extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  /** Fields that belong to the code, such as `headSeq` or `pid`. */
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    {
      message,
      details = {},
      cause,
    }: { message?: string | undefined; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message ?? ERRORS[code].text, cause === undefined ? undefined : { cause });
    this.name = 'FoqError';
    this.code = code;
    this.retry = ERRORS[code].retry;
    this.details = details;
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
