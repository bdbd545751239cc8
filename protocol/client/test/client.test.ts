// A client against a broker that misbehaves as networks and brokers do: what is handed to the
// application is every message of a chat, once, in order.

import { type Test, test } from 'tap';
import { CLOSE_CODES, FoqError } from '../../index.js';
import { EPOCH, FakeBroker } from './fake-broker.js';
import { aClient, until, upTo } from './rig.js';

const CHAT = 'a chat';

async function aChat(t: Test, messages: number): Promise<FakeBroker> {
  const broker = await FakeBroker.start(t);
  for (let sent = 0; sent < messages; sent += 1) broker.append(CHAT);
  return broker;
}

for (const encoding of ['msgpack', 'json'] as const) {
  test(`a backlog and live messages come in order and are acked, in ${encoding}`, async (t) => {
    const broker = await aChat(t, 300);
    const ann = aClient(t, { broker, encoding });
    await until('the backlog came', () => ann.seqs.length === 300);
    broker.append(CHAT, { messageBody: Uint8Array.of(1, 2, 255) });
    await until('all is acked', () => broker.cursor('ann/phone', CHAT) === 301);
    t.same(ann.seqs, upTo(301));
    t.same(Uint8Array.from(ann.bodies[300] as Uint8Array), Uint8Array.of(1, 2, 255));
    t.same(ann.client.audit(), [
      { chatId: CHAT, first: 1, last: 301, gaps: [], declaredGaps: [], duplicates: 0 },
    ]);
    t.ok(broker.of('messageAck').length <= 301 / 8, 'acks are coalesced');
    t.same(ann.errors, []);
  });
}

test('a message that the stream left out is fetched before the next is handed', async (t) => {
  const broker = await aChat(t, 3);
  broker.streams = ({ seq }) => seq !== 2 && seq !== 5;
  const ann = aClient(t, { broker });
  await until('three came', () => ann.seqs.length === 3);
  broker.append(CHAT);
  broker.append(CHAT);
  broker.append(CHAT);
  await until('six came', () => ann.seqs.length === 6);
  t.same(ann.seqs, upTo(6));
  t.same(
    broker.of('history').map(({ map }) => map['since']),
    [1, 4],
  );
  t.same(ann.client.audit()[0]?.gaps, []);
});

test('a message that comes again is dropped, counted, and acked', async (t) => {
  const broker = await aChat(t, 2);
  const ann = aClient(t, { broker });
  await until('both came', () => ann.seqs.length === 2);
  const [first] = broker.chats.get(CHAT) ?? [];
  broker.tell({ t: 'message', ...first, attempt: 2 });
  broker.append(CHAT);
  await until('the third came', () => ann.seqs.length === 3);
  t.same(ann.seqs, upTo(3));
  t.equal(ann.client.audit()[0]?.duplicates, 1);
});

test('a declared gap is told and passed; the audit shows one that is not', async (t) => {
  const broker = await aChat(t, 6);
  broker.firstSeq = 4;
  const ann = aClient(t, { broker });
  const gaps: number[][] = [];
  ann.client.on('gap', ({ fromSeq, toSeq }) => gaps.push([fromSeq, toSeq]));
  broker.streams = ({ seq }) => seq > 4;
  await until('the rest came', () => ann.seqs.length > 0 && ann.seqs.at(-1) === 6);
  broker.chats.get(CHAT)?.splice(6, 0);
  t.same(ann.seqs, [4, 5, 6].slice(-ann.seqs.length));
  broker.tell({ t: 'gap', chatId: CHAT, fromSeq: 7, toSeq: 8, reason: 'expired' });
  await until('the gap was told', () => gaps.some(([fromSeq]) => fromSeq === 7));
  broker.firstSeq = 1;
  broker.tell({ t: 'message', chatId: CHAT, seq: 11, kind: 'message', epoch: EPOCH, attempt: 1 });
  await until('the message after the hole came', () => ann.seqs.at(-1) === 11);
  t.same(ann.client.audit()[0]?.gaps, [{ fromSeq: 9, toSeq: 10 }]);
  t.ok(ann.client.audit()[0]?.declaredGaps.some(({ toSeq }) => toSeq === 8));
});

test('connections that break lose nothing and hand nothing twice', async (t) => {
  const broker = await aChat(t, 1);
  const ann = aClient(t, { broker });
  for (let round = 1; round <= 8; round += 1) {
    await ann.client.online();
    broker.append(CHAT);
    if (round % 2 === 0) broker.cut();
    broker.append(CHAT);
    if (round % 2 === 1) broker.cut();
    await until('the round came', () => ann.seqs.length === 1 + round * 2);
  }
  t.same(ann.seqs, upTo(17));
  t.ok(broker.of('hello').length > 4);
});

test('a client that knows nothing goes on where its device was', async (t) => {
  const broker = await aChat(t, 5);
  broker.receive('ann/phone', CHAT, 5);
  const ann = aClient(t, { broker });
  await ann.client.online();
  const ack = await ann.client.sendMessage({ chatId: CHAT, messageBody: 'mine' });
  t.match(ack, { seq: 6, duplicate: false });
  broker.append(CHAT);
  await until('the next came', () => ann.seqs.length === 2);
  t.same(ann.seqs, [6, 7], 'its own message was the next, and is handed once');
});

