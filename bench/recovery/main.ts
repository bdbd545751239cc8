// The scenario `recovery`: a process under load is killed, and a new one opens the store: how long
// until its first append is durable, with little sealed and with much.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  affordable,
  bytesOnDisk,
  type Child,
  COMMON_OPTIONS,
  type Counters,
  estimate,
  inRounds,
  lookAtBoth,
  mean,
  median,
  type Row,
  roundsOf,
  scenario,
  withChild,
} from '../tools/index.js';
import type { Given } from './child.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    gigabytes: { type: 'string' },
    window: { type: 'string', default: '128' },
    child: { type: 'string', default: '' },
  },
});

const GB = 1e9;
const wanted = Number(values.gigabytes ?? (values.quick ? 2 : 10)) * GB;
const windowBytes = Number(values.window) * 2 ** 20;

interface Store extends Given {
  readonly counters: Counters;
}

async function filled(dir: string, bytes: number): Promise<Store> {
  console.error(`  filling ${(bytes / GB).toFixed(2)} GB`);
  const given: Given = { dir, bytes, windowBytes };
  const counters = await withChild(values.child, (child) => child.ask<Counters>('fill', given));
  return { ...given, counters };
}

/** Milliseconds to the first durable append after a kill under load. */
async function restart(store: Store): Promise<number> {
  await loadAndKill(store);
  return await withChild(values.child, (child) => child.ask<number>('firstAck', store));
}

async function loadAndKill(store: Store): Promise<void> {
  let settle: (() => void) | undefined;
  const loaded = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const run = async (child: Child) => {
    // The load ends only with its process: unless it fails first, that is what is awaited.
    const failed = child.ask('load', store);
    await Promise.race([loaded, failed]);
    failed.catch(() => undefined);
  };
  await withChild(values.child, run, { heard: () => settle?.() });
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const rounds = roundsOf(values, { quick: 3, full: 10 });
  const small = await filled(join(folder, 'small'), Math.min(0.5 * GB, wanted / 4));
  const large = await filled(join(folder, 'large'), affordable(folder, wanted * 1.2) / 1.2);
  const seen = await inRounds(rounds, async (round) => {
    const [little, much] = await lookAtBoth(round, [small, large], restart);
    return { little: mean(little), much: mean(much) };
  });
  const onDisk = (dir: string, name: string) => (bytesOnDisk(dir).get(name) ?? 0) / GB;
  const row: Row = {
    target: '11',
    title: `restart with ${(large.bytes / GB).toFixed(1)} GB / ${(small.bytes / GB).toFixed(1)} GB`,
    value: estimate(seen.map(({ little, much }) => much / little)),
    must: 2,
    aim: 1.1,
    lessIsBetter: true,
    beside: {
      'ms with little': median(seen.map(({ little }) => little)),
      'ms with much': median(seen.map(({ much }) => much)),
      'segments GB': onDisk(large.dir, 'segments'),
      'journal GB': onDisk(large.dir, 'journal'),
      'journal GB of the small': onDisk(small.dir, 'journal'),
      seals: large.counters.seals,
      merges: large.counters.merges,
      tables: large.counters.tables,
    },
  };
  await rm(large.dir, { recursive: true, force: true });
  const facts = {
    'asked for': `${wanted / GB} GB`,
    written: `${(large.bytes / GB).toFixed(2)} GB, as the disk allows`,
    'page cache': 'not emptied',
  };
  return { rows: [row], facts };
}

await scenario({ name: 'recovery', values, measure });
