// Judges arguments before anything is done with them: ids, seqs, payloads, limits. Every failure
// is FOQ_INVALID_ARGUMENT (or FOQ_TOO_LARGE) and names the argument and what it takes.
//
// Invariant: what passes here can be packed, and is refused by the store only for its size or for
// the state of its chat; so one caller's mistake never fails what was submitted together with it.

import { FoqError, type Payload } from '../protocol/index.js';
import { invalidArgument } from './errors.js';

export const CHAT_ID_BYTES_MAX = 128;
const CHAT_ID = `a text of 1 to ${CHAT_ID_BYTES_MAX} bytes of UTF-8`;
/** A UTF-16 unit takes at most 3 bytes of UTF-8, so a text this short needs no counting. */
const UNITS_SURELY_SHORT = Math.floor(CHAT_ID_BYTES_MAX / 3);

const CONSUMER_ID_PATTERN = /^[A-Za-z0-9_.~:@-]{1,63}(?:\/[A-Za-z0-9_.~:@-]{1,63})?$/;
const CONSUMER_ID = 'owner or owner/name, each 1 to 63 of [A-Za-z0-9_.~:@-]';
const SEQ = 'a whole number from 1 to 2^53 - 1';
const COUNT = 'a whole number from 0 to 2^53 - 1';

export function checkChatId(chatId: unknown, argument = 'chatId'): asserts chatId is string {
  if (typeof chatId !== 'string') throw invalidArgument(argument, CHAT_ID, chatId);
  const { length } = chatId;
  if (length === 0 || (length > UNITS_SURELY_SHORT && isTooLong(chatId))) {
    throw invalidArgument(argument, CHAT_ID, chatId);
  }
  // Half a surrogate pair has no UTF-8: two such ids would become one.
  if (!chatId.isWellFormed()) throw invalidArgument(argument, `${CHAT_ID}, well-formed`);
}

function isTooLong(chatId: string): boolean {
  return Buffer.byteLength(chatId) > CHAT_ID_BYTES_MAX;
}

export function isConsumerId(id: unknown): id is string {
  return typeof id === 'string' && CONSUMER_ID_PATTERN.test(id);
}

export function checkConsumerId(id: unknown, argument = 'consumerId'): asserts id is string {
  if (!isConsumerId(id)) throw invalidArgument(argument, CONSUMER_ID, id);
}

export function checkConsumerIds(ids: unknown, argument: string): asserts ids is string[] {
  if (!Array.isArray(ids)) throw invalidArgument(argument, 'an array of consumerIds', ids);
  for (const id of ids) checkConsumerId(id, `each of ${argument}`);
}

export function checkSeq(seq: unknown, argument = 'seq'): asserts seq is number {
  if (!Number.isSafeInteger(seq) || Number(seq) < 1) throw invalidArgument(argument, SEQ, seq);
}

/** Also a seq that may be 0: "nothing yet". */
export function checkCount(count: unknown, argument: string): asserts count is number {
  if (!Number.isSafeInteger(count) || Number(count) < 0) {
    throw invalidArgument(argument, COUNT, count);
  }
}

export function checkFlag(flag: unknown, argument: string): asserts flag is boolean {
  if (typeof flag !== 'boolean') throw invalidArgument(argument, 'true or false', flag);
}

/** A whole number from 1 to `most`; `fallback` when absent. */
export function limitOf(
  limit: unknown,
  { argument, most, fallback }: { argument: string; most: number; fallback: number },
): number {
  if (limit === undefined) return fallback;
  if (Number.isSafeInteger(limit) && Number(limit) >= 1 && Number(limit) <= most) {
    return Number(limit);
  }
  throw invalidArgument(argument, `a whole number from 1 to ${most}`, limit);
}

export function checkPayload(payload: unknown, argument = 'payload'): asserts payload is Payload {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return;
  throw invalidArgument(argument, 'a text or a Uint8Array', payload);
}

/** FOQ_TOO_LARGE for a payload above `most` bytes. */
export function checkPayloadBytes(payload: Payload, most: number): void {
  // Counting the bytes of a text is left out where no text of its length could be too long.
  if (payload.length * 3 <= most) return;
  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  if (bytes <= most) return;
  const message = `the payload has ${bytes} bytes, payloadBytesMax is ${most}`;
  throw new FoqError('FOQ_TOO_LARGE', { message, details: { limit: most } });
}

/** Options are an object or left out. */
export function checkObject(value: unknown, argument: string): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalidArgument(argument, 'an object', value);
}
