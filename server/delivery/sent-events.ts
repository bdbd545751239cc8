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
  readonly view: RecordView;
  /** As all those see it for whom there is nothing of their own. */
  shared: SentEvent | undefined;
}

export class MessageEvents {
  readonly #epoch: string;
  /** By chat, seq and whether it was deleted; the oldest first. */
  readonly #kept = new Map<string, Kept>();

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
    const key = `${seq} ${deleted} ${chatId}`;
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      kept = { view: new RecordView({ chatId, epoch: this.#epoch, record }), shared: undefined };
      this.#kept.set(key, kept);
      if (this.#kept.size > KEPT_MAX) this.#forgetOldest();
    }
    return kept;
  }

  #forgetOldest(): void {
    for (const key of this.#kept.keys()) {
      this.#kept.delete(key);
      return;
    }
  }
}
