// Joining and leaving: where a cursor begins, what a closing one still holds, and the roster.

import type { Case } from './case.js';
import { cursorOf, grow, headSeqOf, range } from './verbs.js';

const ann = 'ann/phone';
const bob = 'bob/phone';

export const joins: readonly Case[] = [
  {
    title: 'a join begins after the head, at the floor or at a seq, and says so',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'chat', 10);
      await queue.trim('chat', 2);
      const found = { firstSeq: 3, headSeq: 10 };
      t.same(await queue.join('chat', 'a'), { joinSeq: 11, received: 10, ...found });
      t.same(await queue.join('chat', 'b', { at: 'head' }), {
        joinSeq: 11,
        received: 10,
        ...found,
      });
      t.same(await queue.join('chat', 'c', { at: 'first' }), { joinSeq: 3, received: 2, ...found });
      t.same(await queue.join('chat', 'd', { at: 6 }), { joinSeq: 6, received: 5, ...found });
      t.same(await queue.join('chat', 'e', { at: 11 }), { joinSeq: 11, received: 10, ...found });
      await t.rejects(() => queue.join('chat', 'f', { at: 12 }), 'FOQ_SEQ_OUT_OF_RANGE', {
        headSeq: 10,
      });
      const cursors = await queue.cursors('chat');
      t.same(cursors.map(({ consumerId }) => consumerId).sort(), ['a', 'b', 'c', 'd', 'e']);
    },
  },
  {
    title: 'a never-seen chat can be joined; its first record is what comes',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const joined = await queue.join('chat', ann);
      t.same(joined, { joinSeq: 1, received: 0, firstSeq: 1, headSeq: 0 });
      await grow(queue, 'chat', 2);
      const { chats } = await queue.pending(ann);
      t.same(
        chats.map(({ chatId, headSeq, received }) => [chatId, headSeq, received]),
        [['chat', 2, 0]],
      );
    },
  },
  {
    title: 'a repeated join changes nothing and answers where the consumer stands',
    guarantees: ['I11'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'chat', 3);
      await queue.join('chat', ann, { at: 'first' });
      await queue.ack('chat', ann, { received: 2 }, { durable: true });
      for (const at of ['head', 'first', 4] as const) {
        const { joinSeq, received } = await queue.join('chat', ann, { at });
        t.same([joinSeq, received], [1, 2]);
      }
      t.equal((await queue.heads(['chat']))[0]?.roster, 1);
    },
  },
  {
    title: 'the roster grows by one with each change of the set and with nothing else',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const roster = async () => (await queue.heads(['chat']))[0]?.roster;
      t.equal(await roster(), 0);
      await queue.leave('chat', ann);
      t.equal(await roster(), 0, 'nobody left');
      await queue.join('chat', ann);
      await queue.join('chat', ann);
      t.equal(await roster(), 1);
      await grow(queue, 'chat', 2);
      await queue.ack('chat', ann, { received: 1 }, { durable: true });
      t.equal(await roster(), 1);
      await queue.append('chat', 'x', { join: [bob, ann], leave: ['nobody'] });
      t.equal(await roster(), 2);
      await queue.leave('chat', ann);
      await queue.leave('chat', ann);
      t.equal(await roster(), 3);
      await queue.append('chat', 'x', { join: ['c', 'd'], leave: [bob] });
      t.equal(await roster(), 6);
    },
  },
  {
    title: '1,024 consumers join a chat, one more is too many, and closing ones do not count',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { join: range(1, 1000).map((n) => `user${n}`) });
      await queue.append('chat', 'x', { join: range(1001, 1024).map((n) => `user${n}`) });
      await t.rejects(() => queue.join('chat', 'late'), 'FOQ_TOO_LARGE');
      await t.rejects(() => queue.append('chat', 'x', { join: ['late'] }), 'FOQ_TOO_LARGE');
      t.equal(await headSeqOf(queue, 'chat'), 2);
      await queue.leave('chat', 'user1');
      t.equal((await cursorOf(queue, 'chat', 'user1'))?.leaveSeq, 2, 'user1 is closing');
      t.equal((await queue.join('chat', 'late')).joinSeq, 3);
      t.equal((await queue.cursors('chat')).length, 1025);
    },
  },
  {
    title: 'joinMany answers for each chat, and one that is refused hinders no other',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await Promise.all(range(1, 300).map((n) => queue.append(`chat ${n}`, 'x')));
      const wanted = range(1, 300).map((n) => ({ chatId: `chat ${n}`, at: n === 7 ? 99 : 1 }));
      const results = await queue.joinMany(ann, wanted);
      t.equal(results.length, 300);
      t.failed(results[6], 'FOQ_SEQ_OUT_OF_RANGE');
      const good = results.filter((result) => result.ok && result.value.joinSeq === 1);
      t.equal(good.length, 299);
      const joined: string[] = [];
      for (let after: string | null | undefined; after !== null; ) {
        const page = await queue.chatsOf(ann, { limit: 100, after });
        joined.push(...page.chats.map(({ chatId }) => chatId));
        after = page.next;
      }
      t.equal(new Set(joined).size, 299);
      t.same(await queue.joinMany(ann, []), []);
    },
  },
  {
    title: 'what one consumer does moves no cursor of another',
    guarantees: ['I16'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.append('chat', 'x', { join: [ann, bob, 'ann/laptop'] });
      await grow(queue, 'chat', 5);
      const before = await cursorOf(queue, 'chat', bob);
      await queue.ack('chat', ann, { received: 6, delivered: 6, read: 6 }, { durable: true });
      await queue.append('chat', 'own', { as: ann });
      await queue.leave('chat', 'ann/laptop');
      await queue.forget(ann);
      t.same(await cursorOf(queue, 'chat', bob), before);
    },
  },
];

