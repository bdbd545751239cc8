// A stored message as each device sees it: its own envelope and no other's, its own clientMsgId and
// no other's. A record is decoded once, whoever gets it. Pure; whether a device may see the message
// at all is decided elsewhere.

import { messageIdOf } from './ids.js';
import { currentMembers, type Membership } from './membership.js';
import type { PartOf } from './schema/registry.js';
import { type StoredHeader, StoredMessage } from './stored.js';

type Message = PartOf<'Message'>;

/** Fields of a record or delivery of the engine; `senderId` is a consumer's, or a back end's. */
export interface ViewedRecord {
  readonly seq: number;
  readonly at: number;
  readonly senderId: string;
  readonly payload: Uint8Array;
  readonly deleted: boolean;
}

export interface RecordPlace {
  readonly chatId: string;
  readonly epoch: string;
  readonly record: ViewedRecord;
}

export interface View {
  readonly message: Message;
  /** Every view of this record that is shared is the same object, so it can be encoded once. */
  readonly isShared: boolean;
}

export class RecordView {
  readonly #stored: StoredMessage | undefined;
  readonly #authorsPrefix: string;
  readonly #clientMsgId: string | undefined;
  /** With all that is in it but envelopes; where there is an envelope, what its device gets. */
  readonly #whole: Message;
  /** What devices without an envelope get. */
  readonly #shared: Message;

  /** Throws as StoredMessage does. */
  constructor({ chatId, epoch, record }: RecordPlace) {
    const [senderId = '', senderDeviceId] = record.senderId.split('/');
    const known = {
      chatId,
      seq: record.seq,
      messageId: messageIdOf(chatId, record.seq),
      epoch,
      senderId: senderId === '' ? undefined : senderId,
      senderDeviceId,
      at: record.at,
    };
    this.#authorsPrefix = `${senderId}/`;
    this.#stored = record.deleted ? undefined : new StoredMessage(record.payload);
    const header = this.#stored?.header();
    this.#clientMsgId = header?.clientMsgId;
    this.#whole = { ...known, ...contentsOf(this.#stored, header) };
    this.#shared = isEmpty(this.#whole) ? { ...known, kind: 'empty' } : this.#whole;
  }

  /** As the device `userId/deviceId` sees it. */
  for(consumerId: string): View {
    const envelope = this.#stored?.envelopeFor(consumerId);
    const isAuthor = this.#clientMsgId !== undefined && consumerId.startsWith(this.#authorsPrefix);
    if (envelope === undefined && !isAuthor) return { message: this.#shared, isShared: true };
    const clientMsgId = isAuthor ? this.#clientMsgId : undefined;
    const seen = envelope === undefined ? this.#shared : this.#whole;
    return { message: { ...seen, envelope, clientMsgId }, isShared: false };
  }
}

function contentsOf(stored: StoredMessage | undefined, header: StoredHeader | undefined) {
  if (stored === undefined || header === undefined) return { kind: 'tombstone' as const };
  return {
    kind: stored.kind,
    sentAt: header.sentAt,
    messageBody: stored.body(),
    attachments: header.attachments,
    e2ee: header.e2ee,
    resendOf: header.resendOf,
    membership: header.membership === undefined ? undefined : membershipView(header.membership),
  };
}

function isEmpty({ kind, messageBody, attachments }: Message): boolean {
  return kind === 'message' && messageBody === undefined && attachments === undefined;
}

/** A membership as it is shown: who is a member now, and in which role. */
export function membershipView(membership: Membership): PartOf<'Membership'> {
  const members = currentMembers(membership).map(({ userId, role }) => ({ userId, role }));
  return { ...membership, members };
}
