// What delivery is given: the engine, the clock, and where each device's events go.

import type { Queue } from '../../protocol/index.js';
import type { Subprotocol, WireEvent } from '../../protocol/wire/index.js';

/** An event for one or many devices, encoded at most once for each encoding. */
export interface SentEvent {
  readonly event: WireEvent;
  encoded(subprotocol: Subprotocol): Uint8Array;
}

/** The session of a device. */
export interface DeviceSink {
  /** Called once for all that is ready together. False when the session takes nothing more. */
  send(events: readonly SentEvent[]): boolean;
  /** Nothing is sent after it. `code` is one of `CLOSE_CODES`. */
  close(code: number, reason: string): void;
}

/** Unacked messages and their bytes that a device may be sent; each is at least 1, and is cut. */
export interface DeviceWindow {
  readonly messages: number;
  readonly bytes: number;
}

/** Calls back once, later; what it returns cancels that. */
export type Later = (delayMs: number, callback: () => void) => () => void;

export interface DeliveryContext {
  readonly queue: Queue;
  /** Ms since epoch. */
  readonly now: () => number;
  readonly later: Later;
  /** Hears why every stream had to end; whoever was attached begins anew. */
  readonly failed: (error: unknown) => void;
}

/** A device whose stream runs. */
export interface Attachment {
  /** The device has stored everything up to here; beyond what was sent nothing happens. */
  received(chatId: string, upToSeq: number): void;
  /** Up to here the session was sent the chat without a hole; 0 for what it does not know. */
  sentUpTo(chatId: string): number;
  /** The session was sent the serverAck of its own message, which counts as sent. */
  serverAcked(chatId: string, seq: number): void;
  /** Another window; what is unacked is sent again. Rejects like `attach`. */
  flow(window: DeviceWindow): Promise<void>;
  /** Nothing is sent any more. */
  detach(): void;
}
