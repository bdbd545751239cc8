// How far a device has received, or its user has read. RECEIVED frees what is kept for the device,
// so it is believed only up to what this session was sent without a hole; DELIVERED and READ are
// marks and free nothing.

import { type CursorView, FoqError } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  parseMessageId,
  type ReplyOf,
} from '../../protocol/wire/index.js';
import { requireMember } from './membership.js';
import { chatNotFound, checkChat, hasCode, invalid, isJoined } from './refusals.js';
import type { Caller, ChatContext, Handler } from './types.js';

type MessageAck = CommandOf<'messageAck'>;

/** FOQ_SEQ_OUT_OF_RANGE {sentUpTo} for RECEIVED, {headSeq} for the marks. */
export const messageAck: Handler<MessageAck, ReplyOf<'messageAck'>> = async (
  context,
  caller,
  command,
) => {
  const { chatId, status } = command;
  checkChat(chatId);
  const upToSeq = upToSeqOf(command);
  if (status === 'RECEIVED') await received(context, caller, { chatId, upToSeq });
  else if (status === 'READ') await mark(context, caller, { chatId, marks: { read: upToSeq } });
  else await mark(context, caller, { chatId, marks: { delivered: upToSeq } });
  return {};
};

function upToSeqOf({ chatId, messageId, upToSeq }: MessageAck): number {
  if (upToSeq !== undefined) return upToSeq;
  const named = messageId === undefined ? undefined : parseMessageId(messageId);
  if (named?.chatId !== chatId) throw invalid('messageId', 'must be of this chat');
  return named.seq;
}

async function received(
  { queue }: ChatContext,
  caller: Caller,
  { chatId, upToSeq }: { chatId: string; upToSeq: number },
): Promise<void> {
  const sentUpTo = caller.stream?.sentUpTo(chatId) ?? 0;
  if (upToSeq <= sentUpTo) {
    caller.stream?.received(chatId, upToSeq);
    return;
  }
  const cursor = await ownCursor({ queue }, caller, chatId);
  // What it has acked before, or sent itself, it may say again.
  if (cursor !== undefined && upToSeq <= cursor.received) return;
  await requireMember(queue, chatId, caller.userId);
  const message = `This session was sent the chat up to ${sentUpTo}.`;
  throw new FoqError('FOQ_SEQ_OUT_OF_RANGE', { message, details: { sentUpTo } });
}

async function mark(
  { queue }: ChatContext,
  caller: Caller,
  {
    chatId,
    marks,
  }: { chatId: string; marks: { readonly read?: number; readonly delivered?: number } },
): Promise<void> {
  // The cursor of one who left may still be there, and would take marks.
  const cursor = await ownCursor({ queue }, caller, chatId);
  if (cursor === undefined || !isJoined(cursor)) throw chatNotFound();
  try {
    await queue.ack(chatId, consumerIdOf(caller), marks);
  } catch (error) {
    throw hasCode(error, 'FOQ_NOT_JOINED') ? chatNotFound() : error;
  }
}

async function ownCursor(
  { queue }: Pick<ChatContext, 'queue'>,
  caller: Caller,
  chatId: string,
): Promise<CursorView | undefined> {
  const consumerId = consumerIdOf(caller);
  const cursors = await queue.cursors(chatId);
  return cursors.find((cursor) => cursor.consumerId === consumerId);
}
