// One per process: drains the engine's deliveries and hands every attached device its events.
//
// Invariants: a device has one stream, the newest; an older one is closed. Nothing that was meant
// for an older stream reaches a newer one: between the two the loop has drained. What a device is
// sent is what the engine delivers to its consumer, which is joined as the membership says.

import {
  type AttachedConsumer,
  CLOSE_CODES,
  type Deliveries,
  type Delivery,
  FoqError,
  type RecordDelivery,
} from '../../protocol/index.js';
import { consumerIdOf, eventOf } from '../../protocol/wire/index.js';
import { ChatUpdates } from './chat-updates.js';
import { DeviceStream } from './device-stream.js';
import { ReceiptNews } from './receipt-news.js';
import { MessageEvents, sentEvent } from './sent-events.js';
import type { Attachment, DeliveryContext, DeviceSink, DeviceWindow } from './types.js';

type CloseName = keyof typeof CLOSE_CODES;

interface Attached {
  readonly stream: DeviceStream;
  /** Undefined while it is made. */
  consumer: AttachedConsumer | undefined;
}

export class DeliveryService {
  readonly #context: DeliveryContext;
  readonly #messages: MessageEvents;
  readonly #updates: ChatUpdates;
  readonly #receipts: ReceiptNews;
  readonly #attached = new Map<string, Attached>();
  /** Who is about to attach, by consumer: the newest. */
  readonly #claims = new Map<string, object>();
  #deliveries: Deliveries | undefined;
  #isClosed: boolean;

  constructor(context: DeliveryContext) {
    this.#context = context;
    this.#isClosed = false;
    this.#messages = new MessageEvents(context.queue.epoch);
    const write = (streams: Iterable<DeviceStream>) => this.#write(streams);
    this.#updates = new ChatUpdates(context.queue, write);
    this.#receipts = new ReceiptNews({ ...context, write, failed: (error) => this.#failed(error) });
  }

  /**
   * Call it when the session's first `syncState` was answered. A session of the same device that
   * is attached is closed with CONNECTED_ELSEWHERE. FOQ_FENCED when a newer one came meanwhile,
   * FOQ_CLOSED.
   */
  async attach(
    device: { readonly userId: string; readonly deviceId: string },
    sink: DeviceSink,
    window: DeviceWindow,
  ): Promise<Attachment> {
    const consumerId = consumerIdOf(device);
    const before = this.#attached.get(consumerId);
    if (before !== undefined) this.#drop(before, 'CONNECTED_ELSEWHERE');
    const attached: Attached = { stream: new DeviceStream(consumerId, sink), consumer: undefined };
    await this.#begin(attached, window);
    return this.#handle(attached);
  }

  /** Closes no session; those who own them do. */
  close(): void {
    this.#isClosed = true;
    this.#receipts.close();
    this.#attached.clear();
    this.#deliveries?.close();
  }