export const leaves: readonly Case[] = [
  {
    title: 'who is behind when leaving keeps a closing cursor, holds its records, and then is gone',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      await queue.leave('chat', ann);
      const closing = await cursorOf(queue, 'chat', ann);
      t.same([closing?.received, closing?.leaveSeq], [0, 5]);
      await grow(queue, 'chat', 5);
      t.equal((await queue.heads(['chat']))[0]?.firstSeq, 1, 'it holds');
      await queue.ack('chat', ann, { received: 4 }, { durable: true });
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 4);
      await queue.ack('chat', ann, { received: 5 }, { durable: true });
      t.equal(await cursorOf(queue, 'chat', ann), undefined);
    },
  },
  {
    title: 'a closing cursor takes no ack above its leaveSeq',
    guarantees: ['I12', 'I17'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      await queue.leave('chat', ann);
      await grow(queue, 'chat', 3);
      await t.rejects(() => queue.ack('chat', ann, { received: 4 }), 'FOQ_SEQ_OUT_OF_RANGE');
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 0);
    },
  },
  {
    title: 'who has received everything is gone at once when leaving',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      await queue.join('chat', ann);
      await queue.leave('chat', ann);
      t.same(await queue.cursors('chat'), []);
      await queue.leave('chat', ann);
      await t.rejects(() => queue.ack('chat', ann, { received: 3 }), 'FOQ_NOT_JOINED');
    },
  },
  {
    title: 'a late retry of an older leave leaves a newer membership alone',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const { joinSeq: older } = await queue.join('chat', ann);
      await queue.leave('chat', ann, { joinSeq: older });
      await grow(queue, 'chat', 2);
      const { joinSeq: newer } = await queue.join('chat', ann);
      t.ok(newer > older, `${newer} is newer than ${older}`);
      await queue.leave('chat', ann, { joinSeq: older });
      t.equal((await cursorOf(queue, 'chat', ann))?.leaveSeq, undefined);
      t.equal((await queue.heads(['chat']))[0]?.roster, 3);
      await queue.leave('chat', ann, { joinSeq: newer });
      t.equal(await cursorOf(queue, 'chat', ann), undefined);
    },
  },
  {
    title: 'who comes back while closing keeps what it received, and joins anew',
    guarantees: ['I11', 'I12'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      await queue.ack('chat', ann, { received: 2, read: 1 }, { durable: true });
      await queue.leave('chat', ann);
      await grow(queue, 'chat', 5);
      t.same(await queue.join('chat', ann), {
        joinSeq: 11,
        received: 2,
        firstSeq: 1,
        headSeq: 10,
      });
      const cursor = await cursorOf(queue, 'chat', ann);
      t.same([cursor?.received, cursor?.read, cursor?.leaveSeq], [2, 1, undefined]);
    },
  },
  {
    title: 'forget leaves everywhere at once and keeps no cursor, of this consumer only',
    guarantees: ['I16'],
    async run(t, world) {
      const queue = await world.open();
      const chats = range(1, 40).map((n) => `chat ${n}`);
      for (const chatId of chats) await queue.append(chatId, 'x', { join: [ann, bob] });
      await queue.leave('chat 3', ann);
      await queue.forget(ann);
      t.same((await queue.chatsOf(ann)).chats, []);
      t.same((await queue.pending(ann)).chats, []);
      for (const chatId of chats) t.equal(await cursorOf(queue, chatId, ann), undefined);
      t.equal((await queue.chatsOf(bob)).chats.length, 40);
      await queue.forget(ann);
      t.equal((await queue.join('chat 1', ann)).received, 1);
    },
  },
  {
    title: 'joined sets, closing cursors and rosters are there when the store is opened again',
    guarantees: ['I11', 'I15'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.append('chat', 'x', { join: [ann, bob] });
      await grow(queue, 'chat', 4);
      await queue.ack('chat', bob, { received: 3, read: 2 });
      await queue.leave('chat', bob);
      const cursors = await queue.cursors('chat');
      const heads = await queue.heads(['chat']);
      const again = await world.reopen(queue, { keep: 'forever' });
      t.same(await again.cursors('chat'), cursors);
      t.same(await again.heads(['chat']), heads);
      t.equal((await cursorOf(again, 'chat', bob))?.leaveSeq, 5);
    },
  },
];
