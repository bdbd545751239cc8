// A device is linked: it joins the chats of its user, at the head. The first device of a user
// takes the place of the stand-in, with all that it kept. When the last is unlinked, the stand-in
// is back.
//
// Invariants: every step can be repeated, so whoever was interrupted begins again. A user who was
// removed from a chat meanwhile gets nothing of it: what was joined for him is withdrawn. Until
// `linkDevice` has resolved the device must not be attached.

import type { Queue } from '../../protocol/index.js';
import { consumerIdOf } from '../../protocol/wire/index.js';
import { isChatLayerId } from './chat-ids.js';
import { membersOnly, withdraw } from './member-devices.js';
import { standInOf } from './stand-ins.js';
import type { Caller, ChatContext } from './types.js';

/** Joins of one call. */
const PAGE_CHATS = 256;
/** A user with more chats is linked by a repeat. */
const PAGES_MAX = 4_096;

type LinkContext = Pick<ChatContext, 'queue' | 'directory'>;
type Linked = Pick<Caller, 'userId' | 'deviceId'>;

/**
 * Call it when the directory has the device, and again after a crash. Resolves to the number of
 * chats that it is joined in by this.
 */
export async function linkDevice(context: LinkContext, device: Linked): Promise<number> {
  const { queue, directory } = context;
  const consumerId = consumerIdOf(device);
  const devices = (await directory.devicesOf([device.userId])).map(consumerIdOf);
  const others = devices.filter((other) => other !== consumerId);
  const joined = new Set<string>();
  for (const from of others) {
    for await (const chats of pagesOf(queue, from)) {
      const rows = chats.filter(({ chatId }) => !joined.has(chatId));
      await joinAll(
        queue,
        consumerId,
        rows.map(({ chatId }) => ({ chatId, at: 'head' as const })),
      );
      for (const { chatId } of rows) joined.add(chatId);
    }
  }
  for (const chatId of await handOver(queue, standInOf(device.userId), consumerId)) {
    joined.add(chatId);
  }
  return joined.size;
}

/** Call it when the directory has revoked the device, and again after a crash. */
export async function unlinkDevice(context: LinkContext, device: Linked): Promise<void> {
  const { queue, directory } = context;
  const { userId } = device;
  const consumerId = consumerIdOf(device);
  if ((await directory.devicesOf([userId])).length > 0) {
    await queue.forget(consumerId);
    return;
  }
  await handOver(queue, consumerId, standInOf(userId));
  // A device that was linked meanwhile may have looked before the stand-in was there.
  const [linked] = await directory.devicesOf([userId]);
  if (linked !== undefined) await handOver(queue, standInOf(userId), consumerIdOf(linked));
}

/** One consumer takes the place of another, where that one has got to; the chats. */
async function handOver(queue: Queue, from: string, to: string): Promise<Set<string>> {
  const handed = new Set<string>();
  for await (const chats of pagesOf(queue, from)) {
    const joins = chats.map(({ chatId, received }) => ({ chatId, at: received + 1 }));
    await joinAll(queue, to, joins);
    for (const { chatId } of joins) handed.add(chatId);
  }
  await queue.forget(from);
  return handed;
}

async function* pagesOf(queue: Queue, consumerId: string) {
  let after: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { chats, next } = await queue.chatsOf(consumerId, { after, limit: PAGE_CHATS });
    yield chats.filter(({ chatId }) => isChatLayerId(chatId));
    if (next === null) return;
    after = next;
  }
}

/** Rejects with the first failure, after all were tried. */
async function joinAll(
  queue: Queue,
  consumerId: string,
  chats: readonly { readonly chatId: string; readonly at: 'head' | number }[],
): Promise<void> {
  if (chats.length === 0) return;
  const results = await queue.joinMany(consumerId, chats);
  for (const { chatId } of chats) {
    const [still] = await membersOnly(queue, chatId, [consumerId]);
    if (still === undefined) await withdraw(queue, chatId, consumerId);
  }
  for (const result of results) if (!result.ok) throw result.error;
}
