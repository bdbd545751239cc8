// A chat, the list of chats and the receipts, as members see them.

import { refused, withRig } from './rig.js';

withRig('a chat shows its members and numbers, and no ranges', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const chat = await rig.getChat('bob/phone', chatId);
  t.match(chat, { chatId, type: 'group', createdBy: 'ann', e2ee: false, roster: 3, guard: 0 });
  t.match(chat, { pinnedSeq: 1, firstSeq: 1, headSeq: 1, epoch: rig.queue.epoch });
  t.notMatch(JSON.stringify(chat), /ranges/);
});

withRig('the list has the chats of the device, page by page', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  await rig.update('ann/phone', { chatId: club, name: 'Club' });
  const { chatId: direct } = await rig.createChat('ann/phone', { participants: ['eve'] });
  await rig.queue.join('order-42', 'ann/phone');
  const { chats, next } = await rig.listChats('ann/phone');
  const byId = new Map(chats.map((chat) => [chat.chatId, chat]));
  t.equal(next, null);
  t.same([...byId.keys()].sort(), [club, direct].sort());
  t.match(byId.get(club), { type: 'group', name: 'Club', headSeq: 2 });
  t.match(byId.get(direct), { type: 'direct', headSeq: 1 });
  const first = await rig.listChats('ann/phone', { limit: 1 });
  t.ok(first.next !== null && first.chats.length <= 1);
  await rig.update('ann/phone', { chatId: club, remove: ['bob'] });
  t.same((await rig.listChats('bob/phone')).chats, []);
});

withRig(
  'receipts are of users, and the author hears what became of his message',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob', 'dan']);
    const [seq = 0] = await rig.say('ann/phone', chatId, 'two');
    const status = async () => (await rig.receipts('ann/laptop', { chatId, seq })).status;
    t.equal(await status(), 'SENT');
    await rig.ack('bob/phone', { chatId, status: 'READ', upToSeq: seq });
    await rig.acksAreDurable();
    t.equal(await status(), 'SENT', 'dan has nothing yet');
    await rig.queue.ack(chatId, 'dan/-', { received: seq });
    await rig.acksAreDurable();
    t.equal(await status(), 'DELIVERED');
    await rig.queue.ack(chatId, 'dan/-', { read: seq });
    await rig.acksAreDurable();
    t.equal(await status(), 'READ');
    const { users, status: ofOther } = await rig.receipts('bob/phone', { chatId, seq });
    t.equal(ofOther, undefined, 'bob is not the author');
    t.same(
      users.find(({ userId }) => userId === 'bob'),
      { userId: 'bob', delivered: 2, read: 2 },
    );
    await refused(t, rig.receipts('bob/phone', { chatId, seq: 9 }), 'FOQ_SEQ_OUT_OF_RANGE');
  },
);

withRig('who came later is not waited for, and does not see what was before', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const [seq = 0] = await rig.say('ann/phone', chatId, 'two');
  await rig.update('ann/phone', { chatId, add: ['eve'] });
  await rig.ack('bob/phone', { chatId, status: 'READ', upToSeq: seq });
  await rig.acksAreDurable();
  t.equal((await rig.receipts('ann/phone', { chatId, seq })).status, 'READ');
  await refused(t, rig.receipts('eve/phone', { chatId, seq }), 'FOQ_MESSAGE_NOT_FOUND');
});
