// What a device missed: its chats with news, most recent first, and what became of the seqs that
// it says it has.
//
// Invariants: what is answered is of chats that the device is joined in, or is still closing. A
// seq that the device has beyond its cursor counts as RECEIVED; one below changes nothing, and the
// chat is listed, so that the device sees what it lacks and asks for `history`.

import type { CursorView, Head, PendingRow } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  type EventOf,
  eventOf,
  type PartOf,
  type ReplyOf,
} from '../../protocol/wire/index.js';
import { ownerMarks } from '../receipts/index.js';
import { isChatLayerId, isDirectChatId } from './chat-ids.js';
import { inParts } from './in-parts.js';
import { withPreviews } from './previews.js';
import { hasCode } from './refusals.js';
import { userOf } from './stand-ins.js';
import type { Caller, ChatContext, Handler } from './types.js';

type KnownSeq = PartOf<'KnownSeq'>;
type ChatNews = PartOf<'ChatNews'>;

const LIMIT_DEFAULT = 50;

export interface Synced {
  readonly reply: ReplyOf<'syncState'>;
  /** To be sent after the reply, before the stream. */
  readonly events: readonly EventOf<'epochChanged'>[];
}

/** `limit` is cut to `syncChatsMax`. The stream may begin once the first page is answered. */
export const syncState: Handler<CommandOf<'syncState'>, Synced> = async (
  context,
  caller,
  { lastKnownSeqPerChat = [], after, limit = LIMIT_DEFAULT },
) => {
  const { queue, limits } = context;
  const consumerId = consumerIdOf(caller);
  const compared = await comparedAll(context, consumerId, lastKnownSeqPerChat);
  const page = await queue.pending(consumerId, {
    after,
    limit: Math.min(limit, limits.syncChatsMax),
  });
  const pending = page.chats.filter(({ chatId }) => isChatLayerId(chatId));
  const listed = new Set(pending.map(({ chatId }) => chatId));
  const lacking = compared.flatMap(({ behind }) => behind ?? []);
  const rows = [...pending, ...lacking.filter(({ chatId }) => !listed.has(chatId))];
  const chats = await newsOf(context, caller, rows.slice(0, limits.syncChatsMax));
  return {
    reply: { chats, next: page.next },
    events: compared.flatMap(({ event }) => event ?? []),
  };
};

type Row = Pick<PendingRow, 'chatId' | 'received'>;

interface Compared {
  readonly event?: EventOf<'epochChanged'>;
  readonly behind?: Row;
}

async function comparedAll(
  { queue }: ChatContext,
  consumerId: string,
  known: readonly KnownSeq[],
): Promise<Compared[]> {
  const ours = known.filter(({ chatId }) => isChatLayerId(chatId));
  if (ours.length === 0) return [];
  const heads = await queue.heads(ours.map(({ chatId }) => chatId));
  const byChat = new Map(heads.map((head) => [head.chatId, head]));
  return await inParts(ours, async (has) => {
    const cursors = await queue.cursors(has.chatId);
    const cursor = cursors.find((one) => one.consumerId === consumerId);
    const head = byChat.get(has.chatId);
    if (cursor === undefined || head === undefined) return {};
    return await compare({ queue }, { has, head, cursor });
  });
}

async function compare(
  { queue }: Pick<ChatContext, 'queue'>,
  { has, head, cursor }: { has: KnownSeq; head: Head; cursor: CursorView },
): Promise<Compared> {
  const { chatId, firstSeq, epoch } = head;
  // One who is leaving knows the chat up to his own removal.
  const headSeq = cursor.leaveSeq ?? head.headSeq;
  if (has.epoch !== epoch || has.seq > headSeq) {
    return { event: eventOf('epochChanged', { chatId, epoch, firstSeq, headSeq }) };
  }
  if (has.seq < cursor.received) return { behind: { chatId, received: cursor.received } };
  if (has.seq > cursor.received) {
    try {
      await queue.ack(chatId, cursor.consumerId, { received: has.seq });
    } catch (error) {
      // Removed meanwhile.
      if (!hasCode(error, 'FOQ_NOT_JOINED')) throw error;
    }
  }
  return {};
}

async function newsOf(
  context: ChatContext,
  caller: Caller,
  rows: readonly Row[],
): Promise<ChatNews[]> {
  const { queue } = context;
  if (rows.length === 0) return [];
  const heads = await queue.heads(rows.map(({ chatId }) => chatId));
  const byChat = new Map(heads.map((head) => [head.chatId, head]));
  const news = await inParts(rows, async (row) => {
    const head = byChat.get(row.chatId);
    if (head === undefined) return undefined;
    return chatNews(caller, { row, head, cursors: await queue.cursors(row.chatId) });
  });
  const listed = news.flatMap((one) => one ?? []);
  return await withPreviews(context, caller, listed);
}

/** Undefined where the device is gone from the chat meanwhile. */
function chatNews(
  caller: Caller,
  { row, head, cursors }: { row: Row; head: Head; cursors: readonly CursorView[] },
): ChatNews | undefined {
  const { chatId, firstSeq, epoch, roster } = head;
  const consumerId = consumerIdOf(caller);
  const own = cursors.find((cursor) => cursor.consumerId === consumerId);
  if (own === undefined) return undefined;
  const isLeaving = own.leaveSeq !== undefined;
  const headSeq = own.leaveSeq ?? head.headSeq;
  const marks = ownerMarks(cursors);
  const ownMark = marks.get(caller.userId);
  const read = Math.max(ownMark?.read ?? 0, own.read);
  const ofUser = cursors.filter((cursor) => userOf(cursor.consumerId) === caller.userId);
  const joinSeq = Math.min(...ofUser.map((cursor) => cursor.joinSeq));
  // Groups have too many to send unasked: getReceipts has them.
  const told = isDirectChatId(chatId) ? [...marks.values()] : [ownMark].flatMap((one) => one ?? []);
  return {
    chatId,
    headSeq,
    firstSeq,
    epoch,
    roster: isLeaving ? 0 : roster,
    received: Math.max(row.received, own.received),
    read,
    unread: Math.max(0, headSeq - Math.max(read, firstSeq - 1, joinSeq - 1)),
    marks: isLeaving ? [] : told,
  };
}
