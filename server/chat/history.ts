// Messages that a member, or former member, reads again: the union of his ranges and nothing else.
//
// Invariants: a page is a run of one range. Forwards it begins with the gap, if any, after what the
// client has: what retention took, or what came before the user. The head that a former member is
// told is the last seq of his. A page is bounded in messages and bytes.

import { FoqError, type Gap, type QueueRecord } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  type MemberRange,
  RecordView,
  type ReplyOf,
} from '../../protocol/wire/index.js';
import { type KnownMember, requireReader } from './membership.js';
import { chatNotFound } from './refusals.js';
import type { Caller, ChatContext, Handler } from './types.js';

type History = CommandOf<'history'>;

const LIMIT_DEFAULT = 50;

interface Page {
  readonly records: readonly QueueRecord[];
  readonly gap?: Gap | undefined;
}

/** What there is for this reader. */
interface Reading {
  readonly chatId: string;
  readonly ranges: readonly MemberRange[];
  readonly headSeq: number;
  readonly limit: number;
  readonly bytesMax: number;
}

/** FOQ_SEQ_OUT_OF_RANGE {headSeq} for a `since` beyond the head. `limit` is cut to `pageMax`. */
export const history: Handler<History, ReplyOf<'history'>> = async (context, caller, command) => {
  const { queue, limits } = context;
  const { chatId, since, before } = command;
  await untilThere(context, caller, command);
  const [head] = await queue.heads([chatId]);
  const reader = await requireReader(queue, chatId, caller.userId);
  if (head === undefined) throw chatNotFound();
  const { ranges } = reader.member;
  const reading: Reading = {
    chatId,
    ranges,
    headSeq: headFor(reader, head.headSeq),
    limit: Math.min(command.limit ?? LIMIT_DEFAULT, limits.pageMax),
    // JSON has a third more bytes for what is no text, and every message has fields of its own.
    bytesMax: limits.frameBytesMax / 2,
  };
  const page =
    since === undefined
      ? await backwards(context, reading, before)
      : await forwards(context, reading, since);
  const consumerId = consumerIdOf(caller);
  const { epoch } = head;
  return {
    messages: page.records.map((record) => {
      return new RecordView({ chatId, epoch, record }).for(consumerId).message;
    }),
    firstSeq: Math.max(head.firstSeq, ranges[0]?.[0] ?? 1),
    headSeq: reading.headSeq,
    epoch,
    gap: page.gap,
  };
};

/** Only members wait: nothing new comes for others. */
async function untilThere(
  { queue, patience }: ChatContext,
  { userId }: Caller,
  { chatId, minSeq = 0 }: History,
): Promise<void> {
  if (minSeq === 0 || patience === undefined) return;
  const { isMember } = await requireReader(queue, chatId, userId);
  if (!isMember) return;
  const signal = patience();
  try {
    await queue.waitFor(chatId, minSeq, { signal });
  } catch (error) {
    // Then it is answered with what there is.
    if (!signal.aborted) throw error;
  }
}

function headFor({ member, isMember }: KnownMember, headSeq: number): number {
  return isMember ? headSeq : (member.ranges.at(-1)?.[1] ?? 0);
}

async function forwards(
  { queue }: ChatContext,
  { chatId, ranges, headSeq, limit, bytesMax }: Reading,
  since: number,
): Promise<Page> {
  if (since > headSeq) throw new FoqError('FOQ_SEQ_OUT_OF_RANGE', { details: { headSeq } });
  const asked = since + 1;
  const range = ranges.find(([, leaveSeq]) => asked <= (leaveSeq ?? headSeq));
  if (range === undefined) return { records: [] };
  const [joinSeq, leaveSeq] = range;
  const fromSeq = Math.max(asked, joinSeq);
  const lastSeq = leaveSeq ?? headSeq;
  const read = await queue.read(chatId, {
    fromSeq,
    limit: Math.min(limit, lastSeq - fromSeq + 1),
    maxBytes: bytesMax,
  });
  const records = read.records.filter(({ seq }) => seq <= lastSeq);
  const toSeq = Math.min(read.gap?.toSeq ?? fromSeq - 1, lastSeq);
  if (toSeq < asked) return { records };
  return { records, gap: { fromSeq: asked, toSeq, reason: read.gap?.reason ?? 'before-join' } };
}

async function backwards(
  { queue }: ChatContext,
  { chatId, ranges, headSeq, limit, bytesMax }: Reading,
  before = headSeq + 1,
): Promise<Page> {
  const upToSeq = Math.min(before - 1, headSeq);
  const range = ranges.findLast(([joinSeq]) => joinSeq <= upToSeq);
  if (range === undefined) return { records: [] };
  const [joinSeq, leaveSeq] = range;
  const end = Math.min(upToSeq, leaveSeq ?? upToSeq) + 1;
  const { records, gap } = await queue.read(chatId, {
    before: end,
    limit: Math.min(limit, end - joinSeq),
    maxBytes: bytesMax,
  });
  if (gap === undefined) return { records };
  const toSeq = Math.min(gap.toSeq, end - 1);
  return { records, gap: { fromSeq: joinSeq, toSeq, reason: gap.reason } };
}
