// What a consumer's window does as time passes: the oldest unacked delivery of a chat is offered
// again, a chat that a nack stopped goes on, and a window that stays full is noticed. Pure.
//
// Invariants: of a chat only the oldest delivery is offered again, and only once the consumer has
// got it: after 10 s, and each time after twice as long, at most `WAIT_MAX_MS`. What is told as
// full has been without an ack for 10 s with everything handed over, and is told once.

import type { ReadAnswer } from '../native-types.js';
import { type Lane, NEVER } from './lane.js';
import type { Ask, WindowSink } from './window.js';

export const WAIT_MS = 10_000;
/** Six doublings. */
export const WAIT_MAX_MS = 640_000;
export const FULL_MS = 10_000;

export class Again {
  readonly #sink: WindowSink;
  /** Lanes with unacked deliveries; at most as many as the window has records. */
  readonly #flying = new Set<Lane>();
  readonly #paused = new Set<Lane>();
  /** Lanes whose oldest delivery is due, in turn. */
  readonly #due = new Set<Lane>();
  /** Lanes that are being read for that. */
  readonly #reading = new Set<Lane>();
  /** Lanes that want acks of their own. */
  readonly #refused = new Set<Lane>();
  /** Since when the whole window was full without an ack. */
  #fullAt = NEVER;
  #isTold: boolean;

  constructor(sink: WindowSink) {
    this.#sink = sink;
    this.#isTold = false;
  }

  get isQuiet(): boolean {
    return this.#flying.size === 0 && this.#paused.size === 0;
  }

  isPaused(lane: Lane, now: number): boolean {
    if (lane.pausedUntil === NEVER) return false;
    if (lane.pausedUntil > now) return true;
    this.#resume(lane);
    return false;
  }

  #resume(lane: Lane): void {
    lane.pausedUntil = NEVER;
    lane.pausedSeq = NEVER;
    this.#paused.delete(lane);
  }

  /** Until then, or until `fromSeq` is acked. */
  pause(lane: Lane, { fromSeq, until }: { fromSeq: number; until: number }): void {
    lane.pausedUntil = Math.max(lane.pausedUntil, until);
    lane.pausedSeq = Math.max(lane.pausedSeq, fromSeq);
    this.#paused.add(lane);
    this.#due.delete(lane);
    this.#calm(lane);
  }

  /** For want of acks in this chat, or (without it) in all, nothing more can be read. */
  refuse(lane: Lane | undefined, now: number): void {
    if (lane === undefined) {
      if (this.#fullAt === NEVER) this.#fullAt = now;
    } else if (lane.refusedAt === NEVER) {
      lane.refusedAt = now;
      this.#refused.add(lane);
    }
  }

  /** The lane's flights have changed. */
  changed(lane: Lane): void {
    const isFlying = lane.records > 0;
    if (isFlying === lane.isFlying) return;
    lane.isFlying = isFlying;
    if (isFlying) this.#flying.add(lane);
    else this.#flying.delete(lane);
  }

  /** The lane was acked. */
  covered(lane: Lane): void {
    if (this.#due.size > 0) this.#due.delete(lane);
    if (lane.pausedUntil !== NEVER && lane.received >= lane.pausedSeq) this.#resume(lane);
    this.#calm(lane);
    this.changed(lane);
  }

  /** It has no flights any more. */
  forget(lane: Lane): void {
    this.changed(lane);
    this.#paused.delete(lane);
    this.#due.delete(lane);
    this.#calm(lane);
  }

  /** Gaps that are due are offered at once, records are asked for. */
  plan(most: number): Ask[] {
    const asks: Ask[] = [];
    for (const lane of this.#due) {
      if (asks.length >= most) break;
      const flight = lane.oldest;
      if (flight === undefined || this.#reading.has(lane)) continue;
      const { fromSeq, toSeq, reason } = flight;
      if (reason === undefined) {
        this.#reading.add(lane);
        const { chatId } = lane;
        asks.push({
          chatId,
          from: { fromSeq },
          limit: 1,
          lane,
          reserved: undefined,
          isAgain: true,
        });
      } else {
        this.#due.delete(lane);
        lane.offerAgain(flight);
        this.#sink.gap(lane, { fromSeq, toSeq, reason });
      }
    }
    return asks;
  }

  release(lane: Lane): void {
    this.#reading.delete(lane);
  }

  accept(lane: Lane, seq: number, answer: ReadAnswer): void {
    this.#reading.delete(lane);
    const flight = lane.oldest;
    if (!this.#due.has(lane) || flight?.toSeq !== seq) return;
    const [record] = answer.records;
    if (answer.gap !== undefined) {
      // Retention did not wait for the ack.
      lane.offerAgain(flight);
      this.#sink.gap(lane, { fromSeq: seq, toSeq: seq, reason: answer.gap.reason });
    } else if (record?.seq === seq) {
      lane.offerAgain(flight);
      this.#sink.record(lane, record, flight.attempt);
    } else return;
    this.#due.delete(lane);
  }

  wake(now: number): boolean {
    for (const lane of this.#flying) if (dueAt(lane) <= now) this.#due.add(lane);
    for (const lane of this.#paused) this.isPaused(lane, now);
    if (this.#isTold || this.#fullDue() > now) return false;
    this.#isTold = true;
    return true;
  }

  nextDue(): number {
    let next = this.#isTold ? Number.POSITIVE_INFINITY : this.#fullDue();
    for (const lane of this.#flying) if (!this.#due.has(lane)) next = Math.min(next, dueAt(lane));
    for (const lane of this.#paused) next = Math.min(next, lane.pausedUntil);
    return next;
  }

  /** Only what the consumer has got, and does not ack, is its fault. */
  #fullDue(): number {
    let due = Number.POSITIVE_INFINITY;
    if (this.#fullAt !== NEVER && [...this.#flying].every(({ unhanded }) => unhanded === 0)) {
      due = this.#fullAt + FULL_MS;
    }
    for (const { refusedAt, unhanded } of this.#refused) {
      if (unhanded === 0) due = Math.min(due, refusedAt + FULL_MS);
    }
    return due;
  }

  /** An ack or a nack: whoever was refused may be served. */
  #calm(lane: Lane): void {
    this.#fullAt = NEVER;
    if (lane.refusedAt !== NEVER) {
      lane.refusedAt = NEVER;
      this.#refused.delete(lane);
    }
    if (this.#refused.size === 0) this.#isTold = false;
  }
}

function dueAt(lane: Lane): number {
  const flight = lane.oldest;
  if (flight === undefined || flight.handedAt === NEVER) return Number.POSITIVE_INFINITY;
  return flight.handedAt + Math.min(WAIT_MAX_MS, WAIT_MS * 2 ** (flight.attempt - 1));
}
