// How far a device has received, shown as delivered, or read. Cumulative; each only grows.

import { Type } from 'typebox';
import { command, event, quietCommand, reply } from './define.js';
import { ChatId, Count, DeviceId, listOf, Mark, MessageId, Seq, UserId } from './values.js';

export const AckStatus = Type.Union([
  Type.Literal('RECEIVED'),
  Type.Literal('DELIVERED'),
  Type.Literal('READ'),
]);

export const ReceiptStatus = Type.Union([
  Type.Literal('SENT'),
  Type.Literal('DELIVERED'),
  Type.Literal('READ'),
]);

const Fields = quietCommand('messageAck', {
  chatId: ChatId,
  status: AckStatus,
  messageId: Type.Optional(MessageId),
  upToSeq: Type.Optional(Count),
});

export const MessageAck = Type.Refine(
  Fields,
  ({ messageId, upToSeq }) => (messageId === undefined) !== (upToSeq === undefined),
  () => 'must have one of messageId and upToSeq',
);

/** What others, or an own device, have received and read; each field only where it changed. */
export const Receipt = event('receipt', {
  chatId: ChatId,
  userId: UserId,
  delivered: Type.Optional(Count),
  read: Type.Optional(Count),
  deviceId: Type.Optional(DeviceId),
  at: Count,
});

export const GetReceipts = command('getReceipts', { chatId: ChatId, seq: Type.Optional(Seq) });

/** `status` is that of the message of `seq`, for its author. */
export const GetReceiptsReply = reply({
  status: Type.Optional(ReceiptStatus),
  users: listOf(Mark, 'participantsMax'),
});
