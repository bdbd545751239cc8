// The outbox of a client: messages leave it when the broker has them, are sent again as the same
// bytes, and are never twice in a chat.

import { test } from 'tap';
import { FoqError } from '../../index.js';
import { LIMITS } from '../../wire/index.js';
import { memoryStorage } from '../keeper.js';
import { FakeBroker, type Received } from './fake-broker.js';
import { aClient, until, upTo } from './rig.js';

const CHAT = 'a chat';

test('a retry sends the same bytes, and the broker has the message once', async (t) => {
  const broker = await FakeBroker.start(t);
  const ann = aClient(t, { broker });
  let attempts = 0;
  broker.judge = ({ t: name }) => {
    if (name !== 'sendMessage') return 'take';
    attempts += 1;
    if (attempts === 1) broker.cut();
    return attempts === 1 ? 'ignore' : 'take';
  };
  const ack = await ann.client.sendMessage({ chatId: CHAT, messageBody: 'once' });
  t.equal(ack.seq, 1);
  const [first, second] = broker.of('sendMessage');
  t.ok(first !== undefined && second !== undefined && first.bytes.equals(second.bytes));
  t.equal(ann.client.outboxSize, 0);
});

test('a message whose serverAck was lost is answered as the first was', async (t) => {
  const broker = await FakeBroker.start(t);
  broker.append(CHAT, { messageBody: '0' });
  const ann = aClient(t, { broker });
  await until('the first came', () => ann.seqs.length === 1);
  const cutAfter = ({ t: name }: Received) => {
    if (name === 'sendMessage' && broker.of('sendMessage').length === 1) {
      setImmediate(() => broker.cut());
    }
    return 'take' as const;
  };
  broker.judge = cutAfter;
  const acks = await Promise.all(
    upTo(5).map((n) => ann.client.sendMessage({ chatId: CHAT, messageBody: `${n}` })),
  );
  t.same(
    acks.map(({ seq }) => seq),
    [2, 3, 4, 5, 6],
  );
  t.equal(broker.chats.get(CHAT)?.length, 6);
  await until('all were handed', () => ann.seqs.length === 6);
  t.same(ann.bodies, ['0', '1', '2', '3', '4', '5']);
});

test('what a client leaves in its storage, the next sends: in order, the same bytes', async (t) => {
  const broker = await FakeBroker.start(t);
  const storage = memoryStorage();
  broker.judge = ({ t: name }) => (name === 'sendMessage' ? 'ignore' : 'take');
  const before = aClient(t, { broker, storage });
  const sent = upTo(3).map((n) => before.client.sendMessage({ chatId: CHAT, messageBody: `${n}` }));
  await until('all were sent', () => broker.of('sendMessage').length === 3);
  await before.client.close();
  const ends = await Promise.allSettled(sent);
  t.match(ends, [{ reason: { code: 'FOQ_UNKNOWN_OUTCOME' } }, {}, {}]);
  broker.judge = () => 'take';
  const after = aClient(t, { broker, storage });
  t.match(await after.client.waiting(), [
    { chatId: CHAT, messageBody: '1' },
    { chatId: CHAT, messageBody: '2' },
    { chatId: CHAT, messageBody: '3' },
  ]);
  const acked: number[] = [];
  after.client.on('sent', ({ serverAck }) => acked.push(serverAck.seq));
  await until('all are acked', () => acked.length === 3);
  t.same(acked, [1, 2, 3]);
  const bytes = broker.of('sendMessage').map((command) => command.bytes.toString('hex'));
  t.same(bytes.slice(3), bytes.slice(0, 3));
  const next = await after.client.sendMessage({ chatId: CHAT, messageBody: '4' });
  t.equal(next.seq, 4);
  await until('the outbox is empty', () => after.client.outboxSize === 0);
  t.same(await after.client.waiting(), []);
  t.same(
    [...(await storage.load())].filter(([key]) => key.startsWith('outbox/')),
    [],
  );
});

test('a restored outbox may be sent in the other encoding', async (t) => {
  const broker = await FakeBroker.start(t);
  const storage = memoryStorage();
  broker.judge = ({ t: name }) => (name === 'sendMessage' ? 'ignore' : 'take');
  broker.append(CHAT);
  const before = aClient(t, { broker, storage, encoding: 'msgpack' });
  await until('the first came', () => before.seqs.length === 1);
  const messageBody = Uint8Array.of(0, 200, 7);
  const sent = before.client.sendMessage({ chatId: CHAT, messageBody });
  sent.catch(() => undefined);
  await until('it was sent', () => broker.of('sendMessage').length === 1);
  await before.client.close();
  broker.judge = () => 'take';
  const after = aClient(t, { broker, storage, encoding: 'json' });
  await until('it was handed', () => after.seqs.length === 1);
  t.same(Uint8Array.from(after.bodies[0] as Uint8Array), messageBody);
});

