// The truth of membership is the chat's pinned record: who is a member, in which role, and which
// ranges of seqs each may read. Whoever asks for a chat is looked up there first.
//
// Invariants: who never was a member learns nothing, not even that the chat exists. Who was one
// reads his ranges and nothing else.

import type { Queue } from '../../protocol/index.js';
import {
  type Membership,
  memberOf,
  STORED_KINDS,
  type StoredMember,
  StoredMessage,
  settled,
} from '../../protocol/wire/index.js';
import { chatNotFound, checkChat } from './refusals.js';

/** A settled membership, and the seq of its record. */
export interface KnownMembership {
  readonly seq: number;
  readonly membership: Membership;
}

export interface KnownMember extends KnownMembership {
  readonly member: StoredMember;
  /** False for a former member. */
  readonly isMember: boolean;
}

/** Undefined for a chat that is not the chat layer's, or was never seen. */
export async function loadMembership(
  queue: Queue,
  chatId: string,
): Promise<KnownMembership | undefined> {
  const record = await queue.pinned(chatId);
  if (record === null || record.deleted || record.kind !== STORED_KINDS.membership) {
    return undefined;
  }
  const { membership } = new StoredMessage(record.payload).header();
  if (membership === undefined) return undefined;
  return { seq: record.seq, membership: settled(membership, record.seq) };
}

/** For reading: members and former members. FOQ_CHAT_NOT_FOUND for all others. */
export async function requireReader(
  queue: Queue,
  chatId: string,
  userId: string,
): Promise<KnownMember> {
  checkChat(chatId);
  const known = await loadMembership(queue, chatId);
  const member = known && memberOf(known.membership, userId);
  if (known === undefined || member === undefined) throw chatNotFound();
  return { ...known, member, isMember: member.ranges.at(-1)?.[1] === null };
}

/** For everything else. FOQ_CHAT_NOT_FOUND for who is no member now. */
export async function requireMember(
  queue: Queue,
  chatId: string,
  userId: string,
): Promise<KnownMember> {
  const known = await requireReader(queue, chatId, userId);
  if (!known.isMember) throw chatNotFound();
  return known;
}
