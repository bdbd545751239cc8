// Which consumers hold a user's part of a chat: his devices, or while he has none the stand-in
// `userId/-`, which keeps his messages until the first device is linked.
//
// Invariants: a user who is a member has at least one consumer joined. A device that is linked or
// revoked while its user is being added is found by looking at the directory again afterwards.

import type { Queue } from '../../protocol/index.js';
import { consumerIdOf, currentMembers } from '../../protocol/wire/index.js';
import type { Directory } from '../directory/index.js';
import { loadMembership } from './membership.js';
import { standInOf, userOf } from './stand-ins.js';

export interface DevicePlace {
  readonly queue: Queue;
  readonly directory: Pick<Directory, 'devicesOf'>;
}

/** Consumers of all these users, at least one of each. */
export async function consumersOf(
  directory: Pick<Directory, 'devicesOf'>,
  userIds: readonly string[],
): Promise<string[]> {
  if (userIds.length === 0) return [];
  const devices = (await directory.devicesOf(userIds)).map(consumerIdOf);
  const withDevice = new Set(devices.map(userOf));
  const without = userIds.filter((userId) => !withDevice.has(userId));
  return [...devices, ...without.map(standInOf)];
}

/** The users who were added at `seq`, and the consumers that were joined for them. */
export interface Addition {
  readonly chatId: string;
  readonly seq: number;
  readonly userIds: readonly string[];
  readonly joined: readonly string[];
}

/** Makes up for devices that came and went while their user was being added. */
export async function settleAddition(place: DevicePlace, addition: Addition): Promise<void> {
  const { queue, directory } = place;
  const { chatId, seq, userIds, joined } = addition;
  const consumers = await consumersOf(directory, userIds);
  const missing = consumers.filter((id) => !joined.includes(id));
  const gone = joined.filter((id) => !consumers.includes(id));
  if (missing.length + gone.length === 0) return;
  for (const consumerId of await membersOnly(queue, chatId, missing)) {
    await queue.join(chatId, consumerId, { at: seq });
  }
  const still = new Set(await membersOnly(queue, chatId, missing));
  const removed = missing.filter((id) => !still.has(id));
  for (const consumerId of [...gone, ...removed]) await withdraw(queue, chatId, consumerId);
}

/** Those whose user is a member at this moment. */
export async function membersOnly(
  queue: Queue,
  chatId: string,
  consumerIds: readonly string[],
): Promise<string[]> {
  if (consumerIds.length === 0) return [];
  const known = await loadMembership(queue, chatId);
  const members = known === undefined ? [] : currentMembers(known.membership);
  const userIds = new Set(members.map(({ userId }) => userId));
  return consumerIds.filter((consumerId) => userIds.has(userOf(consumerId)));
}

/** Leaves without holding anything: what it had not received it never gets. */
export async function withdraw(queue: Queue, chatId: string, consumerId: string): Promise<void> {
  await queue.leave(chatId, consumerId);
  const cursors = await queue.cursors(chatId);
  const closing = cursors.find((cursor) => cursor.consumerId === consumerId);
  if (closing?.leaveSeq !== undefined) {
    await queue.ack(chatId, consumerId, { received: closing.leaveSeq });
  }
}
