// Sessions of a consumer: which chats they have, who takes over, and how an iteration ends.

import type { Delivery } from '../../protocol/index.js';
import type { Case } from './case.js';
import {
  brief,
  cursorOf,
  grow,
  isCaughtUpWithAll,
  isRecord,
  nextRecords,
  range,
  skipBacklog,
  takeUntil,
} from './verbs.js';

const ann = 'ann/phone';
const bob = 'bob/phone';

export const sessions: readonly Case[] = [
  {
    title: 'join: first in consume joins the named chats at their floor, and once',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'order-42', 2);
      const options = { chats: ['order-42'], join: 'first' } as const;
      const all = (one: Delivery) => one.kind === 'caught-up';
      const see = (one: Delivery) => {
        if (one.kind === 'record') one.ack();
      };
      const first = await takeUntil(queue.consume(bob, options), all, see);
      t.same(
        first.filter(isRecord).map((one) => one.text()),
        ['1', '2'],
      );
      await grow(queue, 'order-42', 1);
      const second = await takeUntil(queue.consume(bob, options), all, see);
      t.same(
        second.filter(isRecord).map((one) => one.text()),
        ['3'],
        'only the new one',
      );
    },
  },
  {
    title: 'join: head in consume hands over what comes after it',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 2);
      const consumer = queue.consume(ann, { chats: ['chat'], join: 'head' });
      const isEnough = (one: Delivery) => one.kind === 'record';
      const taken = await takeUntil(consumer, isEnough, (one) => {
        if (isCaughtUpWithAll(one)) grow(queue, 'chat', 1).catch(() => undefined);
      });
      t.same(taken.filter(isRecord).map(brief), ['chat:3']);
    },
  },
  {
    title: 'chats limits a session to those named; add and remove change them',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      for (const chatId of ['a', 'b', 'c']) {
        await queue.join(chatId, ann);
        await grow(queue, chatId, 2);
      }
      const consumer = queue.consume(ann, { chats: ['a'] });
      const iterator = consumer[Symbol.asyncIterator]();
      t.same((await nextRecords(iterator, 2)).map(brief), ['a:1', 'a:2']);
      await consumer.add(['c']);
      t.same((await nextRecords(iterator, 2)).map(brief), ['c:1', 'c:2']);
      consumer.remove(['a']);
      await grow(queue, 'a', 1);
      await grow(queue, 'b', 1);
      await grow(queue, 'c', 1);
      t.same((await nextRecords(iterator, 1)).map(brief), ['c:3']);
      consumer.close();
    },
  },
  {
    title: 'without chats a session hands over also what is joined later',
    guarantees: ['I53'],
    async run(t, world) {
      const queue = await world.open();
      const iterator = queue.consume(ann)[Symbol.asyncIterator]();
      t.equal((await iterator.next()).value?.kind, 'caught-up');
      await grow(queue, 'later', 2);
      await queue.join('later', ann, { at: 'first' });
      t.same((await nextRecords(iterator, 2)).map(brief), ['later:1', 'later:2']);
      await queue.append('by append', 'x', { join: [ann] });
      t.same((await nextRecords(iterator, 1)).map(brief), ['by append:1']);
      await iterator.return?.();
    },
  },
  {
    title: 'autoAck acks a record when the next is asked for; break acks nothing',
    guarantees: ['I12'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      const isThird = (one: Delivery) => one.kind === 'record' && one.seq === 3;
      await takeUntil(queue.consume(ann, { autoAck: true }), isThird);
      await queue.flush();
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 2);
      await takeUntil(queue.consume(ann, { autoAck: true }), isCaughtUpWithAll);
      await queue.flush();
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 5);
    },
  },
  {
    title: 'ackDurable resolves when everybody can see the cursor',
    guarantees: ['I15'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever', ackFlushMs: 60_000 });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      for await (const one of queue.consume(ann)) {
        if (one.kind !== 'record') break;
        await one.ackDurable();
        t.equal((await cursorOf(queue, 'chat', ann))?.received, one.seq);
      }
    },
  },
  {
    title: 'batches hands over the same records in arrays that are never empty',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 300);
      const met: number[] = [];
      for await (const batch of queue.consume(ann).batches()) {
        t.ok(batch.length > 0, 'something is in it');
        const inBatch = batch.filter(isRecord);
        met.push(...inBatch.map(({ seq }) => seq));
        inBatch.at(-1)?.ack();
        if (batch.some(isCaughtUpWithAll)) break;
      }
      t.same(met, range(1, 300));
    },
  },
  {
    title: 'a newer session of a consumer fences the older, which is told and ends',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 2);
      const older = queue.consume(ann)[Symbol.asyncIterator]();
      await nextRecords(older, 2);
      const newer = queue.consume(ann)[Symbol.asyncIterator]();
      t.same((await nextRecords(newer, 2)).map(brief), ['chat:1', 'chat:2']);
      const rest: string[] = [];
      for (let step = await older.next(); step.done !== true; step = await older.next()) {
        rest.push(brief(step.value));
      }
      t.equal(rest.at(-1), 'fenced');
      await grow(queue, 'chat', 1);
      t.same((await nextRecords(newer, 1)).map(brief), ['chat:3']);
      await newer.return?.();
    },
  },
  {
    title: 'close ends an iteration that waits, normally',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      const consumer = queue.consume(ann);
      const iterator = consumer[Symbol.asyncIterator]();
      t.equal(consumer.consumerId, ann);
      await skipBacklog(iterator);
      const waiting = iterator.next();
      consumer.close();
      t.equal((await waiting).done, true);
      t.equal((await iterator.next()).done, true);
      consumer.close();
    },
  },
  {
    title: 'an aborted signal ends an iteration that waits, by its reason',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const controller = new AbortController();
      const iterator = queue.consume(ann, { signal: controller.signal })[Symbol.asyncIterator]();
      await skipBacklog(iterator);
      const waiting = iterator.next();
      const reason = new Error('enough');
      controller.abort(reason);
      t.equal(await waiting.catch((error: unknown) => error), reason);
    },
  },
  {
    title: 'one session over all consumers hands each its own, and each acks alone',
    guarantees: ['I14', 'I16'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      const all = range(1, 20).map((n) => `user${n}/phone`);
      await queue.append('chat', '1', { join: all });
      await grow(queue, 'chat', 9);
      const deliveries = queue.deliveries();
      const attached = await Promise.all(all.map((id) => deliveries.attach(id)));
      const met = new Map(all.map((id) => [id, [] as number[]]));
      let finished = 0;
      for await (const batch of deliveries) {
        for (const one of batch) {
          if (isRecord(one)) met.get(one.consumerId)?.push(one.seq);
          if (isCaughtUpWithAll(one)) finished += 1;
        }
        if (finished === all.length) break;
      }
      for (const seqs of met.values()) t.same(seqs, range(1, 10));
      for (const [n, one] of attached.entries()) one.ack('chat', (n % 10) + 1);
      await queue.flush();
      for (const [n, id] of all.entries()) {
        t.equal((await cursorOf(queue, 'chat', id))?.received, (n % 10) + 1);
      }
      deliveries.close();
    },
  },
];
