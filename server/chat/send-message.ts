// A message is sent. Everything is decided by one append: that the sender is a member at this seq,
// that it is no repeat, that guard and roster are as he believes.
//
// Invariant: once attachments are checked nothing is awaited before the append is submitted, so
// that messages of one session keep their order.

import { FoqError } from '../../protocol/index.js';
import {
  type CommandOf,
  consumerIdOf,
  dedupBytesOf,
  encodeStored,
  messageIdOf,
  type ReplyOf,
  STORED_KINDS,
} from '../../protocol/wire/index.js';
import { checkChat, refusalOf } from './refusals.js';
import { checkGuard, envelopesOf } from './sending.js';
import type { Caller, ChatContext, Handler } from './types.js';

type SendMessage = CommandOf<'sendMessage'>;

/**
 * FOQ_DEDUP_CONFLICT {seq} for the same clientMsgId with another content, FOQ_ROSTER_STALE {roster,
 * missing, extra}, FOQ_GUARD_CONFLICT {current, headSeq}.
 */
export const sendMessage: Handler<SendMessage, ReplyOf<'sendMessage'>> = async (
  context,
  caller,
  command,
) => {
  const { chatId, clientMsgId, guard, roster, messageBody } = command;
  checkChat(chatId);
  checkGuard(command);
  const envelopes = envelopesOf(command);
  const { sentAt, attachments, e2ee, resendOf, urgent } = command;
  if (attachments !== undefined && attachments.length > 0) {
    await checkAttachments(context, caller, command);
  }
  const header = { clientMsgId, sentAt, attachments, e2ee, resendOf, urgent };
  const payload = encodeStored({ kind: 'message', header, body: messageBody, envelopes });
  const consumerId = consumerIdOf(caller);
  const { queue } = context;
  try {
    const appended = await queue.append(chatId, payload, {
      as: consumerId,
      dedupKey: clientMsgId,
      dedupOver: dedupBytesOf(command),
      guard,
      ifRoster: roster,
      kind: STORED_KINDS.message,
    });
    const messageId = messageIdOf(chatId, appended.seq);
    return { serverAck: { messageId, chatId, ...appended } };
  } catch (error) {
    const addressed = envelopes.map((envelope) => envelope.consumerId);
    throw await refusalOf(error, { queue, chatId, consumerId, addressed });
  }
};

async function checkAttachments(
  { attachments }: ChatContext,
  caller: Caller,
  { chatId, attachments: attachmentIds = [] }: SendMessage,
): Promise<void> {
  if (attachments === undefined) {
    throw new FoqError('FOQ_ATTACHMENT_NOT_READY', { details: { attachmentIds } });
  }
  await attachments({ caller, chatId, attachmentIds });
}
