// Delivery: what a consumer is handed, in which order, and what it is told besides.

import type { Delivery } from '../../protocol/index.js';
import type { Case } from './case.js';
import {
  brief,
  cursorOf,
  drain,
  grow,
  isCaughtUpWithAll,
  isRecord,
  range,
  takeUntil,
} from './verbs.js';

const ann = 'ann/phone';
const bob = 'bob/phone';

export const delivery: readonly Case[] = [
  {
    title: 'the backlog of each chat comes in order, then a marker, then one for all',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      for (const chatId of ['a', 'b', 'c']) {
        await queue.join(chatId, ann);
        await grow(queue, chatId, chatId === 'c' ? 0 : 3);
      }
      const said = (await drain(queue, ann)).map(brief);
      t.equal(said.at(-1), 'caught-up');
      for (const chatId of ['a', 'b']) {
        t.same(
          said.filter((line) => line.startsWith(`${chatId}:`)),
          [`${chatId}:1`, `${chatId}:2`, `${chatId}:3`, `${chatId}:caught-up`],
        );
      }
      t.equal(said.filter((line) => line === 'caught-up').length, 1);
    },
  },
  {
    title: 'a consumer without chats or news is caught up at once',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      t.same((await drain(queue, 'nobody')).map(brief), ['caught-up']);
      await queue.join('chat', ann);
      t.same(
        (await drain(queue, ann)).map(brief).filter((line) => line !== 'chat:caught-up'),
        ['caught-up'],
      );
    },
  },
  {
    title: 'what is appended after the marker comes live, in order',
    guarantees: ['I14', 'I53'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 2);
      const appended: Promise<unknown>[] = [];
      const isLast = (d: { kind: string; seq?: number }) => d.kind === 'record' && d.seq === 102;
      const taken = await takeUntil(queue.consume(ann), isLast, (one) => {
        if (one.kind === 'record') one.ack();
        if (isCaughtUpWithAll(one)) appended.push(grow(queue, 'chat', 100));
      });
      await Promise.all(appended);
      t.same(
        taken.filter(isRecord).map(({ seq }) => seq),
        range(1, 102),
      );
      t.equal(taken.filter(({ kind }) => kind === 'caught-up').length, 2, 'no marker comes twice');
    },
  },
  {
    title: 'a delivered record has everything that a read has',
    guarantees: ['I9'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      const { at } = await queue.append('chat', '{"a":1}', { senderId: 'bob', kind: 77 });
      const [record] = (await drain(queue, ann)).filter(isRecord);
      t.same(
        [record?.consumerId, record?.chatId, record?.seq, record?.at, record?.senderId],
        [ann, 'chat', 1, at, 'bob'],
      );
      t.same([record?.recordKind, record?.attempt, record?.deleted], [77, 1, false]);
      t.same(record?.json(), { a: 1 });
      t.equal(Buffer.from(record?.payload ?? []).toString(), '{"a":1}');
    },
  },
  {
    title: 'what was acked does not come again, what was not comes first in the next session',
    guarantees: ['I13', 'I15'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 10);
      await drain(queue, ann, { ack: ({ seq }) => seq <= 4 });
      // Before it an ack may be forgotten, and what it acked be delivered again.
      await queue.flush();
      const again = (await drain(queue, ann)).filter(isRecord);
      t.same(
        again.map(({ seq }) => seq),
        range(5, 10),
      );
      await queue.flush();
      t.same((await queue.pending(ann)).chats, []);
      t.same((await drain(queue, ann)).filter(isRecord), []);
    },
  },
  {
    title: 'a session after the store was closed and opened begins after the cursor',
    guarantees: ['I13', 'I15'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 10);
      await drain(queue, ann, { ack: ({ seq }) => seq <= 4 });
      const again = await world.reopen(queue);
      const [first] = (await drain(again, ann)).filter(isRecord);
      t.equal(first?.seq, 5);
    },
  },
  {
    title: 'who is up to date is not handed its own records; who is behind gets them as an echo',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', '1', { join: [ann, bob] });
      await drain(queue, ann);
      await queue.append('chat', '2', { as: ann });
      await queue.append('chat', '3', { as: ann });
      t.same((await drain(queue, ann)).filter(isRecord).map(brief), []);
      const ofBob = (await drain(queue, bob)).filter(isRecord);
      t.same(
        ofBob.map(({ seq }) => seq),
        [1, 2, 3],
      );
      await queue.append('chat', '4', { as: bob });
      await queue.append('chat', '5', { as: ann });
      t.same((await drain(queue, ann)).filter(isRecord).map(brief), ['chat:4', 'chat:5']);
    },
  },
  {
    title: 'a range that retention took is declared, and acked like a record',
    guarantees: ['I13'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 6);
      await queue.trim('chat', 4);
      const said = (await drain(queue, ann, { ack: () => false })).map(brief);
      t.same(said.slice(0, 3), ['chat:gap 1-4 trimmed', 'chat:5', 'chat:6']);
      await queue.flush();
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 4);
    },
  },
  {
    title: 'what lies between leaving and coming back is a gap before-join',
    guarantees: ['I13', 'I17'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      await queue.leave('chat', ann);
      await grow(queue, 'chat', 2);
      await queue.join('chat', ann);
      await grow(queue, 'chat', 2);
      const said = (await drain(queue, ann)).map(brief).filter((line) => !line.includes('caught'));
      t.same(said, [
        ...['chat:1', 'chat:2', 'chat:3'],
        'chat:gap 4-5 before-join',
        ...['chat:6', 'chat:7'],
      ]);
      await queue.flush();
      t.equal((await cursorOf(queue, 'chat', ann))?.received, 7);
    },
  },
  {
    title: 'nothing of the time away is delivered, also where retention took what came before',
    guarantees: ['I13', 'I17'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.append('chat', '1', { join: [ann] });
      await queue.append('chat', '2', { leave: [ann] });
      await grow(queue, 'chat', 1);
      await queue.join('chat', ann);
      await grow(queue, 'chat', 1);
      await queue.trim('chat', 1);
      const said = (await drain(queue, ann)).map(brief).filter((line) => !line.includes('caught'));
      t.same(said, ['chat:gap 1-1 trimmed', 'chat:2', 'chat:gap 3-3 before-join', 'chat:4']);
    },
  },
  {
    title: 'who left gets everything up to leaving, and nothing above',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      await queue.append('chat', 'removed', { leave: [ann] });
      await grow(queue, 'chat', 3);
      t.same(
        (await drain(queue, ann)).filter(isRecord).map(({ seq }) => seq),
        [1, 2, 3, 4],
      );
      await queue.flush();
      t.equal(await cursorOf(queue, 'chat', ann), undefined);
      t.same((await drain(queue, ann)).filter(isRecord), []);
    },
  },
  {
    title: 'the first record of a newcomer is the one that joined it',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      await queue.append('chat', 'welcome', { join: [ann] });
      await grow(queue, 'chat', 1);
      const texts = (await drain(queue, ann)).filter(isRecord).map((record) => record.text());
      t.same(texts, ['welcome', '5']);
    },
  },
  {
    title: 'every consumer gets every record, whatever the others ack',
    guarantees: ['I16'],
    async run(t, world) {
      const queue = await world.open();
      const all = range(1, 12).map((n) => `user${n}/phone`);
      await queue.append('chat', '1', { join: all });
      await grow(queue, 'chat', 40);
      const results = await Promise.all(
        all.map((id, n) => drain(queue, id, { ack: ({ seq }) => seq <= n * 3 })),
      );
      for (const taken of results) {
        t.same(
          taken.filter(isRecord).map(({ seq }) => seq),
          range(1, 41),
        );
      }
    },
  },
  {
    title: 'others’ marks are told once, and pending says so until then',
    guarantees: ['I53'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.append('chat', '1', { join: [ann, bob] });
      await drain(queue, ann);
      await queue.flush();
      await drain(queue, ann);
      t.same((await queue.pending(ann)).chats, []);
      await queue.ack('chat', bob, { received: 1, read: 1 }, { durable: true });
      const { chats } = await queue.pending(ann);
      t.same(
        chats.map(({ chatId, marks }) => [chatId, marks]),
        [['chat', true]],
      );
      const isMarks = (one: Delivery) => one.kind === 'marks';
      const said = (await takeUntil(queue.consume(ann), isMarks)).map(brief);
      t.equal(said.at(-1), 'chat:marks');
      await queue.flush();
      t.same((await queue.pending(ann)).chats, []);
    },
  },
];
