// The delivery of one queue: its hub and the port to it, made when somebody consumes.

import type { ConsumeOptions, Consumer, Deliveries } from '../protocol/index.js';
import { DeliveryHub } from './delivery/index.js';
import { type PortParts, QueuePort } from './queue-port.js';

export class Delivering {
  readonly #parts: PortParts;
  #made: { readonly hub: DeliveryHub; readonly port: QueuePort } | undefined;

  constructor(parts: PortParts) {
    this.#parts = parts;
    parts.operations.onMemberAppend(() => this.sendAcks());
  }

  consume(consumerId: string, options?: ConsumeOptions): Consumer {
    return this.#hub().consume(consumerId, options);
  }

  deliveries(): Deliveries {
    return this.#hub().deliveries();
  }

  news(attachment: number): void {
    this.#made?.hub.news(attachment);
  }

  /** What consumers have acked in this turn is packed now. */
  sendAcks(): void {
    this.#made?.hub.sendAcks();
  }

  close(): void {
    this.#made?.hub.close();
    this.#made?.port.close();
  }

  #hub(): DeliveryHub {
    if (this.#made === undefined) {
      const port = new QueuePort(this.#parts);
      this.#made = { port, hub: new DeliveryHub(port) };
    }
    return this.#made.hub;
  }
}
