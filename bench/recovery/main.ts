// The scenario `recovery`: a process under load is killed, and a new one opens the store: how long
// until its first append is durable, with little sealed and with much.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  affordable,
  bytesOnDisk,
  Child,
  COMMON_OPTIONS,
  type Counters,
  estimate,
  median,
  type Row,
  roundsOf,
  scenario,
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
  const child = new Child(values.child);
  try {
    const counters = await child.ask<Counters>('fill', { dir, bytes, windowBytes });
    return { dir, bytes, windowBytes, counters };
  } finally {
    await child.kill();
  }
}

/** Milliseconds to the first durable append after a kill under load. */
async function restart(store: Store): Promise<number> {
  await loadAndKill(store);
  const child = new Child(values.child);
  try {
    return await child.ask<number>('firstAck', store);
  } finally {
    await child.kill();
  }
}

async function loadAndKill(store: Store): Promise<void> {
  let settle: (() => void) | undefined;
  const loaded = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const child = new Child(values.child, { heard: () => settle?.() });
  try {
    // The load ends only with its process: unless it fails first, that is what is awaited.
    const failed = child.ask('load', store);
    await Promise.race([loaded, failed]);
    failed.catch(() => undefined);
  } finally {
    await child.kill();
  }
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const rounds = roundsOf(values, { quick: 3, full: 10 });
  const small = await filled(join(folder, 'small'), Math.min(0.5 * GB, wanted / 4));
  const large = await filled(join(folder, 'large'), affordable(folder, wanted * 1.2) / 1.2);
  const [ratios, few, many] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < rounds; round++) {
    console.error(`  round ${round + 1} of ${rounds}`);
    const order = round % 2 === 0 ? [small, large, large, small] : [large, small, small, large];
    const times = new Map<Store, number>();
    for (const store of order) {
      times.set(store, (times.get(store) ?? 0) + (await restart(store)) / 2);
    }
    few.push(times.get(small) ?? Number.NaN);
    many.push(times.get(large) ?? Number.NaN);
    ratios.push((times.get(large) ?? Number.NaN) / (times.get(small) ?? Number.NaN));
  }
  const onDisk = (dir: string, name: string) => (bytesOnDisk(dir).get(name) ?? 0) / GB;
  const row: Row = {
    target: '11',
    title: `restart with ${(large.bytes / GB).toFixed(1)} GB / ${(small.bytes / GB).toFixed(1)} GB`,
    value: estimate(ratios),
    must: 2,
    aim: 1.1,
    lessIsBetter: true,
    beside: {
      'ms with little': median(few),
      'ms with much': median(many),
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
