// How operations reach the store: packed by turn, in order, bounded, each settled once.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'tap';
import type { FoqError, Queue } from '../../protocol/index.js';
import { IN_FLIGHT_MAX } from '../submitter.js';
import { aQueue, drain, failure } from './stand-in-queue.js';

const busy = failure('FOQ_BUSY');

function appends(queue: Queue, count: number, payload: string | Uint8Array = 'x') {
  return Array.from({ length: count }, (_, index) => queue.append(`chat-${index % 3}`, payload));
}

test('the operations of one turn are one submission', async (t) => {
  const { queue, store } = await aQueue();
  const all = [...appends(queue, 5), queue.join('chat-0', 'ann'), queue.trim('chat-0', 1)];
  t.same(store.submissions, [], 'nothing goes before the turn ends');
  await drain(store, Promise.all(all));
  t.same(store.submissions, [7]);
  t.same(await all[3], { seq: 2, at: 1000, duplicate: false });
  t.same(await all[5], { joinSeq: 1, received: 0, firstSeq: 1, headSeq: 0 });
  t.equal(await all[6], undefined);
  await queue.close();
});

test('a buffer may be changed as soon as the call has returned', async (t) => {
  const { queue, store } = await aQueue();
  const payload = new Uint8Array([1, 2, 3]);
  const appended = queue.append('a', payload);
  payload.fill(9);
  await drain(store, appended);
  t.same(store.operations[0]?.[2], new Uint8Array([1, 2, 3]));
  await queue.close();
});

test('more promises than may be in flight wait, and all are answered in order', async (t) => {
  const { queue, store } = await aQueue();
  const count = 3 * IN_FLIGHT_MAX;
  const all = appends(queue, count);
  await nextTurn();
  t.equal(store.operations.length, IN_FLIGHT_MAX, 'the rest waits');
  store.answer(1024);
  t.equal(store.operations.length, IN_FLIGHT_MAX + 1024, 'an answer lets others in');
  await drain(store, Promise.all(all));
  const seqs = (await Promise.all(all)).map(({ seq }) => seq);
  t.same(
    seqs,
    Array.from({ length: count }, (_, index) => 1 + Math.floor(index / 3)),
  );
  await queue.close();
});

test('a store that is full lets callers wait, and is asked again without their help', async (t) => {
  const { queue, store } = await aQueue();
  store.refusal = busy;
  const first = queue.append('a', '1');
  await nextTurn();
  const second = queue.append('a', '2');
  await nextTurn();
  t.same(store.operations, []);
  store.refusal = undefined;
  await drain(store, Promise.all([first, second]));
  t.same(
    store.operations.map(([, , payload]) => payload),
    ['1', '2'],
  );
  await queue.close();
});

test('a call beyond pendingBytesMax of waiting bytes is FOQ_BUSY until less waits', async (t) => {
  const { queue, store } = await aQueue({ pendingBytesMax: 64 * 1024 });
  store.refusal = busy;
  const all = appends(queue, 100, new Uint8Array(1024));
  const results = Promise.allSettled(all);
  await nextTurn();
  await t.rejects(queue.append('a', 'x'), { code: 'FOQ_BUSY', retry: 'later' });
  store.refusal = undefined;
  await drain(store, results);
  const refused = (await results).filter(({ status }) => status === 'rejected').length;
  t.ok(refused > 30 && refused < 60, `${refused} of 100 kilobytes did not fit in 64`);
  await drain(store, queue.append('a', 'x'));
  await queue.close();
});

test('a submission that is refused for another reason fails those in it alone', async (t) => {
  const { queue, store } = await aQueue();
  const large = queue.append('a', new Uint8Array(100_000));
  store.refusal = failure('FOQ_TOO_LARGE', { limit: 7 });
  await t.rejects(large, { code: 'FOQ_TOO_LARGE', details: { limit: 7 } });
  store.refusal = undefined;
  const before = queue.append('a', 'small');
  const alone = queue.append('a', new Uint8Array(100_000));
  const after = queue.append('a', 'small');
  await drain(store, Promise.all([before, alone, after]));
  t.same(store.submissions, [1, 1, 1], 'what may be too large goes alone');
  await queue.close();
});

