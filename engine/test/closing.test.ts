// The end of a queue: everything is settled once, and nothing is left.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'tap';
import type { Queue } from '../../protocol/index.js';
import { aQueue, drain, failure } from './stand-in-queue.js';

/** Every call that returns a promise. */
function calls(queue: Queue): Promise<unknown>[] {
  const chat = queue.chat('a');
  return [
    queue.append('a', 'x'),
    queue.append('a', new Uint8Array(100_000)),
    queue.join('a', 'ann'),
    queue.leave('a', 'ann'),
    queue.ack('a', 'ann', { received: 1 }),
    queue.trim('a', 1),
    queue.deleteRecords('a', [[1, 1]]),
    queue.deleteChat('a'),
    queue.configure('a', {}),
    queue.joinMany('ann', [{ chatId: 'a' }]),
    queue.forget('ann'),
    queue.read('a'),
    queue.pinned('a'),
    queue.heads(['a']),
    queue.cursors('a'),
    queue.pending('ann'),
    queue.chatsOf('ann'),
    queue.chats(),
    queue.waitFor('a', 1),
    queue.flush(),
    queue.stats(),
    queue.why('a', 1),
    chat.append('x'),
    chat.read(),
  ];
}

test('close answers what was submitted, then closes the store', async (t) => {
  const { queue, store } = await aQueue();
  const appended = queue.append('a', 'x');
  const closed = queue.close();
  await nextTurn();
  t.equal(store.closed, 'no', 'an append is under way');
  store.answer();
  t.match(await appended, { seq: 1 });
  await closed;
  t.equal(store.closed, 'yes');
});

test('after close every call rejects with FOQ_CLOSED, and close is answered again', async (t) => {
  const { queue } = await aQueue();
  const bulk = queue.bulk().append('a', 'x');
  await queue.close();
  for (const [index, call] of calls(queue).entries()) {
    await t.rejects(call, { code: 'FOQ_CLOSED' }, `call ${index}`);
  }
  await t.rejects(bulk.commit(), { code: 'FOQ_CLOSED' });
  t.throws(() => queue.bulk(), { code: 'FOQ_CLOSED' });
  await queue.close();
  await queue[Symbol.asyncDispose]();
});

test('who waits for a head is told that the queue is closed', async (t) => {
  const { queue, store } = await aQueue();
  const waiting = queue.waitFor('a', 1);
  await Promise.all([t.rejects(waiting, { code: 'FOQ_CLOSED' }), queue.close()]);
  t.equal(store.watches, 0);
});

test('what is not answered in time has an unknown outcome, once', async (t) => {
  const { queue, store } = await aQueue();
  const bulk = queue.bulk().append('a', 'bulk');
  const settled: string[] = [];
  const appends = ['one', 'two'].map((payload) =>
    queue.append('a', payload).then(
      () => settled.push(`${payload} done`),
      ({ code }: { code: string }) => settled.push(`${payload} ${code}`),
    ),
  );
  const committed = bulk.commit();
  await queue.close({ timeoutMs: 1 });
  await Promise.all(appends);
  t.same(settled, ['one FOQ_UNKNOWN_OUTCOME', 'two FOQ_UNKNOWN_OUTCOME']);
  t.match(await committed, [{ ok: false, error: { code: 'FOQ_UNKNOWN_OUTCOME' } }]);
  store.answer();
  await nextTurn();
  t.equal(settled.length, 2, 'the late answer is not heard');
  t.equal(store.closed, 'yes', 'the store is closed when it has answered');
});

test('a wrong timeout is named', async (t) => {
  const { queue } = await aQueue();
  await t.rejects(queue.close({ timeoutMs: -1 }), { code: 'FOQ_INVALID_ARGUMENT' });
});

test('listeners hear once that the store is poisoned, and that the queue is closed', async (t) => {
  const { queue, store } = await aQueue();
  const heard: string[] = [];
  const removed = () => heard.push('removed');
  queue
    .on('degraded', ({ kind }) => heard.push(kind))
    .on('closed', () => heard.push('closed'))
    .on('closed', removed)
    .off('closed', removed);
  const appends = Promise.allSettled([queue.append('a', '1'), queue.append('a', '2')]);
  await nextTurn();
  store.fail(failure('FOQ_POISONED'));
  store.fail(failure('FOQ_POISONED'));
  await appends;
  t.same(heard, ['poisoned']);
  await queue.close();
  t.same(heard, ['poisoned', 'closed']);
  t.throws(() => queue.on('degraded', 1 as never), { code: 'FOQ_INVALID_ARGUMENT' });
  t.throws(() => queue.on('open' as 'closed', removed), { code: 'FOQ_INVALID_ARGUMENT' });
});

test('a full disk is told again only after appends went through', async (t) => {
  const { queue, store } = await aQueue();
  const heard: string[] = [];
  queue.on('degraded', ({ kind }) => heard.push(kind));
  const refused = async () => {
    const appended = queue.append('a', 'x');
    await nextTurn();
    const rejected = t.rejects(appended, { code: 'FOQ_DISK_FULL', retry: 'later' });
    store.fail(failure('FOQ_DISK_FULL'));
    await rejected;
  };
  await refused();
  await refused();
  t.same(heard, ['disk-full']);
  await drain(store, queue.append('a', 'x'));
  await refused();
  t.same(heard, ['disk-full', 'disk-full']);
  await queue.close();
});
