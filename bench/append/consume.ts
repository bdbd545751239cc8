// A backlog of records in the page cache, consumed one by one and by batches, against a plain loop
// over the same bytes: what remains is what delivery costs.

import type { Queue } from '../../engine/index.js';
import { estimate, median, type Row } from '../tools/index.js';

const PAYLOAD_BYTES = 128;
const CHATS = 1_000;
const BULK_RECORDS = 1_000;

interface Backlog {
  readonly queue: Queue;
  readonly records: number;
}

/** Writes a backlog that one consumer, joined everywhere, has not received. */
export async function writeBacklog({ queue, records }: Backlog): Promise<void> {
  const chatIds = Array.from({ length: CHATS }, (_, index) => `backlog-${index}`);
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(0x61);
  for (const round of Array.from({ length: records / BULK_RECORDS }, (_, index) => index)) {
    const bulk = queue.bulk();
    for (let index = 0; index < BULK_RECORDS; index++) {
      bulk.append(chatIds[(round * BULK_RECORDS + index) % CHATS] ?? '', payload);
    }
    await bulk.commit();
  }
}

/** Joins everywhere at the floor, so that all of the backlog is this consumer's. */
async function joinAll(queue: Queue, consumerId: string): Promise<void> {
  const chats = Array.from({ length: CHATS }, (_, index) => ({
    chatId: `backlog-${index}`,
    at: 'first' as const,
  }));
  await queue.joinMany(consumerId, chats);
}

/** Records a second. */
async function oneByOne({ queue, records }: Backlog, consumerId: string): Promise<number> {
  const startAt = performance.now();
  let seen = 0;
  let bytes = 0;
  for await (const delivery of queue.consume(consumerId)) {
    if (delivery.kind !== 'record') continue;
    bytes += delivery.payload.length;
    delivery.ack();
    seen += 1;
    if (seen === records) break;
  }
  if (bytes !== records * PAYLOAD_BYTES) throw new Error(`${bytes} bytes were consumed`);
  return (records * 1000) / (performance.now() - startAt);
}

async function byBatches({ queue, records }: Backlog, consumerId: string): Promise<number> {
  const startAt = performance.now();
  let seen = 0;
  for await (const batch of queue.consume(consumerId).batches()) {
    for (const delivery of batch) {
      if (delivery.kind !== 'record') continue;
      delivery.ack();
      seen += 1;
    }
    if (seen === records) break;
  }
  return (records * 1000) / (performance.now() - startAt);
}

/** The loop to compare with: views over one buffer, one per record, nothing else. */
function plainLoop(records: number): number {
  const bytes = new Uint8Array(1 << 20).fill(0x61);
  const startAt = performance.now();
  let sum = 0;
  for (let index = 0; index < records; index++) {
    const begin = (index * PAYLOAD_BYTES) % bytes.length;
    sum += bytes.subarray(begin, begin + PAYLOAD_BYTES).length;
  }
  if (sum !== records * PAYLOAD_BYTES) throw new Error('the plain loop lost bytes');
  return (records * 1000) / (performance.now() - startAt);
}

/** Printed, without a bar: records a second in millions, and as a share of the plain loop. */
export async function consumeRows(backlog: Backlog, rounds: number): Promise<Row[]> {
  const [single, batches, plain] = [[] as number[], [] as number[], [] as number[]];
  // All of them before the first acks: what every holder has received leaves the disk.
  for (let round = 0; round < rounds; round++) {
    await joinAll(backlog.queue, `single/${round}`);
    await joinAll(backlog.queue, `batches/${round}`);
  }
  for (let round = 0; round < rounds; round++) {
    plain.push(plainLoop(backlog.records));
    single.push(await oneByOne(backlog, `single/${round}`));
    batches.push(await byBatches(backlog, `batches/${round}`));
    plain.push(plainLoop(backlog.records));
  }
  const of = (rates: readonly number[]) => rates.map((rate) => rate / median(plain));
  const beside = (rates: readonly number[]) => ({
    'M records/s': median(rates) / 1e6,
    'plain loop M/s': median(plain) / 1e6,
  });
  const count = backlog.records.toLocaleString('en');
  const what = `${count} records of ${PAYLOAD_BYTES} B in ${CHATS} chats / loop`;
  const row = (how: string, rates: readonly number[]): Row => ({
    target: '',
    title: `consume ${how}, ${what}`,
    value: estimate(of(rates)),
    beside: beside(rates),
  });
  return [row('one by one', single), row('by batches', batches)];
}
