// The queue as delivery sees it; see `DeliveryPort`.

import type { Degraded, FoqError, Joined, JoinOptions } from '../protocol/index.js';
import type { AckedMarks, DeliveryPort } from './delivery-port.js';
import { DurableAcks } from './durable-acks.js';
import { foqErrorOf } from './errors.js';
import { explained } from './lookups.js';
import type { StoreHandle } from './native-types.js';
import type { Notices } from './notices.js';
import type { Operations } from './operations.js';
import type { Submitter } from './submitter.js';

export interface PortParts {
  readonly store: StoreHandle;
  readonly submitter: Submitter;
  readonly operations: Operations;
  readonly notices: Notices;
  readonly options: { readonly ackFlushMs: number };
}

export class QueuePort implements DeliveryPort {
  readonly store: StoreHandle;
  readonly #parts: PortParts;
  readonly #durable: DurableAcks;

  constructor(parts: PortParts) {
    const { store, options } = parts;
    this.store = store;
    this.#parts = parts;
    this.#durable = new DurableAcks({ store, ackFlushMs: options.ackFlushMs });
  }

  get closed(): boolean {
    return this.#parts.submitter.isClosed;
  }

  now(): number {
    return performance.now();
  }

  ack(
    chatId: string,
    consumerId: string,
    marks: AckedMarks,
    settled: (error: FoqError | undefined) => void,
  ): void {
    const applied = (error: FoqError | undefined) => {
      if (error === undefined) this.#durable.add(settled);
      else settled(error);
    };
    try {
      this.#parts.operations.ackQuietly(chatId, consumerId, marks, applied);
    } catch (error) {
      // Heard in a later turn, as every other outcome.
      setImmediate(settled, foqErrorOf(error));
    }
  }

  async ackDurable(chatId: string, consumerId: string, marks: AckedMarks): Promise<void> {
    try {
      await this.#parts.operations.ackMarks(chatId, consumerId, { ...marks, durable: true });
    } catch (error) {
      throw await explained(foqErrorOf(error), { store: this.store, chatId, consumerId });
    }
  }

  async join(
    chatId: string,
    consumerId: string,
    at: NonNullable<JoinOptions['at']>,
  ): Promise<Joined> {
    return await this.#parts.operations.join(chatId, consumerId, { at });
  }

  degraded(notice: Degraded): void {
    this.#parts.notices.degraded(notice);
  }

  /** The queue closes. */
  close(): void {
    this.#durable.close();
  }
}
