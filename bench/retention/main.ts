// The scenario `retention`: bytes written per payload byte, CPU of sealing and space on disk, by
// the share of messages that outlive the journal. Bytes are counted by the engine and by the
// device; the row is what the device says.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  affordable,
  COMMON_OPTIONS,
  type Counters,
  estimate,
  inRounds,
  median,
  type Row,
  roundsOf,
  scenario,
  withChild,
} from '../tools/index.js';
import type { Given, Seen } from './child.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    window: { type: 'string' },
    windows: { type: 'string', default: '4' },
    child: { type: 'string', default: '' },
  },
});

const windowBytes = Number(values.window ?? (values.quick ? 256 : 1024)) * 2 ** 20;
const windows = Number(values.windows);

interface Bars {
  readonly linger: number;
  readonly written: readonly [must: number, aim: number];
  readonly seconds?: readonly [must: number, aim: number];
}

const LINGERS: readonly Bars[] = [
  { linger: 0.05, written: [1.7, 1.4], seconds: [0.3, 0.15] },
  { linger: 0.2, written: [2.2, 1.8] },
  { linger: 0.5, written: [3.2, 2.6], seconds: [0.8, 0.5] },
];
const SPACE = [2, 1.5] as const;

async function run(folder: string, linger: number): Promise<Seen> {
  const dir = join(folder, 'store');
  const given: Given = { dir, windowBytes, linger, windows };
  try {
    return await withChild(values.child, (child) => child.ask<Seen>('run', given));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  // Without sealing nothing leaves, and all of one run is on the disk at once.
  const bytes = windowBytes * (windows + 4) * 2;
  if (affordable(folder, bytes) < bytes) throw new Error('the disk has too little space');
  const rounds = roundsOf(values, { quick: 1, full: 5 });
  const seen = LINGERS.map((bars) => ({ bars, runs: [] as Seen[] }));
  await inRounds(rounds, async (round) => {
    for (const { bars, runs } of round % 2 === 0 ? seen : [...seen].reverse()) {
      console.error(`    ${bars.linger * 100} % linger`);
      runs.push(await run(folder, bars.linger));
    }
  });
  const mib = windowBytes / 2 ** 20;
  return {
    rows: seen.flatMap(({ bars, runs }) => rowsOf(bars, runs)),
    facts: { window: `${mib} MiB; ${windows} times that was written and counted` },
  };
}

const KINDS = {
  payload: (it: Counters) => it.payloadBytes,
  'headers and rest': (it: Counters) =>
    it.journalBytes - it.payloadBytes - it.ackBytes - it.membershipBytes,
  acks: (it: Counters) => it.ackBytes,
  segments: (it: Counters) => it.segmentBytes,
  'rows (states)': (it: Counters) => it.stateBytes,
  'rows (inboxes)': (it: Counters) => it.inboxBytes,
  merges: (it: Counters) => it.mergedBytes,
};

function rowsOf({ linger, written, seconds }: Bars, runs: readonly Seen[]): Row[] {
  const title = (text: string) => `${text}, 1 KiB, ${linger * 100} % linger`;
  const perPayload = (bytes: (it: Seen) => number) =>
    runs.map((it) => bytes(it) / it.counters.payloadBytes);
  const kinds = Object.entries(KINDS).map(([name, of]): [string, number] => {
    return [name, median(perPayload(({ counters }) => of(counters)))];
  });
  const total = kinds.reduce((sum, [, share]) => sum + share, 0);
  const counts = (name: keyof Counters) => median(runs.map(({ counters }) => counters[name]));
  const rows: Row[] = [
    {
      target: '12',
      title: title('bytes the device wrote / payload'),
      value: estimate(perPayload(({ deviceBytes }) => deviceBytes)),
      must: written[0],
      aim: written[1],
      lessIsBetter: true,
      beside: { 'as counted': total, ...Object.fromEntries(kinds), seals: counts('seals') },
    },
    {
      target: '25',
      title: title('disk beyond the window / live bytes'),
      value: estimate(runs.map(spaceOf)),
      must: SPACE[0],
      aim: SPACE[1],
      lessIsBetter: true,
      beside: {
        'live MB': median(runs.map(({ liveBytes }) => liveBytes / 1e6)),
        ...onDiskOf(runs),
        'expired tables': counts('expiredTables'),
      },
    },
  ];
  if (seconds !== undefined) rows.push(cpuRow({ title, seconds, runs }));
  return rows;
}

/** A run in which nothing was sealed has no figure. */
function cpuRow(given: {
  readonly title: (text: string) => string;
  readonly seconds: readonly [number, number];
  readonly runs: readonly Seen[];
}): Row {
  const sealed = given.runs.filter(
    ({ counters, sealSeconds }) => counters.seals > 0 && !Number.isNaN(sealSeconds),
  );
  const perGb = ({ sealSeconds, counters }: Seen) => (sealSeconds * 1e9) / counters.payloadBytes;
  return {
    target: '12',
    title: given.title('CPU s of sealing and merging per GB'),
    value: estimate(sealed.map(perGb)),
    must: given.seconds[0],
    aim: given.seconds[1],
    lessIsBetter: true,
  };
}

/** The journal may fill its window; what else is on the disk is held against live bytes. */
function spaceOf({ storeBytes, liveBytes }: Seen): number {
  return Math.max(0, storeBytes - windowBytes) / liveBytes;
}

function onDiskOf(runs: readonly Seen[]): Record<string, number> {
  const names = ['journal', 'segments', 'states', 'inbox'];
  const of = (name: string) => median(runs.map(({ onDisk }) => (onDisk.get(name) ?? 0) / 1e6));
  return Object.fromEntries(names.map((name) => [`${name} MB`, of(name)]));
}

await scenario({ name: 'retention', values, measure });
