// How far the members of a chat have received and read it; of one message its author also hears
// what became of it: DELIVERED and READ when all others have it that may read it.

import { FoqError } from '../../protocol/index.js';
import {
  type CommandOf,
  currentMembers,
  mayRead,
  type PartOf,
  type ReplyOf,
} from '../../protocol/wire/index.js';
import { ownerMarks } from '../receipts/index.js';
import { type KnownMember, requireMember } from './membership.js';
import { userOf } from './stand-ins.js';
import type { ChatContext, Handler } from './types.js';

type Reply = ReplyOf<'getReceipts'>;

/** FOQ_MESSAGE_NOT_FOUND for a seq that the caller cannot read. */
export const getReceipts: Handler<CommandOf<'getReceipts'>, Reply> = async (
  context,
  { userId },
  { chatId, seq },
) => {
  const known = await requireMember(context.queue, chatId, userId);
  const marks = ownerMarks(await context.queue.cursors(chatId));
  const users = currentMembers(known.membership).map((member) => {
    return marks.get(member.userId) ?? { userId: member.userId, delivered: 0, read: 0 };
  });
  if (seq === undefined) return { users };
  return { status: await statusOf(context, { chatId, seq, known, users }), users };
};

interface Asked {
  readonly chatId: string;
  readonly seq: number;
  readonly known: KnownMember;
  readonly users: readonly PartOf<'Mark'>[];
}

/** Undefined where the caller is not the author. */
async function statusOf(
  { queue }: ChatContext,
  { chatId, seq, known, users }: Asked,
): Promise<Reply['status']> {
  const { userId } = known.member;
  const [record] = mayRead(known.member, seq)
    ? (await queue.read(chatId, { fromSeq: seq, limit: 1 })).records
    : [];
  if (record?.seq !== seq) throw new FoqError('FOQ_MESSAGE_NOT_FOUND');
  if (userOf(record.senderId) !== userId) return undefined;
  const readers = new Set(
    currentMembers(known.membership)
      .filter((member) => member.userId !== userId && mayRead(member, seq))
      .map((member) => member.userId),
  );
  const others = users.filter((user) => readers.has(user.userId));
  if (others.length === 0) return 'SENT';
  if (others.every(({ read }) => read >= seq)) return 'READ';
  return others.every(({ delivered }) => delivered >= seq) ? 'DELIVERED' : 'SENT';
}
