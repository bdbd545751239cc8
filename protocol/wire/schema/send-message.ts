// A message is sent, and its serverAck: it is durable, and these are its id, seq and time. A repeat
// with the same clientMsgId and the same bytes is answered as the first was.

import { Type } from 'typebox';
import { command, reply } from './define.js';
import * as values from './values.js';

const Fields = command('sendMessage', {
  chatId: values.ChatId,
  clientMsgId: values.ClientId,
  messageBody: Type.Optional(values.Body),
  envelopes: Type.Optional(values.listOf(values.Envelope, 'envelopesMax')),
  attachments: Type.Optional(values.listOf(values.AttachmentId, 'attachmentsMax')),
  e2ee: Type.Optional(values.E2ee),
  guard: Type.Optional(values.Guard),
  roster: Type.Optional(values.Count),
  sentAt: Type.Optional(values.Count),
  urgent: Type.Optional(Type.Boolean()),
  resendOf: Type.Optional(values.MessageId),
});

export const SendMessage = Type.Refine(
  Fields,
  ({ messageBody, envelopes = [], attachments = [] }) =>
    messageBody !== undefined || envelopes.length + attachments.length > 0,
  () => 'must have something in it: messageBody, envelopes or attachments',
);

export const ServerAck = Type.Object({
  messageId: values.MessageId,
  chatId: values.ChatId,
  seq: values.Seq,
  at: values.Count,
  duplicate: Type.Boolean(),
});

export const SendMessageReply = reply({ serverAck: ServerAck });
