// A chat changes: who is a member, in which role, its name. The new membership record, and joins
// and leaves of all devices, are one append, on condition that nothing was written since what it
// was made of was read.
//
// Invariants: a repeat of what is so writes nothing, unless it carries a message or a guard, which
// must get its place in the order or be refused. No change is lost under another.

import { FoqError, type Head } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  dedupBytesOf,
  encodeStored,
  type ReplyOf,
  STORED_KINDS,
} from '../../protocol/wire/index.js';
import { checkE2eeDevices, checkUsers } from './create-chat.js';
import { type Change, changeOf } from './member-changes.js';
import { consumersOf, settleAddition } from './member-devices.js';
import { requireMember } from './membership.js';
import { chatNotFound, checkChat, hasCode, isJoined, refusalOf } from './refusals.js';
import { checkGuard, envelopesOf } from './sending.js';
import { userOf } from './stand-ins.js';
import type { Caller, ChatContext, Handler } from './types.js';

type UpdateChat = CommandOf<'updateChat'>;

/** A chat in which others write all the time is tried so often; then FOQ_BUSY. */
const ATTEMPTS_MAX = 16;

/** FOQ_FORBIDDEN, FOQ_USER_NOT_FOUND {userIds}, FOQ_GROUP_FULL {limit}; those of sendMessage. */
export const updateChat: Handler<UpdateChat, ReplyOf<'updateChat'>> = async (
  context,
  caller,
  command,
) => {
  checkChat(command.chatId);
  checkGuard(command);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const reply = await attempted(context, caller, command);
    if (reply !== undefined) return reply;
  }
  throw new FoqError('FOQ_BUSY', { message: 'Others write to this chat all the time.' });
};

/** Undefined when something was written meanwhile. */
async function attempted(
  context: ChatContext,
  caller: Caller,
  command: UpdateChat,
): Promise<ReplyOf<'updateChat'> | undefined> {
  const { queue, limits } = context;
  const { chatId } = command;
  // The head first: whatever is read after it is of this head, or the append is refused.
  const head = await headOf(context, chatId);
  const known = await requireMember(queue, chatId, caller.userId);
  const change = changeOf({
    membership: known.membership,
    actor: known.member,
    command,
    firstSeq: head.firstSeq,
    participantsMax: limits.participantsMax,
  });
  if (!(change.isChange || mustBeWritten(command))) return { seq: known.seq, roster: head.roster };
  await checkUsers(context, change.added);
  const join = await consumersOf(context.directory, change.added);
  if (known.membership.e2ee) checkE2eeDevices(join, limits.devicesE2eeMax);
  const leave = await leaversOf(context, chatId, change);
  const seq = await appended(context, caller, { command, change, head, join, leave });
  if (seq === undefined) return undefined;
  const addition = { chatId, seq, userIds: change.added, joined: join };
  if (change.added.length > 0) await settleAddition(context, addition);
  return { seq, roster: (await headOf(context, chatId)).roster };
}

function mustBeWritten({ messageBody, envelopes, guard }: UpdateChat): boolean {
  return messageBody !== undefined || envelopes !== undefined || guard !== undefined;
}

interface Writing {
  readonly command: UpdateChat;
  readonly change: Change;
  readonly head: Head;
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

async function appended(
  { queue }: ChatContext,
  caller: Caller,
  { command, change, head, join, leave }: Writing,
): Promise<number | undefined> {
  const { chatId, clientMsgId, messageBody, e2ee, guard, roster } = command;
  const envelopes = envelopesOf(command);
  const header = { clientMsgId, e2ee, membership: change.membership };
  const payload = encodeStored({ kind: 'membership', header, body: messageBody, envelopes });
  const consumerId = consumerIdOf(caller);
  const dedup =
    clientMsgId === undefined ? {} : { dedupKey: clientMsgId, dedupOver: dedupBytesOf(command) };
  try {
    const { seq } = await queue.append(chatId, payload, {
      as: consumerId,
      ...dedup,
      guard,
      ifHead: head.headSeq,
      ifRoster: roster ?? head.roster,
      join,
      leave,
      pin: true,
      kind: STORED_KINDS.membership,
    });
    return seq;
  } catch (error) {
    const isOwnRoster = roster === undefined || roster === head.roster;
    if (hasCode(error, 'FOQ_HEAD_CONFLICT')) return undefined;
    if (hasCode(error, 'FOQ_ROSTER_STALE') && isOwnRoster) return undefined;
    const addressed = envelopes.map((envelope) => envelope.consumerId);
    throw await refusalOf(error, { queue, chatId, consumerId, addressed });
  }
}

/** Every joined consumer of those who are removed, whatever the directory knows of it. */
async function leaversOf(
  { queue }: ChatContext,
  chatId: string,
  { removed }: Change,
): Promise<string[]> {
  if (removed.length === 0) return [];
  const cursors = await queue.cursors(chatId);
  const joined = cursors.filter(isJoined).map(({ consumerId }) => consumerId);
  return joined.filter((consumerId) => removed.includes(userOf(consumerId)));
}

async function headOf({ queue }: ChatContext, chatId: string): Promise<Head> {
  const [head] = await queue.heads([chatId]);
  if (head === undefined) throw chatNotFound();
  return head;
}
