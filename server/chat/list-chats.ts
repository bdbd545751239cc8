// The chats that a device is joined in, page by page.

import type { JoinedRow } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  type PartOf,
  type ReplyOf,
} from '../../protocol/wire/index.js';
import { isChatLayerId } from './chat-ids.js';
import { inParts } from './in-parts.js';
import { requireMember } from './membership.js';
import { hasCode } from './refusals.js';
import type { Caller, ChatContext, Handler } from './types.js';

const LIMIT_DEFAULT = 50;

/** `limit` is cut to `pageMax`. A page may have fewer chats and not be the last. */
export const listChats: Handler<CommandOf<'listChats'>, ReplyOf<'listChats'>> = async (
  context,
  caller,
  { after, limit = LIMIT_DEFAULT },
) => {
  const page = await context.queue.chatsOf(consumerIdOf(caller), {
    after,
    limit: Math.min(limit, context.limits.pageMax),
  });
  const rows = page.chats.filter(({ chatId }) => isChatLayerId(chatId));
  const chats = await inParts(rows, (row) => summaryOf(context, caller, row));
  return { chats: chats.flatMap((summary) => summary ?? []), next: page.next };
};

/** Undefined when the user was removed meanwhile. */
async function summaryOf(
  { queue }: ChatContext,
  { userId }: Caller,
  { chatId, firstSeq, headSeq, received, lastAt }: JoinedRow,
): Promise<PartOf<'ChatSummary'> | undefined> {
  try {
    const { membership } = await requireMember(queue, chatId, userId);
    const { type, name } = membership;
    return { chatId, type, name, firstSeq, headSeq, received, lastAt };
  } catch (error) {
    if (hasCode(error, 'FOQ_CHAT_NOT_FOUND')) return undefined;
    throw error;
  }
}
