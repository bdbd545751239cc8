// A message as a device gets it, live, in history and in previews. With `kind: 'empty'` there is
// nothing in it for this device, which acks it all the same.

import { Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { event } from './define.js';
import * as values from './values.js';

/** What a membership record says; `roster` is not in it, because it is not the record's. */
export const Membership = Type.Object({
  type: values.ChatType,
  name: Type.Optional(values.text(LIMITS.nameBytesMax)),
  createdAt: values.Count,
  createdBy: values.UserId,
  e2ee: Type.Boolean(),
  members: values.listOf(values.Member, 'participantsMax'),
});

export const MessageKind = Type.Union([
  Type.Literal('message'),
  Type.Literal('membership'),
  Type.Literal('tombstone'),
  Type.Literal('empty'),
]);

/** The envelope of the device that gets the message. */
export const OwnEnvelope = Type.Object({ type: values.Byte, body: values.Body });

const fields = {
  chatId: values.ChatId,
  seq: values.Seq,
  messageId: values.MessageId,
  epoch: values.Epoch,
  senderId: Type.Optional(values.UserId),
  senderDeviceId: Type.Optional(values.DeviceId),
  at: values.Count,
  sentAt: Type.Optional(values.Count),
  kind: MessageKind,
  messageBody: Type.Optional(values.Body),
  envelope: Type.Optional(OwnEnvelope),
  attachments: Type.Optional(values.listOf(values.AttachmentId, 'attachmentsMax')),
  e2ee: Type.Optional(values.E2ee),
  resendOf: Type.Optional(values.MessageId),
  clientMsgId: Type.Optional(values.ClientId),
  membership: Type.Optional(Membership),
};

export const Message = Type.Object(fields);

export const MessageEvent = event('message', { ...fields, attempt: values.Seq });
