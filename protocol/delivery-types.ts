// What consumers are handed, and how they answer. Types only.

import type { Gap, QueueRecord, Waiting } from './queue-values.js';

/** What is in flight until it is acked. */
interface Acking {
  /** Acks up to here. A failure ends the iteration. */
  ack(): void;
  /** The same, and resolves when the ack survives a crash. Rejects with FOQ_NOT_JOINED. */
  ackDurable(): Promise<void>;
  /** Stops this chat and offers again from here after `delayMs` (default 0). */
  nack(options?: { readonly delayMs?: number | undefined }): void;
}

/** A record for a consumer. */
export interface RecordDelivery extends Omit<QueueRecord, 'kind'>, Acking {
  readonly kind: 'record';
  readonly consumerId: string;
  readonly chatId: string;
  /** The record's own byte. */
  readonly recordKind: number;
  /** 1, and one more with each time it is offered again. */
  readonly attempt: number;
}

/** Records that this consumer will not get; acked like a record. */
export interface GapDelivery extends Gap, Acking {
  readonly kind: 'gap';
  readonly consumerId: string;
  readonly chatId: string;
}

/** The backlog of a chat has been delivered; without `chatId`, that of all. */
export interface CaughtUpDelivery {
  readonly kind: 'caught-up';
  readonly consumerId: string;
  readonly chatId?: string;
}

/** Others' marks in this chat changed; `cursors` has them. */
export interface MarksDelivery {
  readonly kind: 'marks';
  readonly consumerId: string;
  readonly chatId: string;
}

/** A newer session of this consumer took over; nothing follows. */
export interface FencedDelivery {
  readonly kind: 'fenced';
  readonly consumerId: string;
}

/** What a consumer is handed; `kind` tells them apart. */
export type Delivery =
  | RecordDelivery
  | GapDelivery
  | CaughtUpDelivery
  | MarksDelivery
  | FencedDelivery;

/** What a consumer wants to be handed. */
export interface AttachOptions {
  /** Only these chats; without it all that the consumer is joined in, also later. */
  readonly chats?: readonly string[] | undefined;
  /** Join the named chats first, where absent: at the floor or after the head. */
  readonly join?: 'first' | 'head' | undefined;
  /** Unacked deliveries allowed, over all chats; a chat may have a quarter (at least 1). */
  readonly window?: { readonly records?: number; readonly bytes?: number } | undefined;
}

/** How `consume` hands it over. */
export interface ConsumeOptions extends AttachOptions, Waiting {
  /** Ack a record when the next is asked for; `break` acks nothing. */
  readonly autoAck?: boolean | undefined;
}

/** Iterate once. `break`, `close`, an aborted `signal` release it; `signal` throws its reason. */
export interface Consumer extends AsyncIterable<Delivery> {
  readonly consumerId: string;
  /** The same by arrays of what is ready together; instead of iterating one by one. */
  batches(): AsyncIterable<readonly Delivery[]>;
  /** More chats, where `chats` was given. */
  add(chatIds: readonly string[]): Promise<void>;
  /** Nothing more of these chats, where `chats` was given. It stays joined. */
  remove(chatIds: readonly string[]): void;
  /** Ends the iteration normally. */
  close(): void;
}

/** A consumer within `deliveries()`. */
export interface AttachedConsumer {
  readonly consumerId: string;
  /** All of the chat up to this seq is received. A failure ends the iteration. */
  ack(chatId: string, upToSeq: number): void;
  /** Stops the chat and offers again from this seq after `delayMs`, in ms (default 0). */
  nack(chatId: string, fromSeq: number, options?: { readonly delayMs?: number }): void;
  /** More chats, where `chats` was given; resolves when it is joined in them. */
  add(chatIds: readonly string[]): Promise<void>;
  /** Nothing more of these chats, where `chats` was given. It stays joined. */
  remove(chatIds: readonly string[]): void;
  /** Nothing more is delivered to it. What is unacked will be delivered again. */
  detach(): void;
}

/**
 * What servers drain: arrays of deliveries of all the consumers attached here. Iterate once. What
 * several of them get may be the same bytes: do not write to a payload.
 */
export interface Deliveries extends AsyncIterable<readonly Delivery[]> {
  /**
   * Begins to deliver to a consumer; resolves when it is joined in the chats that were named. A
   * newer attachment of the same consumer in this process fences an older.
   */
  attach(consumerId: string, options?: AttachOptions): Promise<AttachedConsumer>;
  /** Detaches all and ends the iteration. */
  close(): void;
}
