// Lists in pages: pending, chatsOf and chats.

import type { Page } from '../../protocol/index.js';
import type { Case } from './case.js';
import { grow, range } from './verbs.js';

const ann = 'ann/phone';

export const pages: readonly Case[] = [
  {
    title: 'pending lists exactly the chats with something unreceived, most recent first',
    guarantees: ['I53'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      const chats = range(1, 30).map((n) => `chat ${n}`);
      for (const chatId of chats) await queue.join(chatId, ann);
      await grow(queue, 'not joined', 2);
      t.same((await queue.pending(ann)).chats, []);
      const order = chats.filter((_, n) => n % 3 === 0).sort();
      for (const chatId of order) await grow(queue, chatId, 2);
      await queue.ack(order[0] ?? '', ann, { received: 2 }, { durable: true });
      await queue.ack(order[1] ?? '', ann, { received: 1 }, { durable: true });
      const { chats: rows, next } = await queue.pending(ann);
      t.same(rows.map(({ chatId }) => chatId).sort(), order.slice(1));
      const ats = rows.map(({ lastAt }) => lastAt);
      t.same(
        ats,
        ats.toSorted((left, right) => right - left),
      );
      t.equal(next, null);
      const partly = rows.find(({ chatId }) => chatId === order[1]);
      t.same([partly?.received, partly?.headSeq, partly?.firstSeq], [1, 2, 1]);
      t.ok((partly?.lastAt ?? 0) > 0, 'it has the stamp of its newest');
    },
  },
  {
    title: 'pages of pending meet each chat once, whatever their size',
    guarantees: ['I53'],
    async run(t, world) {
      const queue = await world.open();
      const chats = range(1, 50).map((n) => `chat ${n}`);
      for (const chatId of chats) await queue.append(chatId, 'x', { join: [ann] });
      for (const limit of [1, 7, 50, 10_000]) {
        const met = await walk((after) => queue.pending(ann, { limit, after }));
        t.same(met.toSorted(), chats.toSorted(), `pages of ${limit}`);
      }
    },
  },
  {
    title: 'a record in a chat already listed does not make pending miss another',
    guarantees: ['I53'],
    async run(t, world) {
      const queue = await world.open();
      const chats = range(1, 20).map((n) => `chat ${n}`);
      for (const chatId of chats) await queue.append(chatId, 'x', { join: [ann] });
      let step = 0;
      const met = await walk(async (after) => {
        const page = await queue.pending(ann, { limit: 3, after });
        step += 1;
        await queue.append(`chat ${step}`, 'news');
        return page;
      });
      for (const chatId of chats.slice(8)) t.ok(met.includes(chatId), `${chatId} was met`);
    },
  },
  {
    title: 'chatsOf lists every joined chat with its joinSeq, and none that was left',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'old', 4);
      await queue.join('old', ann);
      for (const n of range(1, 20)) await queue.join(`chat ${n}`, ann);
      await grow(queue, 'chat 3', 1);
      await queue.leave('chat 3', ann);
      await queue.leave('chat 4', ann);
      const { chats } = await queue.chatsOf(ann);
      t.equal(chats.length, 19);
      const old = chats.find(({ chatId }) => chatId === 'old');
      t.same([old?.joinSeq, old?.received, old?.headSeq], [5, 4, 4]);
      const met = await walk((after) => queue.chatsOf(ann, { limit: 4, after }));
      t.same(
        met,
        chats.map(({ chatId }) => chatId),
      );
      t.same((await queue.chatsOf('nobody')).chats, []);
    },
  },
  {
    title: 'chats lists every chat that has a record, in pages that meet each once',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      t.same(await queue.chats(), { chats: [], next: null });
      const chats = range(1, 40).map((n) => `chat ${n}`);
      for (const chatId of chats) await grow(queue, chatId, 2);
      await queue.trim('chat 1', 1);
      for (const limit of [1, 9, 10_000]) {
        const met = await walk((after) => queue.chats({ limit, after }));
        t.same(met.sort(), [...chats].sort(), `pages of ${limit}`);
      }
      const row = (await queue.chats()).chats.find(({ chatId }) => chatId === 'chat 1');
      t.same([row?.firstSeq, row?.headSeq], [2, 2]);
    },
  },
];

/** Chat ids of all pages, in order. */
async function walk(
  ask: (after: string | null | undefined) => Promise<Page<{ readonly chatId: string }>>,
): Promise<string[]> {
  const met: string[] = [];
  let after: string | null | undefined;
  for (let page = 0; page < 1000; page += 1) {
    const { chats, next } = await ask(after);
    met.push(...chats.map(({ chatId }) => chatId));
    if (next === null) return met;
    after = next;
  }
  throw new Error('the pages do not end');
}
