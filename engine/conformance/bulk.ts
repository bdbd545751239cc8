// Bulks: many operations, one promise, one result each.

import type { Case } from './case.js';
import { bytes, cursorOf, grow, headSeqOf, range, textsOf } from './verbs.js';

const ann = 'ann/phone';

export const bulks: readonly Case[] = [
  {
    title: 'a bulk answers each operation in order, and those of a chat land in order',
    guarantees: ['I2', 'I5'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'old', 5);
      const bulk = queue.bulk();
      t.equal(bulk.size, 0);
      for (const n of range(1, 30)) bulk.append(`chat ${n % 3}`, String(n));
      bulk.join('old', ann, { at: 'first' }).ack('old', ann, { received: 4 });
      bulk.trim('chat 1', 2).leave('old', ann);
      t.equal(bulk.size, 34);
      const results = await bulk.commit();
      t.equal(results.length, 34);
      t.ok(
        results.every(({ ok }) => ok),
        'all are well',
      );
      t.same(
        results
          .slice(0, 30)
          .map((result) => (result.ok ? result.value : undefined))
          .map(seqOf),
        range(1, 30).map((n) => Math.ceil(n / 3)),
      );
      const joined = results[30];
      t.equal(joined?.ok === true && joined.value !== undefined && 'joinSeq' in joined.value, true);
      t.same(
        results.slice(31).map((result) => (result.ok ? result.value : result)),
        [undefined, undefined, undefined],
      );
      const texts = textsOf(await queue.read('chat 2'));
      t.same(
        texts,
        range(1, 30)
          .filter((n) => n % 3 === 2)
          .map(String),
      );
      const cursor = await cursorOf(queue, 'old', ann);
      t.same([cursor?.received, cursor?.leaveSeq], [4, 5]);
      t.equal((await queue.heads(['chat 1']))[0]?.firstSeq, 3);
    },
  },
  {
    title: 'an operation that is refused hinders no other, and commit does not reject for it',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      const bulk = queue.bulk();
      bulk.append('chat', '1').append('chat', 'x', { ifHead: 9 }).append('chat', '2');
      bulk.ack('chat', 'stranger', { received: 1 }).append('chat', 'y', { as: 'stranger' });
      const results = await bulk.commit();
      t.same(
        results.map(({ ok }) => ok),
        [true, false, true, false, false],
      );
      t.equal(t.failed(results[1], 'FOQ_HEAD_CONFLICT').details['headSeq'], 1);
      t.failed(results[3], 'FOQ_NOT_JOINED');
      t.failed(results[4], 'FOQ_NOT_JOINED');
      t.same(textsOf(await queue.read('chat')), ['1', '2']);
    },
  },
  {
    title: 'a bulk that was committed is empty, and may be filled again',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const bulk = queue.bulk();
      t.same(await bulk.commit(), []);
      const first = bulk.append('chat', '1').commit();
      t.equal(bulk.size, 0);
      const second = bulk.append('chat', '2').append('chat', '3').commit();
      t.equal((await first).length, 1);
      t.equal((await second).length, 2);
      t.same(textsOf(await queue.read('chat')), ['1', '2', '3']);
    },
  },
  {
    title: 'buffers may change between being put in a bulk and its commit',
    guarantees: ['I51'],
    async run(t, world) {
      const queue = await world.open();
      const bulk = queue.bulk();
      const buffer = bytes(100);
      bulk.append('chat', buffer);
      buffer.fill(0);
      await bulk.commit();
      t.same([...((await queue.read('chat')).records[0]?.payload ?? [])], [...bytes(100)]);
    },
  },
  {
    title: 'a wrong argument throws at once and leaves the bulk as it was',
    guarantees: ['I49'],
    async run(t, world) {
      const queue = await world.open();
      const bulk = queue.bulk().append('chat', '1');
      t.throws(() => bulk.append('', 'x'), 'FOQ_INVALID_ARGUMENT');
      t.throws(() => bulk.append('chat', 'x', { kind: 256 }), 'FOQ_INVALID_ARGUMENT');
      t.throws(() => bulk.join('chat', 'a/b/c'), 'FOQ_INVALID_ARGUMENT');
      t.throws(() => bulk.trim('chat', -1), 'FOQ_INVALID_ARGUMENT');
      t.throws(() => bulk.append('chat', bytes(1024 * 1024 + 1)), 'FOQ_TOO_LARGE');
      t.equal(bulk.size, 1);
      t.equal((await bulk.append('chat', '2').commit()).length, 2);
      t.equal(await headSeqOf(queue, 'chat'), 2);
    },
  },
  {
    title: '20,000 operations in one bulk are answered one by one',
    guarantees: ['I2', 'I5'],
    needs: ['space'],
    async run(t, world) {
      const queue = await world.open();
      const bulk = queue.bulk();
      for (const n of range(1, 20_000)) bulk.append(`chat ${n % 100}`, String(n));
      const results = await bulk.commit();
      t.equal(results.filter(({ ok }) => ok).length, 20_000);
      t.equal(await headSeqOf(queue, 'chat 42'), 200);
    },
  },
  {
    title: 'a bulk keeps its place among the single calls around it',
    guarantees: ['I5'],
    async run(t, world) {
      const queue = await world.open();
      const calls: Promise<unknown>[] = [queue.append('chat', '1')];
      calls.push(queue.bulk().append('chat', '2').append('chat', '3').commit());
      calls.push(queue.append('chat', '4'), grow(queue, 'other chat', 1));
      await Promise.all(calls);
      t.same(textsOf(await queue.read('chat')), ['1', '2', '3', '4']);
    },
  },
];

function seqOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'seq' in value ? value.seq : value;
}
