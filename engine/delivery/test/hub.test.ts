// What the hub does for many consumers at once: one read for all, turns, bounds, and failures that
// stay where they are.

import { test } from 'tap';
import type { Deliveries, Delivery } from '../../../protocol/index.js';
import { aTurn, StandIn, until } from './stand-in.js';

interface Drained {
  readonly all: Delivery[];
  readonly batches: (readonly Delivery[])[];
  readonly ended: Promise<unknown>;
}

/** Drains in the background and acks each record, unless told otherwise. */
function drain(deliveries: Deliveries, { acks = true }: { acks?: boolean } = {}): Drained {
  const all: Delivery[] = [];
  const batches: (readonly Delivery[])[] = [];
  const run = async () => {
    for await (const batch of deliveries) {
      batches.push(batch);
      all.push(...batch);
      for (const delivery of batch) {
        if (acks && (delivery.kind === 'record' || delivery.kind === 'gap')) delivery.ack();
      }
    }
  };
  const ended = run().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { all, batches, ended };
}

/** Seqs of records by `consumer chat`. */
function seqsOf(deliveries: readonly Delivery[]): Map<string, number[]> {
  const seqs = new Map<string, number[]>();
  for (const delivery of deliveries) {
    if (delivery.kind !== 'record') continue;
    const key = `${delivery.consumerId} ${delivery.chatId}`;
    const ofChat = seqs.get(key);
    if (ofChat === undefined) seqs.set(key, [delivery.seq]);
    else ofChat.push(delivery.seq);
  }
  return seqs;
}

const upTo = (head: number) => Array.from({ length: head }, (_, index) => index + 1);

const caughtUpAll = (deliveries: readonly Delivery[]) =>
  deliveries.filter((delivery) => delivery.kind === 'caught-up' && delivery.chatId === undefined);

test('ten consumers of twenty chats get all of them in order, by few reads', async (t) => {
  const queue = new StandIn();
  const consumers = upTo(10).map((number) => `user${number}/phone`);
  const chats = upTo(20).map((number) => `chat${number}`);
  for (const chatId of chats) {
    for (const consumerId of consumers) queue.member(chatId, consumerId, 0);
    queue.append(chatId, { count: 50 });
  }
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  for (const consumerId of consumers) await deliveries.attach(consumerId);
  await until(() => caughtUpAll(drained.all).length === 10);
  const seqs = seqsOf(drained.all);
  t.equal(seqs.size, 200);
  t.same(
    [...seqs.values()],
    Array.from({ length: 200 }, () => upTo(50)),
  );
  t.ok(queue.model.asked.length < 100, `${queue.model.asked.length} reads for 10,000 records`);
  deliveries.close();
  t.equal(await drained.ended, undefined);
  t.equal(queue.attachments.size, 0);
});

test('a consumer with a long backlog does not hold up another', async (t) => {
  const queue = new StandIn();
  queue.member('long', 'ann/phone', 0);
  queue.append('long', { count: 20_000 });
  queue.member('short', 'bob/phone', 0);
  queue.append('short');
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  await deliveries.attach('ann/phone');
  await deliveries.attach('bob/phone');
  await until(() => seqsOf(drained.all).has('bob/phone short'));
  t.ok(drained.all.length < 10_000, `after ${drained.all.length} deliveries`);
  await until(() => caughtUpAll(drained.all).length === 2);
  t.same(seqsOf(drained.all).get('ann/phone long'), upTo(20_000));
  deliveries.close();
});

test('reads that are answered later bring the same', async (t) => {
  const queue = new StandIn();
  queue.readsLater = true;
  for (const chatId of ['a', 'b']) {
    queue.member(chatId, 'ann/phone', 0);
    queue.append(chatId, { count: 500 });
  }
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  await deliveries.attach('ann/phone');
  await until(() => caughtUpAll(drained.all).length === 1);
  t.same([...seqsOf(drained.all).values()], [upTo(500), upTo(500)]);
  queue.append('a');
  await until(() => seqsOf(drained.all).get('ann/phone a')?.at(-1) === 501);
  deliveries.close();
});

test('a device with 5,000 pending chats gets them page by page', async (t) => {
  const queue = new StandIn();
  for (const number of upTo(5000)) {
    queue.member(`chat${number}`, 'ann/phone', 0);
    queue.append(`chat${number}`);
  }
  let pages = 0;
  queue.beforePage = () => {
    pages += 1;
  };
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  await deliveries.attach('ann/phone');
  await until(() => caughtUpAll(drained.all).length === 1);
  t.equal(seqsOf(drained.all).size, 5000);
  t.equal(pages, 5);
  deliveries.close();
});

test('news of more chats than are kept at once are found again', async (t) => {
  const queue = new StandIn();
  const chats = upTo(6000).map((number) => `chat${number}`);
  for (const chatId of chats) queue.member(chatId, 'ann/phone', 0);
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  await deliveries.attach('ann/phone');
  await until(() => caughtUpAll(drained.all).length === 1);
  for (const chatId of chats) queue.append(chatId);
  await until(() => seqsOf(drained.all).size === 6000);
  t.ok(
    [...seqsOf(drained.all).values()].every((seqs) => seqs.length === 1),
    'each once',
  );
  deliveries.close();
});

