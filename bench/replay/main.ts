// The scenario `replay`: backlogs of 1,000 records read into JavaScript, hot and cold, against what
// others make of the same backlogs. A peer that is not installed is named and left out.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  COMMON_OPTIONS,
  estimate,
  inRounds,
  lookAtBoth,
  mean,
  median,
  type Row,
  roundsOf,
  scenario,
} from '../tools/index.js';
import { lmdb, sqlite } from './embedded.js';
import type { Found, Peer, Replayed, Shape } from './peer.js';
import { ColdStore, HotQueue } from './queue.js';
import { redis } from './redis.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    chats: { type: 'string' },
    payload: { type: 'string', default: '256' },
  },
});

const shape: Shape = {
  chats: Number(values.chats ?? (values.quick ? 100 : 500)),
  records: 1_000,
  payloadBytes: Number(values.payload),
};

type Replay = (started: () => void) => Promise<Replayed>;

/** Records a second; throws when not every byte arrived. */
async function rateOf(replay: Replay): Promise<number> {
  let startAt = performance.now();
  const { records, bytes } = await replay(() => {
    startAt = performance.now();
  });
  const ms = performance.now() - startAt;
  const whole = records === shape.chats * shape.records && bytes === records * shape.payloadBytes;
  if (!whole) throw new Error(`${records} records of ${bytes} bytes were replayed`);
  return (records * 1000) / ms;
}

/** Records a second in one round. */
interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const dirs = {
    peers: join(folder, 'peers'),
    hot: join(folder, 'hot'),
    cold: join(folder, 'cold'),
  };
  await mkdir(dirs.peers);
  const found: Found[] = [await lmdb(dirs.peers), await redis(dirs.peers), sqlite(dirs.peers)];
  const peers = found.filter((it): it is Peer => !('absent' in it));
  try {
    for (const peer of peers) await peer.write(shape);
    const [hot, cold] = [
      await HotQueue.write(dirs.hot, shape),
      await ColdStore.write(dirs.cold, shape),
    ];
    try {
      const rows = await rowsOf({ peers, hot, cold });
      return { rows, facts: factsOf(found) };
    } finally {
      await hot.close();
    }
  } finally {
    for (const peer of peers) await peer.close();
  }
}

function factsOf(found: readonly Found[]): Record<string, string> {
  const say = (it: Found) => ('absent' in it ? `left out: ${it.absent}` : it.facts);
  return {
    'page cache': 'not emptied',
    ...Object.fromEntries(found.map((it) => [it.name, say(it)])),
  };
}

async function rowsOf(given: {
  readonly peers: readonly Peer[];
  readonly hot: HotQueue;
  readonly cold: ColdStore;
}): Promise<Row[]> {
  const rounds = roundsOf(values, { quick: 3, full: 20 });
  const rows: Row[] = [];
  const ways: readonly (readonly [string, Replay])[] = [
    ['hot', () => given.hot.replay(shape)],
    ['cold', (started) => given.cold.replay(shape, started)],
  ];
  for (const [way, ours] of ways) {
    for (const peer of given.peers) {
      console.error(`  ${way} / ${peer.name}`);
      const theirs: Replay = () => peer.replay(shape);
      const pairs = await inRounds(rounds, async (round): Promise<Pair> => {
        const [ofOurs, ofTheirs] = await lookAtBoth(round, [ours, theirs], rateOf);
        return { ours: mean(ofOurs), theirs: mean(ofTheirs) };
      });
      const beside = way === 'cold' ? { 'cold lookups': given.cold.coldLookups } : {};
      rows.push(rowOf({ way, peer, pairs, beside }));
    }
  }
  return rows;
}

function rowOf(given: {
  readonly way: string;
  readonly peer: Peer;
  readonly pairs: readonly Pair[];
  readonly beside: Readonly<Record<string, number>>;
}): Row {
  const { way, peer, pairs, beside } = given;
  const { chats, records, payloadBytes } = shape;
  // SQLite is printed only: it is not what the target names.
  const bars = peer.name.startsWith('SQLite') ? {} : { must: 3, aim: 10 };
  return {
    target: '14',
    title: `${chats} x ${records} records of ${payloadBytes} B, ${way} / ${peer.name}`,
    value: estimate(pairs.map(({ ours, theirs }) => ours / theirs)),
    ...bars,
    beside: {
      'M records/s': median(pairs.map(({ ours }) => ours / 1e6)),
      'theirs M/s': median(pairs.map(({ theirs }) => theirs / 1e6)),
      ...beside,
    },
  };
}

await scenario({ name: 'replay', values, measure });
