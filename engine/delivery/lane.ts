// One chat within one consumer's delivery: what it has acked, what is in flight, what comes next.
// Numbers only: no payload is kept, so that what is offered again is read again. Pure.
//
// Invariants: the flights cover exactly the seqs from `received + 1` to `nextSeq - 1`, ascending
// and each once; `received` only grows; a gap is one flight, whatever its length.

import type { GapReason } from '../../protocol/index.js';

/** A delivery that is in flight. */
export interface Flight {
  /** Below `toSeq` only for a gap. */
  fromSeq: number;
  readonly toSeq: number;
  /** Of the payload; 0 for a gap. */
  readonly bytes: number;
  /** Of a gap. */
  readonly reason: GapReason | undefined;
  attempt: number;
  /** When the consumer got it, or what was before it was acked; `NOT_HANDED` before. */
  handedAt: number;
}

/** What is in flight in all the lanes of a window. */
export interface Load {
  records: number;
  bytes: number;
}

export type Hole = readonly [fromSeq: number, toSeq: number];

export const NEVER = -1;
const NOT_HANDED = -1;
/** Acked flights that an array may hold before it is cut. */
const SPENT_MAX = 64;

export class Lane {
  readonly chatId: string;
  readonly #load: Load;
  /** Acked here, or known from the store. */
  received: number;
  /** `received` as the store has it durably, as far as known. */
  durable: number;
  /** An ack that the store has still to be told; `NEVER` where there is none. */
  toSend = NEVER;
  /** What is delivered next. */
  nextSeq: number;
  /** The last seq known to be meant for this consumer. */
  lastSeq: number;
  /** Its holes are known for this join. */
  joinSeq: number | undefined;
  /** Only the store's cursor says where it ends and which holes it has. */
  isUnknown: boolean;
  isReading: boolean;
  /** Counted among the lanes with flights. */
  isFlying: boolean;
  /** Forgotten: whatever still refers to it changes nothing. */
  isEnded: boolean;
  /** The consumer has no cursor here any more. */
  isGone: boolean;
  /** The chat is caught up once this seq was delivered. */
  backlogSeq: number | undefined;
  /** A nack stopped it until then. */
  pausedUntil = NEVER;
  /** The last seq from which a nack stopped it; an ack of it goes on at once. */
  pausedSeq = NEVER;
  /** Since when it could not go on for want of acks in this chat. */
  refusedAt = NEVER;
  /** Size of the next record, where it is known since it did not fit. */
  neededBytes = 0;
  /** Payload bytes in flight. */
  bytes = 0;
  /** Flights that the consumer has not got yet. */
  unhanded = 0;
  readonly #flights: Flight[] = [];
  /** Index of the oldest flight; those below it are spent. */
  #oldest = 0;
  /** Index of the next flight to be handed for the first time. */
  #handing = 0;
  #holes: readonly Hole[] = [];
  /** Attempts of what was taken back, by seq; at most what may be in flight. */
  #attempts: Map<number, number> | undefined;

  constructor(chatId: string, { received, load }: { received: number; load: Load }) {
    this.chatId = chatId;
    this.received = received;
    this.durable = received;
    this.nextSeq = received + 1;
    this.lastSeq = received;
    this.#load = load;
    this.isUnknown = false;
    this.isReading = false;
    this.isFlying = false;
    this.isEnded = false;
    this.isGone = false;
  }

  /** Flights. */
  get records(): number {
    return this.#flights.length - this.#oldest;
  }

  get oldest(): Flight | undefined {
    return this.#flights[this.#oldest];
  }

  /** The first hole that ends at or above `nextSeq`. */
  get hole(): Hole | undefined {
    return this.#holes.find(([, toSeq]) => toSeq >= this.nextSeq);
  }

  set holes(holes: readonly Hole[]) {
    this.#holes = holes;
  }

  /** Nothing to deliver, nothing in flight, and no ack on its way. */
  get isIdle(): boolean {
    const isDone =
      this.nextSeq > this.lastSeq && this.records === 0 && this.backlogSeq === undefined;
    const isStill = !(this.isReading || this.isUnknown) && this.pausedUntil === NEVER;
    return isDone && isStill && this.durable >= this.received;
  }

