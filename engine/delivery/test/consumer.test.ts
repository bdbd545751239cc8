// One consumer over a stand-in for the queue: order, acks, credit, and every way to end.

import { test } from 'tap';
import { type ConsumeOptions, FoqError } from '../../../protocol/index.js';
import { ack, aQueue, loop, said, seqs } from './loops.js';
import { aTurn, until } from './stand-in.js';

test('a backlog of 1,000 records comes in order, then caught up, then what is new', async (t) => {
  const { queue, consume } = aQueue({ a: 1000 });
  const consumer = consume();
  const heard = loop(consumer, ack);
  await until(() => heard.said.includes('caught up all'));
  queue.append('a');
  await until(() => heard.said.length === 1003);
  t.same(heard.said, [...seqs('a', 1, 1000), 'caught up a', 'caught up all', 'a 1001']);
  await until(() => queue.acks.at(-1) === 'a 1001');
  t.ok(queue.acks.length < 50, `${queue.acks.length} acks for 1001 records`);
  consumer.close();
  t.equal(await heard.ended, undefined);
  t.equal(queue.attachments.size, 0, 'detached');
});

test('batches bring the same in arrays', async (t) => {
  const { consume } = aQueue({ a: 300, b: 300 });
  const got: string[] = [];
  let batches = 0;
  for await (const batch of consume({ autoAck: true }).batches()) {
    batches += 1;
    got.push(...batch.map(said));
    if (got.includes('caught up all')) break;
  }
  t.ok(batches < 30, `${batches} batches`);
  t.same(
    got.filter((text) => text.startsWith('a ')),
    seqs('a', 1, 300),
  );
  t.same(
    got.filter((text) => text.startsWith('b ')),
    seqs('b', 1, 300),
  );
});

test('what is appended while the backlog is asked for is not missed', async (t) => {
  const { queue, consume } = aQueue({ a: 2 });
  queue.member('b', 'bob/phone');
  queue.beforePage = () => {
    queue.append('a');
    queue.append('b');
  };
  const consumer = consume();
  const heard = loop(consumer, ack);
  await until(() => heard.said.length === 6);
  t.same(
    heard.said.filter((text) => text.startsWith('a')),
    ['a 1', 'a 2', 'a 3'],
  );
  t.ok(heard.said.includes('b 1'));
  consumer.close();
});

test('without acks a chat stops at its quarter, and nothing more is read', async (t) => {
  const { queue, consume } = aQueue({ a: 1000 });
  const consumer = consume();
  const heard = loop(consumer);
  await until(() => heard.said.length === 64);
  const reads = queue.model.asked.length;
  for (let turn = 0; turn < 10; turn += 1) await aTurn();
  t.equal(heard.said.length, 64);
  t.equal(queue.model.asked.length, reads);
  consumer.close();
});

test('a full window is noticed after 10 s, and the oldest comes again', async (t) => {
  const { queue, consume } = aQueue({ a: 1000 });
  const consumer = consume();
  const heard = loop(consumer);
  await until(() => heard.said.length === 64);
  await aTurn();
  t.equal(queue.timers.size, 1, 'one timer');
  queue.pass(10_000);
  await until(() => heard.said.length === 65);
  t.equal(heard.said.at(-1), 'a 1 again');
  t.match(queue.degradedBy, [{ kind: 'window-full', consumerId: 'bob/phone', message: /autoAck/ }]);
  consumer.close();
  t.equal(queue.timers.size, 0, 'no timer is left');
});

test('there is no timer while nothing is unacked', async (t) => {
  const { queue, consume } = aQueue({ a: 10 });
  const consumer = consume();
  const heard = loop(consumer, ack);
  await until(() => heard.said.includes('caught up all'));
  await aTurn();
  t.ok(queue.timersMade > 0, 'there was one');
  t.equal(queue.timers.size, 0);
  consumer.close();
});

test('autoAck acks a delivery when the next is asked for, and break acks nothing', async (t) => {
  const { queue, consume } = aQueue({ a: 5 });
  for await (const delivery of consume({ autoAck: true })) {
    if (delivery.kind === 'record' && delivery.seq === 3) break;
  }
  await until(() => queue.acks.length > 0);
  t.same(queue.acks, ['a 2']);
  t.equal(queue.attachments.size, 0, 'break releases');
});

test('a delivery can be acked after its loop has ended', async (t) => {
  const { queue, consume } = aQueue({ a: 5 });
  for await (const delivery of consume()) {
    if (delivery.kind !== 'record' || delivery.seq < 4) continue;
    setImmediate(() => delivery.ack());
    break;
  }
  await until(() => queue.acks.length > 0);
  t.same(queue.acks, ['a 4']);
});

