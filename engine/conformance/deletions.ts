// Deleting single records, and whole chats.

import type { Case } from './case.js';
import { firstSeqOf, grow, headSeqOf, range, seqsOf, textsOf } from './verbs.js';

const ann = 'ann/phone';

export const deletions: readonly Case[] = [
  {
    title: 'a deleted record keeps its seq and stamp, loses its bytes, and its neighbours stay',
    guarantees: ['I2', 'I18'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 6);
      const before = (await queue.read('chat')).records;
      await queue.deleteRecords('chat', [
        [2, 3],
        [5, 5],
      ]);
      const read = await queue.read('chat');
      t.same(seqsOf(read), range(1, 6));
      t.same(textsOf(read), ['1', '', '', '4', '', '6']);
      t.same(
        read.records.map(({ deleted }) => deleted),
        [false, true, true, false, true, false],
      );
      t.equal(read.gap, undefined);
      t.equal(read.records[1]?.at, before[1]?.at);
      t.equal(before[1]?.text(), '2', 'what was read before is not touched');
    },
  },
  {
    title: 'deleting again, or what is below the floor, changes nothing',
    guarantees: ['I21'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 6);
      await queue.trim('chat', 2);
      await queue.deleteRecords('chat', [[1, 4]]);
      await queue.deleteRecords('chat', [[3, 3]]);
      t.same(textsOf(await queue.read('chat', { fromSeq: 3 })), ['', '', '5', '6']);
      t.equal(await firstSeqOf(queue, 'chat'), 3);
    },
  },
  {
    title: 'deleting above the head is refused and deletes nothing',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      const above = [
        [1, 1],
        [3, 4],
      ] as const;
      await t.rejects(() => queue.deleteRecords('chat', above), 'FOQ_SEQ_OUT_OF_RANGE', {
        headSeq: 3,
      });
      t.same(textsOf(await queue.read('chat')), ['1', '2', '3']);
    },
  },
  {
    title: 'a deleted record is delivered as a tombstone, so that no seq is missing',
    guarantees: ['I14'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 3);
      await queue.deleteRecords('chat', [[2, 2]]);
      const seen: [number, boolean, string][] = [];
      for await (const delivery of queue.consume(ann)) {
        if (delivery.kind === 'caught-up') break;
        if (delivery.kind !== 'record') continue;
        seen.push([delivery.seq, delivery.deleted, delivery.text()]);
        delivery.ack();
      }
      t.same(seen, [
        [1, false, '1'],
        [2, true, ''],
        [3, false, '3'],
      ]);
    },
  },
  {
    title: 'a deleted pinned record is pinned no more by its bytes',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'state', { pin: true });
      await grow(queue, 'chat', 1);
      await queue.deleteRecords('chat', [[1, 1]]);
      const pinned = await queue.pinned('chat');
      t.ok(pinned === null || (pinned.deleted && pinned.text() === ''), 'no bytes are left');
    },
  },
  {
    title: 'deleteRecords survives being opened again, and the bytes do not come back',
    guarantees: ['I18'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 6);
      await queue.deleteRecords('chat', [[2, 5]]);
      const again = await world.reopen(queue);
      t.same(textsOf(await again.read('chat')), ['1', '', '', '', '', '6']);
    },
  },
  {
    title: 'deleteChat empties the chat, removes all consumers, and the count goes on',
    guarantees: ['I2', 'I21'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'state', { pin: true, join: [ann, 'bob/phone'] });
      await grow(queue, 'chat', 4);
      await queue.deleteChat('chat');
      const read = await queue.read('chat');
      t.same(read.gap, { fromSeq: 1, toSeq: 5, reason: 'deleted' });
      t.same([read.records.length, read.firstSeq, read.headSeq], [0, 6, 5]);
      t.same(await queue.cursors('chat'), []);
      t.equal(await queue.pinned('chat'), null);
      t.same((await queue.chatsOf(ann)).chats, []);
      t.same((await queue.pending(ann)).chats, []);
      await t.rejects(() => queue.append('chat', 'x', { as: ann }), 'FOQ_NOT_JOINED');
      t.equal((await queue.append('chat', 'a new beginning')).seq, 6);
      t.same(textsOf(await queue.read('chat', { fromSeq: 6 })), ['a new beginning']);
    },
  },
  {
    title: 'deleteChat of a never-seen chat does nothing, and other chats are untouched',
    guarantees: ['I16'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'other chat', 2);
      await queue.deleteChat('never seen');
      await grow(queue, 'chat', 2);
      await queue.deleteChat('chat');
      await queue.deleteChat('chat');
      t.equal(await headSeqOf(queue, 'never seen'), 0);
      t.equal(await headSeqOf(queue, 'chat'), 2);
      t.same(textsOf(await queue.read('other chat')), ['1', '2']);
    },
  },
  {
    title: 'a deleted chat stays deleted when the store is opened again',
    guarantees: ['I2', 'I18'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { join: [ann] });
      await queue.deleteChat('chat');
      const again = await world.reopen(queue);
      const read = await again.read('chat', { fromSeq: 2 });
      t.same([read.firstSeq, read.headSeq], [2, 1]);
      t.same(await again.cursors('chat'), []);
      t.equal((await again.append('chat', 'y')).seq, 2);
    },
  },
];
