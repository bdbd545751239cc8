// What a conformance case is: one promise of docs/guarantees.md or of the interface, as a sentence,
// and code that holds any queue to it by nothing but the public interface.
//
// Invariants: a case makes its own stores and shares none. What only some stores can do (to crash,
// to move a clock) is a capability, and an opener that lacks one says why.

import type { Duration, Keep, Queue } from '../../protocol/index.js';
import type { Checks } from './checks.js';

/** What a store may be able to do beside the interface; `space`: take more than 64 KiB at once. */
export type Capability = 'reopen' | 'crash' | 'clock' | 'timers' | 'faults' | 'space';

/** Options of a store that cases set. */
export interface StoreOptions {
  readonly ackFlushMs?: number;
  readonly dedupDepth?: number;
  readonly durability?: 'fsync' | 'page-cache-unsafe';
  readonly keep?: Keep;
  readonly keepAtLeast?: Duration;
  readonly maxAge?: Duration;
  readonly maxBytes?: number;
  readonly payloadBytesMax?: number;
  readonly pendingBytesMax?: number;
}

/** The stores of one case. */
export interface World {
  /** A new, empty store. */
  open(options?: StoreOptions): Promise<Queue>;
  /** Closes the queue and opens its store again (`reopen`). */
  reopen(queue: Queue, options?: StoreOptions): Promise<Queue>;
  /** Loses what is not durable, as a power cut does, and opens the store again (`crash`). */
  crash(queue: Queue): Promise<Queue>;
  /** Lets this much time pass for all stores of the case (`clock`), and for delivery (`timers`). */
  advance(ms: number): Promise<void>;
  /** A turn of the event loop; where time is simulated, this much of it passes. */
  turn(ms: number): Promise<void>;
  /** The next sync of this queue's store fails (`faults`). */
  breakDisk(queue: Queue): void;
  /** Takes all free space of this queue's disk (`faults`). */
  fillDisk(queue: Queue): Promise<void>;
  /** What repeats the case, such as its seeds. */
  note?(): string;
}

export interface Opener {
  readonly name: string;
  /** Each capability that it has not, and why. */
  readonly lacks: Partial<Readonly<Record<Capability, string>>>;
  /** The stores of one case; `end` closes them and removes what they left. */
  begin(): World & { end(): Promise<void> };
}

export interface Case {
  readonly title: string;
  /** Numbers of docs/guarantees.md, such as `I2`; empty for what only the interface promises. */
  readonly guarantees: readonly string[];
  readonly needs?: readonly Capability[];
  /** Default `CASE_MS_MAX`. */
  readonly msMax?: number;
  run(t: Checks, world: World): Promise<void>;
}

/** No case takes as long on a slow machine that others use too; beyond it something hangs. */
export const CASE_MS_MAX = 120_000;

/** Why this opener cannot run this case; undefined when it can. */
export function lackOf(opener: Opener, { needs = [] }: Case): string | undefined {
  const reasons = needs.flatMap((need) => opener.lacks[need] ?? []);
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

/** Runs a case; throws what it found wrong. A case that checked nothing has failed. */
export async function runCase(subject: Case, opener: Opener, checks: Checks): Promise<void> {
  const world = opener.begin();
  try {
    await withinMs(subject.run(checks, world), subject.msMax ?? CASE_MS_MAX);
    if (checks.count === 0) throw new Error('the case checked nothing');
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error([said, ...(world.note ? [world.note()] : [])].join('\n'), { cause: error });
  } finally {
    await withinMs(world.end(), CASE_MS_MAX);
  }
}

async function withinMs(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