test('acks of one turn become one, and go out before an append needs them', async (t) => {
  const { queue, consume } = aQueue({ a: 5 });
  const consumer = consume();
  const heard = loop(consumer, (delivery) => {
    ack(delivery);
    if (delivery.kind !== 'record' || delivery.seq !== 5) return;
    t.same(queue.acks, [], 'held back');
    queue.hub.sendAcks();
    queue.append('a', { as: 'bob/phone' });
  });
  await until(() => heard.said.includes('caught up all'));
  queue.append('a');
  await until(() => heard.said.at(-1) === 'a 7');
  t.equal(queue.acks[0], 'a 5');
  t.notOk(heard.said.includes('a 6'), 'its own record is not delivered');
  consumer.close();
});

test('ackDurable resolves when the ack is durable', async (t) => {
  const { queue, consume } = aQueue({ a: 1 });
  for await (const delivery of consume()) {
    if (delivery.kind !== 'record') continue;
    await delivery.ackDurable();
    break;
  }
  t.equal(queue.cursor('a', 'bob/phone').received, 1);
});

test('a nack withdraws what waits of its chat and offers it again', async (t) => {
  const { consume } = aQueue({ a: 3, b: 1 });
  let nacks = 0;
  const consumer = consume();
  const heard = loop(consumer, (delivery) => {
    if (delivery.kind === 'record' && delivery.seq === 2 && nacks === 0) {
      nacks += 1;
      delivery.nack();
    } else ack(delivery);
  });
  await until(() => heard.said.includes('caught up all'));
  t.same(
    heard.said.filter((text) => text.startsWith('a')),
    ['a 1', 'a 2', 'a 2 again', 'a 3'],
  );
  consumer.close();
});

test('an aborted signal throws its reason', async (t) => {
  const { queue, consume } = aQueue({ a: 1 });
  const controller = new AbortController();
  const heard = loop(consume({ signal: controller.signal }));
  await until(() => heard.said.includes('caught up all'));
  controller.abort(new Error('enough'));
  t.match(await heard.ended, { message: 'enough' });
  t.equal(queue.attachments.size, 0);
  const late = loop(consume({ signal: controller.signal }));
  t.match(await late.ended, { message: 'enough' });
  t.same(late.said, []);
});

test('a second iteration and a second question at once are refused', async (t) => {
  const { consume } = aQueue();
  const consumer = consume();
  const iterator = consumer[Symbol.asyncIterator]();
  await iterator.next();
  t.throws(() => consumer.batches(), { code: 'FOQ_INVALID_ARGUMENT' });
  t.throws(() => consumer[Symbol.asyncIterator](), { code: 'FOQ_INVALID_ARGUMENT' });
  const first = iterator.next();
  await t.rejects(iterator.next(), { code: 'FOQ_INVALID_ARGUMENT' });
  consumer.close();
  t.same(await first, { done: true, value: undefined });
  t.same(await iterator.next(), { done: true, value: undefined });
});

test('an ack that fails ends the iteration with its error', async (t) => {
  const { queue, consume } = aQueue({ a: 5 });
  queue.ackError = new FoqError('FOQ_POISONED');
  const heard = loop(consume(), ack);
  t.match(await heard.ended, { code: 'FOQ_POISONED' });
  t.equal(queue.attachments.size, 0);
});

test('an ack for which there was no place is tried again', async (t) => {
  const { queue, consume } = aQueue({ a: 5 });
  queue.ackError = new FoqError('FOQ_BUSY');
  const consumer = consume();
  const heard = loop(consumer, ack);
  await until(() => queue.acks.length > 0);
  queue.ackError = undefined;
  await aTurn();
  queue.pass(10);
  await until(() => queue.cursor('a', 'bob/phone').received === 5);
  consumer.close();
  t.equal(await heard.ended, undefined);
});

test('an ack in a chat that was left meanwhile is no error', async (t) => {
  const { queue, consume } = aQueue({ a: 5, b: 1 });
  const consumer = consume();
  const heard = loop(consumer, (delivery) => {
    if (delivery.kind === 'record' && delivery.seq === 2) {
      queue.forget('a', 'bob/phone', { later: true });
    }
    ack(delivery);
  });
  await until(() => heard.said.includes('caught up all'));
  queue.append('b');
  await until(() => heard.said.includes('b 2'));
  // The refusal comes after the acks of its turn.
  for (let turn = 0; turn < 10; turn += 1) await aTurn();
  consumer.close();
  t.equal(await heard.ended, undefined);
});

