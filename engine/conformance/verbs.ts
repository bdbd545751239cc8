// The verbs that cases are built from.

import type {
  Consumer,
  Delivery,
  Queue,
  ReadResult,
  RecordDelivery,
} from '../../protocol/index.js';

/** `count` appends, one after another; record n says `n`, counted from the head. */
export async function grow(queue: Queue, chatId: string, count: number): Promise<void> {
  const [head] = await queue.heads([chatId]);
  const first = (head?.headSeq ?? 0) + 1;
  const appends = Array.from({ length: count }, (_, index) =>
    queue.append(chatId, String(first + index)),
  );
  await Promise.all(appends);
}

/** Seqs of what was read. */
export function seqsOf({ records }: ReadResult): number[] {
  return records.map(({ seq }) => seq);
}

export function textsOf({ records }: ReadResult): string[] {
  return records.map((record) => record.text());
}

/** `from`, `from` + 1, … `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Bytes that differ from place to place and from seed to seed. */
export function bytes(length: number, seed = 1): Uint8Array {
  const made = new Uint8Array(length);
  for (let place = 0; place < length; place += 1) made[place] = (place * 31 + seed * 17) & 0xff;
  return made;
}

/** The head, by the shortest way. */
export async function headSeqOf(queue: Queue, chatId: string): Promise<number> {
  const [head] = await queue.heads([chatId]);
  return head?.headSeq ?? -1;
}

export async function firstSeqOf(queue: Queue, chatId: string): Promise<number> {
  const [head] = await queue.heads([chatId]);
  return head?.firstSeq ?? -1;
}

/** The consumer's cursor as everybody may see it; undefined where it has none. */
export async function cursorOf(queue: Queue, chatId: string, consumerId: string) {
  const cursors = await queue.cursors(chatId);
  return cursors.find((cursor) => cursor.consumerId === consumerId);
}

export function isRecord(delivery: Delivery): delivery is RecordDelivery {
  return delivery.kind === 'record';
}

/** More than any case waits for. */
const DELIVERIES_MAX = 20_000;

/**
 * Deliveries in order, until `isEnough` says so of the newest (which is the last one returned) or
 * the consumer ends. It leaves the loop by `break`, which releases the consumer.
 */
export async function takeUntil(
  consumer: Consumer,
  isEnough: (delivery: Delivery) => boolean,
  see: (delivery: Delivery) => void = () => undefined,
): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  for await (const delivery of consumer) {
    taken.push(delivery);
    see(delivery);
    if (isEnough(delivery)) break;
    if (taken.length > DELIVERIES_MAX) throw new Error('more deliveries than any case has');
  }
  return taken;
}

/** Everything that was waiting: up to the marker that all chats are caught up. */
export function isCaughtUpWithAll(delivery: Delivery): boolean {
  return delivery.kind === 'caught-up' && delivery.chatId === undefined;
}

/** What is waiting for a consumer, in one short session; acks what `ack` says, by default all. */
export async function drain(
  queue: Queue,
  consumerId: string,
  { ack = () => true }: { ack?: (delivery: RecordDelivery) => boolean } = {},
): Promise<Delivery[]> {
  return await takeUntil(queue.consume(consumerId), isCaughtUpWithAll, (delivery) => {
    if (delivery.kind === 'gap') delivery.ack();
    if (delivery.kind === 'record' && ack(delivery)) delivery.ack();
  });
}

/** A delivery in few words: `chat:3`, `chat:gap 1-4 trimmed`, `chat:caught-up`, `fenced`. */
export function brief(delivery: Delivery): string {
  switch (delivery.kind) {
    case 'record':
      return `${delivery.chatId}:${delivery.seq}`;
    case 'gap':
      return `${delivery.chatId}:gap ${delivery.fromSeq}-${delivery.toSeq} ${delivery.reason}`;
    case 'caught-up':
      return delivery.chatId === undefined ? 'caught-up' : `${delivery.chatId}:caught-up`;
    case 'marks':
      return `${delivery.chatId}:marks`;
    case 'fenced':
      return 'fenced';
  }
}

/** The next `count` records; markers between are passed over. */
export async function nextRecords(
  iterator: AsyncIterator<Delivery>,
  count: number,
): Promise<RecordDelivery[]> {
  const taken: RecordDelivery[] = [];
  while (taken.length < count) {
    const step = await iterator.next();
    if (step.done === true) throw new Error(`it ended after ${taken.length} records`);
    if (isRecord(step.value)) taken.push(step.value);
  }
  return taken;
}

/** Passes over everything up to the marker that all is caught up. */
export async function skipBacklog(iterator: AsyncIterator<Delivery>): Promise<void> {
  for (;;) {
    const step = await iterator.next();
    if (step.done === true || isCaughtUpWithAll(step.value)) return;
  }
}
