// A stored message as one device sees it: its own envelope and no other's, its own clientMsgId and
// no other's. Pure; whether the device may see the message at all is decided elsewhere.

import { messageIdOf } from './ids.js';
import { currentMembers, type Membership } from './membership.js';
import type { PartOf } from './schema/registry.js';
import { StoredMessage } from './stored.js';

/** Fields of a record or delivery of the engine; `senderId` is a consumer's, or a back end's. */
export interface ViewedRecord {
  readonly seq: number;
  readonly at: number;
  readonly senderId: string;
  readonly payload: Uint8Array;
  readonly deleted: boolean;
}

export interface ViewOptions {
  readonly chatId: string;
  readonly epoch: string;
  readonly record: ViewedRecord;
  /** `userId/deviceId` of who gets it. */
  readonly consumerId: string;
}

export interface View {
  readonly message: PartOf<'Message'>;
  /** Whether every device but the author's gets the same, so that it can be encoded once. */
  readonly isShared: boolean;
}

/** Throws as StoredMessage does. */
export function viewOf({ chatId, epoch, record, consumerId }: ViewOptions): View {
  const { seq, at } = record;
  const [senderId = '', senderDeviceId] = record.senderId.split('/');
  const known = {
    chatId,
    seq,
    messageId: messageIdOf(chatId, seq),
    epoch,
    senderId: senderId === '' ? undefined : senderId,
    senderDeviceId,
    at,
  };
  if (record.deleted) return { message: { ...known, kind: 'tombstone' }, isShared: true };
  const stored = new StoredMessage(record.payload);
  const isAuthor = senderId !== '' && consumerId.startsWith(`${senderId}/`);
  const isShared = stored.envelopeCount === 0 && !isAuthor;
  const { clientMsgId, membership, ...header } = stored.header();
  const own = stored.envelopeFor(consumerId);
  const messageBody = stored.body();
  const parts = [own, messageBody, membership, header.attachments];
  if (parts.every((part) => part === undefined)) {
    return { message: { ...known, kind: 'empty', ...authors(isAuthor, clientMsgId) }, isShared };
  }
  const message: PartOf<'Message'> = {
    ...known,
    kind: stored.kind,
    sentAt: header.sentAt,
    messageBody,
    envelope: own,
    attachments: header.attachments,
    e2ee: header.e2ee,
    resendOf: header.resendOf,
    membership: membership === undefined ? undefined : membershipView(membership),
    ...authors(isAuthor, clientMsgId),
  };
  return { message, isShared };
}

/** A membership as it is shown: who is a member now, and in which role. */
export function membershipView(membership: Membership): PartOf<'Membership'> {
  const members = currentMembers(membership).map(({ userId, role }) => ({ userId, role }));
  return { ...membership, members };
}

function authors(isAuthor: boolean, clientMsgId: string | undefined) {
  return isAuthor ? { clientMsgId } : {};
}
