// A chat as its members see it. A former member sees none: his history is all he has.

import { type CommandOf, membershipView, type ReplyOf } from '../../protocol/wire/index.js';
import { requireMember } from './membership.js';
import { chatNotFound } from './refusals.js';
import type { Handler } from './types.js';

export const getChat: Handler<CommandOf<'getChat'>, ReplyOf<'getChat'>> = async (
  { queue },
  { userId },
  { chatId },
) => {
  const known = await requireMember(queue, chatId, userId);
  const [head] = await queue.heads([chatId]);
  if (head === undefined) throw chatNotFound();
  const { roster, guard, firstSeq, headSeq, epoch } = head;
  const membership = membershipView(known.membership);
  const pinnedSeq = known.seq;
  return { chat: { chatId, ...membership, roster, guard, pinnedSeq, firstSeq, headSeq, epoch } };
};
