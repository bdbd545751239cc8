// Callers who wait: for an answer, for a head, or no longer.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'tap';
import type { FoqError } from '../../protocol/index.js';
import { aQueue, drain, failure } from './stand-in-queue.js';

const reason = new Error('changed my mind');

/** What a promise is rejected with. */
function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('aborted before the call, every call rejects with the reason and does nothing', async (t) => {
  const { queue, store } = await aQueue();
  const waiting = { signal: AbortSignal.abort(reason) };
  const calls = [
    queue.append('a', 'x', waiting),
    queue.join('a', 'ann', waiting),
    queue.leave('a', 'ann', waiting),
    queue.ack('a', 'ann', { received: 1 }, waiting),
    queue.trim('a', 1, waiting),
    queue.deleteRecords('a', [[1, 1]], waiting),
    queue.deleteChat('a', waiting),
    queue.configure('a', { keep: 'window', ...waiting }),
    queue.bulk().append('a', 'x').commit(waiting),
    queue.joinMany('ann', [{ chatId: 'a' }], waiting),
    queue.forget('ann', waiting),
    queue.read('a', waiting),
    queue.cursors('a', waiting),
    queue.waitFor('a', 1, waiting),
    queue.flush(waiting),
    queue.why('a', 1, waiting),
  ];
  for (const [index, call] of calls.entries()) {
    t.equal(await rejectionOf(call), reason, `call ${index}`);
  }
  await nextTurn();
  t.same(store.operations, []);
  await queue.close();
});

test('aborted in the same turn, an operation is not submitted, its neighbours are', async (t) => {
  const { queue, store } = await aQueue();
  const controller = new AbortController();
  const before = queue.append('a', 'before');
  const given = queue.append('a', 'given up', { signal: controller.signal });
  const bulk = queue.bulk().append('a', 'bulk');
  const after = queue.append('a', 'after');
  controller.abort(reason);
  t.equal(await rejectionOf(given), reason);
  t.equal(await rejectionOf(bulk.commit({ signal: controller.signal })), reason);
  t.equal(bulk.size, 1, 'the bulk is kept');
  await drain(store, Promise.all([before, after]));
  t.same(
    store.operations.map(([, , payload]) => payload),
    ['before', 'after'],
  );
  await queue.close();
});

test('aborted after submit, the outcome is unknown and the reason its cause', async (t) => {
  const { queue, store } = await aQueue();
  const controller = new AbortController();
  const waiting = { signal: controller.signal };
  const calls = [
    queue.append('a', 'x', waiting),
    queue.join('a', 'ann', waiting),
    queue.ack('a', 'ann', { received: 1 }, waiting),
    queue.bulk().append('a', 'y').commit(waiting),
  ];
  await nextTurn();
  t.equal(store.operations.length, 4);
  const rejections = calls.map(rejectionOf);
  controller.abort(reason);
  for (const rejection of rejections) {
    t.match(await rejection, { code: 'FOQ_UNKNOWN_OUTCOME', retry: 'same', cause: reason });
  }
  store.answer();
  await queue.close();
});

test('a signal that is aborted after the answer changes nothing', async (t) => {
  const { queue, store } = await aQueue();
  const controller = new AbortController();
  const appended = queue.append('a', 'x', { signal: controller.signal });
  await drain(store, appended);
  controller.abort(reason);
  t.match(await appended, { seq: 1 });
  await queue.close();
});

test('waitFor resolves when the head is there, with one watch for all who wait', async (t) => {
  const { queue, store } = await aQueue();
  const two = queue.waitFor('a', 2);
  const one = queue.waitFor('a', 1);
  const other = queue.waitFor('b', 1);
  t.equal(store.watches, 2);
  await drain(store, queue.append('a', '1'));
  await one;
  t.equal(store.watches, 2, 'somebody waits for 2');
  await drain(store, queue.append('a', '2'));
  await two;
  t.equal(store.watches, 1);
  await queue.waitFor('a', 2);
  await drain(store, queue.append('b', '1'));
  await other;
  t.equal(store.watches, 0);
  await queue.close();
});

test('who gives up waiting for a head gets his reason, and the watch ends', async (t) => {
  const { queue, store } = await aQueue();
  const controller = new AbortController();
  const waiting = queue.waitFor('a', 1, { signal: controller.signal });
  t.equal(store.watches, 1);
  const rejection = rejectionOf(waiting);
  controller.abort(reason);
  t.equal(await rejection, reason);
  t.equal(store.watches, 0);
  await queue.close();
});

test('a wrong signal is named', async (t) => {
  const { queue } = await aQueue();
  const signal = 'now' as unknown as AbortSignal;
  const named = { code: 'FOQ_INVALID_ARGUMENT', details: { argument: 'signal' } };
  await t.rejects(queue.append('a', 'x', { signal }), named);
  await t.rejects(queue.read('a', { signal }), named);
  await queue.close();
});

test('FOQ_NOT_JOINED of an ack asks whether its arguments were swapped', async (t) => {
  const { queue, store } = await aQueue();
  store.joined.set('team', ['ann/phone']);
  const swapped = rejectionOf(queue.ack('ann/phone', 'team', { received: 1 }));
  const absent = rejectionOf(queue.ack('team', 'bob', { received: 1 }));
  await nextTurn();
  store.fail(failure('FOQ_NOT_JOINED', { consumerId: 'team' }));
  store.fail(failure('FOQ_NOT_JOINED', { consumerId: 'bob' }));
  t.match(await swapped, { code: 'FOQ_NOT_JOINED', message: /arguments swapped\?/ });
  const error = (await absent) as FoqError;
  t.match(error, { code: 'FOQ_NOT_JOINED', details: { consumerId: 'bob' } });
  t.notMatch(error.message, /swapped/);
  await queue.close();
});
