// Acks: what moves a cursor, what does not, and when it is durable.

import type { Case } from './case.js';
import { cursorOf, drain, firstSeqOf, grow, isRecord, range } from './verbs.js';

const ann = 'ann/phone';
const durable = { durable: true } as const;

export const acks: readonly Case[] = [
  {
    title: 'received, delivered and read only grow; a lower ack is a late duplicate',
    guarantees: ['I11'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 9);
      await queue.ack('chat', ann, { received: 5, delivered: 7, read: 3 }, durable);
      await queue.ack('chat', ann, { received: 4, delivered: 1, read: 2 }, durable);
      await queue.ack('chat', ann, { received: 5 }, durable);
      const cursor = await cursorOf(queue, 'chat', ann);
      t.same([cursor?.received, cursor?.delivered, cursor?.read], [5, 7, 3]);
    },
  },
  {
    title: 'reading and showing the newest raises no received, and releases nothing',
    guarantees: ['I12', 'I18'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 9);
      await queue.ack('chat', ann, { delivered: 9 }, durable);
      await queue.ack('chat', ann, { read: 9 }, durable);
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 0);
      t.equal(await firstSeqOf(queue, 'chat'), 1);
      const { chats } = await queue.pending(ann);
      t.equal(chats[0]?.received, 0);
    },
  },
  {
    title: 'each mark is at most the head, and an ack above it changes nothing',
    guarantees: ['I12'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      for (const name of ['received', 'delivered', 'read']) {
        await t.rejects(() => queue.ack('chat', ann, { [name]: 4 }), 'FOQ_SEQ_OUT_OF_RANGE', {
          headSeq: 3,
        });
      }
      const mixed = { received: 3, read: 4 };
      await t.rejects(() => queue.ack('chat', ann, mixed, durable), 'FOQ_SEQ_OUT_OF_RANGE');
      await queue.flush();
      const cursor = await cursorOf(queue, 'chat', ann);
      t.same([cursor?.received, cursor?.delivered, cursor?.read], [0, 0, 0]);
    },
  },
  {
    title: 'an ack of somebody who is not joined is refused',
    guarantees: ['I12'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      await t.rejects(() => queue.ack('chat', ann, { received: 1 }), 'FOQ_NOT_JOINED');
      await t.rejects(() => queue.ack('never seen', ann, { received: 1 }), 'FOQ_NOT_JOINED');
    },
  },
  {
    title: 'an ack with chat and consumer swapped is asked whether it is',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 1);
      const error = await t.rejects(
        () => queue.ack(ann, 'chat', { received: 1 }),
        'FOQ_NOT_JOINED',
      );
      t.match(error.message, /swapped\?/);
      const plain = await t.rejects(() => queue.ack('b', 'c', { received: 1 }), 'FOQ_NOT_JOINED');
      t.ok(!plain.message.includes('swapped'), plain.message);
    },
  },
  {
    title: 'after flush() an ack that nobody waited for is seen by everybody',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      queue.ack('chat', ann, { received: 2 }).catch(() => undefined);
      await queue.flush();
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 2);
    },
  },
  {
    title: 'an ack becomes durable within ackFlushMs although nothing else is written',
    guarantees: ['I15'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever', ackFlushMs: 20 });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      await queue.ack('chat', ann, { received: 2 });
      let received = 0;
      while (received !== 2) {
        received = (await cursorOf(queue, 'chat', ann))?.received ?? 0;
        await world.turn(5);
      }
      t.equal(received, 2);
    },
  },
  {
    title: 'closing makes every ack durable',
    guarantees: ['I11', 'I15'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever', ackFlushMs: 60_000 });
      const chats = range(1, 30).map((n) => `chat ${n}`);
      for (const chatId of chats) await queue.append(chatId, 'x', { join: [ann] });
      const calls = chats.map((chatId) => queue.ack(chatId, ann, { received: 1, read: 1 }));
      const again = await world.reopen(queue, { keep: 'forever' });
      await Promise.all(calls);
      for (const chatId of chats) {
        const cursor = await cursorOf(again, chatId, ann);
        t.same([cursor?.received, cursor?.read], [1, 1]);
      }
    },
  },
  {
    title: 'a durable ack survives a crash; another may be forgotten, and then is delivered again',
    guarantees: ['I11', 'I12', 'I15'],
    needs: ['crash'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever', ackFlushMs: 60_000 });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 9);
      await queue.ack('chat', ann, { received: 4, read: 3 }, durable);
      queue.ack('chat', ann, { received: 7 }).catch(() => undefined);
      const again = await world.crash(queue);
      const cursor = await cursorOf(again, 'chat', ann);
      const received = cursor?.received ?? -1;
      t.ok(received === 4 || received === 7, `received is ${received}`);
      t.equal(cursor?.read, 3);
      const first = (await drain(again, ann)).find(isRecord);
      t.equal(first?.seq, received + 1, 'nothing is skipped');
    },
  },
  {
    title: 'only durable acks release records, and those at once',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open({ ackFlushMs: 60_000 });
      await queue.append('chat', 'x', { join: [ann, 'bob/phone'] });
      await grow(queue, 'chat', 9);
      await queue.ack('chat', ann, { received: 10 }, durable);
      t.equal(await firstSeqOf(queue, 'chat'), 1, 'the slower one holds');
      await queue.ack('chat', 'bob/phone', { received: 6 }, durable);
      t.equal(await firstSeqOf(queue, 'chat'), 7);
    },
  },
];
