// A simulated machine: its disk, its clock, and what goes wrong with them. It outlives the queues
// that are opened in it, one after another.
//
// Invariant: once it has stopped, nothing changes what its disk holds until `restart`.

import { addon, type NativeOptions, Side } from '../native.js';
import { NativeStore } from '../native-store.js';
import type { Answers, StoreHandle } from '../native-types.js';

/** What the addon keeps of a world whose object is gone is let go too. */
const forgotten = new FinalizationRegistry<{ side: number; world: number }>(({ side, world }) => {
  addon.worldEnd(side, world);
});

const NOTHING = new Uint8Array(0);

/** How the machine comes to its end: a power cut, or only the death of the process. */
export type Death = 'power-cut' | 'kill';

export class World {
  readonly seed: number;
  readonly #side = Side.get();
  readonly #world: number;
  #death: Death = 'power-cut';

  /** Its clock shows `startsAt`, ms since the epoch, until it is moved. */
  constructor({ seed, startsAt }: { seed: number; startsAt: number }) {
    this.seed = seed;
    this.#world = addon.worldNew(this.#side.number, seed, startsAt);
    forgotten.register(this, { side: this.#side.number, world: this.#world });
  }

  /** FOQ_LOCKED while a store is open in it. */
  open(options: NativeOptions, answers: Answers): Promise<StoreHandle> {
    const start = (side: number) => addon.worldOpen(side, this.#world, options);
    return NativeStore.openBy(start, answers);
  }

  get now(): number {
    return addon.worldNow(this.#side.number, this.#world);
  }

  /** Time passes at once; resolves when an open store has done what is due. */
  async advance(ms: number): Promise<void> {
    await this.#answered(addon.worldAdvance(this.#side.number, this.#world, ms));
  }

  /** Free bytes from now on, without a number all; resolves when an open store has seen it. */
  async setFreeBytes(bytes?: number): Promise<void> {
    await this.#answered(addon.worldSpace(this.#side.number, this.#world, bytes));
  }

  /** The `nth` call of this kind from now fails. */
  fail(call: 'sync' | 'write' | 'read', { code, nth }: { code: 'EIO' | 'ENOSPC'; nth: number }) {
    addon.worldFail(this.#side.number, this.#world, call, code, nth);
  }

  /** A power cut after so many disk calls. */
  cutAfter(calls: number): void {
    addon.worldCutAfter(this.#side.number, this.#world, calls);
  }

  /** Takes back what was planned and has not happened. */
  clear(): void {
    addon.worldClear(this.#side.number, this.#world);
  }

  /** Disk calls since it was started. */
  get calls(): number {
    return addon.worldCalls(this.#side.number, this.#world);
  }

  stop(death: Death): void {
    if (this.isStopped) return;
    this.#death = death;
    addon.worldStop(this.#side.number, this.#world);
  }

  get isStopped(): boolean {
    return addon.worldStopped(this.#side.number, this.#world);
  }

  /** The disk as the way in which the machine stopped left it; as it is, if it did not stop. */
  restart(): void {
    const lostPower = this.isStopped && this.#death === 'power-cut';
    addon.worldRestart(this.#side.number, this.#world, lostPower);
    this.#death = 'power-cut';
  }

  async #answered(request: number): Promise<void> {
    await this.#side.wait(request);
    addon.takeAnswer(this.#side.number, request, NOTHING);
  }
}
