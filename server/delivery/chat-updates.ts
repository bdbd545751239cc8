// What follows a membership record: `chatUpdated` for members, with the roster of the chat, and
// `removed` for those whom the record removed.
//
// Invariants: a device is told after it was sent the record. However many records of a chat come
// together, the engine is asked once, and each device told of the newest.

import type { Queue } from '../../protocol/index.js';
import { eventOf, type WireEvent } from '../../protocol/wire/index.js';
import type { DeviceStream } from './device-stream.js';
import { sentEvent } from './sent-events.js';

interface Updated {
  pinnedSeq: number;
  readonly streams: Set<DeviceStream>;
}

export class ChatUpdates {
  readonly #queue: Queue;
  readonly #write: (streams: Iterable<DeviceStream>) => void;
  #updated = new Map<string, Updated>();

  constructor(queue: Queue, write: (streams: Iterable<DeviceStream>) => void) {
    this.#queue = queue;
    this.#write = write;
  }

  /** This event was pushed to this stream. */
  follow(event: WireEvent, stream: DeviceStream): void {
    if (event.t !== 'message' || event.membership === undefined) return;
    const { chatId, seq, membership } = event;
    if (!membership.members.some(({ userId }) => userId === stream.userId)) {
      stream.push(sentEvent(eventOf('removed', { chatId, seq })));
      return;
    }
    const updated = this.#updated.get(chatId) ?? { pinnedSeq: 0, streams: new Set() };
    updated.pinnedSeq = Math.max(updated.pinnedSeq, seq);
    updated.streams.add(stream);
    this.#updated.set(chatId, updated);
  }

  /** Tells of all that was followed since the last time. */
  async tell(): Promise<void> {
    if (this.#updated.size === 0) return;
    const updated = this.#updated;
    this.#updated = new Map();
    const heads = await this.#queue.heads([...updated.keys()]);
    for (const { chatId, roster } of heads) {
      const { pinnedSeq, streams } = updated.get(chatId) ?? { pinnedSeq: 0, streams: [] };
      const event = sentEvent(eventOf('chatUpdated', { chatId, roster, pinnedSeq }));
      for (const stream of streams) stream.push(event);
      this.#write(streams);
    }
  }
}
