// Closing: everything is settled once, nothing works afterwards, and nothing acked is lost.

import type { Queue } from '../../protocol/index.js';
import type { Case } from './case.js';
import { outcomeOf } from './checks.js';
import { grow, range, seqsOf, textsOf } from './verbs.js';

const ann = 'ann/phone';

export const closings: readonly Case[] = [
  {
    title: 'closing with everything in flight settles each promise, and ends every iteration',
    guarantees: ['I52'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { join: [ann, 'bob'] });
      await grow(queue, 'chat', 9);
      const bulk = queue.bulk();
      for (const n of range(1, 50)) bulk.append('bulk', String(n));
      const iterator = queue.consume(ann)[Symbol.asyncIterator]();
      await iterator.next();
      const deliveries = queue.deliveries();
      const attached = deliveries.attach('bob');
      const calls: Promise<unknown>[] = [
        ...range(1, 100).map((n) => queue.append('chat', String(n))),
        bulk.commit(),
        queue.read('chat'),
        queue.join('chat', 'carol'),
        queue.leave('chat', 'carol'),
        queue.joinMany('dora', [{ chatId: 'chat' }, { chatId: 'other chat' }]),
        queue.ack('chat', ann, { received: 3 }, { durable: true }),
        queue.ack('chat', 'bob', { received: 3 }),
        queue.pending(ann),
        queue.cursors('chat'),
        queue.chatsOf(ann),
        queue.chats(),
        queue.trim('chat', 1),
        queue.deleteRecords('chat', [[5, 5]]),
        queue.forget('dora'),
        queue.waitFor('chat', 100_000),
        queue.flush(),
        queue.why('chat', 5),
        attached,
        deliveries[Symbol.asyncIterator]().next(),
        toTheEnd(iterator),
      ];
      let settled = 0;
      const outcomes = calls.map(async (call) => {
        const outcome = await outcomeOf(call);
        settled += 1;
        return outcome;
      });
      await queue.close();
      for (const outcome of await Promise.all(outcomes)) {
        const code = 'error' in outcome && outcome.error instanceof Error ? codeOf(outcome) : 'ok';
        t.ok(code === 'ok' || code === 'FOQ_CLOSED', code);
      }
      t.equal(settled, calls.length);
    },
  },
  {
    title: 'appends that were under way at close are durable when they were answered',
    guarantees: ['I1', 'I52'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      const calls = range(1, 200).map((n) => outcomeOf(queue.append('chat', String(n))));
      const again = await world.reopen(queue);
      const answered = (await Promise.all(calls)).filter((outcome) => 'value' in outcome).length;
      const read = await again.read('chat');
      t.ok(read.headSeq >= answered, `${read.headSeq} holds the ${answered} answered`);
      t.same(seqsOf(read), range(1, read.headSeq));
      t.same(textsOf(read), range(1, read.headSeq).map(String));
    },
  },
  {
    title: 'every call after close rejects with FOQ_CLOSED',
    guarantees: ['I52'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { join: [ann] });
      const chat = queue.chat('chat');
      const bulk = queue.bulk().append('chat', 'y');
      await queue.close();
      for (const call of everyCall(queue)) await t.rejects(call, 'FOQ_CLOSED');
      await t.rejects(() => chat.append('x'), 'FOQ_CLOSED');
      await t.rejects(() => chat.read(), 'FOQ_CLOSED');
      await t.rejects(() => bulk.commit(), 'FOQ_CLOSED');
    },
  },
  {
    title: 'closing twice is closing once, and the notice comes once',
    guarantees: ['I52'],
    async run(t, world) {
      const queue = await world.open();
      let notices = 0;
      let unheard = 0;
      const off = () => {
        unheard += 1;
      };
      queue.on('closed', () => {
        notices += 1;
      });
      t.equal(queue.on('closed', off).off('closed', off), queue);
      await queue.append('chat', 'x');
      await Promise.all([queue.close(), queue.close()]);
      await queue.close();
      await queue[Symbol.asyncDispose]();
      t.same([notices, unheard], [1, 0]);
    },
  },
  {
    title: 'a queue that is disposed is closed',
    guarantees: ['I52'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x');
      await queue[Symbol.asyncDispose]();
      await t.rejects(() => queue.append('chat', 'y'), 'FOQ_CLOSED');
    },
  },
];

function everyCall(queue: Queue): (() => Promise<unknown>)[] {
  return [
    () => queue.append('chat', 'x'),
    () => queue.read('chat'),
    () => queue.pinned('chat'),
    () => queue.heads(['chat']),
    () => queue.join('chat', ann),
    () => queue.leave('chat', ann),
    () => queue.joinMany(ann, [{ chatId: 'chat' }]),
    () => queue.forget(ann),
    () => queue.ack('chat', ann, { received: 1 }),
    () => queue.cursors('chat'),
    () => queue.pending(ann),
    () => queue.chatsOf(ann),
    () => queue.chats(),
    () => queue.configure('chat', { keep: 'forever' }),
    () => queue.trim('chat', 1),
    () => queue.deleteRecords('chat', [[1, 1]]),
    () => queue.deleteChat('chat'),
    () => queue.waitFor('chat', 1),
    () => queue.flush(),
    () => queue.stats(),
    () => queue.why('chat', 1),
    async () => {
      for await (const one of queue.consume(ann)) return one;
      return undefined;
    },
    async () => {
      for await (const some of queue.deliveries()) return some;
      return undefined;
    },
  ];
}

async function toTheEnd(iterator: AsyncIterator<unknown>): Promise<void> {
  while ((await iterator.next()).done !== true);
}

function codeOf({ error }: { error: unknown }): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
