// What a server drains: arrays of the deliveries of all the consumers that are attached to it.
//
// Invariants: all of them share one outlet, so that one loop serves them; an error of one ends the
// iteration for all, since a server that goes on would leave that one without deliveries in
// silence. A newer session of a consumer ends that one alone.

import type {
  AttachedConsumer,
  AttachOptions,
  Deliveries,
  Delivery,
} from '../../protocol/index.js';
import { closedError } from '../errors.js';
import { checkConsumerId } from '../ids.js';
import type { Attached } from './attached.js';
import { type ConsumerHub, iteratedTwice } from './consumer.js';
import { attachSettings, checkChats } from './options.js';
import { Outlet } from './outlet.js';

export class HubDeliveries implements Deliveries {
  readonly #hub: ConsumerHub;
  readonly #outlet: Outlet;
  readonly #attached = new Set<Attached>();
  #isIterated: boolean;

  constructor(hub: ConsumerHub) {
    this.#hub = hub;
    this.#isIterated = false;
    this.#outlet = new Outlet({
      pull: () => this.#hub.pull(),
      drained: () => this.#wantAll(),
      ended: () => this.#release(),
    });
  }

  get hasEnded(): boolean {
    return this.#outlet.hasEnded;
  }

  async attach(consumerId: string, options: AttachOptions = {}): Promise<AttachedConsumer> {
    if (this.#outlet.hasEnded) throw closedError();
    checkConsumerId(consumerId);
    const settings = attachSettings(options);
    const fenced = () => this.#attached.delete(attached);
    const attached = this.#hub.attach(consumerId, { settings, outlet: this.#outlet, fenced });
    this.#attached.add(attached);
    try {
      await attached.start(settings.chats);
    } catch (error) {
      this.#detach(attached);
      throw error;
    }
    return this.#handle(attached);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<readonly Delivery[], undefined> {
    if (this.#isIterated) throw iteratedTwice();
    this.#isIterated = true;
    return {
      next: () => this.#outlet.nextBatch(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.#outlet.end();
  }

  #handle(attached: Attached): AttachedConsumer {
    return {
      consumerId: attached.consumerId,
      ack: (chatId, upToSeq) => attached.ackChat(chatId, upToSeq),
      nack: (chatId, fromSeq, options) => {
        const lane = attached.window.find(chatId);
        if (lane !== undefined) attached.nack(lane, fromSeq, options);
      },
      add: async (chatIds) => {
        checkChats(chatIds);
        await attached.add(chatIds);
      },
      remove: (chatIds) => {
        checkChats(chatIds);
        attached.remove(chatIds);
      },
      detach: () => this.#detach(attached),
    };
  }

  #detach(attached: Attached): void {
    this.#attached.delete(attached);
    attached.detach();
  }

  #wantAll(): void {
    for (const attached of this.#attached) this.#hub.want(attached);
  }

  #release(): void {
    for (const attached of this.#attached) attached.detach();
    this.#attached.clear();
  }
}
