// Idempotency: one (chat, sender, key) is one record, and every retry gets the first answer.

import type { Queue } from '../../protocol/index.js';
import type { Case } from './case.js';
import { grow, headSeqOf, range } from './verbs.js';

const ann = { senderId: 'ann/phone', dedupKey: 'key 1' } as const;

export const idempotency: readonly Case[] = [
  {
    title: 'a resend of the same key and payload gets the first seq and stamp again',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      const first = await queue.append('chat', 'hello', ann);
      t.equal(first.duplicate, false);
      await grow(queue, 'chat', 3);
      const again = await queue.append('chat', 'hello', ann);
      t.same(again, { seq: first.seq, at: first.at, duplicate: true });
      t.equal(await headSeqOf(queue, 'chat'), 7);
    },
  },
  {
    title: 'resends while the first is in flight wait for its answer',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      const answers = await Promise.all(range(1, 10).map(() => queue.append('chat', 'x', ann)));
      t.ok(
        answers.every(({ seq, at }) => seq === 1 && at === answers[0]?.at),
        'all have one seq and stamp',
      );
      t.equal(answers.filter(({ duplicate }) => !duplicate).length, 1);
      t.equal(await headSeqOf(queue, 'chat'), 1);
    },
  },
  {
    title: 'the same key with another payload is a conflict that names the first',
    guarantees: ['I3', 'I4', 'I6'],
    async run(t, world) {
      const queue = await world.open();
      const { seq, at } = await queue.append('chat', 'one', ann);
      await t.rejects(() => queue.append('chat', 'two', ann), 'FOQ_DEDUP_CONFLICT', { seq, at });
      t.equal(await headSeqOf(queue, 'chat'), 1);
      t.equal((await queue.read('chat')).records[0]?.text(), 'one');
    },
  },
  {
    title: 'dedupOver is compared instead of the payload',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      const over = (text: string) => ({ ...ann, dedupOver: text });
      await queue.append('chat', 'sealed 1', over('what the client sent'));
      const again = await queue.append('chat', 'sealed 2', over('what the client sent'));
      t.equal(again.duplicate, true);
      await t.rejects(
        () => queue.append('chat', 'sealed 1', over('something else')),
        'FOQ_DEDUP_CONFLICT',
      );
      t.equal((await queue.read('chat')).records[0]?.text(), 'sealed 1');
    },
  },
  {
    title: 'other options are not compared: a retry with another kind is the first append',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { ...ann, kind: 1 });
      const again = await queue.append('chat', 'x', { ...ann, kind: 2, pin: true });
      t.equal(again.duplicate, true);
      t.equal((await queue.read('chat')).records[0]?.kind, 1);
      t.equal(await queue.pinned('chat'), null);
    },
  },
  {
    title: 'a key belongs to one sender and one chat',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', ann);
      const bob = await queue.append('chat', 'x', { ...ann, senderId: 'bob/phone' });
      t.same([bob.seq, bob.duplicate], [2, false]);
      const other = await queue.append('other chat', 'x', ann);
      t.same([other.seq, other.duplicate], [1, false]);
    },
  },
  {
    title: 'keys of text and of the same bytes are one key, and 128 bytes are the most',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      const longest = 'ä'.repeat(64);
      await queue.append('chat', 'x', { senderId: 'ann', dedupKey: longest });
      const asBytes = { senderId: 'ann', dedupKey: new TextEncoder().encode(longest) };
      t.equal((await queue.append('chat', 'x', asBytes)).duplicate, true);
      const longer = { senderId: 'ann', dedupKey: `${longest}.` };
      await t.rejects(() => queue.append('chat', 'x', longer), 'FOQ_TOO_LARGE');
    },
  },
  {
    title: 'a retry is answered although the guard has moved and the sender was removed since',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', 'ann/phone');
      const options = {
        as: 'ann/phone',
        dedupKey: 'k',
        guard: { expected: 0, next: 1 },
        ifHead: 0,
      };
      const first = await queue.append('chat', 'x', options);
      await queue.append('chat', 'y', { guard: { expected: 1, next: 2 }, leave: ['ann/phone'] });
      const again = await queue.append('chat', 'x', options);
      t.same(again, { ...first, duplicate: true });
    },
  },
  {
    title: 'a sender is the same by as and by senderId',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', ann);
      await queue.join('chat', 'ann/phone');
      const again = await queue.append('chat', 'x', { as: 'ann/phone', dedupKey: 'key 1' });
      t.same([again.seq, again.duplicate], [1, true]);
    },
  },
  {
    title: 'the last 16 keyed appends of a sender are remembered, whatever came between',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      await rememberSixteen(queue);
      await checkSixteen(t, queue);
    },
  },
  {
    title: 'a dedupDepth of 3 remembers three appends',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open({ dedupDepth: 3 });
      const keyed = (n: number) =>
        queue.append('chat', `${n}`, { senderId: 'ann', dedupKey: `key ${n}` });
      for (const n of range(1, 5)) await keyed(n);
      for (const n of [5, 4, 3]) t.same([(await keyed(n)).seq, n], [n, n]);
      t.equal(await headSeqOf(queue, 'chat'), 5);
    },
  },
  {
    title: 'keys are remembered after the store was closed and opened',
    guarantees: ['I4'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await rememberSixteen(queue);
      await checkSixteen(t, await world.reopen(queue));
    },
  },
  {
    title: 'keys of answered appends are remembered after a crash',
    guarantees: ['I4', 'I8'],
    needs: ['crash'],
    async run(t, world) {
      const queue = await world.open();
      await rememberSixteen(queue);
      const flying = queue.append('chat', 'in flight', ann).catch(() => undefined);
      const again = await world.crash(queue);
      await flying;
      const retried = await again.append('chat', 'in flight', ann);
      await checkSixteen(t, again);
      const { records } = await again.read('chat');
      const found = records.filter((record) => record.text() === 'in flight');
      t.same(
        found.map(({ seq }) => seq),
        [retried.seq],
      );
    },
  },
  {
    title: 'a key is remembered although its record is gone',
    guarantees: ['I4'],
    async run(t, world) {
      const queue = await world.open();
      const first = await queue.append('chat', 'x', ann);
      await grow(queue, 'chat', 3);
      await queue.trim('chat', 2);
      t.same(await queue.append('chat', 'x', ann), { ...first, duplicate: true });
      const other = { ...ann, dedupKey: 'key 2' };
      const second = await queue.append('chat', 'y', other);
      await queue.deleteRecords('chat', [[second.seq, second.seq]]);
      t.same(await queue.append('chat', 'y', other), { ...second, duplicate: true });
    },
  },
  {
    title: 'an append without a key is a new record each time',
    guarantees: ['I3'],
    async run(t, world) {
      const queue = await world.open();
      const sender = { senderId: 'ann/phone' };
      t.equal((await queue.append('chat', 'x', sender)).seq, 1);
      t.same([(await queue.append('chat', 'x', sender)).duplicate], [false]);
      t.equal(await headSeqOf(queue, 'chat'), 2);
    },
  },
];

async function rememberSixteen(queue: Queue): Promise<void> {
  for (const n of range(1, 16)) {
    await queue.append('chat', `text ${n}`, { senderId: 'ann', dedupKey: `sixteen ${n}` });
    await queue.append('chat', 'between', { senderId: 'bob', dedupKey: `sixteen ${n}` });
    await queue.append('chat', 'without key', { senderId: 'ann' });
  }
}

async function checkSixteen(
  t: { equal(actual: unknown, expected: unknown, what: string): void },
  queue: Queue,
): Promise<void> {
  for (const n of range(1, 16)) {
    const options = { senderId: 'ann', dedupKey: `sixteen ${n}` };
    const { seq, duplicate } = await queue.append('chat', `text ${n}`, options);
    t.equal(duplicate, true, `key ${n} is remembered`);
    t.equal(seq, (n - 1) * 3 + 1, `seq of key ${n}`);
  }
}
