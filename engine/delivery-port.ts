// What the delivery to consumers is given by its queue: the store to read from, and the ways back.
//
// Invariant: an ack through the port keeps its place among all operations of the queue's caller.

import type { Degraded, FoqError, Joined, JoinOptions } from '../protocol/index.js';
import type { StoreHandle } from './native-types.js';

/** At least one of them. */
export interface AckedMarks {
  readonly received?: number | undefined;
  /** The others' marks up to this `marksVersion` were handed over. */
  readonly marksSeen?: number | undefined;
}

export interface DeliveryPort {
  readonly store: StoreHandle;
  /** Once true, every call rejects or is dropped. */
  readonly closed: boolean;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /**
   * Returns at once and makes no promise. `settled` hears, in a later turn and in order per chat,
   * that the ack survives a crash, or why it was refused: delivery forgets a chat only after that.
   */
  ack(
    chatId: string,
    consumerId: string,
    marks: AckedMarks,
    settled: (error: FoqError | undefined) => void,
  ): void;
  /** Resolves when the ack survives a crash. */
  ackDurable(chatId: string, consumerId: string, marks: AckedMarks): Promise<void>;
  join(chatId: string, consumerId: string, at: NonNullable<JoinOptions['at']>): Promise<Joined>;
  /** Tells the listeners of `degraded`. */
  degraded(notice: Degraded): void;
}

/** What a queue asks of its `DeliveryHub`, made with a port on first use. */
export interface NewsHearer {
  /** `takeNews` of an attachment that the hub made has something. Must not throw. */
  news(attachment: number): void;
  /**
   * Acks of this turn are held back until its end, many becoming one. It hands them to the port at
   * once: called before an append with `as` is packed, and in the queue's `.flush()`.
   */
  sendAcks(): void;
  /** The queue closes: every iteration ends, every attachment is detached. */
  close(): void;
}