  async #begin(attached: Attached, { messages, bytes }: DeviceWindow): Promise<void> {
    const { consumerId } = attached.stream;
    this.#attached.delete(consumerId);
    const claim = {};
    this.#claims.set(consumerId, claim);
    // What an older attachment left in the engine's outlet is handed out, to nobody, before this.
    await nextTurn();
    if (this.#claims.get(consumerId) !== claim) throw new FoqError('FOQ_FENCED');
    this.#claims.delete(consumerId);
    if (this.#isClosed) throw new FoqError('FOQ_CLOSED');
    this.#attached.set(consumerId, attached);
    try {
      const window = {
        records: Math.min(messages, WINDOW_MAX.messages),
        bytes: Math.min(bytes, WINDOW_MAX.bytes),
      };
      const consumer = await this.#open().attach(consumerId, { window });
      attached.consumer = consumer;
      if (this.#attached.get(consumerId) === attached) return;
      consumer.detach();
    } catch (error) {
      if (this.#attached.get(consumerId) === attached) this.#attached.delete(consumerId);
      throw error;
    }
    throw new FoqError('FOQ_FENCED');
  }

  #open(): Deliveries {
    if (this.#deliveries === undefined) {
      const deliveries = this.#context.queue.deliveries();
      this.#deliveries = deliveries;
      this.#drain(deliveries).catch((error: unknown) => this.#failed(error));
    }
    return this.#deliveries;
  }

  async #drain(deliveries: Deliveries): Promise<void> {
    for await (const batch of deliveries) this.#handOut(batch);
  }

  /** Whoever is attached begins anew; the next to attach opens the deliveries again. */
  #failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#context.failed(error);
    this.#deliveries?.close();
    this.#deliveries = undefined;
    for (const attached of [...this.#attached.values()]) this.#drop(attached, 'GO_AWAY');
  }

  #handOut(batch: readonly Delivery[]): void {
    const touched = new Set<DeviceStream>();
    const now = this.#context.now();
    for (const delivery of batch) {
      const attached = this.#attached.get(delivery.consumerId);
      if (attached === undefined || isOfAnother(delivery)) continue;
      this.#push(attached, delivery, now);
      touched.add(attached.stream);
    }
    this.#write(touched);
    this.#updates.tell().catch((error: unknown) => this.#failed(error));
  }

  #push(attached: Attached, delivery: Delivery, now: number): void {
    const { stream } = attached;
    switch (delivery.kind) {
      case 'record':
        this.#pushRecord(attached, delivery, now);
        return;
      case 'gap': {
        const { chatId, fromSeq, toSeq, reason } = delivery;
        if (!stream.sends(chatId, { fromSeq, toSeq }, now)) {
          attached.consumer?.ack(chatId, toSeq);
          return;
        }
        stream.push(sentEvent(eventOf('gap', { chatId, fromSeq, toSeq, reason })));
        return;
      }
      case 'caught-up':
        stream.push(sentEvent(eventOf('caughtUp', { chatId: delivery.chatId })));
        return;
      case 'marks':
        this.#receipts.changed(delivery.chatId, stream);
        return;
      case 'fenced':
        this.#drop(attached, 'CONNECTED_ELSEWHERE');
        return;
    }
  }

  #pushRecord(attached: Attached, record: RecordDelivery, now: number): void {
    const { stream } = attached;
    const { chatId, seq, attempt } = record;
    if (attempt > 1 && stream.isStalled(now)) {
      this.#drop(attached, 'SLOW');
      return;
    }
    // A socket loses nothing, so once more is often enough.
    if (attempt > ATTEMPTS_MAX) return;
    if (!stream.sends(chatId, { fromSeq: seq, toSeq: seq }, now)) {
      attached.consumer?.ack(chatId, seq);
      return;
    }
    const event = this.#messages.of(record);
    stream.push(event);
    this.#updates.follow(event.event, stream);
  }

  #write(streams: Iterable<DeviceStream>): void {
    for (const stream of streams) {
      const attached = this.#attached.get(stream.consumerId);
      if (attached?.stream !== stream) continue;
      if (!stream.write()) this.#drop(attached, 'SLOW');
    }
  }

  #drop(attached: Attached, name: CloseName): void {
    this.#detach(attached);
    attached.stream.close(CLOSE_CODES[name], name);
  }

  #detach(attached: Attached): void {
    const { consumerId } = attached.stream;
    if (this.#attached.get(consumerId) === attached) this.#attached.delete(consumerId);
    attached.consumer?.detach();
  }

  #handle(attached: Attached): Attachment {
    const { stream } = attached;
    const { now } = this.#context;
    return {
      received: (chatId, upToSeq) => {
        const upTo = stream.acked(chatId, upToSeq, now());
        if (upTo !== undefined) attached.consumer?.ack(chatId, upTo);
      },
      sentUpTo: (chatId) => stream.sentUpTo(chatId),
      serverAcked: (chatId, seq) => stream.serverAcked(chatId, seq),
      flow: async (window) => {
        if (this.#attached.get(stream.consumerId) !== attached) return;
        attached.consumer?.detach();
        await this.#begin(attached, window);
      },
      detach: () => this.#detach(attached),
    };
  }
}

const ATTEMPTS_MAX = 2;

/** What one session may have unacked, whatever it asks for. */
const WINDOW_MAX: DeviceWindow = { messages: 4_096, bytes: 4 * 1_048_576 };

/** Ids of chats of users begin so; what else a consumer is joined in is not for devices. */
function isOfAnother(delivery: Delivery): boolean {
  if (delivery.kind === 'fenced' || delivery.chatId === undefined) return false;
  return !delivery.chatId.startsWith('~');
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
