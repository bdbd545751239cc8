// Brings deliveries to every consumer of one queue handle: drains news, reads for all of them in
// one call, holds acks back until the turn ends, and has one timer for all.
//
// Invariants: one read is under way at a time, bounded in requests, records and bytes; consumers
// take turns. Nothing is read for who has no credit or whose outlet is full. There is no timer
// while nothing is unacked or stopped.

import type { ConsumeOptions, Consumer, Deliveries } from '../../protocol/index.js';
import type { DeliveryPort, NewsHearer } from '../delivery-port.js';
import { closedError, invalidArgument } from '../errors.js';
import type { ReadAnswer } from '../native-types.js';
import { Attached, type AttachedBy, type AttachedHub } from './attached.js';
import { HubConsumer } from './consumer.js';
import { HubDeliveries } from './deliveries.js';
import type { Lane } from './lane.js';
import { questionsOf } from './questions.js';
import type { Ask } from './window.js';

/** Reads of one call. */
const ASKS_MAX = 256;
/** Records that one call asks for, about: the last window may go beyond. */
const ASKED_RECORDS_MAX = 4096;
const READ_BYTES = 1024 * 1024;
/** Records delivered in one turn of the event loop, before all else has its turn. */
const TURN_RECORDS = 4096;
/** The longest that a timer of the platform waits. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls back once, later; what it returns cancels that. It must not keep the process alive. */
export type Later = (delayMs: number, callback: () => void) => () => void;

interface HeldAck {
  readonly attached: Attached;
  readonly lane: Lane;
}

interface Asked {
  readonly attached: Attached;
  readonly ask: Ask;
}

export class DeliveryHub implements NewsHearer, AttachedHub {
  readonly port: DeliveryPort;
  readonly later: Later;
  readonly #attached = new Map<number, Attached>();
  /** Consumers that may have something to read, the next in turn first. */
  #wanting = new Set<Attached>();
  /** Consumers with something unacked or stopped. */
  readonly #timed = new Set<Attached>();
  #heldAcks: HeldAck[] = [];
  #deliveries: HubDeliveries | undefined;
  #turn: NodeJS.Immediate | undefined;
  #turnNow: number | undefined;
  #recordsLeft = TURN_RECORDS;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | undefined;
  #isSoon: boolean;
  #isBusy: boolean;
  #isClosed: boolean;

  constructor(port: DeliveryPort, { later = laterByTimer }: { later?: Later } = {}) {
    this.port = port;
    this.later = later;
    this.#isSoon = false;
    this.#isBusy = false;
    this.#isClosed = false;
  }

  consume(consumerId: string, options: ConsumeOptions = {}): Consumer {
    this.#checkOpen();
    return new HubConsumer(this, consumerId, options);
  }

  deliveries(): Deliveries {
    this.#checkOpen();
    if (this.#deliveries !== undefined && !this.#deliveries.hasEnded) {
      throw invalidArgument('deliveries()', 'closed before it is called again');
    }
    this.#deliveries = new HubDeliveries(this);
    return this.#deliveries;
  }

  attach(consumerId: string, by: AttachedBy): Attached {
    this.#checkOpen();
    const attached = new Attached(this, consumerId, by);
    this.#attached.set(attached.attachment, attached);
    attached.news();
    return attached;
  }

