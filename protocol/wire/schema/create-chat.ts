// A chat begins. The caller is always a member; a chat that exists already is answered with itself.

import { Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { command, reply } from './define.js';
import { ChatId, ChatType, ClientId, listOf, Seq, text, UserId } from './values.js';

export const CreateChat = command('createChat', {
  participants: listOf(UserId, 'participantsMax'),
  type: Type.Optional(ChatType),
  name: Type.Optional(text(LIMITS.nameBytesMax)),
  clientChatId: Type.Optional(ClientId),
  e2ee: Type.Optional(Type.Boolean()),
});

export const CreateChatReply = reply({ chatId: ChatId, seq: Seq, created: Type.Boolean() });
