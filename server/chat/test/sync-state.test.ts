// What a device hears of what it missed, and what its own seqs do.

import { withRig } from './rig.js';

withRig('chats with news are listed, most recent first, with what is unread', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  const { chatId: direct } = await rig.createChat('ann/phone', { participants: ['bob'] });
  await rig.queue.clock.advance(1_000);
  await rig.say('ann/phone', club, 'two', 'three');
  await rig.ack('bob/phone', { chatId: club, status: 'READ', upToSeq: 2 });
  await rig.acksAreDurable();
  const { reply, events } = await rig.sync('bob/phone');
  t.same(events, []);
  t.same(reply.next, null);
  t.match(reply.chats, [
    { chatId: club, headSeq: 3, firstSeq: 1, received: 0, read: 2, unread: 1, roster: 3 },
    { chatId: direct, headSeq: 1, received: 0, read: 0, unread: 1 },
  ]);
  t.same(reply.chats[0]?.marks, [{ userId: 'bob', delivered: 2, read: 2 }], 'in a group its own');
  t.same(
    reply.chats[1]?.marks.map(({ userId }) => userId),
    ['ann', 'bob'],
    'in a direct chat both',
  );
});

withRig('a chat with something unread shows its newest message', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  await rig.say('ann/phone', chatId, 'two', 'three');
  const previewFor = async (device: string) => {
    const { reply } = await rig.sync(device);
    return reply.chats.find((chat) => chat.chatId === chatId)?.preview;
  };
  t.match(await previewFor('bob/phone'), [
    { chatId, seq: 3, messageBody: 'three', senderId: 'ann' },
  ]);
  const cursors = await rig.queue.cursors(chatId);
  t.match(
    cursors.find(({ consumerId }) => consumerId === 'bob/phone'),
    { received: 0 },
  );
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  await rig.say('ann/phone', chatId, 'without eve');
  t.match(
    await previewFor('eve/phone'),
    [{ seq: 4, kind: 'membership' }],
    'her removal and no more',
  );
  t.match(await previewFor('bob/phone'), [{ seq: 5 }]);
  await rig.say('ann/phone', chatId, 'x'.repeat(5_000));
  t.equal(await previewFor('bob/phone'), undefined, 'what is long comes with the stream');
});

withRig('pages follow each other', async (t, rig) => {
  for (const name of ['a', 'b', 'c']) await rig.aGroup('ann/phone', ['bob'], name);
  const first = (await rig.sync('bob/phone', { limit: 2 })).reply;
  t.equal(first.chats.length, 2);
  const second = (await rig.sync('bob/phone', { limit: 2, after: first.next ?? '' })).reply;
  t.equal(second.chats.length, 1);
  t.equal(second.next, null);
});

withRig('a seq beyond the cursor counts as RECEIVED', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'two', 'three');
  const { epoch } = rig.queue;
  await rig.sync('bob/phone', { lastKnownSeqPerChat: [{ chatId, seq: 2, epoch }] });
  await rig.acksAreDurable();
  const cursors = await rig.queue.cursors(chatId);
  t.match(
    cursors.find(({ consumerId }) => consumerId === 'bob/phone'),
    { received: 2 },
  );
});

withRig('a seq below the cursor moves nothing, and the chat is listed', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.queue.ack(chatId, 'bob/phone', { received: 1 });
  await rig.acksAreDurable();
  t.same((await rig.sync('bob/phone')).reply.chats, [], 'there is no news');
  const lastKnownSeqPerChat = [{ chatId, seq: 0, epoch: rig.queue.epoch }];
  const { reply } = await rig.sync('bob/phone', { lastKnownSeqPerChat });
  t.match(reply.chats, [{ chatId, received: 1, headSeq: 1 }]);
});

withRig('another epoch, or a seq beyond the head, is told', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const { epoch } = rig.queue;
  const told = { t: 'epochChanged', chatId, epoch, firstSeq: 1, headSeq: 1 };
  for (const known of [
    { chatId, seq: 1, epoch: '0123456789abcdef' },
    { chatId, seq: 2, epoch },
  ]) {
    const { events } = await rig.sync('bob/phone', { lastKnownSeqPerChat: [known] });
    t.same(events, [told]);
  }
});

withRig('of chats that a device is not joined in nothing is said', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const ours = ['order-42', chatId].map((id) => ({
    chatId: id,
    seq: 9,
    epoch: '0123456789abcdef',
  }));
  const { reply, events } = await rig.sync('eve/phone', { lastKnownSeqPerChat: ours });
  t.same([reply.chats, events], [[], []]);
});

withRig('who was removed hears of the chat up to his removal', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  await rig.say('ann/phone', chatId, 'without eve');
  const lastKnownSeqPerChat = [{ chatId, seq: 3, epoch: rig.queue.epoch }];
  const { reply, events } = await rig.sync('eve/phone', { lastKnownSeqPerChat });
  t.match(reply.chats, [{ chatId, headSeq: 2, roster: 0, marks: [] }]);
  t.match(events, [{ chatId, headSeq: 2 }]);
});
