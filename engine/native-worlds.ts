// What the addon offers for simulated worlds, as types. `native.ts` loads it; `testing/world.ts`
// is the only caller.

import type { NativeOptions } from './native.js';

/** See native/binding/src/simulated.rs. Every call throws an `Error` with a `code`. */
export interface WorldAddon {
  worldNew(side: number, seed: number, wallMs: number): number;
  worldEnd(side: number, world: number): void;
  worldOpen(side: number, world: number, options: NativeOptions): number;
  worldNow(side: number, world: number): number;
  worldAdvance(side: number, world: number, ms: number): number;
  worldSpace(side: number, world: number, freeBytes?: number): number;
  worldFail(
    ...args: [
      side: number,
      world: number,
      call: 'sync' | 'write' | 'read',
      code: 'EIO' | 'ENOSPC',
      nth: number,
    ]
  ): void;
  worldCutAfter(side: number, world: number, calls: number): void;
  worldClear(side: number, world: number): void;
  worldStop(side: number, world: number): void;
  worldStopped(side: number, world: number): boolean;
  worldCalls(side: number, world: number): number;
  worldRestart(side: number, world: number, lostPower: boolean): void;
}
