// What is still there when a store is opened again, after a close and after a crash.

import type { Case } from './case.js';
import { bytes, grow, headSeqOf, range, seqsOf, textsOf } from './verbs.js';

export const survivals: readonly Case[] = [
  {
    title: 'what was answered is read after the store was closed and opened',
    guarantees: ['I1', 'I2', 'I9'],
    needs: ['reopen', 'space'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 50);
      await queue.append('chat', bytes(70_000), { kind: 3, senderId: 'ann', pin: true });
      const before = await queue.read('chat');
      const again = await world.reopen(queue);
      const after = await again.read('chat');
      t.same(seqsOf(after), range(1, 51));
      t.same(
        after.records.map(({ at, kind, senderId, payload }) => [at, kind, senderId, [...payload]]),
        before.records.map(({ at, kind, senderId, payload }) => [at, kind, senderId, [...payload]]),
      );
      t.equal(again.epoch, queue.epoch, 'the history is the same');
      t.equal((await again.pinned('chat'))?.seq, 51);
      t.equal((await again.append('chat', 'next')).seq, 52);
    },
  },
  {
    title: 'when an append is answered, it and everything below it survive a crash',
    guarantees: ['I1', 'I10'],
    needs: ['crash'],
    async run(t, world) {
      let queue = await world.open();
      let answered = 0;
      for (const wait of [1, 17, 40]) {
        const head = await headSeqOf(queue, 'chat');
        const calls = range(head + 1, head + 50).map((n) => queue.append('chat', String(n)));
        for (const call of calls) call.catch(() => undefined);
        answered = (await calls[wait - 1])?.seq ?? 0;
        queue = await world.crash(queue);
        const read = await queue.read('chat');
        t.ok(read.headSeq >= answered, `${read.headSeq} holds the answered ${answered}`);
        t.same(textsOf(read), range(1, read.headSeq).map(String));
      }
    },
  },
  {
    title: 'what a reader saw survives a crash, although nobody had been answered',
    guarantees: ['I7'],
    needs: ['crash'],
    async run(t, world) {
      const queue = await world.open();
      const calls = range(1, 200).map((n) => queue.append('chat', String(n)));
      for (const call of calls) call.catch(() => undefined);
      let seen = 0;
      for (let tries = 0; seen === 0 && tries < 10_000; tries += 1) {
        seen = (await queue.read('chat', { last: 1 })).headSeq;
        await world.turn(0);
      }
      t.ok(seen > 0, 'something was seen');
      const again = await world.crash(queue);
      const read = await again.read('chat');
      t.ok(read.headSeq >= seen, `${read.headSeq} holds the ${seen} that were seen`);
      t.same(textsOf(read), range(1, read.headSeq).map(String));
    },
  },
];
