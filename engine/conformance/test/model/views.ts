// What a queue shows, compared with what its model says it must show.

import { deepStrictEqual, fail, ok } from 'node:assert/strict';
import type { Delivery, PendingRow, Queue } from '../../../../protocol/index.js';
import type { ModelChat } from './chat.js';

/** What is compared: a queue, and the model of each of its chats. */
export interface Compared {
  readonly queue: Queue;
  readonly chatIds: readonly string[];
  readonly consumerIds: readonly string[];
  model(chatId: string): ModelChat;
}

export async function checkEverything(pair: Compared): Promise<void> {
  await pair.queue.flush();
  for (const chatId of pair.chatIds) await checkChat(pair.queue, chatId, pair.model(chatId));
  for (const id of pair.consumerIds) await checkLists(pair, id);
}

async function checkChat(queue: Queue, chatId: string, chat: ModelChat): Promise<void> {
  const [head] = await queue.heads([chatId]);
  deepStrictEqual(
    [head?.firstSeq, head?.headSeq, head?.guard, head?.roster],
    [chat.floor, chat.head, chat.guard, chat.roster],
    `firstSeq, headSeq, guard and roster of ${chatId}`,
  );
  const read = await queue.read(chatId, { limit: 10_000 });
  const isCut = chat.floor > 1;
  deepStrictEqual(
    read.gap,
    isCut ? { fromSeq: 1, toSeq: chat.floor - 1, reason: chat.gapReason } : undefined,
  );
  deepStrictEqual(
    read.records.map((record) => [record.seq, ...shown(record), record.senderId, record.kind]),
    expectedRecords(chat, chat.floor),
  );
  const pinned = await queue.pinned(chatId);
  const { pinned: seq } = chat;
  if (seq !== undefined && chat.deleted.has(seq)) ok(pinned === null || pinned.deleted, 'pinned');
  else deepStrictEqual(pinned?.seq, seq, `pinned of ${chatId}`);
  const cursors = await queue.cursors(chatId);
  const views = [...chat.cursors].map(([consumerId, { holes: _, ...cursor }]) => ({
    consumerId,
    ...cursor,
  }));
  deepStrictEqual(cursors.toSorted(byConsumer), views.sort(byConsumer), `cursors of ${chatId}`);
}

function shown(record: { deleted: boolean; text(): string }): [string, boolean] {
  return [record.text(), record.deleted];
}

function expectedRecords(chat: ModelChat, from: number): unknown[][] {
  return chat.records.slice(from - 1).map(({ payload, senderId, kind }, index) => {
    const seq = from + index;
    const isDeleted = chat.deleted.has(seq);
    return [seq, isDeleted ? '' : payload, isDeleted, senderId, kind];
  });
}

function byConsumer(left: { consumerId: string }, right: { consumerId: string }): number {
  return left.consumerId < right.consumerId ? -1 : 1;
}

async function checkLists(pair: Compared, id: string): Promise<void> {
  const { chats: rows } = await pair.queue.pending(id);
  const mine = pair.chatIds.filter((chatId) => pair.model(chatId).cursors.has(id));
  for (const chatId of mine) {
    const chat = pair.model(chatId);
    const received = chat.cursors.get(id)?.received ?? 0;
    const row = rows.find((candidate) => candidate.chatId === chatId);
    if (received < chat.lastOf(id)) ok(row !== undefined, `${chatId} is pending for ${id}`);
    else if (row !== undefined) ok(row.marks, `${chatId} is pending for ${id} only by marks`);
    if (row !== undefined) checkRow(row, chat, received);
  }
  for (const { chatId } of rows) ok(mine.includes(chatId), `${id} has nothing to do in ${chatId}`);
  const { chats: joined } = await pair.queue.chatsOf(id);
  const expected = mine.filter((chatId) => pair.model(chatId).joined(id) !== undefined);
  deepStrictEqual(
    joined.map(({ chatId, joinSeq, received }) => [chatId, joinSeq, received]),
    expected.map((chatId) => {
      const cursor = pair.model(chatId).joined(id);
      return [chatId, cursor?.joinSeq, cursor?.received];
    }),
    `chats of ${id}`,
  );
}

function checkRow(row: PendingRow, chat: ModelChat, received: number): void {
  deepStrictEqual(
    [row.firstSeq, row.headSeq, row.received],
    [chat.floor, chat.head, received],
    `pending row of ${row.chatId}`,
  );
}

/**
 * One session of a consumer that ends after `take` deliveries or when all is caught up. Each chat
 * must go on after the cursor without a hole, up to its last seq, as the model says.
 */
export async function checkConsumed(
  pair: Compared,
  id: string,
  { take, acks }: { take: number; acks: readonly boolean[] },
): Promise<void> {
  const next = new Map<string, number>();
  const acked = new Map<string, number>();
  for (const chatId of pair.chatIds) {
    const cursor = pair.model(chatId).cursors.get(id);
    if (cursor !== undefined) next.set(chatId, cursor.received + 1);
  }
  let count = 0;
  let isCaughtUp = false;
  for await (const delivery of pair.queue.consume(id)) {
    isCaughtUp = delivery.kind === 'caught-up' && delivery.chatId === undefined;
    if (isCaughtUp) break;
    if (delivery.kind !== 'record' && delivery.kind !== 'gap') continue;
    const { chatId } = delivery;
    const last = checkDelivery(delivery, pair.model(chatId), { id, from: next.get(chatId) });
    next.set(chatId, last + 1);
    if (acks[count % acks.length] === true) {
      delivery.ack();
      acked.set(chatId, last);
    }
    count += 1;
    if (count >= take) break;
  }
  if (isCaughtUp) {
    for (const [chatId, seq] of next) {
      deepStrictEqual(seq - 1, pair.model(chatId).lastOf(id), `all of ${chatId} for ${id}`);
    }
  }
  for (const [chatId, received] of acked) pair.model(chatId).ack(id, { received });
}

/** The last seq that the delivery covers. */
function checkDelivery(
  delivery: Extract<Delivery, { kind: 'record' | 'gap' }>,
  chat: ModelChat,
  { id, from }: { id: string; from: number | undefined },
): number {
  const cursor = chat.cursors.get(id);
  if (cursor === undefined || from === undefined) fail(`${id} is not in ${delivery.chatId}`);
  const { holes, joinSeq } = cursor;
  const isInHole = (seq: number) => holes.some(([first, last]) => first <= seq && seq <= last);
  const isMissing = (seq: number) => seq < chat.floor || isInHole(seq);
  // Who comes back at a seq below an older time away may get it, or be told of the hole.
  const isKept = (seq: number) => seq >= chat.floor && seq >= joinSeq;
  if (delivery.kind === 'gap') {
    deepStrictEqual(delivery.fromSeq, from, 'a gap begins where the last delivery ended');
    ok(delivery.toSeq <= chat.lastOf(id), 'a gap ends at the last seq at the latest');
    for (let seq = delivery.fromSeq; seq <= delivery.toSeq; seq += 1) {
      ok(isMissing(seq), `seq ${seq} is in a ${delivery.reason} gap although it is there`);
    }
    return delivery.toSeq;
  }
  const { seq } = delivery;
  deepStrictEqual(seq, from, `the next of ${delivery.chatId} for ${id}`);
  ok(seq <= chat.lastOf(id), `${seq} is beyond what ${id} gets`);
  ok(!isMissing(seq) || isKept(seq), `${seq} is missing and was delivered`);
  const expected = expectedRecords(chat, seq)[0];
  deepStrictEqual([seq, ...shown(delivery), delivery.senderId, delivery.recordKind], expected);
  return seq;
}
