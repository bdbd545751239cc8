// What follows a change of membership: who is told what, and who gets nothing more.

import { until, withRig } from './rig.js';

withRig(
  'members hear of the new roster, and the removed of their removal alone',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
    const bob = await rig.attach('bob/phone');
    const eve = await rig.attach('eve/phone');
    await until(() => bob.seqs.length + eve.seqs.length === 2, 'the backlog');
    const seq = await rig.update('ann/phone', chatId, { remove: ['eve'] });
    await rig.say('ann/phone', chatId, 'without eve');
    await until(() => bob.seqs.includes(seq + 1), 'what followed');
    await until(() => eve.of('removed').length === 1, 'eve hears of it');
    await until(() => bob.of('chatUpdated').some(({ pinnedSeq }) => pinnedSeq === seq), 'bob too');
    const [head] = await rig.queue.heads([chatId]);
    t.match(bob.of('chatUpdated').at(-1), { chatId, roster: head?.roster, pinnedSeq: seq });
    t.match(eve.of('removed'), [{ chatId, seq }]);
    t.same(eve.seqs, [1, seq], 'the last that she gets is her removal');
    t.notOk(eve.of('chatUpdated').some(({ pinnedSeq }) => pinnedSeq === seq));
  },
);

withRig('a newcomer begins with his addition', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'before');
  const eve = await rig.attach('eve/phone');
  const seq = await rig.update('ann/phone', chatId, { add: ['eve'] });
  await rig.say('ann/phone', chatId, 'after');
  await until(() => eve.seqs.length === 2, 'both');
  t.same(eve.seqs, [seq, seq + 1]);
  t.match(eve.of('message')[0], { kind: 'membership', membership: { members: { length: 3 } } });
  await until(() => eve.of('chatUpdated').length === 1, 'the roster');
});
