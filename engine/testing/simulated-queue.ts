// A queue in a simulated world, with the means to move its time and to break its disk.

import { randomInt } from 'node:crypto';
import { type Duration, FoqError, type Queue } from '../../protocol/index.js';
import { durationMs } from '../durations.js';
import { foqErrorOf, invalidArgument } from '../errors.js';
import { openWith } from '../open.js';
import type { OpenOptions } from '../options.js';
import { MortalStore } from './mortal-store.js';
import { type Death, World } from './world.js';

/** 2026-01-01, UTC: when every simulated clock starts. */
const STARTS_AT = Date.UTC(2026, 0, 1);
/** A simulated store holds little, and is opened often. */
const JOURNAL_FILE_BYTES = 2 * 1024 * 1024;
const PAYLOAD_BYTES_MAX = 1024 * 1024;
/** What `randomInt` can give. */
const SEED_END = 2 ** 48 - 1;

/** Options of the store as of any other; `dir` has no path to name. */
export type SimulatedOptions = Omit<OpenOptions, 'dir'> & {
  readonly dir: ':memory:';
  /** Decides what of un-synced writes a crash leaves; a whole number. Random when absent. */
  readonly seed?: number | undefined;
};

/** Time stands still until it is moved. */
export interface SimulatedClock {
  /** Ms since the epoch; 2026-01-01, UTC, at first. */
  now(): number;
  /** Time passes; resolves when the store has done all that is due by then. */
  advance(by: Duration): Promise<void>;
}

/** What may go wrong. `nth` and `calls` count from now. */
export interface SimulatedFaults {
  /** Calls to the disk since the machine was started; a measure for `cutAfter`. */
  readonly calls: number;
  /** Power is cut after so many more calls to the disk: none of what follows reaches it. */
  cutAfter(calls: number): void;
  /** The nth (default: next) call of this kind fails with `code` (default EIO). */
  fail(
    call: 'sync' | 'write' | 'read',
    how?: { readonly code?: 'EIO' | 'ENOSPC' | undefined; readonly nth?: number | undefined },
  ): void;
  /** No byte is free any more, until `freeDisk`; resolves when the store knows. */
  fillDisk(): Promise<void>;
  /** There is space again; resolves when the store knows. */
  freeDisk(): Promise<void>;
  /** Takes back what `cutAfter` and `fail` planned and has not happened. */
  clear(): void;
  /**
   * Cuts the power now: what was not synced is lost, kept or torn, as the seed says. Resolves
   * when every promise of the queue that was under way is settled.
   */
  crash(): Promise<void>;
  /** Ends the process now: what was written is there when it starts again. */
  kill(): Promise<void>;
}

/** A queue, its world, and the way to open it again. */
export type SimulatedQueue = Queue & {
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly faults: SimulatedFaults;
  /**
   * Starts the machine again after a crash, or the process after `kill` and `close`, and opens
   * what survived, with the same clock and the next throws of the same seed.
   */
  reopen(options?: Partial<Omit<SimulatedOptions, 'dir' | 'seed'>>): Promise<SimulatedQueue>;
};

/** As `openQueue` of foq, in a world of its own. */
export async function openQueue(options: SimulatedOptions): Promise<SimulatedQueue> {
  const { dir, seed = randomInt(SEED_END), ...given } = options;
  if (dir !== ':memory:') {
    throw invalidArgument('dir', "':memory:' here; openQueue of 'foq' opens directories", dir);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw invalidArgument('seed', 'a whole number that is not negative', seed);
  }
  return await openIn(new World({ seed, startsAt: STARTS_AT }), given);
}

type Given = Omit<SimulatedOptions, 'dir' | 'seed'>;

async function openIn(world: World, given: Given): Promise<SimulatedQueue> {
  const opened: { store?: MortalStore } = {};
  const queue = await openWith(withDefaults(given), async ({ native }, answers) => {
    opened.store = await MortalStore.open(world, native, answers);
    // Until the store has prepared what it prepares by itself: from then on its calls to the disk
    // are those that operations and the clock ask for.
    await world.advance(0);
    return opened.store.handle;
  });
  const { store } = opened;
  if (store === undefined) throw new Error('a queue opens its store');
  const life = new Life(world, queue, store);
  return Object.assign(queue, {
    seed: world.seed,
    clock: clockOf(world, store),
    faults: faultsOf(world, life),
    reopen: async (changed: Given = {}) => {
      await life.over();
      world.restart();
      return await openIn(world, { ...given, ...changed });
    },
  });
}

/** The path is looked at by nobody. */
function withDefaults(given: Given): OpenOptions {
  const isSmall = (given.payloadBytesMax ?? 0) <= PAYLOAD_BYTES_MAX;
  const file = isSmall ? { journalFileBytes: JOURNAL_FILE_BYTES } : {};
  return { ...file, ...given, dir: 'simulated' };
}

/** From the opening of a queue to its end, which it meets as if it were closed. */
class Life {
  readonly #world: World;
  readonly #queue: Queue;
  #ending: Promise<void> | undefined;

  constructor(world: World, queue: Queue, store: MortalStore) {
    this.#world = world;
    this.#queue = queue;
    queue.on('closed', () => {
      this.#ending ??= Promise.resolve();
    });
    store.onStopped(() => {
      this.#ending ??= this.#queue.close();
    });
  }

  async end(death: Death): Promise<void> {
    this.#world.stop(death);
    this.#ending ??= this.#queue.close();
    await this.#ending;
  }

  /** Resolves when nothing of the queue goes on. */
  async over(): Promise<void> {
    if (this.#ending === undefined && !this.#world.isStopped) {
      throw new FoqError('FOQ_INVALID_ARGUMENT', {
        message: 'the queue is open: close, crash or kill it before it is reopened',
      });
    }
    this.#ending ??= this.#queue.close();
    await this.#ending;
  }
}

function clockOf(world: World, store: MortalStore): SimulatedClock {
  return {
    now: () => world.now,
    advance: async (by) => {
      const ms = durationMs(by, 'by');
      await told(() => world.advance(ms));
      store.look();
    },
  };
}

function faultsOf(world: World, life: Life): SimulatedFaults {
  return {
    get calls() {
      return world.calls;
    },
    cutAfter: (calls) => told(() => world.cutAfter(calls)),
    fail: (call, { code = 'EIO', nth = 1 } = {}) => told(() => world.fail(call, { code, nth })),
    fillDisk: () => told(() => world.setFreeBytes(0)),
    freeDisk: () => told(() => world.setFreeBytes()),
    clear: () => world.clear(),
    crash: () => life.end('power-cut'),
    kill: () => life.end('kill'),
  };
}

/** With failures as every call of a queue has them. */
function told<Value>(call: () => Value): Value {
  const tell = (error: unknown): never => {
    throw foqErrorOf(error);
  };
  try {
    const value = call();
    return value instanceof Promise ? (value.catch(tell) as Value) : value;
  } catch (error) {
    return tell(error);
  }
}
