// The one table of errors: for the library, the wire, REST and the docs. A code never changes its
// meaning; a new failure gets a new row.

/** A caller may repeat as is, repeat later, repeat after changing something, or gives up. */
export type Retry = 'same' | 'later' | 'after-change' | 'never';

interface Row {
  /** `code` of an error on the wire, where `name` is the code without FOQ_. */
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

/**
 * By code; sorted by number. Details of an error are named in `text`, in braces. Below 1400 it is
 * our side that failed, from 1400 on the command must change, 1500 and above need an operator.
 */
export const ERRORS = {
  FOQ_INTERNAL: row(1000, 500, 'later', 'A mistake of ours; the log has it.'),
  FOQ_UNAVAILABLE: row(
    1001,
    503,
    'later',
    'The disk, the directory or the mode does not allow it.',
  ),
  FOQ_UNKNOWN_OUTCOME: row(
    1002,
    504,
    'same',
    'Given up while under way: it may or may not have happened. Repeat only what has a dedupKey.',
  ),
  FOQ_BUSY: row(1003, 429, 'later', 'A bounded queue is full.'),
  FOQ_NOT_LEADER: row(1004, 503, 'later', 'Another node leads this shard.'),
  FOQ_FENCED: row(1005, 409, 'never', 'A newer session of this consumer took over.'),
  FOQ_POISONED: row(1006, 503, 'never', 'A write or sync failed; reads go on; open anew.'),
  FOQ_CORRUPT: row(
    1007,
    500,
    'never',
    'Bytes that were durable are wrong: {file}, {from} to {to}.',
  ),
  FOQ_CLOSED: row(1008, 503, 'never', 'The queue, the store or the consumer was closed.'),
  FOQ_LOCKED: row(1009, 503, 'later', 'Another process has the store, {pid}.'),
  FOQ_VERSION: row(1010, 505, 'never', 'Format {found} is newer than {supported}.'),
  FOQ_INVALID_ARGUMENT: row(1400, 400, 'after-change', 'An argument that no store could take.'),
  FOQ_UNAUTHORIZED: row(
    1401,
    401,
    'after-change',
    'The token is missing, wrong, expired or revoked.',
  ),
  FOQ_FORBIDDEN: row(1403, 403, 'never', 'The token is good, and does not allow this.'),
  FOQ_UNKNOWN_COMMAND: row(1404, 404, 'never', 'This server knows no such command, {t}.'),
  FOQ_CHAT_NOT_FOUND: row(1405, 404, 'after-change', 'The chat was never seen.'),
  FOQ_NOT_JOINED: row(1406, 403, 'after-change', 'The consumer is not joined in this chat.'),
  FOQ_MESSAGE_NOT_FOUND: row(1407, 404, 'never', 'The chat has no such message.'),
  FOQ_USER_NOT_FOUND: row(1408, 404, 'after-change', 'There is no such user: {userIds}.'),
  FOQ_DEDUP_CONFLICT: row(1409, 409, 'never', 'The dedupKey was used for another payload, {seq}.'),
  FOQ_ROSTER_STALE: row(1410, 409, 'after-change', 'The roster is {roster}.'),
  FOQ_DEVICE_NOT_FOUND: row(1411, 404, 'after-change', 'There is no such device: {deviceIds}.'),
  FOQ_GUARD_CONFLICT: row(1412, 409, 'after-change', 'The guard is {current}, the head {headSeq}.'),
  FOQ_TOO_LARGE: row(1413, 413, 'after-change', 'Over a limit, {limit}.'),
  FOQ_GROUP_FULL: row(
    1414,
    409,
    'after-change',
    'The chat has as many members as it may, {limit}.',
  ),
  FOQ_ATTACHMENT_NOT_READY: row(1415, 409, 'later', 'Not uploaded whole yet: {attachmentIds}.'),
  FOQ_ATTACHMENT_MISMATCH: row(
    1416,
    422,
    'after-change',
    'What was uploaded is not what was announced, or belongs to another chat: {attachmentIds}.',
  ),
  FOQ_SEQ_OUT_OF_RANGE: row(1417, 416, 'after-change', 'The seq is beyond the head {headSeq}.'),
  FOQ_KEYS_EXHAUSTED: row(1418, 409, 'later', 'The device has no keys left to hand out.'),
  FOQ_HEAD_CONFLICT: row(1419, 409, 'after-change', 'The head is {headSeq}.'),
  FOQ_EPOCH: row(1420, 409, 'after-change', 'The history is another one, {epoch}.'),
  FOQ_RATE_LIMITED: row(1429, 429, 'later', 'More often than is allowed.'),
  FOQ_DISK_FULL: row(1507, 507, 'later', 'Too little free disk: {freeBytes} of {neededBytes}.'),
} as const satisfies Readonly<Record<string, Row>>;

/** Which failure; docs/errors.md explains each. */
export type ErrorCode = keyof typeof ERRORS;

/** Lists hold ids: what was missing, not found or too much. */
export type ErrorDetails = Readonly<Record<string, number | string | readonly string[]>>;

/** Every failure that FOQ reports. Nothing is acked on one, and nothing acked is lost by one. */
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
    super(message ?? told(code, details), cause === undefined ? undefined : { cause });
    this.name = 'FoqError';
    this.code = code;
    this.retry = ERRORS[code].retry;
    this.details = details;
  }
}

/** The text of the table, with the details that there are. */
function told(code: ErrorCode, details: ErrorDetails): string {
  return ERRORS[code].text.replaceAll(/\{(\w+)\}/g, (braced, name: string) => {
    return Object.hasOwn(details, name) ? String(details[name]) : braced;
  });
}

/** Whether this version knows the code. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The name on the wire: the code without FOQ_. */
export function errorName(code: ErrorCode): string {
  return code.slice('FOQ_'.length);
}

const codes = Object.keys(ERRORS) as readonly ErrorCode[];
const byNumber: ReadonlyMap<number, ErrorCode> = new Map(
  codes.map((code) => [ERRORS[code].number, code]),
);

/** The code of a number on the wire; undefined for one that only a newer server knows. */
export function errorCodeOf(number: number): ErrorCode | undefined {
  return byNumber.get(number);
}
