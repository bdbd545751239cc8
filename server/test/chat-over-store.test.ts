// The chat layer and delivery over a store on the disk and a directory on the disk: what was sent
// and not acked is there after both were closed and opened, and a first device gets it all.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { openQueue } from '../../engine/index.js';
import { type CommandOf, LIMITS, type WireEvent } from '../../protocol/wire/index.js';
import { type Caller, type ChatContext, handlers, linkDevice } from '../chat/index.js';
import { DeliveryService } from '../delivery/index.js';
import { openDirectory } from '../directory/index.js';

const TURNS_MAX = 100_000;

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns += 1) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it did not come: ${what}`);
}

async function openAll(folder: string) {
  const now = () => 1_700_000_000_000;
  const directory = await openDirectory({ path: join(folder, 'directory.db'), now });
  const queue = await openQueue({ dir: join(folder, 'queue') });
  const key = new Uint8Array(32).fill(3);
  const context: ChatContext = { queue, directory, key, now, limits: LIMITS };
  const failures: unknown[] = [];
  const delivery = new DeliveryService({
    queue,
    now,
    later: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    failed: (error) => failures.push(error),
  });
  const attach = async (device: Caller) => {
    const events: WireEvent[] = [];
    const sink = {
      send: (sent: readonly { readonly event: WireEvent }[]) => {
        events.push(...sent.map(({ event }) => event));
        return true;
      },
      close: () => undefined,
    };
    const attachment = await delivery.attach(device, sink, { messages: 256, bytes: 1_048_576 });
    const texts = () =>
      events.flatMap((event) => (event.t === 'message' ? [event.messageBody] : []));
    return { attachment, texts };
  };
  const close = async () => {
    delivery.close();
    await queue.close();
    await directory.close();
  };
  return { context, directory, attach, close, failures };
}

const ann = { userId: 'ann', deviceId: 'phone' };
const bob = { userId: 'bob', deviceId: 'phone' };

test('messages wait on the disk for a user without devices', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'foq-chat-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const first = await openAll(folder);
  await first.directory.upsertUser({ userId: 'ann' });
  await first.directory.upsertUser({ userId: 'bob' });
  await first.directory.upsertDevice(ann);
  const create: CommandOf<'createChat'> = { t: 'createChat', id: 1, participants: ['bob'] };
  const { chatId } = await handlers.createChat(first.context, ann, create);
  const send = { t: 'sendMessage' as const, id: 2, chatId, clientMsgId: 'm1', messageBody: 'one' };
  const { serverAck } = await handlers.sendMessage(first.context, ann, send);
  await first.close();

  const second = await openAll(folder);
  const again = await handlers.sendMessage(second.context, ann, send);
  t.same(again.serverAck, { ...serverAck, duplicate: true });
  await second.directory.upsertDevice(bob);
  t.equal(await linkDevice(second.context, bob), 1);
  const session = await second.attach(bob);
  await until(() => session.texts().length === 2, 'the chat from its beginning');
  t.same(session.texts(), [undefined, 'one']);
  session.attachment.received(chatId, session.attachment.sentUpTo(chatId));
  await second.close();

  const third = await openAll(folder);
  const live = { ...send, clientMsgId: 'm2', messageBody: 'two' };
  await handlers.sendMessage(third.context, ann, live);
  const back = await third.attach(bob);
  await until(() => back.texts().length > 0, 'what is new');
  t.same(back.texts(), ['two'], 'what was acked is not sent again');
  t.same(
    [first, second, third].flatMap(({ failures }) => failures),
    [],
  );
  await third.close();
});
