// The newest message of each listed chat, to be shown in a list before the stream brings it.
//
// Invariants: a preview is of the chat's head and only of what the user may read; it moves no
// cursor. Previews of one answer are bounded in bytes, and the most recent chats have theirs first.

import type { QueueRecord } from '../../protocol/index.js';
import { consumerIdOf, type PartOf, RecordView } from '../../protocol/wire/index.js';
import { inParts } from './in-parts.js';
import type { Caller, ChatContext } from './types.js';

type ChatNews = PartOf<'ChatNews'>;

/** A list shows a line or two; whoever sent more is seen when the stream has brought it. */
const PREVIEW_BYTES_MAX = 4_096;

export async function withPreviews(
  { queue, limits }: Pick<ChatContext, 'queue' | 'limits'>,
  caller: Caller,
  listed: readonly ChatNews[],
): Promise<ChatNews[]> {
  const newest = await inParts(listed, async ({ chatId, headSeq, unread }) => {
    // Nothing unread: the device has it, or it came before its user did.
    if (unread === 0) return undefined;
    const { records } = await queue.read(chatId, { before: headSeq + 1, limit: 1 });
    const [record] = records;
    return record?.seq === headSeq ? record : undefined;
  });
  let left = limits.frameBytesMax / 4;
  return listed.map((news, index) => {
    const record = newest[index];
    const bytes = record?.payload.length ?? 0;
    if (record === undefined || bytes > PREVIEW_BYTES_MAX || bytes > left) return news;
    left -= bytes;
    return { ...news, preview: [messageOf(caller, news, record)] };
  });
}

function messageOf(caller: Caller, { chatId, epoch }: ChatNews, record: QueueRecord) {
  return new RecordView({ chatId, epoch, record }).for(consumerIdOf(caller)).message;
}
