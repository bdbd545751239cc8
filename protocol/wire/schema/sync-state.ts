// What a device missed: its chats with news, and then the stream. The events say where the stream
// is, and where it could not go on.

import { Type } from 'typebox';
import { command, event, reply } from './define.js';
import { Message } from './message.js';
import { ChatId, Count, Epoch, Gap, listOf, Mark, Seq, Token } from './values.js';

/** Up to where a device has a chat, in which history. */
export const KnownSeq = Type.Object({ chatId: ChatId, seq: Count, epoch: Epoch });

export const SyncState = command('syncState', {
  lastKnownSeqPerChat: Type.Optional(listOf(KnownSeq, 'syncChatsMax')),
  after: Type.Optional(Token),
  limit: Type.Optional(Seq),
});

/** A chat with news; `preview` is for display and never acked. */
export const ChatNews = Type.Object({
  chatId: ChatId,
  headSeq: Count,
  firstSeq: Seq,
  epoch: Epoch,
  roster: Count,
  received: Count,
  read: Count,
  unread: Count,
  marks: listOf(Mark, 'participantsMax'),
  preview: Type.Optional(listOf(Message, 'pageMax')),
});

/** `next` is the `after` of the next page; null at the end. */
export const SyncStateReply = reply({
  chats: listOf(ChatNews, 'syncChatsMax'),
  next: Type.Union([Token, Type.Null()]),
});

export const CaughtUp = event('caughtUp', {
  chatId: Type.Optional(ChatId),
  headSeq: Type.Optional(Count),
});

export const GapEvent = event('gap', { chatId: ChatId, ...Gap.properties });

export const EpochChanged = event('epochChanged', {
  chatId: ChatId,
  epoch: Epoch,
  firstSeq: Seq,
  headSeq: Count,
});
