// How chats begin: who is in them, under which id, and what a repeat gets.

import { refused, withRig } from './rig.js';

withRig('a chat of two is direct, and both may create it', async (t, rig) => {
  const first = await rig.createChat('ann/phone', { participants: ['bob'] });
  t.match(first, { seq: 1, created: true });
  t.match(first.chatId, /^~d[a-z2-7]{32}$/);
  const second = await rig.createChat('bob/phone', { participants: ['ann'] });
  t.same(second, { ...first, created: false });
  t.match(await rig.getChat('bob/phone', first.chatId), { type: 'direct', createdBy: 'ann' });
});

withRig('all devices of all members are joined with the record', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'dan']);
  t.same((await rig.joined(chatId)).sort(), ['ann/laptop', 'ann/phone', 'bob/phone', 'dan/-']);
  const cursors = await rig.queue.cursors(chatId);
  t.ok(
    cursors.every(({ joinSeq }) => joinSeq === 1),
    'at its seq',
  );
});

withRig('a group is known by who creates it and what he calls it', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob'], 'club');
  t.match(club, /^~g[a-z2-7]{32}$/);
  t.equal(await rig.aGroup('ann/laptop', ['bob', 'eve'], 'club'), club, 'it is there already');
  t.not(await rig.aGroup('ann/phone', ['bob'], 'team'), club);
  t.not(await rig.aGroup('bob/phone', ['ann'], 'club'), club);
  const { members } = await rig.getChat('ann/phone', club);
  t.same(members, [
    { userId: 'ann', role: 'owner' },
    { userId: 'bob', role: 'member' },
  ]);
});

withRig('one unknown user fails the chat, with a list', async (t, rig) => {
  const participants = ['bob', 'nobody', 'noone'];
  const creating = rig.createChat('ann/phone', { participants, clientChatId: 'club' });
  const { userIds } = await refused(t, creating, 'FOQ_USER_NOT_FOUND');
  t.same(userIds, ['nobody', 'noone']);
  t.same((await rig.queue.chats()).chats, []);
});

withRig('a device that the directory does not know creates nothing', async (t, rig) => {
  const creating = rig.createChat('ann/watch', { participants: ['bob'] });
  await refused(t, creating, 'FOQ_DEVICE_NOT_FOUND');
});

withRig('what makes no chat is refused', async (t, rig) => {
  const wrong = [
    { participants: ['bob', 'eve'] },
    { participants: ['bob', 'eve'], type: 'direct' as const },
    { participants: [], type: 'direct' as const },
    { participants: ['bob'], type: 'direct' as const, name: 'Us' },
  ];
  for (const said of wrong) {
    await refused(t, rig.createChat('ann/phone', said), 'FOQ_INVALID_ARGUMENT');
  }
  rig.context = { ...rig.context, limits: { ...rig.context.limits, participantsMax: 2 } };
  const full = rig.createChat('ann/phone', { participants: ['bob', 'eve'], clientChatId: 'x' });
  t.match(await refused(t, full, 'FOQ_GROUP_FULL'), { limit: 2 });
});

withRig('an encrypted chat takes only so many devices of a user', async (t, rig) => {
  rig.directory.add('fay', ...Array.from({ length: 6 }, (_, index) => `d${index}`));
  const said = { participants: ['fay'], e2ee: true };
  const details = await refused(t, rig.createChat('ann/phone', said), 'FOQ_TOO_LARGE');
  t.match(details, { limit: 'devicesE2eeMax' });
});

withRig('who was removed does not find the group that he made', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.update('ann/phone', { chatId, leave: true });
  await refused(
    t,
    rig.createChat('ann/phone', { participants: ['bob'], type: 'group', clientChatId: 'club' }),
    'FOQ_CHAT_NOT_FOUND',
  );
});

withRig('a direct chat that was deleted can begin again', async (t, rig) => {
  const { chatId } = await rig.createChat('ann/phone', { participants: ['bob'] });
  await rig.say('ann/phone', chatId, 'one', 'two');
  await rig.queue.deleteChat(chatId);
  const again = await rig.createChat('bob/phone', { participants: ['ann'] });
  t.same(again, { chatId, seq: 4, created: true });
});

withRig(
  'a device that is linked while the chat begins is joined at its first seq',
  async (t, rig) => {
    const { devicesOf } = rig.directory;
    let asked = 0;
    rig.directory.devicesOf = async (userIds) => {
      const found = await devicesOf.call(rig.directory, userIds);
      asked += 1;
      if (asked === 1) {
        rig.directory.add('bob', 'laptop');
        rig.directory.revoke({ userId: 'ann', deviceId: 'laptop' });
      }
      return found;
    };
    const { chatId } = await rig.createChat('ann/phone', { participants: ['bob'] });
    t.same((await rig.joined(chatId)).sort(), ['ann/phone', 'bob/laptop', 'bob/phone']);
    const cursors = await rig.queue.cursors(chatId);
    t.match(
      cursors.find(({ consumerId }) => consumerId === 'bob/laptop'),
      { joinSeq: 1, received: 0 },
    );
  },
);
