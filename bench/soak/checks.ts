// What must hold of a chat whatever died: its records are the numbers 1, 2, 3, … in this order,
// each once. So a record's number is its seq: a loss or a duplicate moves all that follow.

import type { CursorView, QueueRecord, ReadResult } from '../../engine/index.js';

/** What the load was told of one chat. */
export interface Told {
  /** The greatest number whose append was answered. */
  readonly appended: number;
  /** The greatest seq whose durable ack was answered. */
  readonly acked: number;
}

/** What is wrong with the chat, a line each; `read` holds all its records. */
export function complaints(
  chatId: string,
  told: Told,
  seen: {
    readonly read: Pick<ReadResult, 'firstSeq' | 'headSeq'>;
    readonly records: readonly Pick<QueueRecord, 'seq' | 'text'>[];
    readonly cursor: Pick<CursorView, 'received'> | undefined;
  },
): string[] {
  const { read, records, cursor } = seen;
  const found: string[] = [];
  const complain = (text: string) => found.push(`${chatId}: ${text}`);
  if (read.headSeq < told.appended) {
    complain(`${told.appended} was answered, and the head is ${read.headSeq}`);
  }
  if (cursor === undefined) complain('its consumer is not joined any more');
  const received = cursor?.received ?? 0;
  if (received < told.acked) complain(`the ack of ${told.acked} is lost: ${received}`);
  if (read.firstSeq > received + 1) {
    complain(`the floor ${read.firstSeq} is above what was received, ${received}`);
  }
  let expected = read.firstSeq;
  for (const record of records) {
    const number = Number.parseInt(record.text(), 10);
    if (record.seq !== expected) complain(`seq ${expected} is missing before ${record.seq}`);
    if (number !== record.seq) complain(`seq ${record.seq} holds number ${number}`);
    // One mistake moves all that follow; the first says where.
    if (found.length > 0) return found;
    expected += 1;
  }
  if (expected !== read.headSeq + 1) complain(`seq ${expected} to ${read.headSeq} are missing`);
  return found;
}
