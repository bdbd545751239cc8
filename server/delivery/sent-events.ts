// Events as they are sent: a record is decoded once, and what several devices see alike is one
// event, encoded once.

import type { RecordDelivery } from '../../protocol/index.js';
import {
  Broadcast,
  eventOf,
  RecordView,
  type Subprotocol,
  type WireEvent,
} from '../../protocol/wire/index.js';
import type { SentEvent } from './types.js';

/** Records that are kept decoded: devices of a chat are served in turns. */
const KEPT_MAX = 256;

class Encoded implements SentEvent {
  readonly event: WireEvent;
  readonly #broadcast: Broadcast;

  constructor(event: WireEvent) {
    this.event = event;
    this.#broadcast = new Broadcast(event);
  }

  encoded(subprotocol: Subprotocol): Uint8Array {
    return this.#broadcast.encoded(subprotocol);
  }
}

export function sentEvent(event: WireEvent): SentEvent {
  return new Encoded(event);
}

interface Kept {
  readonly seq: number;
  readonly deleted: boolean;
  readonly view: RecordView;
  /** As all those see it for whom there is nothing of their own. */
  shared: SentEvent | undefined;
}

export class MessageEvents {
  readonly #epoch: string;
  /** By chat and seq. */
  readonly #kept = new Map<string, Map<number, Kept>>();
  /** The same in the order they came; the oldest is at `#oldest`, as in a ring. */
  readonly #order: { readonly chatId: string; readonly kept: Kept }[] = [];
  #oldest = 0;

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** What cannot be read, now or ever, is a gap that the device acks like a message. */
  of(record: RecordDelivery): SentEvent {
    const { chatId, seq, attempt, consumerId } = record;
    let kept: Kept;
    try {
      kept = this.#keptOf(record);
    } catch {
      return sentEvent(eventOf('gap', { chatId, fromSeq: seq, toSeq: seq, reason: 'damaged' }));
    }
    const { message, isShared } = kept.view.for(consumerId);
    if (!isShared || attempt > 1) return sentEvent(eventOf('message', { ...message, attempt }));
    kept.shared ??= sentEvent(eventOf('message', { ...message, attempt }));
    return kept.shared;
  }

  #keptOf(record: RecordDelivery): Kept {
    const { chatId, seq, deleted } = record;
    const known = this.#kept.get(chatId)?.get(seq);
    if (known !== undefined && known.deleted === deleted) return known;
    const view = new RecordView({ chatId, epoch: this.#epoch, record });
    const kept: Kept = { seq, deleted, view, shared: undefined };
    this.#keep(chatId, kept);
    return kept;
  }

  #keep(chatId: string, kept: Kept): void {
    const place = this.#oldest;
    this.#oldest = (place + 1) % KEPT_MAX;
    const oldest = this.#order[place];
    if (oldest !== undefined) this.#forget(oldest.chatId, oldest.kept);
    this.#order[place] = { chatId, kept };
    const ofChat = this.#kept.get(chatId);
    if (ofChat === undefined) this.#kept.set(chatId, new Map([[kept.seq, kept]]));
    else ofChat.set(kept.seq, kept);
  }

  /** One that was deleted meanwhile has taken the place of what it was. */
  #forget(chatId: string, kept: Kept): void {
    const ofChat = this.#kept.get(chatId);
    if (ofChat?.get(kept.seq) !== kept) return;
    ofChat.delete(kept.seq);
    if (ofChat.size === 0) this.#kept.delete(chatId);
  }
}
