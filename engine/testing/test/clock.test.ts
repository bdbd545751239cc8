// Time passes in a simulated world when it is told to, and the store does then what is due.

import { type Test, test } from 'tap';
import { openQueue, type SimulatedOptions, type SimulatedQueue } from '../index.js';

const DAY_MS = 24 * 60 * 60 * 1000;

async function aQueue(
  t: Test,
  options: Partial<Omit<SimulatedOptions, 'dir'>> = {},
): Promise<SimulatedQueue> {
  const queue = await openQueue({ dir: ':memory:', seed: 1, ...options });
  t.teardown(() => queue.faults.kill());
  return queue;
}

test('the clock starts at a fixed instant and stands still until it is moved', async (t) => {
  const queue = await aQueue(t);
  const { at } = await queue.append('chat', 'one');
  t.equal(at, Date.UTC(2026, 0, 1));
  t.equal(queue.clock.now(), at);
  await queue.clock.advance('2h');
  t.equal(queue.clock.now(), at + 2 * 60 * 60 * 1000);
  t.equal((await queue.append('chat', 'two')).at, queue.clock.now());
});

test('records expire after their age and never before', async (t) => {
  const queue = await aQueue(t);
  await queue.append('chat', 'one');
  await queue.clock.advance('2d');
  await queue.append('chat', 'two');
  await queue.clock.advance(28 * DAY_MS - 1);
  t.equal((await queue.read('chat')).records.length, 2, 'one ms before 30 days');
  // Ages from 48 hours on have the grain of a day: it goes when its whole day is old enough.
  await queue.clock.advance(DAY_MS + 1);
  const { records, firstSeq, gap } = await queue.read('chat');
  t.same([firstSeq, records.map((record) => record.text())], [2, ['two']]);
  t.match(gap, { fromSeq: 1, toSeq: 1, reason: 'expired' });
  await queue.clock.advance('31d');
  t.same((await queue.read('chat')).records, [], 'a step of 31 days is believed');
});

test('an ack is durable after ackFlushMs, and not before', async (t) => {
  const received = new Map<number, number | undefined>();
  for (const ms of [0, 999, 1000]) {
    const queue = await aQueue(t, { ackFlushMs: 1000 });
    await queue.join('chat', 'bob/phone');
    await queue.append('chat', 'one');
    await queue.ack('chat', 'bob/phone', { received: 1 });
    await queue.clock.advance(ms);
    await queue.faults.crash();
    const after = await queue.reopen();
    const [cursor] = await after.cursors('chat');
    received.set(ms, cursor?.received);
    await after.close();
  }
  t.same(
    [...received],
    [
      [0, 0],
      [999, 0],
      [1000, 1],
    ],
  );
});
