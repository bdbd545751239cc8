// Receipts: to whom, how often, and only what is new.

import { turn, until, withRig } from './rig.js';

withRig('in a direct chat each hears how far the other is', async (t, rig) => {
  const chatId = await rig.aDirectChat('ann/phone', 'bob');
  const ann = await rig.attach('ann/phone');
  await rig.queue.ack(chatId, 'bob/phone', { received: 1 });
  await rig.acksAreDurable();
  await until(() => rig.alarms > 0, 'it is noted');
  rig.pass(0);
  await until(() => ann.of('receipt').length > 0, 'the receipt');
  t.match(
    ann.of('receipt').filter(({ userId }) => userId === 'bob'),
    [{ chatId, userId: 'bob', delivered: 1, at: rig.clock }],
  );
});

withRig('many changes are one receipt a second', async (t, rig) => {
  const chatId = await rig.aDirectChat('ann/phone', 'bob');
  for (let count = 0; count < 8; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  const ann = await rig.attach('ann/phone');
  const ofBob = () => ann.of('receipt').filter(({ userId }) => userId === 'bob');
  const read = async (seq: number) => {
    await rig.queue.ack(chatId, 'bob/phone', { read: seq });
    await rig.acksAreDurable();
  };
  await read(1);
  await until(() => rig.alarms > 0, 'the first is noted');
  rig.pass(0);
  await until(() => ofBob().length === 1, 'the first');
  for (const seq of [2, 3, 4, 5, 6]) await read(seq);
  await until(() => rig.alarms > 0, 'the rest is noted');
  rig.pass(999);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  t.equal(ofBob().length, 1, 'not before its second is over');
  rig.pass(1);
  await until(() => ofBob().length === 2, 'the second');
  t.match(ofBob(), [{ read: 1 }, { read: 6, delivered: 6 }]);
});

withRig('in a group a device hears of its own user alone', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const laptop = await rig.attach('ann/laptop');
  await rig.queue.ack(chatId, 'bob/phone', { read: 1 });
  await rig.acksAreDurable();
  await rig.queue.ack(chatId, 'ann/phone', { read: 1 });
  await rig.acksAreDurable();
  await until(() => rig.alarms > 0, 'it is noted');
  rig.pass(1_000);
  await until(() => laptop.of('receipt').length > 0, 'the receipt');
  const receipts = laptop.of('receipt');
  t.match(receipts, [{ chatId, userId: 'ann', read: 1 }]);
  t.equal(receipts.length, 1);
});
