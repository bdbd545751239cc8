// Arguments that no store could take: refused at once, by name, and without harm to others.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'tap';
import type { Bulk, FoqError, Queue } from '../../protocol/index.js';
import { aQueue } from './stand-in-queue.js';

/** A call with a wrong argument, and the name that must be in the error. */
type Misuse = readonly [argument: string, call: (queue: Queue) => Promise<unknown>];

/** Wrong on purpose. */
const wrong = <Value>(value: unknown) => value as Value;

const long = 'é'.repeat(65);

const misuses: readonly Misuse[] = [
  ['chatId', (queue) => queue.append(wrong(undefined), 'x')],
  ['chatId', (queue) => queue.append(wrong(7), 'x')],
  ['chatId', (queue) => queue.append('', 'x')],
  ['chatId', (queue) => queue.append(long, 'x')],
  ['chatId', (queue) => queue.append('\ud800', 'x')],
  ['payload', (queue) => queue.append('a', wrong(undefined))],
  ['payload', (queue) => queue.append('a', wrong({}))],
  ['payload', (queue) => queue.append('a', wrong(new Uint16Array(1)))],
  ['the options of append', (queue) => queue.append('a', 'x', wrong('ann'))],
  ['dedupkey', (queue) => queue.append('a', 'x', wrong({ senderId: 'ann', dedupkey: 'k' }))],
  ['as', (queue) => queue.append('a', 'x', { as: 'a b' })],
  ['senderId', (queue) => queue.append('a', 'x', { as: 'ann', senderId: 'ann' })],
  ['dedupKey', (queue) => queue.append('a', 'x', { dedupKey: 'k' })],
  ['dedupOver', (queue) => queue.append('a', 'x', { as: 'ann', dedupOver: 'k' })],
  ['guard', (queue) => queue.append('a', 'x', { guard: wrong(1) })],
  ['guard.next', (queue) => queue.append('a', 'x', { guard: wrong({ expected: 0 }) })],
  ['ifHead', (queue) => queue.append('a', 'x', { ifHead: -1 })],
  ['ifRoster', (queue) => queue.append('a', 'x', { ifRoster: 1.5 })],
  ['join', (queue) => queue.append('a', 'x', { join: wrong('ann') })],
  ['each of leave', (queue) => queue.append('a', 'x', { leave: ['a/b/c'] })],
  ['pin', (queue) => queue.append('a', 'x', { pin: wrong(1) })],
  ['kind', (queue) => queue.append('a', 'x', { kind: 256 })],
  ['consumerId', (queue) => queue.join('a', wrong(undefined))],
  ['consumerId', (queue) => queue.join('a', 'x'.repeat(64))],
  ['at', (queue) => queue.join('a', 'ann', { at: 0 })],
  ['at', (queue) => queue.join('a', 'ann', { at: wrong('last') })],
  ['joinSeq', (queue) => queue.leave('a', 'ann', { joinSeq: 0 })],
  ['marks', (queue) => queue.ack('a', 'ann', {})],
  ['marks', (queue) => queue.ack('a', 'ann', wrong(3))],
  ['received', (queue) => queue.ack('a', 'ann', { received: 2 ** 53 })],
  ['durable', (queue) => queue.ack('a', 'ann', { read: 1 }, { durable: wrong('yes') })],
  ['upToSeq', (queue) => queue.trim('a', wrong('3'))],
  ['ranges', (queue) => queue.deleteRecords('a', wrong([1, 2]))],
  ['ranges', (queue) => queue.deleteRecords('a', [])],
  ['fromSeq', (queue) => queue.deleteRecords('a', [[3, 2]])],
  ['keep', (queue) => queue.configure('a', { keep: wrong('always') })],
  ['maxAge', (queue) => queue.configure('a', { maxAge: '1' })],
  ['maxAge', (queue) => queue.configure('a', { maxAge: 10 })],
  ['maxage', (queue) => queue.configure('a', wrong({ maxage: '1d' }))],
  ['range', (queue) => queue.read('a', { fromSeq: 1, last: 1 })],
  ['fromSeq', (queue) => queue.read('a', { fromSeq: 0 })],
  ['before', (queue) => queue.read('a', { before: wrong('2') })],
  ['last', (queue) => queue.read('a', { last: 0 })],
  ['limit', (queue) => queue.read('a', { limit: 10_001 })],
  ['maxBytes', (queue) => queue.read('a', { maxBytes: 0 })],
  ['chatIds', (queue) => queue.heads(wrong('a'))],
  ['each of chatIds', (queue) => queue.heads([''])],
  ['after', (queue) => queue.pending('ann', { after: wrong(1) })],
  ['limit', (queue) => queue.chats({ limit: 0 })],
  ['consumerId', (queue) => queue.chatsOf('')],
  ['chats', (queue) => queue.joinMany('ann', wrong('a'))],
  ['each of chats', (queue) => queue.joinMany('ann', [wrong(null)])],
  ['consumerId', (queue) => queue.forget('a b')],
  ['seq', (queue) => queue.waitFor('a', Number.NaN)],
  ['seq', (queue) => queue.why('a', 0)],
];