test('what the broker takes for received and the client lacks is fetched', async (t) => {
  const broker = await aChat(t, 2);
  const ann = aClient(t, { broker });
  await until('both came', () => ann.seqs.length === 2);
  await broker.stop();
  broker.append(CHAT);
  broker.receive('ann/phone', CHAT, 3);
  await broker.listen();
  await until('the third came', () => ann.seqs.length === 3);
  t.same(ann.client.audit()[0]?.gaps, []);
});

test('an own message that is not the next waits for the stream', async (t) => {
  const broker = await aChat(t, 1);
  const ann = aClient(t, { broker });
  await until('the first came', () => ann.seqs.length === 1);
  broker.streams = () => false;
  broker.append(CHAT, { messageBody: 'came between' });
  broker.streams = () => true;
  const ack = await ann.client.sendMessage({ chatId: CHAT, messageBody: 'mine' });
  t.equal(ack.seq, 3);
  await until('both came', () => ann.seqs.length === 3);
  t.same(ann.bodies.slice(1), ['came between', 'mine']);
});

test('a chat that was created is handed from its first seq', async (t) => {
  const broker = await FakeBroker.start(t);
  const ann = aClient(t, { broker });
  const { chatId, created } = await ann.client.createChat({ participants: ['bob'], name: 'us' });
  t.ok(created);
  await ann.client.sendMessage({ chatId, messageBody: 'hello' });
  await until('both came', () => ann.seqs.length === 2);
  t.same(ann.seqs, [1, 2]);
});

test('a handler that fails gets the same message again, and later ones after it', async (t) => {
  const broker = await aChat(t, 3);
  const ann = aClient(t, { broker });
  let failures = 0;
  ann.client.on('message', ({ seq }) => {
    if (seq !== 2 || failures === 2) return;
    failures += 1;
    throw new Error('the disk is full');
  });
  await until('all is acked', () => broker.cursor('ann/phone', CHAT) === 3);
  t.same(ann.seqs, [1, 2, 2, 2, 3]);
  t.match(ann.errors, [/disk is full/, /disk is full/]);
});

test('nothing is acked before the handler has it', async (t) => {
  const broker = await aChat(t, 2);
  const ann = aClient(t, { broker });
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  ann.client.on('message', ({ seq }) => (seq === 2 ? gate : undefined));
  await until('the first is acked', () => broker.cursor('ann/phone', CHAT) === 1);
  t.equal(broker.cursor('ann/phone', CHAT), 1);
  release();
  await until('the second is acked', () => broker.cursor('ann/phone', CHAT) === 2);
});

test('marks that were set offline are sent when a session is there', async (t) => {
  const broker = await aChat(t, 2);
  await broker.stop();
  const ann = aClient(t, { broker });
  ann.client.mark({ chatId: CHAT, status: 'READ', upToSeq: 1 });
  ann.client.mark({ chatId: CHAT, status: 'READ', upToSeq: 2 });
  await broker.listen();
  const marks = () => broker.of('messageAck').filter(({ map }) => map['status'] === 'READ');
  await until('the mark came', () => marks().length === 1);
  t.equal(marks()[0]?.map['upToSeq'], 2);
});

test('a broker that is silent is left for a new connection', async (t) => {
  const broker = await aChat(t, 1);
  broker.heartbeatMs = 20;
  broker.judge = ({ t: name }) => (name === 'ping' ? 'ignore' : 'take');
  let now = 0;
  const ann = aClient(t, { broker, now: () => now });
  await ann.client.online();
  await until('it asked whether the broker lives', () => {
    now += 1;
    return broker.of('ping').length > 0;
  });
  now += 11_000;
  await until('it came again', () => broker.of('hello').length > 1);
});

test('codes from 4400 on end the client, with the reason; those below do not', async (t) => {
  const broker = await aChat(t, 1);
  const ann = aClient(t, { broker });
  await ann.client.online();
  broker.closeAll(CLOSE_CODES.SHUTDOWN);
  await until('it came again', () => broker.of('hello').length === 2);
  await ann.client.online();
  broker.closeAll(CLOSE_CODES.CONNECTED_ELSEWHERE);
  await until('it is closed', () => ann.client.state === 'closed');
  await t.rejects(ann.client.online(), { code: 'FOQ_FENCED' });
  await t.rejects(ann.client.sendMessage({ chatId: CHAT, messageBody: '' }), {
    code: 'FOQ_CLOSED',
  });
});

test('a token that is refused again and again ends the client', async (t) => {
  const broker = await aChat(t, 1);
  broker.judge = ({ t: name }) => (name === 'hello' ? new FoqError('FOQ_UNAUTHORIZED') : 'take');
  const ann = aClient(t, { broker });
  await t.rejects(ann.client.online(), { code: 'FOQ_UNAUTHORIZED' });
  t.equal(broker.of('hello').length, 3);
});

test('a token is renewed when the broker says that it expires', async (t) => {
  const broker = await aChat(t, 1);
  const ann = aClient(t, { broker });
  await ann.client.online();
  broker.tell({ t: 'authExpiring', expiresAt: 1 });
  await until('it was renewed', () => broker.of('auth').length === 1);
});

test('a call that lost its connection is made again', async (t) => {
  const broker = await aChat(t, 1);
  const ann = aClient(t, { broker });
  await ann.client.online();
  let isFirst = true;
  broker.judge = ({ t: name }) => {
    if (name !== 'getChat' || !isFirst) return 'take';
    isFirst = false;
    broker.cut();
    return 'ignore';
  };
  await ann.client.getChat({ chatId: CHAT });
  t.equal(broker.of('getChat').length, 2);
});
