// A chat as its members see it, and the list of a user's chats.

import { Type } from 'typebox';
import { command, reply } from './define.js';
import { Membership } from './message.js';
import { ChatId, ChatType, Count, Epoch, listOf, Seq, Token } from './values.js';

export const GetChat = command('getChat', { chatId: ChatId });

export const Chat = Type.Object({
  chatId: ChatId,
  ...Membership.properties,
  roster: Count,
  guard: Count,
  pinnedSeq: Seq,
  firstSeq: Seq,
  headSeq: Count,
  epoch: Epoch,
});

export const GetChatReply = reply({ chat: Chat });

export const ListChats = command('listChats', {
  after: Type.Optional(Token),
  limit: Type.Optional(Seq),
});

export const ChatSummary = Type.Object({
  chatId: ChatId,
  type: ChatType,
  name: Membership.properties.name,
  firstSeq: Seq,
  headSeq: Count,
  received: Count,
  lastAt: Count,
});

export const ListChatsReply = reply({
  chats: listOf(ChatSummary, 'pageMax'),
  next: Type.Union([Token, Type.Null()]),
});