test('a wrong argument rejects promptly with its name, and nothing is submitted', async (t) => {
  const { queue, store } = await aQueue();
  for (const [argument, call] of misuses) {
    await t.rejects(call(queue), { code: 'FOQ_INVALID_ARGUMENT', details: { argument } }, argument);
  }
  await nextTurn();
  t.same(store.operations, []);
  await queue.close();
});

test('a bulk throws for a wrong argument and keeps what it has', async (t) => {
  const { queue } = await aQueue();
  const bulk = queue.bulk().append('a', 'x');
  const calls: readonly ((bulk: Bulk) => Bulk)[] = [
    (each) => each.append('', 'x'),
    (each) => each.append('a', 'x', { kind: -1 }),
    (each) => each.ack('a', 'ann', {}),
    (each) => each.join('a', 'ann', { at: -1 }),
    (each) => each.leave('a', ''),
    (each) => each.trim('a', -1),
  ];
  for (const call of calls) t.throws(() => call(bulk), { code: 'FOQ_INVALID_ARGUMENT' });
  t.equal(bulk.size, 1);
  t.throws(() => queue.chat(''), { code: 'FOQ_INVALID_ARGUMENT' });
  await queue.close();
});

test('a payload is measured in bytes of UTF-8', async (t) => {
  const { queue } = await aQueue({ payloadBytesMax: 10 });
  const tooLarge = { code: 'FOQ_TOO_LARGE', details: { limit: 10 } };
  await t.rejects(queue.append('a', 'éééééé'), tooLarge);
  await t.rejects(queue.append('a', new Uint8Array(11)), tooLarge);
  const bulk = queue.bulk().append('a', 'ééééé').append('a', new Uint8Array(10));
  t.equal(bulk.size, 2);
  await queue.close();
});

test('a message shows the kind of what was given, and no content', async (t) => {
  const { queue } = await aQueue();
  const error = await queue
    .append('a', 'x', wrong({ senderId: 'my secret' }))
    .catch((reason: FoqError) => reason);
  t.match(error, { message: /^senderId must be owner or owner\/name.*, not a text of length 9$/ });
  const unknown = queue.append('a', 'x', wrong({ ifhead: 0 }));
  await t.rejects(unknown, { message: /did you mean ifHead\?$/ });
  await queue.close();
});

test('an id of 128 bytes and a consumer of two full parts are taken', async (t) => {
  const { queue } = await aQueue();
  const owner = 'x'.repeat(63);
  const bulk = queue.bulk().append('é'.repeat(64), 'x').join('a', `${owner}/${owner}`);
  t.equal(bulk.size, 2);
  await queue.close();
});
