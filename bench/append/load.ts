// Loads on a queue through its public interface: at its maximum, at a rate, one at a time, and
// with a promise each. Every load ends by itself and leaves nothing in flight.

import { FoqError, type Queue } from '../../engine/index.js';
import { type Cpu, cpuNow, cpuSince, Histogram, isRefused, pause } from '../tools/index.js';
import { ChatIds } from './chat-ids.js';

/** What one window of load showed. */
export interface Window {
  /** Records made durable a second. */
  readonly rate: number;
  readonly records: number;
  /** Microseconds per record. */
  readonly cpu: Cpu;
  /** Milliseconds from when a record was due until it was durable; open loop only. */
  readonly latency: Histogram;
  /** How late the generator was, in ms at the 99th percentile; open loop only. */
  readonly lagMs: number;
}

export interface Load {
  readonly queue: Queue;
  readonly chatIds: readonly string[];
  readonly payloadBytes: number;
  readonly windowMs: number;
  /** Draws in place of `chatIds`, for loads on more chats than there are texts for. */
  readonly draw?: (() => string) | undefined;
}

/** Records of one bulk at the maximum. */
const BULK_RECORDS = 512;
/** Records of one bulk at a rate: a generator that is late catches up in several. */
const LATE_RECORDS = 2048;
/** A record that was refused for want of room counts as one that took so long. */
const REFUSED_MS = 60_000;
/** Payload bytes in flight at the maximum, as the native generator has it. */
const IN_FLIGHT_BYTES = 8 << 20;

/** Closed loop: as many bulks in flight as hold `IN_FLIGHT_BYTES`. */
export async function maximum(load: Load): Promise<Window> {
  const lanes = Math.max(2, Math.ceil(IN_FLIGHT_BYTES / load.payloadBytes / BULK_RECORDS));
  return await together(load, lanes, (turn) => appendMany(turn, BULK_RECORDS));
}

/** Closed loop of `inFlight` single appends, each awaited by itself. */
export async function promises(load: Load, inFlight: number): Promise<Window> {
  return await together(load, inFlight, async ({ queue, chatId, payload }) => {
    await queue.append(chatId(), payload);
    return 1;
  });
}

interface Turn {
  readonly queue: Queue;
  readonly payload: Uint8Array;
  chatId(): string;
}

async function appendMany({ queue, payload, chatId }: Turn, count: number): Promise<number> {
  const bulk = queue.bulk();
  for (let index = 0; index < count; index++) bulk.append(chatId(), payload);
  // Refused because the sealer is behind: not stored, so not counted.
  const refused = (await bulk.commit()).filter(isRefused).length;
  if (refused > 0) await pause();
  return count - refused;
}

/** Runs a step in so many lanes until the window is over, and counts what finished within it. */
async function together(
  load: Load,
  lanes: number,
  step: (turn: Turn) => Promise<number>,
): Promise<Window> {
  const turn = turnOf(load);
  const [startAt, before] = [performance.now(), cpuNow()];
  const endAt = startAt + load.windowMs;
  let records = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endAt) {
      // Not `+= await`: that reads the sum before other lanes have added to it.
      const done = await step(turn);
      records += done;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return windowOf({ records, startAt, before, latency: new Histogram(), lagMs: 0 });
}

/** Open loop: each millisecond a bulk of all records that are due, whatever is in flight. */
export async function atRate(load: Load, rate: number): Promise<Window> {
  const turn = turnOf(load);
  const [startAt, before] = [performance.now(), cpuNow()];
  const [latency, lag] = [new Histogram(), new Histogram()];
  const total = Math.floor((rate * load.windowMs) / 1000);
  const under: Promise<void>[] = [];
  let submitted = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const due = Math.min(total, Math.floor(((now - startAt) * rate) / 1000));
      const dueAt = (number: number) => startAt + (number * 1000) / rate;
      if (due > submitted) lag.add(now - dueAt(submitted));
      while (submitted < due) {
        const [first, count] = [submitted, Math.min(LATE_RECORDS, due - submitted)];
        submitted += count;
        const settled = (doneAt: number | undefined) => {
          for (let number = 0; number < count; number++) {
            latency.add(doneAt === undefined ? REFUSED_MS : doneAt - dueAt(first + number));
          }
        };
        under.push(
          appendMany(turn, count).then(
            (stored) => settled(stored === count ? performance.now() : undefined),
            // Nothing was stored: offered more than can be taken.
            (error: unknown) => settled(refusal(error)),
          ),
        );
      }
      if (submitted < total) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await Promise.all(under);
  return windowOf({ records: total, startAt, before, latency, lagMs: lag.percentile(0.99) });
}

/** Undefined for FOQ_BUSY; throws anything else. */
function refusal(error: unknown): undefined {
  if (!(error instanceof FoqError && error.code === 'FOQ_BUSY')) throw error;
  return undefined;
}

/** One append at a time, each awaited before the next. */
export async function oneByOne(load: Load): Promise<Window> {
  return await promises(load, 1);
}

function turnOf({ queue, chatIds, payloadBytes, draw }: Load): Turn {
  const payload = new Uint8Array(payloadBytes).fill(0x5a);
  if (draw !== undefined) return { queue, payload, chatId: draw };
  const ids = new ChatIds(chatIds, chatIds.length + payloadBytes);
  return { queue, payload, chatId: () => ids.next() };
}

function windowOf(seen: {
  records: number;
  startAt: number;
  before: Cpu;
  latency: Histogram;
  lagMs: number;
}): Window {
  const { records, startAt, before, latency, lagMs } = seen;
  const spent = cpuSince(before);
  return {
    rate: (records * 1000) / (performance.now() - startAt),
    records,
    cpu: { process: spent.process / records, thread: spent.thread / records },
    latency,
    lagMs,
  };
}
