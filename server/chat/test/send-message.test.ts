// Messages are sent: the answer, the repeat, and what the sender is not told.

import { RecordView } from '../../../protocol/wire/index.js';
import { refused, withRig } from './rig.js';

withRig('a message is answered with its seq, and a repeat with the first', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const said = { chatId, clientMsgId: 'm1', messageBody: 'Hello' };
  const first = await rig.send('ann/phone', said);
  t.match(first, { chatId, seq: 2, messageId: `${chatId}.2`, duplicate: false });
  t.same(await rig.send('ann/phone', said), { ...first, duplicate: true });
  const other = rig.send('ann/phone', { ...said, messageBody: 'Hello!' });
  t.match(await refused(t, other, 'FOQ_DEDUP_CONFLICT'), { seq: 2 });
  const changed = rig.send('ann/phone', { ...said, roster: 3 });
  await refused(t, changed, 'FOQ_DEDUP_CONFLICT');
  t.equal((await rig.send('ann/laptop', said)).seq, 3, 'another device is another sender');
});

withRig('a device sees its own envelope alone', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const envelopes = [
    { userId: 'bob', deviceId: 'phone', type: 1, body: 'for bob' },
    { userId: 'eve', deviceId: 'phone', type: 1, body: 'for eve' },
  ];
  await rig.send('ann/phone', { chatId, clientMsgId: 'm1', envelopes });
  const [record] = (await rig.queue.read(chatId, { fromSeq: 2 })).records;
  if (record === undefined) throw new Error('the message is there');
  const view = new RecordView({ chatId, epoch: rig.queue.epoch, record });
  t.match(view.for('bob/phone').message, { kind: 'message', envelope: { body: 'for bob' } });
  t.match(view.for('ann/laptop').message, { kind: 'empty' });
  const twice = { chatId, clientMsgId: 'm2', envelopes: [...envelopes, ...envelopes] };
  await refused(t, rig.send('ann/phone', twice), 'FOQ_INVALID_ARGUMENT');
});

withRig('a stale roster is refused with the devices that are missing and extra', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'dan']);
  const { roster } = await rig.getChat('ann/phone', chatId);
  const envelopes = [
    { userId: 'bob', deviceId: 'phone', type: 1, body: 'x' },
    { userId: 'eve', deviceId: 'phone', type: 1, body: 'x' },
  ];
  const said = { chatId, clientMsgId: 'm1', envelopes };
  const details = await refused(
    t,
    rig.send('ann/phone', { ...said, roster: roster - 1 }),
    'FOQ_ROSTER_STALE',
  );
  t.same(details, { roster, missing: ['ann/laptop'], extra: ['eve/phone'] });
  t.equal((await rig.send('ann/phone', { ...said, roster })).seq, 2, 'nothing was appended before');
});

withRig('a guard goes up by one, and a conflict tells where it is', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const said = { chatId, messageBody: 'commit' };
  const skipping = { ...said, clientMsgId: 'm0', guard: { expected: 0, next: 2 } };
  await refused(t, rig.send('ann/phone', skipping), 'FOQ_INVALID_ARGUMENT');
  const guard = { expected: 0, next: 1 };
  await rig.send('ann/phone', { ...said, clientMsgId: 'm1', guard });
  const second = rig.send('bob/phone', { ...said, clientMsgId: 'm1', guard });
  t.match(await refused(t, second, 'FOQ_GUARD_CONFLICT'), { current: 1, headSeq: 2 });
});

withRig('a stranger learns nothing from any condition', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const said = { chatId, clientMsgId: 'm1', messageBody: 'x' };
  const tries = [
    said,
    { ...said, roster: 99 },
    { ...said, guard: { expected: 7, next: 8 } },
    { ...said, chatId: chatId.replace(/.$/, (digit) => (digit === 'a' ? 'b' : 'a')) },
    { ...said, chatId: 'order-42' },
  ];
  const told: unknown[] = [];
  for (const one of tries) {
    told.push(await refused(t, rig.send('eve/phone', one), 'FOQ_CHAT_NOT_FOUND'));
  }
  t.same(new Set(told.map((details) => JSON.stringify(details))), new Set(['{}']));
});

withRig(
  'a chat of the engine is none of the chat layer, even where one is joined',
  async (t, rig) => {
    await rig.queue.join('order-42', 'ann/phone');
    const said = { chatId: 'order-42', clientMsgId: 'm1', messageBody: 'x' };
    await refused(t, rig.send('ann/phone', said), 'FOQ_CHAT_NOT_FOUND');
  },
);

withRig('messages of one session keep their order', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const sent = Array.from({ length: 10 }, (_, index) => {
    return rig.send('ann/phone', { chatId, clientMsgId: `m${index}`, messageBody: `${index}` });
  });
  const seqs = (await Promise.all(sent)).map(({ seq }) => seq);
  t.same(seqs, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

withRig('attachments are asked about, and without a store of them refused', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const said = { chatId, clientMsgId: 'm1', attachments: ['a1'] };
  await refused(t, rig.send('ann/phone', said), 'FOQ_ATTACHMENT_NOT_READY');
  const asked: unknown[] = [];
  const attachments = (of: unknown) => Promise.resolve(void asked.push(of));
  rig.context = { ...rig.context, attachments };
  await rig.send('ann/phone', said);
  t.match(asked, [{ chatId, attachmentIds: ['a1'] }]);
});