  /** Puts what comes next in flight; its attempt. */
  admit(toSeq: number, bytes: number, reason?: GapReason): number {
    const attempt = (this.#attempts?.get(toSeq) ?? 0) + 1;
    const fromSeq = this.nextSeq;
    this.#flights.push({ fromSeq, toSeq, bytes, reason, attempt, handedAt: NOT_HANDED });
    this.nextSeq = toSeq + 1;
    this.neededBytes = 0;
    this.unhanded += 1;
    this.bytes += bytes;
    this.#load.bytes += bytes;
    this.#load.records += 1;
    return attempt;
  }

  /** The consumer has got the flight that ends at `toSeq`; a later seq than handed is ignored. */
  hand(toSeq: number, now: number): void {
    const next = this.#flights[this.#handing];
    if (next?.toSeq === toSeq) this.#handing += 1;
    const flight = next?.toSeq === toSeq ? next : this.oldest;
    if (flight?.toSeq !== toSeq || flight.handedAt !== NOT_HANDED) return;
    flight.handedAt = now;
    this.unhanded -= 1;
  }

  /** Offers the oldest flight again. */
  offerAgain(flight: Flight): void {
    flight.attempt += 1;
    flight.handedAt = NOT_HANDED;
    this.unhanded += 1;
  }

  /** Everything up to here is acked; says whether some of it had not been handed yet. */
  cover(upToSeq: number, now: number): boolean {
    this.received = upToSeq;
    const unhanded = this.unhanded;
    let flight = this.oldest;
    while (flight !== undefined && flight.toSeq <= upToSeq) {
      this.#land(flight);
      this.#oldest += 1;
      flight = this.oldest;
    }
    if (flight !== undefined) {
      if (flight.fromSeq <= upToSeq) flight.fromSeq = upToSeq + 1;
      // Who acks goes on; so the next has its time from now.
      if (flight.handedAt !== NOT_HANDED) flight.handedAt = now;
    }
    if (this.nextSeq <= upToSeq) {
      this.nextSeq = upToSeq + 1;
      this.neededBytes = 0;
    }
    if (this.#handing < this.#oldest) this.#handing = this.#oldest;
    if (this.#oldest > SPENT_MAX || this.records === 0) this.#cut();
    if (this.#attempts !== undefined) this.#forgetAttempts();
    return this.unhanded < unhanded;
  }

  /** Takes back the flight that holds `fromSeq`, and all above it. */
  rewind(fromSeq: number): void {
    while (this.records > 0) {
      const flight = this.#flights.at(-1);
      if (flight === undefined || flight.toSeq < fromSeq) break;
      this.#flights.pop();
      this.#land(flight);
      this.nextSeq = flight.fromSeq;
      this.neededBytes = 0;
      const attempts = flight.handedAt === NOT_HANDED ? flight.attempt - 1 : flight.attempt;
      if (attempts > 0 && flight.reason === undefined) {
        this.#attempts ??= new Map();
        this.#attempts.set(flight.toSeq, attempts);
      }
    }
    this.#handing = Math.min(this.#handing, this.#flights.length);
  }

  #land(flight: Flight): void {
    if (flight.handedAt === NOT_HANDED) this.unhanded -= 1;
    this.bytes -= flight.bytes;
    this.#load.bytes -= flight.bytes;
    this.#load.records -= 1;
  }

  #cut(): void {
    if (this.records === 0) this.#flights.length = 0;
    else this.#flights.splice(0, this.#oldest);
    this.#handing -= this.#oldest;
    this.#oldest = 0;
  }

  #forgetAttempts(): void {
    const attempts = this.#attempts;
    if (attempts === undefined) return;
    for (const seq of attempts.keys()) {
      if (seq <= this.received) attempts.delete(seq);
    }
    if (attempts.size === 0) this.#attempts = undefined;
  }
}
