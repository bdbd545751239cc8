// A process that ends itself by process.exit while it uses a queue: `DIR MOMENT`. It prints a line
// for each append that was answered, before it may end.

import { writeSync } from 'node:fs';
import { openQueue, type Queue } from '../../index.js';

const CONSUMER = 'ann/phone';

export type Moment = keyof typeof moments;

const [dir = '', moment = ''] = process.argv.slice(2);

function say({ seq }: { readonly seq: number }): number {
  writeSync(1, `${seq}\n`);
  return seq;
}

function appendMany(queue: Queue, count: number): Promise<number[]> {
  const calls = Array.from({ length: count }, async (_, n) => {
    return say(await queue.append('chat', `a record, the ${n}.`, { join: [CONSUMER] }));
  });
  return Promise.all(calls);
}

/** Each begins something, and returns when the process is to end. */
export const moments = {
  'with appends under way': async (queue: Queue) => {
    const all = appendMany(queue, 500);
    await queue.waitFor('chat', 100);
    all.catch(() => undefined);
  },
  'in the turn of its submits': (queue: Queue) => {
    appendMany(queue, 500).catch(() => undefined);
    return Promise.resolve();
  },
  'while a bulk is under way': async (queue: Queue) => {
    await appendMany(queue, 10);
    const bulk = queue.bulk();
    for (let n = 0; n < 5000; n += 1) bulk.append('bulk', 'x');
    bulk.commit().catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  },
  'while it consumes and acks': async (queue: Queue) => {
    await appendMany(queue, 50);
    let count = 0;
    for await (const delivery of queue.consume(CONSUMER)) {
      if (delivery.kind === 'record') delivery.ack();
      count += 1;
      if (count === 20) return;
    }
  },
  'while it reads': async (queue: Queue) => {
    await appendMany(queue, 50);
    for (let n = 0; n < 20; n += 1) queue.read('chat').catch(() => undefined);
  },
  'while it closes': async (queue: Queue) => {
    appendMany(queue, 200).catch(() => undefined);
    queue.close().catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  },
  'while it opens': async (queue: Queue) => {
    await appendMany(queue, 5);
    await queue.close();
    openQueue({ dir }).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  },
} as const;

if (Object.hasOwn(moments, moment)) {
  const queue = await openQueue({ dir, journalFileBytes: 1024 * 1024 });
  await moments[moment as Moment](queue);
  process.exit(3);
}
