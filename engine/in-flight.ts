// The parcels that the store has and has not answered wholly, by ticket. Hears the answers and
// hands each to the parcel it belongs to.
//
// Invariants: parcels are added in the order of their tickets, which leave no hole. An answer for a
// ticket that is not in flight is our own mistake and throws.

import type { FoqError } from '../protocol/index.js';
import { foqErrorOf } from './errors.js';
import type { AppendedRun } from './native.js';
import type { NativeJoined } from './native-types.js';
import type { Parcel } from './parcel.js';

/** Answered parcels that may stand before the oldest unanswered one until the array is cut. */
const ANSWERED_MAX = 1024;

/** Who is told after answers have come. Neither may throw. */
export interface InFlightListener {
  answered(): void;
  failed(error: FoqError): void;
}

export class InFlight {
  /** Those before `#oldest` are answered. */
  #parcels: Parcel[] = [];
  #oldest = 0;
  #recent: Parcel | undefined;
  #operations = 0;
  #promised = 0;
  #listener: InFlightListener | undefined;

  /** Operations that are not answered. */
  get operations(): number {
    return this.#operations;
  }

  /** Of them, those with a promise of their own. */
  get promised(): number {
    return this.#promised;
  }

  listen(listener: InFlightListener): void {
    this.#listener = listener;
  }

  add(parcel: Parcel): void {
    this.#parcels.push(parcel);
    this.#operations += parcel.count;
    if (parcel.isPromised) this.#promised += parcel.count;
  }

  appended(run: AppendedRun): void {
    const total = run.seqs.length;
    let from = 0;
    while (from < total) {
      const ticket = run.first + from;
      const parcel = this.#find(ticket);
      const index = ticket - parcel.first;
      const count = Math.min(total - from, parcel.count - index);
      parcel.waiter.appended(index, { run, from, count });
      this.#answered(parcel, count);
      from += count;
    }
    this.#listener?.answered();
  }

  done(ticket: number): void {
    const parcel = this.#find(ticket);
    parcel.waiter.done(ticket - parcel.first);
    this.#answered(parcel, 1);
    this.#listener?.answered();
  }

  joined(ticket: number, joined: NativeJoined): void {
    const parcel = this.#find(ticket);
    parcel.waiter.joined(ticket - parcel.first, joined);
    this.#answered(parcel, 1);
    this.#listener?.answered();
  }

  failed(ticket: number, error: unknown): void {
    const parcel = this.#find(ticket);
    const failure = foqErrorOf(error);
    parcel.waiter.failed(ticket - parcel.first, failure);
    this.#answered(parcel, 1);
    this.#listener?.failed(failure);
    this.#listener?.answered();
  }

  /** Tells every waiter that its outcome stays unknown; answers that come later are not heard. */
  abandon(error: FoqError): void {
    for (const parcel of this.#parcels.slice(this.#oldest)) {
      for (let index = 0; index < parcel.count; index += 1) parcel.waiter.failed(index, error);
    }
  }

  #answered(parcel: Parcel, count: number): void {
    parcel.answered(count);
    this.#operations -= count;
    if (parcel.isPromised) this.#promised -= count;
    if (parcel.isAnswered) this.#forgetAnswered();
  }

  #forgetAnswered(): void {
    const parcels = this.#parcels;
    while (this.#oldest < parcels.length && parcels[this.#oldest]?.isAnswered === true) {
      this.#oldest += 1;
    }
    if (this.#oldest === parcels.length) {
      parcels.length = 0;
      this.#oldest = 0;
      this.#recent = undefined;
    } else if (this.#oldest > ANSWERED_MAX) {
      this.#parcels = parcels.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  /** Answers come mostly in the order of tickets, so the parcel of the last one is tried first. */
  #find(ticket: number): Parcel {
    const recent = this.#recent;
    if (recent !== undefined && holds(recent, ticket)) return recent;
    let low = this.#oldest;
    let high = this.#parcels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const parcel = this.#parcels[middle];
      if (parcel === undefined) break;
      if (holds(parcel, ticket)) {
        this.#recent = parcel;
        return parcel;
      }
      if (parcel.first > ticket) high = middle;
      else low = middle + 1;
    }
    throw new Error(`the store answered ticket ${ticket}, which is not in flight`);
  }
}

function holds(parcel: Parcel, ticket: number): boolean {
  return ticket >= parcel.first && ticket < parcel.first + parcel.count;
}
