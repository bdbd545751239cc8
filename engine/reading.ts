// Reads of one chat: judges the range, asks the store, and shapes what it says.

import type { ReadRange, ReadResult } from '../protocol/index.js';
import { invalidArgument } from './errors.js';
import * as check from './ids.js';
import type { NativeReadFrom, ReadAnswer, ReadRequest, StoreHandle } from './native-types.js';

const LIMIT = { fallback: 1000, most: 10_000 };
const BYTES = { argument: 'maxBytes', fallback: 1024 * 1024, most: 64 * 1024 * 1024 };

/** Throws FOQ_INVALID_ARGUMENT; FOQ_SEQ_OUT_OF_RANGE comes from the store. */
export function read(
  store: Pick<StoreHandle, 'read' | 'epoch'>,
  chatId: string,
  range: ReadRange,
): ReadResult | Promise<ReadResult> {
  const { request, maxBytes } = requestOf(chatId, range);
  const answers = store.read([request], maxBytes);
  if (answers instanceof Promise) return answers.then((all) => resultOf(all[0], store.epoch));
  return resultOf(answers[0], store.epoch);
}

function requestOf(chatId: string, range: ReadRange): { request: ReadRequest; maxBytes: number } {
  check.checkChatId(chatId);
  check.checkObject(range, 'the range of read');
  const maxBytes = check.limitOf(range.maxBytes, BYTES);
  const { last } = range;
  const counted =
    last === undefined ? { argument: 'limit', ...LIMIT } : { argument: 'last', ...LIMIT };
  const limit = Math.min(
    check.limitOf(last === undefined ? range.limit : last, counted),
    check.limitOf(range.limit, { argument: 'limit', fallback: LIMIT.most, most: LIMIT.most }),
  );
  return { request: { chatId, from: fromOf(range), limit }, maxBytes };
}

function fromOf({ fromSeq, before, last }: ReadRange): NativeReadFrom {
  const given = [fromSeq, before, last].filter((bound) => bound !== undefined);
  if (given.length > 1) {
    throw invalidArgument('range', 'given by at most one of fromSeq, before and last');
  }
  if (last !== undefined) return { last: true };
  if (before !== undefined) {
    check.checkSeq(before, 'before');
    return { before };
  }
  if (fromSeq !== undefined) check.checkSeq(fromSeq, 'fromSeq');
  return { fromSeq: fromSeq ?? 1 };
}

function resultOf(answer: ReadAnswer | undefined, epoch: string): ReadResult {
  if (answer === undefined) throw new Error('the store answered no read');
  const { firstSeq, headSeq, gap, records } = answer;
  return gap === undefined
    ? { records, firstSeq, headSeq, epoch }
    : { records, firstSeq, headSeq, epoch, gap };
}