  news(attachment: number): void {
    this.#attached.get(attachment)?.news();
    if (this.#isSoon || this.#wanting.size === 0) return;
    // Together with the other news of this drain, and without waiting for the turn to end.
    this.#isSoon = true;
    queueMicrotask(() => {
      this.#isSoon = false;
      this.#serve();
    });
  }

  sendAcks(): void {
    const acks = this.#heldAcks;
    this.#heldAcks = [];
    for (const { attached, lane } of acks) attached.sendAck(lane);
    for (const { attached } of acks) if (attached.window.isQuiet) this.#calm(attached);
  }

  close(): void {
    if (this.#isClosed) return;
    this.sendAcks();
    for (const attached of [...this.#attached.values()]) attached.outlet.end();
    this.#deliveries?.close();
    this.#isClosed = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#cancelWake?.();
  }

  /** Somebody asks and has nothing: serves at once, as long as this turn has not had its share. */
  pull(): void {
    if (this.#recordsLeft > 0 && this.#wanting.size > 0) this.#serve();
  }

  now(): number {
    if (this.#turnNow === undefined) {
      this.#turnNow = this.port.now();
      this.#endTurn();
    }
    return this.#turnNow;
  }

  want(attached: Attached): void {
    if (attached.isDetached) return;
    this.#wanting.add(attached);
    this.#endTurn();
  }

  wakeBy(attached: Attached, at: number): void {
    if (!(attached.isTimed || attached.isDetached)) {
      attached.isTimed = true;
      this.#timed.add(attached);
    }
    if (at < this.#wakeAt) this.#arm(at);
  }

  holdAck(attached: Attached, lane: Lane): void {
    this.#heldAcks.push({ attached, lane });
    this.want(attached);
    this.#endTurn();
  }

  left(attached: Attached): void {
    this.#attached.delete(attached.attachment);
    this.#wanting.delete(attached);
    this.#calm(attached);
    if (!this.port.closed) this.port.store.detach(attached.attachment);
  }

  #checkOpen(): void {
    if (this.#isClosed || this.port.closed) throw closedError();
  }

  /** After everything else of this turn. */
  #endTurn(): void {
    if (this.#isClosed) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#turnNow = undefined;
      this.#recordsLeft = TURN_RECORDS;
      this.sendAcks();
      this.#serve();
    });
  }

  /** Reads for whoever has credit, once. */
  #serve(): void {
    if (this.#isBusy || this.#isClosed || this.#wanting.size === 0) return;
    this.#isBusy = true;
    const asked = this.#plan();
    if (asked.length === 0) {
      this.#isBusy = false;
      return;
    }
    try {
      const { asks, places } = questionsOf(asked);
      const answers = this.port.store.read(asks, READ_BYTES);
      const answered = (all: readonly ReadAnswer[]) =>
        this.#accept(
          asked,
          places.map((place) => all[place]),
        );
      if (Array.isArray(answers)) answered(answers);
      else {
        answers.then(
          (late) => {
            answered(late);
            this.#serve();
          },
          (error: unknown) => this.#readFailed(asked, error),
        );
      }
    } catch (error) {
      this.#readFailed(asked, error);
    }
  }

  #plan(): Asked[] {
    const asked: Asked[] = [];
    let records = 0;
    const wanting = this.#wanting;
    this.#wanting = new Set();
    for (const attached of wanting) {
      const most = ASKS_MAX - asked.length;
      if (most <= 0 || records >= ASKED_RECORDS_MAX) break;
      wanting.delete(attached);
      const asks = this.#askOf(attached, most);
      for (const ask of asks) {
        records += ask.limit;
        asked.push({ attached, ask });
      }
      if (asks.length === most) this.want(attached);
    }
    // Who had no turn is first in the next.
    if (wanting.size > 0) this.#wanting = new Set([...wanting, ...this.#wanting]);
    return asked;
  }

  #askOf(attached: Attached, most: number): Ask[] {
    try {
      return attached.turn(most);
    } catch (error) {
      attached.failed(error);
      return [];
    }
  }

  #accept(asked: readonly Asked[], answers: readonly (ReadAnswer | undefined)[]): void {
    this.#isBusy = false;
    for (const [index, { attached, ask }] of asked.entries()) {
      const answer = answers[index];
      if (answer === undefined) throw new Error('the store left a read without an answer');
      this.#recordsLeft -= answer.records.length;
      attached.accept(ask, answer);
      this.want(attached);
    }
  }

  /** One chat that cannot be read ends its consumer, and nobody else. */
  #readFailed(asked: readonly Asked[], error: unknown): void {
    const [only] = asked;
    if (asked.length === 1 && only !== undefined) {
      this.#isBusy = false;
      only.attached.failed(error);
      this.#serve();
      return;
    }
    this.#readOneByOne(asked).catch((unexpected: unknown) => {
      for (const { attached } of asked) attached.failed(unexpected);
    });
  }

  async #readOneByOne(asked: readonly Asked[]): Promise<void> {
    for (const { attached, ask } of asked) {
      try {
        const [answer] = await this.port.store.read([ask], READ_BYTES);
        if (answer !== undefined) attached.accept(ask, answer);
      } catch (error) {
        attached.failed(error);
      }
      this.want(attached);
    }
    this.#isBusy = false;
    this.#serve();
  }

  #arm(at: number): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAt = at;
    if (at === Number.POSITIVE_INFINITY || this.#isClosed) return;
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(1, Math.ceil(at - this.port.now())));
    this.#cancelWake = this.later(delayMs, () => this.#wake());
  }

  #wake(): void {
    const now = this.port.now();
    this.#turnNow = now;
    let next = Number.POSITIVE_INFINITY;
    for (const attached of [...this.#timed]) {
      next = Math.min(next, attached.wake(now));
      if (attached.window.isQuiet) this.#calm(attached);
    }
    this.#arm(next);
    this.#endTurn();
  }

  #calm(attached: Attached): void {
    if (!attached.isTimed) return;
    attached.isTimed = false;
    this.#timed.delete(attached);
    if (this.#timed.size === 0) this.#arm(Number.POSITIVE_INFINITY);
  }
}

function laterByTimer(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
