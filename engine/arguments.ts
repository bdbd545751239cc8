// Judges the arguments that only one or two operations have. Every failure is FOQ_INVALID_ARGUMENT
// and names the argument and what it takes.

import { didYouMean, type JoinOptions, type Keep } from '../protocol/index.js';
import { durationMs } from './durations.js';
import { invalidArgument, tooLarge } from './errors.js';
import * as check from './ids.js';

const RANGES_MAX = 1000;
const AGE_MIN_MS = 60_000;
const MAX_BYTES_MIN = 64 * 1024;
const CONFIGURABLE = ['keep', 'maxAge', 'keepAtLeast', 'maxBytes'];
const KEEPS = ['until-received', 'window', 'forever'] as const;

export function checkMarks(chatId: unknown, consumerId: unknown, marks: unknown): void {
  check.checkChatId(chatId);
  check.checkConsumerId(consumerId);
  check.checkObject(marks, 'marks');
  const { received, delivered, read } = marks as Readonly<Record<string, unknown>>;
  if (received === undefined && delivered === undefined && read === undefined) {
    throw invalidArgument('marks', 'at least one of received, delivered and read');
  }
  if (received !== undefined) check.checkCount(received, 'received');
  if (delivered !== undefined) check.checkCount(delivered, 'delivered');
  if (read !== undefined) check.checkCount(read, 'read');
}

export function checkJoinAt(options: unknown): NonNullable<JoinOptions['at']> {
  check.checkObject(options, 'the options of join');
  const { at = 'head' } = options as { readonly at?: unknown };
  if (at === 'head' || at === 'first') return at;
  if (Number.isSafeInteger(at) && Number(at) >= 1) return Number(at);
  throw invalidArgument('at', "'head', 'first' or a seq", at);
}

/** In the units of the store. */
export function checkConfiguration(options: unknown): {
  keep: Keep | undefined;
  maxAgeMs: number | undefined;
  keepAtLeastMs: number | undefined;
  maxBytes: number | undefined;
} {
  check.checkObject(options, 'the options of configure');
  for (const name of Object.keys(options)) {
    if (CONFIGURABLE.includes(name) || name === 'signal') continue;
    const meant = didYouMean(name, CONFIGURABLE);
    throw invalidArgument(name, `absent: configure has no such option${meant}`);
  }
  const { keep, maxAge, keepAtLeast, maxBytes } = options as Readonly<Record<string, unknown>>;
  const known = KEEPS.find((word) => word === keep);
  if (keep !== undefined && known === undefined) {
    throw invalidArgument('keep', KEEPS.join(', '), keep);
  }
  const maxAgeMs = maxAge === undefined ? undefined : durationMs(maxAge, 'maxAge');
  if (maxAgeMs !== undefined && maxAgeMs < AGE_MIN_MS) {
    throw invalidArgument('maxAge', 'at least 1 minute', maxAge);
  }
  const least = keepAtLeast === undefined ? undefined : durationMs(keepAtLeast, 'keepAtLeast');
  if (least !== undefined && least !== 0 && least < AGE_MIN_MS) {
    throw invalidArgument('keepAtLeast', '0, or at least 1 minute', keepAtLeast);
  }
  const limit = maxBytes === undefined ? undefined : checkMaxBytes(maxBytes);
  return { keep: known, maxAgeMs, keepAtLeastMs: least, maxBytes: limit };
}

/** What a chat may have in the journal; 0 is no limit. */
export function checkMaxBytes(given: unknown): number {
  const fits = typeof given === 'number' && Number.isSafeInteger(given);
  if (fits && (given === 0 || given >= MAX_BYTES_MIN)) return given;
  throw invalidArgument('maxBytes', '0, or at least 64 KiB', given);
}

/** Pairs of seqs, each inclusive. */
export function checkRanges(ranges: unknown): void {
  const takes = `1 to ${RANGES_MAX} pairs [fromSeq, toSeq]`;
  if (!Array.isArray(ranges)) throw invalidArgument('ranges', takes, ranges);
  if (ranges.length === 0) throw invalidArgument('ranges', takes, ranges);
  if (ranges.length > RANGES_MAX) throw tooLarge('ranges', { takes, limit: RANGES_MAX });
  for (const range of ranges as readonly unknown[]) {
    if (!Array.isArray(range) || range.length !== 2) throw invalidArgument('ranges', takes, range);
    const [fromSeq, toSeq] = range as readonly unknown[];
    check.checkSeq(fromSeq, 'fromSeq');
    check.checkSeq(toSeq, 'toSeq');
    if (fromSeq > toSeq) throw invalidArgument('fromSeq', 'at most toSeq', fromSeq);
  }
}
