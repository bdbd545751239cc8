// Windows of a consumer: how much it is handed before it acks, and what is offered again.

import type { Delivery } from '../../protocol/index.js';
import type { Case } from './case.js';
import {
  drain,
  grow,
  isCaughtUpWithAll,
  isRecord,
  nextRecords,
  range,
  takeUntil,
} from './verbs.js';

const ann = 'ann/phone';
const bob = 'bob/phone';

export const windows: readonly Case[] = [
  {
    title: 'a consumer that acks nothing gets its window, a quarter of it a chat, and no more',
    guarantees: ['I16'],
    async run(t, world) {
      const queue = await world.open();
      for (const chatId of ['a', 'b', 'c', 'd', 'e']) {
        await queue.append(chatId, '1', { join: [ann, bob] });
        await grow(queue, chatId, 9);
      }
      const consumer = queue.consume(ann, { window: { records: 8 } });
      const iterator = consumer[Symbol.asyncIterator]();
      const taken = await nextRecords(iterator, 8);
      const chats = [...new Set(taken.map(({ chatId }) => chatId))];
      for (const chatId of chats) {
        const seqs = taken.filter((record) => record.chatId === chatId).map(({ seq }) => seq);
        t.same(seqs, [1, 2], `two of ${chatId}`);
      }
      let isThere = false;
      const next = nextRecords(iterator, 1).then((more) => {
        isThere = true;
        return more[0];
      });
      t.equal((await drain(queue, bob)).filter(isRecord).length, 50, 'another gets everything');
      await queue.flush();
      t.equal(isThere, false, 'the window is full');
      taken.find(({ chatId, seq }) => chatId === chats[0] && seq === 2)?.ack();
      const more = await next;
      t.equal(more?.seq, more?.chatId === chats[0] ? 3 : 1);
      consumer.close();
    },
  },
  {
    title: 'one large record passes a window of 1 byte',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      for (const n of range(1, 3)) await queue.append('chat', String(n).repeat(50_000));
      const consumer = queue.consume(ann, { window: { bytes: 1 } });
      const taken = await takeUntil(consumer, isCaughtUpWithAll, (one) => {
        if (one.kind === 'record') one.ack();
      });
      t.same(
        taken.filter(isRecord).map(({ seq }) => seq),
        [1, 2, 3],
      );
    },
  },
  {
    title: 'nack offers again from there, with the next attempt, and no later one before it',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 6);
      let nacked = false;
      const isLast = (one: Delivery) => one.kind === 'record' && one.seq === 6;
      const taken = await takeUntil(queue.consume(ann), isLast, (one) => {
        if (one.kind !== 'record') return;
        if (one.seq === 3 && !nacked) {
          nacked = true;
          one.nack();
        } else one.ack();
      });
      t.same(
        taken.filter(isRecord).map(({ seq, attempt }) => `${seq} for the ${attempt}.`),
        [
          '1 for the 1.',
          '2 for the 1.',
          '3 for the 1.',
          '3 for the 2.',
          '4 for the 1.',
          '5 for the 1.',
          '6 for the 1.',
        ],
      );
    },
  },
  {
    title: 'nack stops its chat and no other',
    guarantees: ['I14', 'I16'],
    async run(t, world) {
      const queue = await world.open();
      for (const chatId of ['a', 'b']) {
        await queue.join(chatId, ann);
        await grow(queue, chatId, 4);
      }
      const consumer = queue.consume(ann);
      const isEnough = (one: Delivery) =>
        one.kind === 'record' && one.chatId === 'b' && one.seq === 4;
      const taken = await takeUntil(consumer, isEnough, (one) => {
        if (one.kind !== 'record') return;
        if (one.chatId === 'a') one.nack({ delayMs: 3_600_000 });
        else one.ack();
      });
      const ofA = taken.filter(isRecord).filter(({ chatId }) => chatId === 'a');
      t.ok(ofA.length <= 1, `a was offered ${ofA.length} times`);
    },
  },
  {
    title: 'an ack of a later seq covers what was nacked below it',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 4);
      const iterator = queue.consume(ann)[Symbol.asyncIterator]();
      const [first, second, third] = await nextRecords(iterator, 3);
      first?.nack({ delayMs: 3_600_000 });
      third?.ack();
      const [next] = await nextRecords(iterator, 1);
      t.equal(next?.seq, 4);
      t.ok(second !== undefined, 'the second was there');
      await iterator.return?.();
    },
  },
  {
    title: 'the oldest unacked record is offered again when its time has come',
    guarantees: ['I15'],
    needs: ['timers'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 2);
      const iterator = queue.consume(ann)[Symbol.asyncIterator]();
      await nextRecords(iterator, 2);
      const again = nextRecords(iterator, 1);
      await world.advance(11_000);
      const [oldest] = await again;
      t.same([oldest?.seq, oldest?.attempt], [1, 2]);
      await iterator.return?.();
    },
  },
  {
    title: 'a window that stays full is reported with its consumer and the remedy',
    guarantees: [],
    needs: ['timers'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 10);
      const heard = new Promise<{ kind: string; consumerId?: string; message: string }>(
        (resolve) => {
          queue.on('degraded', resolve);
        },
      );
      const iterator = queue.consume(ann, { window: { records: 4 } })[Symbol.asyncIterator]();
      await nextRecords(iterator, 1);
      const waiting = iterator.next();
      waiting.catch(() => undefined);
      await world.advance(11_000);
      const { kind, consumerId, message } = await heard;
      t.same([kind, consumerId], ['window-full', ann]);
      t.match(message, /ack/);
      await iterator.return?.();
    },
  },
];
