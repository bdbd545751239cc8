// The iterable of one consumer: one by one, or by arrays of what is ready together.
//
// Invariants: it attaches when it is first asked, and is released by whatever ends it: `break`,
// `close`, an aborted signal, an error, a newer session. It is iterated once. `autoAck` acks what
// the loop has finished with, which is what came before the delivery that is asked for.

import type { ConsumeOptions, Consumer, Delivery } from '../../protocol/index.js';
import { invalidArgument } from '../errors.js';
import { checkConsumerId } from '../ids.js';
import { type Attached, type AttachedBy, allDelivered } from './attached.js';
import { type AttachSettings, attachSettings, checkChats } from './options.js';
import { Outlet } from './outlet.js';

/** What makes and serves a consumer. */
export interface ConsumerHub {
  attach(consumerId: string, by: AttachedBy): Attached;
  /** Serves at once, if it may. */
  pull(): void;
  /** Serves soon. */
  want(attached: Attached): void;
}

export class HubConsumer implements Consumer {
  readonly consumerId: string;
  readonly #hub: ConsumerHub;
  readonly #settings: AttachSettings;
  readonly #autoAck: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #outlet: Outlet;
  readonly #onAbort: () => void;
  #isIterated: boolean;
  #attached: Attached | undefined;
  /** Chats that were added before the first delivery was asked for. */
  #added: readonly string[] = [];

  constructor(hub: ConsumerHub, consumerId: string, options: ConsumeOptions) {
    checkConsumerId(consumerId);
    this.#hub = hub;
    this.consumerId = consumerId;
    this.#settings = attachSettings(options);
    this.#autoAck = options.autoAck ?? false;
    this.#signal = options.signal;
    this.#isIterated = false;
    this.#outlet = new Outlet({
      pull: () => this.#pull(),
      drained: () => this.#attached && this.#hub.want(this.#attached),
      ended: () => this.#release(),
    });
    this.#onAbort = () => this.#outlet.fail(this.#signal?.reason);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery, undefined> {
    this.#iterate();
    let last: Delivery | undefined;
    const next = async () => {
      const result = await this.#outlet.next();
      last = result.value;
      return result;
    };
    const nextAcking = () => {
      if (last !== undefined) ackOf(last);
      last = undefined;
      return next();
    };
    return this.#iterator(this.#autoAck ? nextAcking : () => this.#outlet.next());
  }

  batches(): AsyncIterableIterator<readonly Delivery[], undefined> {
    this.#iterate();
    let last: readonly Delivery[] = [];
    const next = async () => {
      for (const delivery of last) ackOf(delivery);
      last = [];
      const result = await this.#outlet.nextBatch();
      last = result.value ?? [];
      return result;
    };
    return this.#iterator(this.#autoAck ? next : () => this.#outlet.nextBatch());
  }

  async add(chatIds: readonly string[]): Promise<void> {
    checkChats(chatIds);
    if (this.#settings.chats === undefined) throw allDelivered();
    if (this.#attached === undefined) this.#added = [...this.#added, ...chatIds];
    else await this.#attached.add(chatIds);
  }

  remove(chatIds: readonly string[]): void {
    checkChats(chatIds);
    if (this.#settings.chats === undefined) throw allDelivered();
    this.#added = this.#added.filter((chatId) => !chatIds.includes(chatId));
    this.#attached?.remove(chatIds);
  }

  close(): void {
    this.#outlet.end();
  }

  #iterate(): void {
    if (this.#isIterated) throw iteratedTwice();
    this.#isIterated = true;
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  #iterator<Value>(
    next: () => Promise<IteratorResult<Value, undefined>>,
  ): AsyncIterableIterator<Value, undefined> {
    return {
      next,
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #pull(): void {
    if (this.#attached === undefined) this.#attach();
    else this.#hub.pull();
  }

  #attach(): void {
    try {
      const by = {
        settings: this.#settings,
        outlet: this.#outlet,
        fenced: () => this.#outlet.finish(),
      };
      const attached = this.#hub.attach(this.consumerId, by);
      this.#attached = attached;
      const { chats } = this.#settings;
      attached
        .start(chats && [...chats, ...this.#added])
        .catch((error: unknown) => attached.failed(error));
    } catch (error) {
      this.#outlet.fail(error);
    }
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#attached?.detach();
  }
}

export function iteratedTwice(): Error {
  return invalidArgument('a consumer', 'iterated once; call consume() or deliveries() again');
}

function ackOf(delivery: Delivery): void {
  if (delivery.kind === 'record' || delivery.kind === 'gap') delivery.ack();
}
