// A disk that is full, under a broker: what devices hear, and that all goes on with free space.
// The disk is simulated; the chat layer and the way to the wire are real.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { openQueue } from '../../engine/testing/index.js';
import { errorEvent, LIMITS } from '../../protocol/wire/index.js';
import { type ChatContext, handlers } from '../chat/index.js';
import { openDirectory } from '../directory/index.js';

const ann = { userId: 'ann', deviceId: 'phone' };

test('a full disk is DISK_FULL to who sends, and acks, reads and later sends go on', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'foq-full-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const now = () => 1_767_225_600_000;
  const directory = await openDirectory({ path: join(folder, 'directory.db'), now });
  t.teardown(() => directory.close());
  const queue = await openQueue({ dir: ':memory:', seed: 7 });
  t.teardown(() => queue.close());
  for (const userId of ['ann', 'bob']) {
    await directory.upsertUser({ userId });
    await directory.upsertDevice({ userId, deviceId: 'phone' });
  }
  const context: ChatContext = { queue, directory, now, key: new Uint8Array(32), limits: LIMITS };
  const { chatId } = await handlers.createChat(context, ann, {
    ...{ t: 'createChat', id: 1, participants: ['bob'] },
  });
  const send = (clientMsgId: string) =>
    handlers.sendMessage(context, ann, {
      ...{ t: 'sendMessage', id: 2, chatId, clientMsgId, messageBody: 'hello' },
    });
  t.match(await send('m1'), { serverAck: { seq: 2 } });
  await queue.faults.fillDisk();
  const refused = await send('m2').then(
    () => undefined,
    (error: unknown) => errorEvent(error, 2),
  );
  t.match(refused, { t: 'error', id: 2, code: 1507, name: 'DISK_FULL', retry: 'later' });
  const created = handlers.createChat(context, ann, {
    ...{ t: 'createChat', id: 3, participants: ['bob'], type: 'group', clientChatId: 'g' },
  });
  await t.rejects(created, { code: 'FOQ_DISK_FULL' });
  t.match(await send('m1'), { serverAck: { seq: 2, duplicate: true } }, 'a repeat is answered');
  const read = { t: 'messageAck', id: 4, chatId, status: 'READ', upToSeq: 2 } as const;
  t.same(await handlers.messageAck(context, { userId: 'bob', deviceId: 'phone' }, read), {});
  const page = await handlers.history(context, ann, { t: 'history', id: 5, chatId, since: 1 });
  t.match(page, { messages: [{ seq: 2, messageBody: 'hello' }], headSeq: 2 });
  await queue.faults.freeDisk();
  t.match(await send('m2'), { serverAck: { seq: 3, duplicate: false } });
});
