// Acks and marks: what is believed, and of whom.

import { callerSent, refused, withRig } from './rig.js';

withRig('RECEIVED is believed up to what the session was sent', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'two', 'three');
  const got: unknown[] = [];
  const bob = callerSent('bob/phone', { [chatId]: 2 }, (...ack) => got.push(ack));
  await rig.ack(bob, { chatId, status: 'RECEIVED', upToSeq: 2 });
  await rig.ack(bob, { chatId, status: 'RECEIVED', messageId: `${chatId}.1` });
  t.same(got, [
    [chatId, 2],
    [chatId, 1],
  ]);
  const beyond = rig.ack(bob, { chatId, status: 'RECEIVED', upToSeq: 3 });
  t.match(await refused(t, beyond, 'FOQ_SEQ_OUT_OF_RANGE'), { sentUpTo: 2 });
  const early = rig.ack('bob/phone', { chatId, status: 'RECEIVED', upToSeq: 1 });
  t.match(await refused(t, early, 'FOQ_SEQ_OUT_OF_RANGE'), { sentUpTo: 0 });
});

withRig('what a device sent itself, or has acked before, it may ack', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'two');
  t.same(await rig.ack('ann/phone', { chatId, status: 'RECEIVED', upToSeq: 2 }), {});
});

withRig('marks are of the joined, and at most the head', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  await rig.ack('bob/phone', { chatId, status: 'READ', upToSeq: 1 });
  await rig.ack('bob/phone', { chatId, status: 'DELIVERED', messageId: `${chatId}.1` });
  const beyond = rig.ack('bob/phone', { chatId, status: 'READ', upToSeq: 2 });
  t.match(await refused(t, beyond, 'FOQ_SEQ_OUT_OF_RANGE'), { headSeq: 1 });
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  const former = rig.ack('eve/phone', { chatId, status: 'READ', upToSeq: 99 });
  await refused(t, former, 'FOQ_CHAT_NOT_FOUND');
  const other = rig.ack('bob/phone', { chatId, status: 'READ', messageId: `${chatId}x.1` });
  await refused(t, other, 'FOQ_INVALID_ARGUMENT');
});

withRig('reading the newest frees nothing', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'two', 'three');
  await rig.ack('bob/phone', { chatId, status: 'READ', upToSeq: 3 });
  await rig.acksAreDurable();
  const cursors = await rig.queue.cursors(chatId);
  t.match(
    cursors.find(({ consumerId }) => consumerId === 'bob/phone'),
    { received: 0, read: 3 },
  );
});