test('a newer session fences an older, which ends after saying so', async (t) => {
  const { queue, consume } = aQueue({ a: 1 });
  const older = loop(consume(), ack);
  await until(() => older.said.includes('caught up all'));
  const newer = consume();
  const heard = loop(newer, ack);
  t.equal(await older.ended, undefined);
  t.equal(older.said.at(-1), 'fenced');
  queue.append('a');
  await until(() => heard.said.includes('a 2'));
  t.notOk(older.said.includes('a 2'));
  newer.close();
});

test('named chats are joined where absent, and no other chat is delivered', async (t) => {
  const { queue, consume } = aQueue({ a: 2, c: 3 });
  queue.append('b', { count: 2 });
  const consumer = consume({ chats: ['a', 'b'] });
  const heard = loop(consumer, ack);
  await until(() => heard.said.includes('caught up all'));
  t.same(heard.said.toSorted(), [
    'a 1',
    'a 2',
    'b 1',
    'b 2',
    'caught up a',
    'caught up all',
    'caught up b',
  ]);
  queue.append('c');
  queue.append('b');
  await until(() => heard.said.includes('b 3'));
  await consumer.add(['c']);
  await until(() => heard.said.includes('caught up c'));
  t.same(
    heard.said.filter((text) => text.startsWith('c ')),
    seqs('c', 1, 4),
  );
  consumer.remove(['b']);
  queue.append('b');
  queue.append('c');
  await until(() => heard.said.includes('c 5'));
  t.notOk(heard.said.includes('b 4'));
  consumer.close();
});

test('named chats are joined at the head if that is said', async (t) => {
  const { queue, consume } = aQueue();
  queue.append('a', { count: 2 });
  const consumer = consume({ chats: ['a'], join: 'head' });
  const heard = loop(consumer, ack);
  await until(() => heard.said.includes('caught up all'));
  queue.append('a');
  await until(() => heard.said.length === 3);
  t.same(heard.said, ['caught up a', 'caught up all', 'a 3']);
  consumer.close();
});

test("others' marks are told once per change, and seen when they are handed", async (t) => {
  const { queue, consume } = aQueue({ a: 0 });
  queue.raiseMarks('a');
  const consumer = consume();
  const heard = loop(consumer);
  await until(() => heard.said.length === 2);
  t.same(heard.said.toSorted(), ['a marks', 'caught up all']);
  await until(() => queue.cursor('a', 'bob/phone').marksSeen === 1);
  queue.append('b');
  queue.raiseMarks('a');
  await until(() => heard.said.length === 3);
  t.same(queue.acks, ['a marks 1', 'a marks 2']);
  consumer.close();
});

test('marks that were handed are not told again before that is durable', async (t) => {
  const { queue, consume } = aQueue({ a: 0 });
  queue.settles = false;
  queue.raiseMarks('a');
  const consumer = consume();
  const heard = loop(consumer);
  await until(() => heard.said.includes('a marks'));
  queue.append('a');
  await until(() => heard.said.includes('a 1'));
  t.equal(heard.said.filter((text) => text === 'a marks').length, 1);
  consumer.close();
});

test('a list that is older than an ack does not bring back what was acked', async (t) => {
  const { queue, consume } = aQueue({ a: 1 });
  const consumer = consume();
  queue.beforePage = async () => {
    queue.append('a');
    await until(() => queue.cursor('a', 'bob/phone').received === 2);
    await aTurn();
    await aTurn();
  };
  const heard = loop(consumer, ack);
  await until(() => heard.said.includes('caught up all'));
  queue.append('a');
  await until(() => heard.said.includes('a 3'));
  t.same(
    heard.said.filter((text) => !text.startsWith('caught')),
    seqs('a', 1, 3),
  );
  consumer.close();
});

test('a window larger than what may wait is filled as it is asked for', async (t) => {
  const { queue, consume } = aQueue({ a: 12_000 });
  for (let seq = 1; seq <= 12_000; seq += 1) queue.model.chat('a').sizes.set(seq, 200);
  const consumer = consume({ window: { records: 100_000, bytes: 1024 * 1024 * 1024 } });
  const iterator = consumer[Symbol.asyncIterator]();
  await iterator.next();
  for (let turn = 0; turn < 10; turn += 1) await aTurn();
  let count = 1;
  for (; count < 12_002; count += 1) await iterator.next();
  t.match(await iterator.return?.(), { done: true });
});

test('arguments that no consumer can have are refused at once', (t) => {
  const { consume, queue } = aQueue();
  const wrong: ConsumeOptions[] = [
    { chats: [''] },
    { join: 'tail' as 'head' },
    { window: { records: 0 } },
    { window: { bytes: 1.5 } },
  ];
  for (const options of wrong) t.throws(() => consume(options), { code: 'FOQ_INVALID_ARGUMENT' });
  t.throws(() => queue.hub.consume('a/b/c'), { code: 'FOQ_INVALID_ARGUMENT' });
  t.end();
});