test('one more than the span of a chat waits until the first of them is acked', async (t) => {
  const broker = await FakeBroker.start(t);
  let held = 0;
  broker.judge = ({ t: name, map }) => {
    if (name !== 'sendMessage' || map['messageBody'] !== '1') return 'take';
    held += 1;
    return held === 1 ? new FoqError('FOQ_BUSY', { details: { retryAfterMs: 50 } }) : 'take';
  };
  const ann = aClient(t, { broker });
  const sent = upTo(40).map((n) => ann.client.sendMessage({ chatId: CHAT, messageBody: `${n}` }));
  await Promise.all(sent);
  const bodies = broker.of('sendMessage').map(({ map }) => map['messageBody']);
  const retried = bodies.lastIndexOf('1');
  t.ok(retried > 0, 'the first was sent twice');
  t.notOk(
    bodies.slice(0, retried).includes(`${1 + LIMITS.sendSpan}`),
    'nothing was sent beyond the span of what had no serverAck',
  );
  t.equal(broker.chats.get(CHAT)?.length, 40);
});

test('where a first message gets no serverAck, a span is sent and no more', async (t) => {
  const broker = await FakeBroker.start(t);
  broker.judge = ({ t: name, map }) =>
    name === 'sendMessage' && map['messageBody'] === '1' ? 'ignore' : 'take';
  const ann = aClient(t, { broker });
  const sent = upTo(40).map((n) => ann.client.sendMessage({ chatId: CHAT, messageBody: `${n}` }));
  for (const ack of sent) ack.catch(() => undefined);
  await Promise.all(sent.slice(1, LIMITS.sendSpan));
  const other = ann.client.sendMessage({ chatId: 'another chat', messageBody: 'passes' });
  t.equal((await other).seq, 1);
  const bodies = broker.of('sendMessage').map(({ map }) => map['messageBody']);
  t.same(bodies, [...upTo(LIMITS.sendSpan).map(String), 'passes']);
});

test('what is refused leaves the outbox; what cannot be taken now does not', async (t) => {
  const broker = await FakeBroker.start(t);
  const ann = aClient(t, { broker });
  const refused: string[] = [];
  ann.client.on('refused', ({ error }) => refused.push(error.code));
  broker.judge = ({ t: name }) =>
    name === 'sendMessage' ? new FoqError('FOQ_CHAT_NOT_FOUND') : 'take';
  const sent = ann.client.sendMessage({ chatId: CHAT, messageBody: 'x' });
  await t.rejects(sent, { code: 'FOQ_CHAT_NOT_FOUND' });
  t.same(refused, ['FOQ_CHAT_NOT_FOUND']);
  let attempts = 0;
  broker.judge = ({ t: name }) => {
    if (name !== 'sendMessage') return 'take';
    attempts += 1;
    return attempts < 4 ? new FoqError('FOQ_DISK_FULL') : 'take';
  };
  const ack = await ann.client.sendMessage({ chatId: CHAT, messageBody: 'y' });
  t.equal(ack.seq, 1);
  t.equal(attempts, 4);
});

test('an outbox that is full says so, and a storage that fails does too', async (t) => {
  const broker = await FakeBroker.start(t);
  await broker.stop();
  const ann = aClient(t, { broker, outboxMax: 2 });
  const kept = upTo(2).map((n) => ann.client.sendMessage({ chatId: CHAT, messageBody: `${n}` }));
  for (const sent of kept) sent.catch(() => undefined);
  const third = ann.client.sendMessage({ chatId: CHAT, messageBody: '3' });
  await t.rejects(third, { code: 'FOQ_BUSY', details: { limit: 2 } });
  const failing = { load: async () => [], write: () => Promise.reject(new Error('no disk')) };
  const bob = aClient(t, { broker, storage: failing, device: 'bob/phone' });
  const sent = bob.client.sendMessage({ chatId: CHAT, messageBody: 'x' });
  await t.rejects(sent, { code: 'FOQ_UNAVAILABLE' });
});

test('what comes back in the stream has left the outbox without a serverAck', async (t) => {
  const broker = await FakeBroker.start(t);
  const ann = aClient(t, { broker });
  await ann.client.online();
  broker.judge = ({ t: name }) => (name === 'sendMessage' ? 'ignore' : 'take');
  const sent = ann.client.sendMessage({ chatId: CHAT, messageBody: 'x', clientMsgId: 'm1' });
  await until('it was sent', () => broker.of('sendMessage').length === 1);
  const sender = { senderId: 'ann', senderDeviceId: 'phone', clientMsgId: 'm1' };
  const message = { chatId: CHAT, seq: 1, messageId: `${CHAT}.1`, at: 1, kind: 'message' };
  broker.tell({ t: 'message', epoch: '00c0ffee00c0ffee', ...message, ...sender, attempt: 1 });
  t.match(await sent, { seq: 1 });
  await until('the outbox is empty', () => ann.client.outboxSize === 0);
});
