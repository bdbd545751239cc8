// Who is a member of a chat, in which role, and its name. A repeat of what is so already changes
// nothing. In an encrypted chat the change and the message that tells of it are one record.

import { Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { command, event, reply } from './define.js';
import * as values from './values.js';

const Fields = command('updateChat', {
  chatId: values.ChatId,
  add: Type.Optional(values.listOf(values.UserId, 'participantsMax')),
  remove: Type.Optional(values.listOf(values.UserId, 'participantsMax')),
  role: Type.Optional(values.Member),
  name: Type.Optional(values.text(LIMITS.nameBytesMax)),
  leave: Type.Optional(Type.Boolean()),
  clientMsgId: Type.Optional(values.ClientId),
  messageBody: Type.Optional(values.Body),
  envelopes: Type.Optional(values.listOf(values.Envelope, 'envelopesMax')),
  e2ee: Type.Optional(values.E2ee),
  guard: Type.Optional(values.Guard),
  roster: Type.Optional(values.Count),
});

export const UpdateChat = Type.Refine(
  Fields,
  ({ add, remove, role, name, leave }) =>
    [add, remove, role, name].some((field) => field !== undefined) || leave === true,
  () => 'must change something: add, remove, role, name or leave',
);

export const UpdateChatReply = reply({ seq: values.Seq, roster: values.Count });

export const ChatUpdated = event('chatUpdated', {
  chatId: values.ChatId,
  roster: values.Count,
  pinnedSeq: values.Seq,
});

export const Removed = event('removed', { chatId: values.ChatId, seq: values.Seq });
