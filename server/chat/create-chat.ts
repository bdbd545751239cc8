// A chat begins with its membership record, which nobody else may have written before: the append
// is on condition of an empty chat, and a conflict is answered with the chat that is there.
//
// Invariant: the record, and the joins of all devices of all members, are one append.

import { FoqError } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  encodeStored,
  type Membership,
  type ReplyOf,
  STORED_KINDS,
} from '../../protocol/wire/index.js';
import { directChatId, groupChatId } from './chat-ids.js';
import { consumersOf, settleAddition } from './member-devices.js';
import { loadMembership, requireMember } from './membership.js';
import { hasCode, invalid } from './refusals.js';
import type { Caller, ChatContext, Handler } from './types.js';

type CreateChat = CommandOf<'createChat'>;

interface Plan {
  readonly chatId: string;
  readonly userIds: readonly string[];
  readonly membership: Membership;
}

/** FOQ_USER_NOT_FOUND {userIds} for one who is unknown; FOQ_GROUP_FULL {limit}. */
export const createChat: Handler<CreateChat, ReplyOf<'createChat'>> = async (
  context,
  caller,
  command,
) => {
  const plan = planOf(context, caller, command);
  await checkUsers(context, plan.userIds);
  const consumers = await consumersOf(context.directory, plan.userIds);
  checkDevices(context, { caller, consumers, isE2ee: plan.membership.e2ee });
  return (
    (await begun(context, caller, { ...plan, consumers, ifHead: 0 })) ??
    (await existing(context, caller, plan.chatId)) ??
    // The chat was deleted: its seqs go on.
    (await begun(context, caller, { ...plan, consumers, ifHead: await headOf(context, plan) })) ?? {
      chatId: plan.chatId,
      seq: (await requireMember(context.queue, plan.chatId, caller.userId)).seq,
      created: false,
    }
  );
};

function planOf(context: ChatContext, { userId }: Caller, command: CreateChat): Plan {
  const { name, clientChatId, e2ee = false } = command;
  const userIds = [...new Set([userId, ...command.participants])];
  const isPair = userIds.length === 2;
  const type = command.type ?? (isPair && name === undefined ? 'direct' : 'group');
  const { participantsMax } = context.limits;
  if (userIds.length > participantsMax) {
    throw new FoqError('FOQ_GROUP_FULL', { details: { limit: participantsMax } });
  }
  const membership: Membership = {
    type,
    name,
    createdAt: context.now(),
    createdBy: userId,
    e2ee,
    members: userIds.map((id) => {
      // A direct chat belongs to both of its users.
      const role = id === userId || type === 'direct' ? 'owner' : 'member';
      return { userId: id, role, ranges: [[0, null]] };
    }),
  };
  if (type === 'direct') {
    if (!isPair) throw invalid('participants', 'must be exactly one other user in a direct chat');
    if (name !== undefined) throw invalid('name', 'is for groups; a direct chat has none');
    return { chatId: directChatId(context.key, userIds), userIds, membership };
  }
  if (clientChatId === undefined) throw invalid('clientChatId', 'is missing: a group needs it');
  const chatId = groupChatId(context.key, { creator: userId, clientChatId });
  return { chatId, userIds, membership };
}

export async function checkUsers(
  { directory }: Pick<ChatContext, 'directory'>,
  userIds: readonly string[],
): Promise<void> {
  const known = new Set((await directory.users(userIds)).map(({ userId }) => userId));
  const unknown = userIds.filter((userId) => !known.has(userId));
  if (unknown.length === 0) return;
  throw new FoqError('FOQ_USER_NOT_FOUND', { details: { userIds: unknown } });
}

function checkDevices(
  { limits }: ChatContext,
  given: { caller: Caller; consumers: readonly string[]; isE2ee: boolean },
): void {
  const own = consumerIdOf(given.caller);
  if (!given.consumers.includes(own)) {
    const details = { deviceIds: [given.caller.deviceId] };
    throw new FoqError('FOQ_DEVICE_NOT_FOUND', { details });
  }
  if (given.isE2ee) checkE2eeDevices(given.consumers, limits.devicesE2eeMax);
}

/** FOQ_TOO_LARGE {limit} where a user has more devices than an encrypted chat takes. */
export function checkE2eeDevices(consumers: readonly string[], devicesMax: number): void {
  const counts = new Map<string, number>();
  for (const consumerId of consumers) {
    const [userId = ''] = consumerId.split('/');
    const count = (counts.get(userId) ?? 0) + 1;
    counts.set(userId, count);
    if (count > devicesMax) {
      throw new FoqError('FOQ_TOO_LARGE', { details: { limit: 'devicesE2eeMax' } });
    }
  }
}

/** Undefined when the head is another. */
async function begun(
  { queue, directory }: ChatContext,
  caller: Caller,
  begin: Plan & { readonly consumers: readonly string[]; readonly ifHead: number },
): Promise<ReplyOf<'createChat'> | undefined> {
  const { chatId, userIds, membership, consumers, ifHead } = begin;
  const payload = encodeStored({ kind: 'membership', header: { membership } });
  try {
    const { seq } = await queue.append(chatId, payload, {
      as: consumerIdOf(caller),
      ifHead,
      join: consumers,
      pin: true,
      kind: STORED_KINDS.membership,
    });
    const addition = { chatId, seq, userIds, joined: consumers };
    await settleAddition({ queue, directory }, addition);
    return { chatId, seq, created: true };
  } catch (error) {
    if (hasCode(error, 'FOQ_HEAD_CONFLICT')) return undefined;
    throw error;
  }
}

/** Undefined when the chat has no membership: it was deleted. */
async function existing(
  { queue }: ChatContext,
  { userId }: Caller,
  chatId: string,
): Promise<ReplyOf<'createChat'> | undefined> {
  if ((await loadMembership(queue, chatId)) === undefined) return undefined;
  const { seq } = await requireMember(queue, chatId, userId);
  return { chatId, seq, created: false };
}

async function headOf({ queue }: ChatContext, { chatId }: Plan): Promise<number> {
  const [head] = await queue.heads([chatId]);
  return head?.headSeq ?? 0;
}