test('a batch holds what came for all consumers in one go', async (t) => {
  const queue = new StandIn();
  for (const consumerId of ['ann/phone', 'bob/phone', 'eve/phone']) {
    queue.member('a', consumerId);
  }
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries);
  for (const consumerId of ['ann/phone', 'bob/phone', 'eve/phone']) {
    await deliveries.attach(consumerId);
  }
  await until(() => caughtUpAll(drained.all).length === 3);
  const before = drained.batches.length;
  const reads = queue.model.asked.length;
  queue.append('a');
  await until(() => seqsOf(drained.all).size === 3);
  t.equal(drained.batches.length, before + 1);
  t.equal(queue.model.asked.length, reads + 1, 'and needs one read');
  deliveries.close();
});

test('a chat that cannot be read ends the consumer that wants it, and no other', async (t) => {
  const queue = new StandIn();
  for (const [chatId, consumerId] of [
    ['bad', 'ann/phone'],
    ['good', 'bob/phone'],
  ] as const) {
    queue.member(chatId, consumerId, 0);
    queue.append(chatId, { count: 3 });
  }
  queue.damaged.add('bad');
  const good = queue.hub.consume('bob/phone')[Symbol.asyncIterator]();
  const bad = queue.hub.consume('ann/phone')[Symbol.asyncIterator]();
  const asked = [bad.next(), good.next()] as const;
  await t.rejects(asked[0], { code: 'FOQ_CORRUPT' });
  t.match(await asked[1], { value: { chatId: 'good', seq: 1 } });
  t.match(await good.next(), { value: { chatId: 'good', seq: 2 } });
  await good.return?.();
});

test('one who does not ask bounds what waits for it', async (t) => {
  const queue = new StandIn();
  const deliveries = queue.hub.deliveries();
  for (const number of upTo(40)) {
    const consumerId = `user${number}/phone`;
    for (const chatId of ['a', 'b', 'c', 'd']) queue.member(chatId, consumerId, 0);
    await deliveries.attach(consumerId);
  }
  for (const chatId of ['a', 'b', 'c', 'd']) queue.append(chatId, { count: 1000 });
  for (let turn = 0; turn < 20; turn += 1) await aTurn();
  const asked = queue.model.asked.flat().reduce((sum, { limit }) => sum + limit, 0);
  t.ok(asked < 10_000, `${asked} records were read, of windows for 10,240`);
  const drained = drain(deliveries);
  await until(() => caughtUpAll(drained.all).length === 40);
  await until(() => seqsOf(drained.all).size === 160);
  await until(() => [...seqsOf(drained.all).values()].every((seqs) => seqs.length === 1000), 5000);
  t.same(seqsOf(drained.all).get('user40/phone d'), upTo(1000));
  deliveries.close();
});

test('an attached consumer is acked, nacked, given chats and detached by its handle', async (t) => {
  const queue = new StandIn();
  queue.append('a', { count: 3 });
  queue.append('b', { count: 1 });
  const deliveries = queue.hub.deliveries();
  const drained = drain(deliveries, { acks: false });
  const ann = await deliveries.attach('ann/phone', { chats: ['a'] });
  await until(() => seqsOf(drained.all).get('ann/phone a')?.length === 3);
  ann.nack('a', 2);
  await until(() => seqsOf(drained.all).get('ann/phone a')?.length === 5);
  t.same(seqsOf(drained.all).get('ann/phone a'), [1, 2, 3, 2, 3]);
  ann.ack('a', 3);
  await ann.add(['b']);
  await until(() => seqsOf(drained.all).has('ann/phone b'));
  await until(() => queue.acks.length > 0);
  t.same(queue.acks, ['a 3']);
  ann.remove(['b']);
  ann.detach();
  t.equal(queue.attachments.size, 0);
  queue.append('a');
  for (let turn = 0; turn < 5; turn += 1) await aTurn();
  t.same(seqsOf(drained.all).get('ann/phone a'), [1, 2, 3, 2, 3]);
  deliveries.close();
});

test('a second deliveries() is refused while the first is open', async (t) => {
  const queue = new StandIn();
  const deliveries = queue.hub.deliveries();
  t.throws(() => queue.hub.deliveries(), { code: 'FOQ_INVALID_ARGUMENT' });
  deliveries.close();
  await t.rejects(deliveries.attach('ann/phone'), { code: 'FOQ_CLOSED' });
  queue.hub.deliveries().close();
});

test('close ends every iteration, sends what is acked, and leaves no timer', async (t) => {
  const queue = new StandIn();
  queue.member('a', 'ann/phone', 0);
  queue.append('a', { count: 3 });
  const consumer = queue.hub.consume('ann/phone');
  const ended = (async () => {
    for await (const delivery of consumer) if (delivery.kind === 'record') delivery.ack();
  })();
  await until(() => queue.acks.length > 0);
  queue.append('a', { count: 100 });
  await aTurn();
  queue.hub.close();
  await ended;
  t.equal(queue.timers.size, 0);
  t.equal(queue.attachments.size, 0);
  t.throws(() => queue.hub.consume('ann/phone'), { code: 'FOQ_CLOSED' });
});
