// Brings operations to the store: those of one turn of the event loop are packed together and
// submitted by one call, and what the store has no room for waits.
//
// Invariants: operations are submitted in the order of their calls, whoever made them, so that a
// chat's operations keep theirs and nobody starves. What waits is bounded in bytes, what is in
// flight with a promise in number; beyond the first, FOQ_BUSY. An operation is settled once.

import { FoqError } from '../protocol/index.js';
import { closedError, foqErrorOf } from './errors.js';
import type { InFlight } from './in-flight.js';
import type { OperationPacker, StoreHandle } from './native-types.js';
import { Parcel, type Waiter } from './parcel.js';
import { Promises } from './promises.js';

/** Promises in flight. More of them are moved by the garbage collector while they wait. */
export const IN_FLIGHT_MAX = 8192;
const PARCEL_OPERATIONS_MAX = 1024;
const PARCEL_BYTES_MAX = 256 * 1024;
const PACKER_BYTES = 64 * 1024;
/** A packer that has grown beyond this is given up, not kept. */
const SPARE_BYTES_MAX = 1024 * 1024;
const SPARES_MAX = 16;
/** What an operation takes beside its packed bytes, here and in the store: about 128 bytes. */
const OPERATION_BYTES = 128;
/** Submitted parcels that may stand before the first that waits until the array is cut. */
const SUBMITTED_MAX = 256;
/** How soon a store that is full with the operations of other threads is asked again. */
const RETRY_MS = 2;

export interface SubmitterOptions {
  readonly store: Pick<StoreHandle, 'packer' | 'submit'>;
  readonly inFlight: InFlight;
  /** Bytes that may wait here; a parcel has at most a quarter. */
  readonly pendingBytesMax: number;
  /** Hears every failure of a submission. */
  readonly onFailure: (error: FoqError) => void;
}

