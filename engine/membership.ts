// Joins and leaves of one consumer in many chats.
//
// Invariant: what is forgotten is erased chat by chat; a crash in between leaves a part, and
// forgetting again takes the rest.

import type { Bulk, Joined, JoinOptions, Result, Waiting } from '../protocol/index.js';
import { invalidArgument } from './errors.js';
import * as check from './ids.js';
import type { StoreHandle } from './native-types.js';
import type { Operations } from './operations.js';
import { signalOf, unknownOutcome } from './waiting.js';

/** Chats of one round of forgetting. */
const PAGE_ROWS = 1000;
/** Rounds; more would need a billion chats, or somebody who joins all the while. */
const PAGES_MAX = 1_000_000;

export interface ManyJoins {
  readonly consumerId: string;
  readonly chats: readonly { readonly chatId: string; readonly at?: JoinOptions['at'] }[];
  readonly options: Waiting;
}

/** One result per chat, in order. Throws FOQ_INVALID_ARGUMENT before anything is submitted. */
export async function joinMany(
  bulk: Bulk,
  { consumerId, chats, options }: ManyJoins,
): Promise<Result<Joined>[]> {
  check.checkConsumerId(consumerId);
  if (!Array.isArray(chats)) throw invalidArgument('chats', 'an array of {chatId, at}', chats);
  for (const chat of chats as readonly unknown[]) check.checkObject(chat, 'each of chats');
  for (const { chatId, at } of chats) bulk.join(chatId, consumerId, { at });
  return (await bulk.commit(options)) as Result<Joined>[];
}

export interface Forgetting {
  readonly store: Pick<StoreHandle, 'chatsOf'>;
  readonly operations: Pick<Operations, 'forget'>;
  /** Resolves when everything submitted before can be seen. */
  readonly settled: () => Promise<void>;
}

/** Ends when the consumer has no cursor in any chat, also no closing one. */
export async function forget(
  { store, operations, settled }: Forgetting,
  consumerId: string,
  options: Waiting,
): Promise<void> {
  check.checkConsumerId(consumerId);
  const signal = signalOf(options);
  const isAborted = () => signal?.aborted === true;
  if (isAborted()) throw signal?.reason;
  await settled();
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const request = { after: undefined, limit: PAGE_ROWS, closing: true };
    const { rows } = await store.chatsOf(consumerId, request);
    if (rows.length === 0) return;
    if (isAborted()) throw page === 0 ? signal?.reason : unknownOutcome(signal?.reason);
    await Promise.all(rows.map(({ chatId }) => operations.forget(chatId, consumerId)));
  }
}
