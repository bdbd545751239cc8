// Devices come and go: what the new one gets, and what nobody loses.

import { linkDevice, unlinkDevice } from '../index.js';
import { caller, type Rig, withRig } from './rig.js';

async function cursorOf(rig: Rig, chatId: string, consumerId: string) {
  const cursors = await rig.queue.cursors(chatId);
  return cursors.find((cursor) => cursor.consumerId === consumerId);
}

withRig("another device joins its user's chats after the head", async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  await rig.aGroup('eve/phone', ['ann'], 'other');
  await rig.say('ann/phone', club, 'two');
  t.equal(await rig.link('bob/laptop'), 1, 'bob is in one');
  t.match(await cursorOf(rig, club, 'bob/laptop'), { joinSeq: 3, received: 2 });
  t.equal(await rig.link('bob/laptop'), 1, 'again is no other');
  t.match(await cursorOf(rig, club, 'bob/laptop'), { joinSeq: 3 });
});

withRig('the first device takes over what the stand-in kept', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['dan']);
  await rig.say('ann/phone', club, 'two');
  t.equal(await rig.link('dan/phone'), 1);
  t.match(await cursorOf(rig, club, 'dan/phone'), { joinSeq: 1, received: 0 });
  t.equal(await cursorOf(rig, club, 'dan/-'), undefined);
  t.match((await rig.sync('dan/phone')).reply.chats, [{ chatId: club, unread: 2 }]);
});

withRig('when the last device goes the stand-in keeps what it had not received', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  await rig.queue.ack(club, 'bob/phone', { received: 1 });
  await rig.say('ann/phone', club, 'two');
  rig.directory.revoke(caller('bob/phone'));
  await unlinkDevice(rig.context, caller('bob/phone'));
  t.equal(await cursorOf(rig, club, 'bob/phone'), undefined);
  t.match(await cursorOf(rig, club, 'bob/-'), { received: 1 });
  await rig.link('bob/laptop');
  t.match(await cursorOf(rig, club, 'bob/laptop'), { received: 1 });
  t.equal(await cursorOf(rig, club, 'bob/-'), undefined);
});

withRig('when one of several goes it is forgotten everywhere', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  rig.directory.revoke(caller('ann/laptop'));
  await unlinkDevice(rig.context, caller('ann/laptop'));
  t.same((await rig.joined(club)).sort(), ['ann/phone', 'bob/phone']);
});

withRig('a device of a user who is removed meanwhile keeps nothing of the chat', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const { joinMany } = rig.queue;
  rig.queue.joinMany = async (...args) => {
    await rig.update('ann/phone', { chatId: club, remove: ['eve'] });
    return await joinMany.apply(rig.queue, args);
  };
  rig.directory.add('eve', 'laptop');
  await linkDevice(rig.context, caller('eve/laptop'));
  t.equal(await cursorOf(rig, club, 'eve/laptop'), undefined);
  t.same((await rig.joined(club)).sort(), ['ann/laptop', 'ann/phone', 'bob/phone']);
});

withRig('a device that is linked while another goes misses no chat', async (t, rig) => {
  const club = await rig.aGroup('ann/phone', ['bob']);
  rig.directory.revoke(caller('bob/phone'));
  const { forget } = rig.queue;
  rig.queue.forget = async (...args) => {
    // It looks when the old one is going, and the stand-in not yet there to be seen again.
    if (args[0] === 'bob/phone') rig.directory.add('bob', 'laptop');
    await forget.apply(rig.queue, args);
  };
  await unlinkDevice(rig.context, caller('bob/phone'));
  t.same((await rig.joined(club)).sort(), ['ann/laptop', 'ann/phone', 'bob/laptop']);
});

withRig('many chats are joined in parts', async (t, rig) => {
  const counts: number[] = [];
  const { joinMany } = rig.queue;
  rig.queue.joinMany = (...args) => {
    counts.push(args[1].length);
    return joinMany.apply(rig.queue, args);
  };
  const names = Array.from({ length: 300 }, (_, index) => `g${index}`);
  for (const name of names) await rig.aGroup('ann/phone', [], name);
  t.equal(await rig.link('ann/watch'), 300);
  t.same(
    counts.filter((count) => count > 0),
    [256, 44],
  );
});