export class Submitter {
  readonly #store: SubmitterOptions['store'];
  readonly #inFlight: InFlight;
  readonly #waitingBytesMax: number;
  readonly #parcelBytesMax: number;
  readonly #onFailure: (error: FoqError) => void;
  readonly #spares: OperationPacker[] = [];
  /** Takes the operations of this turn; last in the order of submission. */
  #open: { parcel: Parcel; promises: Promises } | undefined;
  /** In the order of submission; those before `#next` are gone. */
  #waiting: Parcel[] = [];
  #next = 0;
  #waitingBytes = 0;
  /** Parcels that ever waited. */
  #waitedCount = 0;
  #turn: 'scheduled' | 'none' = 'none';
  #task: 'submitting' | 'none' = 'none';
  #life: 'open' | 'closed' = 'open';
  #retry: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];
  /** Who waits until so many parcels have gone to the store. */
  #gone: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor({ store, inFlight, pendingBytesMax, onFailure }: SubmitterOptions) {
    this.#store = store;
    this.#inFlight = inFlight;
    this.#waitingBytesMax = pendingBytesMax;
    this.#parcelBytesMax = Math.min(PARCEL_BYTES_MAX, pendingBytesMax / 4);
    this.#onFailure = onFailure;
    inFlight.listen({ answered: () => this.#advance(), failed: onFailure });
  }

  get isClosed(): boolean {
    return this.#life === 'closed';
  }

  /**
   * Where the next operation is packed; `packed` must follow in the same turn. Throws FOQ_CLOSED
   * and FOQ_BUSY.
   */
  take(): { readonly parcel: Parcel; readonly promises: Promises } {
    this.#admit(0);
    this.#open ??= this.#emptyParcel();
    return this.#open;
  }

  /** An operation was packed into what `take` returned. */
  packed(parcel: Parcel): void {
    if (this.isFull(parcel)) this.#submitNow();
    else this.#schedule();
  }

  /** A parcel for one operation alone; `add` must follow in the same turn. */
  takeAlone(): { readonly parcel: Parcel; readonly promises: Promises } {
    this.#admit(0);
    return this.#emptyParcel();
  }

  /** Its operations follow all that were packed before. It is submitted with this turn's. */
  add(parcel: Parcel): void {
    this.#closeOpen();
    this.#enqueue(parcel);
    this.#schedule();
  }

  /** The same for the parcels of one bulk, submitted at once. Throws FOQ_CLOSED and FOQ_BUSY. */
  addAll(parcels: readonly Parcel[]): void {
    this.#admit(parcels.reduce((sum, parcel) => sum + costOf(parcel), 0));
    this.#closeOpen();
    for (const parcel of parcels) this.#enqueue(parcel);
    this.#submitWaiting();
  }

  /** A parcel of a bulk: as large as one submission may be. */
  parcelFor(waiter: Waiter): Parcel {
    return new Parcel(this.#takePacker(), waiter, { isPromised: false });
  }

  #emptyParcel(): { parcel: Parcel; promises: Promises } {
    const promises = new Promises();
    return { parcel: new Parcel(this.#takePacker(), promises), promises };
  }

  /** Another operation belongs into another parcel. */
  isFull(parcel: Parcel): boolean {
    return parcel.count >= PARCEL_OPERATIONS_MAX || costOf(parcel) >= this.#parcelBytesMax;
  }

  /** Resolves when the store has all that was packed so far. */
  async whenSubmitted(): Promise<void> {
    this.#submitNow();
    if (this.#next === this.#waiting.length) return;
    const count = this.#waitedCount;
    await new Promise<void>((resolve) => this.#gone.push({ count, resolve }));
  }

  /** Resolves when nothing waits and nothing is in flight: only sure to come after `close`. */
  async whenIdle(): Promise<void> {
    this.#submitNow();
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** From now on nothing is taken; what was taken goes on. */
  close(): void {
    this.#life = 'closed';
    this.#submitNow();
  }

  /** Settles with `error` all that is not settled. */
  abandon(error: FoqError): void {
    this.#life = 'closed';
    this.#closeOpen();
    clearTimeout(this.#retry);
    for (const parcel of this.#waiting.slice(this.#next)) parcel.refuse(error);
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
    this.#inFlight.abandon(error);
    this.#tellGone();
  }

  #admit(bytes: number): void {
    if (this.#life === 'closed') throw closedError();
    const openBytes = this.#open === undefined ? 0 : costOf(this.#open.parcel);
    const waiting = this.#waitingBytes + openBytes;
    if (waiting + bytes <= this.#waitingBytesMax || waiting === 0) return;
    const message = `${waiting} bytes wait, pendingBytesMax is ${this.#waitingBytesMax}`;
    throw new FoqError('FOQ_BUSY', { message, details: { limit: this.#waitingBytesMax } });
  }

  /**
   * One submission per turn of the event loop; at the end of the running callback and its promises
   * when the store is idle, where to wait for others would only make them all later.
   */
  #schedule(): void {
    if (this.#turn === 'scheduled') return;
    this.#turn = 'scheduled';
    if (this.#inFlight.operations === 0) process.nextTick(this.#onTurn);
    else setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#turn = 'none';
    this.#submitNow();
  };

  #submitNow(): void {
    this.#closeOpen();
    this.#submitWaiting();
    this.#tellIdle();
  }

  #closeOpen(): void {
    const open = this.#open;
    if (open === undefined || open.parcel.count === 0) return;
    this.#open = undefined;
    this.#enqueue(open.parcel);
  }

  #enqueue(parcel: Parcel): void {
    this.#waiting.push(parcel);
    this.#waitedCount += 1;
    this.#waitingBytes += costOf(parcel);
  }

  /** Who hears of a refusal may call the queue: what that adds is submitted by the same loop. */
  #submitWaiting(): void {
    if (this.#task === 'submitting') return;
    this.#task = 'submitting';
    try {
      this.#submitUntilFull();
    } finally {
      this.#task = 'none';
    }
    this.#tellGone();
  }

  #submitUntilFull(): void {
    for (; this.#next < this.#waiting.length; this.#next += 1) {
      const parcel = this.#waiting[this.#next];
      if (parcel === undefined) break;
      const cost = costOf(parcel);
      if (!this.#submit(parcel)) break;
      this.#waitingBytes -= cost;
    }
    if (this.#next === this.#waiting.length || this.#next > SUBMITTED_MAX) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }

  #tellGone(): void {
    const goneCount = this.#waitedCount - (this.#waiting.length - this.#next);
    while (this.#gone[0] !== undefined && this.#gone[0].count <= goneCount) {
      this.#gone.shift()?.resolve();
    }
  }

  /** Whether it is dealt with, and the next one's turn. */
  #submit(parcel: Parcel): boolean {
    if (parcel.isDropped) return true;
    // Waiting for an empty parcel would be waiting for an answer that never comes.
    if (parcel.count === 0) return true;
    const { packer, count, bytes } = parcel;
    const inFlight = this.#inFlight;
    if (parcel.isPromised && inFlight.promised > 0 && inFlight.promised + count > IN_FLIGHT_MAX) {
      return false;
    }
    try {
      parcel.submitted(this.#store.submit(packer), { count, bytes });
      inFlight.add(parcel);
    } catch (failure) {
      const error = foqErrorOf(failure);
      if (error.code === 'FOQ_BUSY') {
        this.#retryLater();
        return false;
      }
      parcel.refuse(error);
      packer.clear();
      this.#onFailure(error);
    }
    if (bytes <= SPARE_BYTES_MAX && this.#spares.length < SPARES_MAX) this.#spares.push(packer);
    return true;
  }

  /** Our own answers bring us back here; those of other threads are not heard. */
  #retryLater(): void {
    if (this.#inFlight.operations > 0 || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#submitWaiting();
      this.#tellIdle();
    }, RETRY_MS);
  }

  /** Answers have come: the store takes more. */
  #advance(): void {
    if (this.#next < this.#waiting.length) this.#submitWaiting();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #isIdle(): boolean {
    const hasWaiting = this.#next < this.#waiting.length || (this.#open?.parcel.count ?? 0) > 0;
    return !hasWaiting && this.#inFlight.operations === 0;
  }

  #takePacker(): OperationPacker {
    return this.#spares.pop() ?? this.#store.packer(PACKER_BYTES);
  }
}

/** Bytes that count as waiting. */
function costOf(parcel: Parcel): number {
  return parcel.bytes + parcel.count * OPERATION_BYTES;
}
