// What a consumer is handed: light objects with shared methods, whose payloads are views.
//
// Invariant: an object refers to its lane, not the lane to the object; so a payload lives as long
// as its consumer holds the delivery, and not until it is acked.

import type {
  CaughtUpDelivery,
  Delivery,
  FencedDelivery,
  Gap,
  GapDelivery,
  GapReason,
  MarksDelivery,
  RecordDelivery,
} from '../../protocol/index.js';
import type { ReadRecord } from '../record.js';
import type { Lane } from './lane.js';

/** Whom a delivery is handed by, and acked to. */
export interface Hander {
  readonly consumerId: string;
  handed(lane: Lane, toSeq: number): void;
  marksHanded(marks: HandedMarks): void;
  ack(lane: Lane, upToSeq: number): void;
  ackDurable(lane: Lane, upToSeq: number): Promise<void>;
  nack(lane: Lane, fromSeq: number, options?: { readonly delayMs?: number | undefined }): void;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A delivery that is in flight until it is acked. */
abstract class Held {
  readonly #hander: Hander;
  readonly #lane: Lane;

  constructor(hander: Hander, lane: Lane) {
    this.#hander = hander;
    this.#lane = lane;
  }

  /** The seq that acks it. */
  protected abstract get lastSeq(): number;
  protected abstract get firstSeq(): number;

  get consumerId(): string {
    return this.#hander.consumerId;
  }

  get chatId(): string {
    return this.#lane.chatId;
  }

  ack(): void {
    this.#hander.ack(this.#lane, this.lastSeq);
  }

  ackDurable(): Promise<void> {
    return this.#hander.ackDurable(this.#lane, this.lastSeq);
  }

  nack(options?: { readonly delayMs?: number | undefined }): void {
    this.#hander.nack(this.#lane, this.firstSeq, options);
  }

  /** Tells the window that the consumer gets it now. */
  static hand(delivery: Held): void {
    delivery.#hander.handed(delivery.#lane, delivery.lastSeq);
  }

  static isWithin(
    delivery: Held,
    { lane, fromSeq, toSeq }: { lane: Lane; fromSeq: number; toSeq: number },
  ): boolean {
    const { lastSeq } = delivery;
    return delivery.#lane === lane && lastSeq >= fromSeq && lastSeq <= toSeq;
  }

  static isOf(delivery: Held, hander: Hander): boolean {
    return delivery.#hander === hander;
  }
}

export class HandedRecord extends Held implements RecordDelivery {
  readonly kind = 'record';
  readonly seq: number;
  readonly attempt: number;
  readonly #record: ReadRecord;

  constructor(
    hander: Hander,
    { lane, record, attempt }: { lane: Lane; record: ReadRecord; attempt: number },
  ) {
    super(hander, lane);
    this.seq = record.seq;
    this.attempt = attempt;
    this.#record = record;
  }

  get at(): number {
    return this.#record.at;
  }

  get recordKind(): number {
    return this.#record.kind;
  }

  get senderId(): string {
    return this.#record.senderId;
  }

  get payload(): Uint8Array {
    return this.#record.payload;
  }

  get deleted(): boolean {
    return this.#record.deleted;
  }

  text(): string {
    return decoder.decode(this.#record.payload);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  protected get lastSeq(): number {
    return this.seq;
  }

  protected get firstSeq(): number {
    return this.seq;
  }
}

export class HandedGap extends Held implements GapDelivery {
  readonly kind = 'gap';
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: GapReason;

  constructor(hander: Hander, lane: Lane, { fromSeq, toSeq, reason }: Gap) {
    super(hander, lane);
    this.fromSeq = fromSeq;
    this.toSeq = toSeq;
    this.reason = reason;
  }

  protected get lastSeq(): number {
    return this.toSeq;
  }

  protected get firstSeq(): number {
    return this.fromSeq;
  }
}

export class HandedMarks implements MarksDelivery {
  readonly kind = 'marks';
  readonly chatId: string;
  readonly #hander: Hander;
  /** The `marksVersion` that the consumer sees, or a later one. */
  #version: number;

  constructor(hander: Hander, { chatId, version }: { chatId: string; version: number }) {
    this.#hander = hander;
    this.chatId = chatId;
    this.#version = version;
  }

  get consumerId(): string {
    return this.#hander.consumerId;
  }

  static version(marks: HandedMarks): number {
    return marks.#version;
  }

  static raise(marks: HandedMarks, version: number): void {
    marks.#version = Math.max(marks.#version, version);
  }

  static hand(marks: HandedMarks): void {
    marks.#hander.marksHanded(marks);
  }
}

export type Handed = HandedRecord | HandedGap | HandedMarks | CaughtUpDelivery | FencedDelivery;

/** Tells whoever wants to know that the consumer gets it now. */
export function hand(delivery: Handed): Delivery {
  if (delivery instanceof Held) Held.hand(delivery);
  else if (delivery instanceof HandedMarks) HandedMarks.hand(delivery);
  return delivery;
}

export function isWithin(
  delivery: Handed,
  range: { lane: Lane; fromSeq: number; toSeq: number },
): boolean {
  return delivery instanceof Held && Held.isWithin(delivery, range);
}
