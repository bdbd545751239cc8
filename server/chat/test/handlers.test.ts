// The policy of the embedding server: asked first, and not in the way where there is none.

import { FoqError } from '../../../protocol/index.js';
import { refused, withRig } from './rig.js';

withRig('what the policy refuses is not done', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const asked: unknown[] = [];
  rig.context = {
    ...rig.context,
    policy: async (command, { userId }) => {
      asked.push([command.t, userId]);
      await Promise.resolve();
      if (userId === 'bob')
        throw new FoqError('FOQ_RATE_LIMITED', { details: { retryAfterMs: 5 } });
    },
  };
  await rig.say('ann/phone', chatId, 'two');
  const blocked = rig.say('bob/phone', chatId, 'spam');
  t.match(await refused(t, blocked, 'FOQ_RATE_LIMITED'), { retryAfterMs: 5 });
  t.same(asked, [
    ['sendMessage', 'ann'],
    ['sendMessage', 'bob'],
  ]);
  t.match(await rig.queue.heads([chatId]), [{ headSeq: 2 }]);
});

withRig('a message is submitted before its handler first waits', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  let appends = 0;
  const { append } = rig.queue;
  rig.queue.append = (...args) => {
    appends += 1;
    return append.apply(rig.queue, args);
  };
  const sending = rig.send('ann/phone', { chatId, clientMsgId: 'm1', messageBody: 'x' });
  t.equal(appends, 1);
  await sending;
});
