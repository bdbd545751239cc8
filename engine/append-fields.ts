// The options of an append: judged, and put as the boundary takes them.
//
// Invariant: an unknown name is an error, as a misspelt `dedupKey` would be a lost guarantee.

import { type AppendFields, didYouMean, type Payload } from '../protocol/index.js';
import { invalidArgument, tooLarge } from './errors.js';
import * as check from './ids.js';
import type { PackedFields } from './native-types.js';

const ROSTER_CHANGES_MAX = 1000;
const DEDUP_KEY_BYTES_MAX = 128;
const NAMES = [
  ...['as', 'senderId', 'dedupKey', 'dedupOver', 'guard', 'ifHead', 'ifRoster', 'join', 'leave'],
  ...['pin', 'kind'],
];

const encoder = new TextEncoder();

/** Without `signal`, which is not the append's. Throws FOQ_INVALID_ARGUMENT. */
export function packedFields(options: AppendFields): PackedFields {
  check.checkObject(options, 'the options of append');
  for (const name in options) {
    if (!(NAMES.includes(name) || name === 'signal')) throw unknownName(name);
  }
  const { as, senderId, dedupKey, dedupOver, guard, ifHead, ifRoster, join, leave, pin, kind } =
    options;
  if (as !== undefined) check.checkConsumerId(as, 'as');
  if (senderId !== undefined) check.checkConsumerId(senderId, 'senderId');
  if (as !== undefined && senderId !== undefined) {
    throw invalidArgument('senderId', 'absent where `as` names the sender');
  }
  if (ifHead !== undefined) check.checkCount(ifHead, 'ifHead');
  if (ifRoster !== undefined) check.checkCount(ifRoster, 'ifRoster');
  if (guard !== undefined) checkGuard(guard);
  if (join !== undefined) checkChanges(join, 'join');
  if (leave !== undefined) checkChanges(leave, 'leave');
  if (pin !== undefined) check.checkFlag(pin, 'pin');
  if (kind !== undefined) checkKind(kind);
  const sender = as ?? senderId;
  return {
    kind,
    senderId: sender,
    isMember: as !== undefined,
    dedupKey: dedupKeyOf(dedupKey, sender),
    dedupOver: dedupOverOf(dedupOver, dedupKey),
    guard,
    ifHead,
    ifRoster,
    join,
    leave,
    pin,
  };
}

/** Whether other consumers join or leave with it: its size in the journal is theirs too. */
export function changesRoster({ join, leave }: PackedFields): boolean {
  return (join?.length ?? 0) + (leave?.length ?? 0) > 0;
}

function unknownName(name: string) {
  return invalidArgument(name, `absent: append has no such option${didYouMean(name, NAMES)}`);
}

function checkGuard(guard: unknown): void {
  check.checkObject(guard, 'guard');
  const { expected, next } = guard as { expected?: unknown; next?: unknown };
  check.checkCount(expected, 'guard.expected');
  check.checkCount(next, 'guard.next');
}

function checkChanges(ids: unknown, argument: string): void {
  check.checkConsumerIds(ids, argument);
  if (ids.length <= ROSTER_CHANGES_MAX) return;
  const limit = ROSTER_CHANGES_MAX;
  throw tooLarge(argument, { takes: `at most ${limit} consumerIds`, limit });
}

function checkKind(kind: unknown): void {
  if (Number.isInteger(kind) && Number(kind) >= 0 && Number(kind) <= 255) return;
  throw invalidArgument('kind', 'one byte, a whole number from 0 to 255', kind);
}

function dedupKeyOf(key: Payload | undefined, sender: string | undefined): Uint8Array | undefined {
  if (key === undefined) return undefined;
  check.checkPayload(key, 'dedupKey');
  const bytes = bytesOf(key);
  if (bytes.length > DEDUP_KEY_BYTES_MAX) {
    const limit = DEDUP_KEY_BYTES_MAX;
    throw tooLarge('dedupKey', { takes: `at most ${limit} bytes`, limit });
  }
  if (sender === undefined) throw invalidArgument('dedupKey', 'with `as` or `senderId`');
  return bytes;
}

function dedupOverOf(over: Payload | undefined, key: Payload | undefined): Uint8Array | undefined {
  if (over === undefined) return undefined;
  check.checkPayload(over, 'dedupOver');
  if (key === undefined) throw invalidArgument('dedupOver', 'with a `dedupKey`');
  return bytesOf(over);
}

function bytesOf(given: Payload): Uint8Array {
  return typeof given === 'string' ? encoder.encode(given) : given;
}
