// Looks at a chat without changing it: heads, cursors, the pinned record, and why a record stays.

import type { CursorView, Head, QueueRecord, Why } from '../protocol/index.js';
import { FoqError } from '../protocol/index.js';
import { invalidArgument } from './errors.js';
import * as check from './ids.js';
import type { ReadAnswer, StoreHandle } from './native-types.js';
import type { CheckedOptions } from './options.js';
import { viewOf, whyOf } from './why.js';

/** In the order asked. Throws FOQ_INVALID_ARGUMENT. */
export async function headsOf(
  store: Pick<StoreHandle, 'heads' | 'epoch'>,
  chatIds: unknown,
): Promise<Head[]> {
  if (!Array.isArray(chatIds)) throw invalidArgument('chatIds', 'an array of chatIds', chatIds);
  const ids: string[] = [];
  for (const chatId of chatIds as readonly unknown[]) {
    check.checkChatId(chatId, 'each of chatIds');
    ids.push(chatId);
  }
  const { epoch } = store;
  const heads = await store.heads(ids);
  return heads.map(({ firstSeq, headSeq, lastAt, guard, roster }, index) => {
    return { chatId: ids[index] ?? '', firstSeq, headSeq, lastAt, guard, roster, epoch };
  });
}

export async function cursorsOf(
  store: Pick<StoreHandle, 'cursors'>,
  chatId: string,
): Promise<CursorView[]> {
  check.checkChatId(chatId);
  return (await store.cursors(chatId)).map(viewOf);
}

export async function pinnedOf(
  store: Pick<StoreHandle, 'pinned'>,
  chatId: string,
): Promise<QueueRecord | null> {
  check.checkChatId(chatId);
  return (await store.pinned(chatId)) ?? null;
}

export async function whyHeld(
  store: StoreHandle,
  { chatId, seq, options }: { chatId: string; seq: number; options: CheckedOptions },
): Promise<Why> {
  check.checkChatId(chatId);
  check.checkSeq(seq);
  const [head] = await store.heads([chatId]);
  const { firstSeq, headSeq } = head ?? { firstSeq: 1, headSeq: 0 };
  const [cursors, pinned] = await Promise.all([store.cursors(chatId), store.pinned(chatId)]);
  const own = await store.chatOptions(chatId);
  const answer = pinned?.seq === seq ? undefined : await answerAt(store, { chatId, seq, headSeq });
  return whyOf({
    chatId,
    seq,
    firstSeq,
    headSeq,
    cursors,
    keep: own.keep ?? options.keep,
    maxAgeMs: own.maxAgeMs ?? options.maxAgeMs,
    maxBytes: own.maxBytes ?? options.maxBytes,
    record: pinned?.seq === seq ? pinned : answer?.records.find((record) => record.seq === seq),
    isDamaged: answer?.gap?.reason === 'damaged' && answer.gap.toSeq >= seq,
    pinnedSeq: pinned?.seq,
  });
}

async function answerAt(
  store: Pick<StoreHandle, 'read'>,
  { chatId, seq, headSeq }: { chatId: string; seq: number; headSeq: number },
): Promise<ReadAnswer | undefined> {
  if (seq > headSeq) return undefined;
  const [answer] = await store.read([{ chatId, from: { fromSeq: seq }, limit: 1 }], 1);
  return answer;
}

/** FOQ_NOT_JOINED says so when the arguments were swapped; any other failure stays as it is. */
export async function explained(
  error: unknown,
  { store, chatId, consumerId }: { store: StoreHandle; chatId: string; consumerId: string },
): Promise<unknown> {
  if (!(error instanceof FoqError) || error.code !== 'FOQ_NOT_JOINED') return error;
  if (!check.isConsumerId(chatId)) return error;
  const reverse = await store.cursors(consumerId).catch(() => []);
  if (!reverse.some((cursor) => cursor.consumerId === chatId)) return error;
  const message =
    `${error.message}; arguments swapped? ` +
    `The consumer ${chatId} is joined in the chat ${consumerId}.`;
  return new FoqError('FOQ_NOT_JOINED', { message, details: error.details, cause: error });
}