test('a failure rejects one promise and leaves the others', async (t) => {
  const { queue, store } = await aQueue();
  const all = appends(queue, 3);
  await nextTurn();
  store.answer(1);
  const conflict = failure('FOQ_HEAD_CONFLICT', { headSeq: 4 });
  store.fail(conflict);
  store.answer();
  t.same(
    (await Promise.allSettled(all)).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const error = await (all[1]?.catch((reason: FoqError) => reason) as Promise<FoqError>);
  t.match(error, { code: 'FOQ_HEAD_CONFLICT', details: { headSeq: 4 }, cause: conflict });
  await queue.close();
});

test('a bulk goes at once after what was called before, and settles each of its own', async (t) => {
  const { queue, store } = await aQueue();
  const before = queue.append('a', 'before');
  const bulk = queue.bulk();
  bulk.append('a', 'one').ack('a', 'ann', { received: 1 }).join('a', 'bob').trim('a', 1);
  t.equal(bulk.size, 4);
  const results = bulk.commit();
  t.equal(bulk.size, 0, 'it is empty again');
  const after = queue.append('a', 'after');
  t.same(store.submissions, [1, 4]);
  store.answer(2);
  store.fail(failure('FOQ_NOT_JOINED'));
  await drain(store, Promise.all([before, results, after]));
  t.match(await results, [
    { ok: true, value: { seq: 2, at: 1000, duplicate: false } },
    { ok: false, error: { code: 'FOQ_NOT_JOINED' } },
    { ok: true, value: { joinSeq: 1 } },
    { ok: true, value: undefined },
  ]);
  t.same(
    store.operations.filter(([name]) => name === 'append').map(([, , payload]) => payload),
    ['before', 'one', 'after'],
  );
  await queue.close();
});

test('a bulk of many submissions keeps its order, and an empty one is answered', async (t) => {
  const { queue, store } = await aQueue();
  t.same(await queue.bulk().commit(), []);
  const bulk = queue.bulk();
  for (let step = 0; step < 5000; step += 1) bulk.append('a', String(step));
  const committed = bulk.commit();
  await drain(store, committed);
  t.ok(store.submissions.length > 3, `${store.submissions.length} submissions`);
  t.same(
    (await committed).map((result) => result.ok && result.value),
    Array.from({ length: 5000 }, (_, index) => ({ seq: index + 1, at: 1000, duplicate: false })),
  );
  await queue.close();
});

test('a bulk that does not fit is kept and can be committed later', async (t) => {
  const { queue, store } = await aQueue({ pendingBytesMax: 64 * 1024 });
  store.refusal = busy;
  const waiting = appends(queue, 40, new Uint8Array(1024));
  const bulk = queue.bulk();
  for (let step = 0; step < 40; step += 1) bulk.append('a', new Uint8Array(1024));
  await t.rejects(bulk.commit(), { code: 'FOQ_BUSY' });
  t.equal(bulk.size, 40);
  store.refusal = undefined;
  await drain(store, Promise.all(waiting));
  await drain(store, bulk.commit());
  t.equal(store.operations.length, 80);
  await queue.close();
});

test('a listener that calls the queue from within a refusal loses nothing', async (t) => {
  const { queue, store } = await aQueue();
  const results: Promise<unknown>[] = [];
  queue.on('degraded', () => {
    store.refusal = undefined;
    results.push(queue.bulk().append('a', 'bulk').commit(), queue.append('a', 'last'));
  });
  store.refusal = failure('FOQ_POISONED');
  const refused = queue.append('a', new Uint8Array(100_000));
  results.push(queue.append('a', 'first'), queue.append('a', new Uint8Array(100_000)));
  await t.rejects(refused, { code: 'FOQ_POISONED' });
  await drain(store, Promise.all(results));
  t.same(
    store.operations.map(([, , payload]) => String(payload).slice(0, 5)),
    ['first', '0,0,0', 'bulk', 'last'],
  );
  await queue.close();
});
