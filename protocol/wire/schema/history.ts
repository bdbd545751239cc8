// Messages that a device reads again, clipped to the ranges in which its user was a member.

import { Type } from 'typebox';
import { command, reply } from './define.js';
import { Message } from './message.js';
import { ChatId, Count, Epoch, Gap, listOf, Seq } from './values.js';

const Fields = command('history', {
  chatId: ChatId,
  since: Type.Optional(Count),
  before: Type.Optional(Seq),
  limit: Type.Optional(Seq),
  minSeq: Type.Optional(Seq),
});

export const History = Type.Refine(
  Fields,
  ({ since, before }) => since === undefined || before === undefined,
  () => 'must have at most one of since and before',
);

/** Messages ascend; `gap` comes before them. */
export const HistoryReply = reply({
  messages: listOf(Message, 'pageMax'),
  firstSeq: Seq,
  headSeq: Count,
  epoch: Epoch,
  gap: Type.Optional(Gap),
});
