// Chats change: who may change what, what is written, and what a repeat or a rival gets.

import { refused, withRig } from './rig.js';

withRig(
  'who is added begins with the record of it, who is removed ends with it',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob']);
    const added = await rig.update('ann/phone', { chatId, add: ['eve', 'dan'] });
    t.equal(added.seq, 2);
    const removed = await rig.update('ann/phone', { chatId, remove: ['eve'] });
    t.equal(removed.seq, 3);
    const cursors = await rig.queue.cursors(chatId);
    t.match(
      cursors.find(({ consumerId }) => consumerId === 'eve/phone'),
      { joinSeq: 2, leaveSeq: 3 },
    );
    t.same((await rig.joined(chatId)).sort(), ['ann/laptop', 'ann/phone', 'bob/phone', 'dan/-']);
    const { roster, members, pinnedSeq } = await rig.getChat('bob/phone', chatId);
    t.equal(pinnedSeq, 3);
    t.equal(roster, removed.roster);
    t.same(
      members.map(({ userId }) => userId),
      ['ann', 'bob', 'dan'],
    );
    await refused(t, rig.say('eve/phone', chatId, 'still here?'), 'FOQ_CHAT_NOT_FOUND');
  },
);

withRig('what is so already writes nothing', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const first = await rig.update('ann/phone', { chatId, name: 'Club', add: ['eve'] });
  const again = await rig.update('ann/phone', {
    chatId,
    name: 'Club',
    add: ['eve'],
    remove: ['dan'],
  });
  t.same(again, first);
  const role = { userId: 'bob', role: 'member' as const };
  t.same(await rig.update('ann/phone', { chatId, role }), first);
});

withRig(
  'a change that carries a message is written or refused, also when all is so',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
    const commit = {
      chatId,
      remove: ['eve'],
      messageBody: 'commit',
      guard: { expected: 0, next: 1 },
    };
    const role = { userId: 'bob', role: 'admin' as const };
    await rig.update('ann/phone', { chatId, role });
    await rig.update('ann/phone', commit);
    const { current } = await refused(t, rig.update('bob/phone', commit), 'FOQ_GUARD_CONFLICT');
    t.equal(current, 1, 'the rival learns that he was second');
  },
);

withRig('a retry with its clientMsgId gets the first answer', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const commit = { chatId, remove: ['eve'], clientMsgId: 'm1', messageBody: 'commit' };
  const { seq } = await rig.update('ann/phone', commit);
  await rig.say('bob/phone', chatId, 'meanwhile');
  t.equal((await rig.update('ann/phone', commit)).seq, seq);
  const other = rig.update('ann/phone', { ...commit, messageBody: 'other' });
  await refused(t, other, 'FOQ_DEDUP_CONFLICT');
});

withRig('roles bound what each may change', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve', 'dan']);
  const admin = { userId: 'bob', role: 'admin' as const };
  const forbidden = (by: string, said: object) => {
    return refused(t, rig.update(by, { chatId, ...said }), 'FOQ_FORBIDDEN');
  };
  await forbidden('bob/phone', { name: 'Mine' });
  await forbidden('bob/phone', { add: ['fay'] });
  await forbidden('bob/phone', { remove: ['eve'] });
  await forbidden('bob/phone', { role: admin });
  await rig.update('ann/phone', { chatId, role: admin });
  await rig.update('bob/phone', { chatId, name: 'Ours', remove: ['dan'] });
  await forbidden('bob/phone', { remove: ['ann'] });
  await forbidden('bob/phone', { role: { userId: 'eve', role: 'admin' } });
  await forbidden('ann/phone', { role: { userId: 'ann', role: 'member' } });
  const stranger = { userId: 'dan', role: 'admin' as const };
  await refused(t, rig.update('ann/phone', { chatId, role: stranger }), 'FOQ_USER_NOT_FOUND');
});

withRig('who leaves last but one is followed by the first admin as owner', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  await rig.update('ann/phone', { chatId, role: { userId: 'eve', role: 'admin' } });
  await rig.update('ann/phone', { chatId, leave: true });
  const { members } = await rig.getChat('eve/phone', chatId);
  t.same(members, [
    { userId: 'bob', role: 'member' },
    { userId: 'eve', role: 'owner' },
  ]);
  await refused(t, rig.getChat('ann/phone', chatId), 'FOQ_CHAT_NOT_FOUND');
  await rig.update('bob/phone', { chatId, remove: ['bob'] });
  await rig.update('eve/phone', { chatId, leave: true });
  t.same(await rig.joined(chatId), [], 'nobody is left');
});

withRig('a direct chat cannot be changed or left', async (t, rig) => {
  const { chatId } = await rig.createChat('ann/phone', { participants: ['bob'] });
  for (const said of [{ leave: true }, { add: ['eve'] }, { remove: ['bob'] }, { name: 'Us' }]) {
    await refused(t, rig.update('ann/phone', { chatId, ...said }), 'FOQ_FORBIDDEN');
  }
});

withRig('who cannot be added is told', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const unknown = await refused(
    t,
    rig.update('ann/phone', { chatId, add: ['eve', 'nobody'] }),
    'FOQ_USER_NOT_FOUND',
  );
  t.match(unknown, { userIds: ['nobody'] });
  const both = rig.update('ann/phone', { chatId, add: ['eve'], remove: ['eve'] });
  await refused(t, both, 'FOQ_INVALID_ARGUMENT');
  rig.context = { ...rig.context, limits: { ...rig.context.limits, participantsMax: 2 } };
  const full = rig.update('ann/phone', { chatId, add: ['eve'] });
  t.match(await refused(t, full, 'FOQ_GROUP_FULL'), { limit: 2 });
});

withRig('no change is lost under another, nor under messages', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const talking = Array.from({ length: 20 }, (_, index) => {
    return rig.send('bob/phone', { chatId, clientMsgId: `t${index}`, messageBody: 'talk' });
  });
  await Promise.all([
    rig.update('ann/phone', { chatId, name: 'Club' }),
    rig.update('ann/laptop', { chatId, add: ['eve'] }),
    rig.update('ann/phone', { chatId, role: { userId: 'bob', role: 'admin' } }),
    rig.update('ann/laptop', { chatId, add: ['dan'] }),
    ...talking,
  ]);
  t.match(await rig.getChat('ann/phone', chatId), {
    name: 'Club',
    members: [
      { userId: 'ann', role: 'owner' },
      { userId: 'bob', role: 'admin' },
      { userId: /eve|dan/ },
      { userId: /eve|dan/ },
    ],
  });
});

withRig('a stale roster of the caller is told, and changes nothing', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const stale = rig.update('ann/phone', { chatId, add: ['eve'], roster: 1 });
  t.match(await refused(t, stale, 'FOQ_ROSTER_STALE'), { missing: ['ann/laptop', 'bob/phone'] });
  t.same((await rig.getChat('ann/phone', chatId)).members.length, 2);
});
