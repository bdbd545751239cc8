// Target 13: the latency of appends while files are sealed and tables merged, against a queue whose
// journal has room for all of it.

import type { Queue } from '../../engine/index.js';
import {
  counted,
  countersOf,
  estimate,
  inBulks,
  lookAtBoth,
  mean,
  median,
  type Row,
  rest,
  type SealingOptions,
} from '../tools/index.js';
import { atRate, type Load, maximum } from './load.js';

export interface SealingBench {
  readonly rounds: number;
  readonly windowMs: number;
  freshSealing(name: string, sealing: SealingOptions): Promise<Queue>;
  /** Writes files for so many bytes of journal in advance. */
  lend(queue: Queue, bytes: number): Promise<void>;
  discard(queue: Queue): Promise<void>;
}

const CHATS = 10_000;
/** Of the chats, those that have a device which never acks: their records are sealed. */
const LINGER = 0.2;
const PAYLOAD_BYTES = 1024;
const RATE_SHARE = 0.3;
const SEALING_BYTES = 64 << 20;
/** Twice the window, so that seals have begun. */
const WARM_RECORDS = (2 * SEALING_BYTES) / PAYLOAD_BYTES;
const QUIET_BYTES = 64 * 2 ** 30;
const DAY_MS = 24 * 60 * 60_000;
/** Windows long enough to hold seals. */
const WINDOW_SHARE = 4;

export async function whileSealing(bench: SealingBench): Promise<Row[]> {
  const of = (bytes: number) => ({ journalWindowBytes: bytes, journalWindowMs: DAY_MS });
  const quiet = await bench.freshSealing('quiet', of(QUIET_BYTES));
  const sealing = await bench.freshSealing('sealing', of(SEALING_BYTES));
  try {
    return [await compare(bench, { quiet, sealing })];
  } finally {
    await bench.discard(quiet);
    await bench.discard(sealing);
  }
}

async function compare(
  bench: SealingBench,
  queues: { readonly quiet: Queue; readonly sealing: Queue },
): Promise<Row> {
  const chatIds = Array.from({ length: CHATS }, (_, chat) => `c${chat}`);
  const load = (queue: Queue): Load => {
    const windowMs = bench.windowMs * WINDOW_SHARE;
    return { queue, chatIds, payloadBytes: PAYLOAD_BYTES, windowMs };
  };
  const [quiet, sealing] = [load(queues.quiet), load(queues.sealing)];
  for (const { queue } of [quiet, sealing]) {
    await inBulks(queue, CHATS * LINGER, (bulk, chat) => bulk.join(`c${chat}`, 'away/d'));
    const payload = new Uint8Array(PAYLOAD_BYTES);
    await inBulks(queue, WARM_RECORDS, (bulk, number) =>
      bulk.append(`c${number % CHATS}`, payload),
    );
  }
  const rate = (await maximum({ ...quiet, windowMs: bench.windowMs })).rate * RATE_SHARE;
  const bytes = 1.2 * PAYLOAD_BYTES * rate * (quiet.windowMs / 1000);
  const before = await countersOf(queues.sealing);
  const [ratios, calm, busy] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < bench.rounds; round++) {
    const p99 = async (side: Load) => {
      // What the one still has to seal would be heard in the other.
      if (side === quiet) await rest(queues.sealing);
      // A journal that is sealed recycles its files; one that is not would write new ones.
      if (side === quiet) await bench.lend(queues.quiet, bytes);
      return (await atRate(side, rate)).latency.percentile(0.99);
    };
    const [ofQuiet, ofSealing] = await lookAtBoth(round, [quiet, sealing], p99);
    calm.push(mean(ofQuiet));
    busy.push(mean(ofSealing));
    ratios.push(mean(ofSealing) / mean(ofQuiet));
  }
  const { seals, merges, sealedRecords } = counted(before, await countersOf(queues.sealing));
  return {
    target: '13',
    title: 'append p99 while sealing and merging / quiet, 1 KiB, 20 % linger',
    // Nothing was sealed: then there is nothing to compare.
    value: estimate(seals === 0 ? [] : ratios),
    must: 1.5,
    aim: 1.15,
    lessIsBetter: true,
    beside: {
      'quiet ms': median(calm),
      'sealing ms': median(busy),
      'appends/s': rate,
      seals,
      merges,
      sealedRecords,
    },
  };
}
