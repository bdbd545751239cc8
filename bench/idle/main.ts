// The scenario `idle`: memory of chats, cursors and remembered appends, in use and after seal.
// Each figure is a difference of two stores, or of one before and after, each in a fresh process.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Child,
  COMMON_OPTIONS,
  estimate,
  inRounds,
  median,
  type Row,
  roundsOf,
  scenario,
  withChild,
} from '../tools/index.js';
import type { Fill, Seen } from './child.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    chats: { type: 'string' },
    child: { type: 'string', default: '' },
  },
});

const chats = Number(values.chats ?? (values.quick ? 100_000 : 1_000_000));
/** Of the wider store; the other has two. */
const CURSORS_MANY = 6;
const APPENDS = 4;
/** Journal bytes of one chat of the widest store, at most; so the window holds all until seal. */
const JOURNAL_BYTES_A_CHAT = 1_200;
const SEALING_BYTES = 32 << 20;
const windowBytes = Math.max(64 << 20, chats * JOURNAL_BYTES_A_CHAT);

interface Life {
  readonly hot: Seen;
  /** In another process, after all was sealed there. */
  readonly sealed: Seen;
  /** In a fresh process over the same store. */
  readonly reopened: Seen;
}

type Shape = Pick<Fill, 'cursors' | 'appends' | 'keyed'>;
type Figures = Readonly<Record<'pair' | 'wide' | 'plain' | 'keyed' | 'few', Life>>;

async function live(folder: string, shape: Shape, count = chats): Promise<Life> {
  const dir = await mkdtemp(join(folder, 'store-'));
  const given: Fill = { ...shape, dir, chats: count, windowBytes };
  // Little journal, so that reading it again leaves little in memory.
  const sealing: Fill = { ...given, windowBytes: SEALING_BYTES };
  try {
    const hot = await inChild(async (child) => {
      await child.ask('open', given);
      return await child.ask<Seen>('fill', given);
    });
    // The stores with appends are only looked at while they are in use.
    if (shape.appends > 0) return { hot, sealed: hot, reopened: hot };
    const sealed = await inChild(async (child) => {
      await child.ask('open', sealing);
      return await child.ask<Seen>('seal', sealing);
    });
    const reopened = await inChild((child) => child.ask<Seen>('open', sealing));
    return { hot, sealed, reopened };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** In a fresh process that closes its store at the end. */
function inChild(step: (child: Child) => Promise<Seen>): Promise<Seen> {
  const run = async (child: Child) => {
    const seen = await step(child);
    await child.ask('close', undefined);
    return seen;
  };
  return withChild(values.child, run, { oneArena: true });
}

async function figuresIn(folder: string): Promise<Figures> {
  const pair = { cursors: 2, appends: 0, keyed: false };
  return {
    few: await live(folder, pair, fewer),
    pair: await live(folder, pair),
    wide: await live(folder, { ...pair, cursors: CURSORS_MANY }),
    plain: await live(folder, { ...pair, appends: APPENDS }),
    keyed: await live(folder, { ...pair, appends: APPENDS, keyed: true }),
  };
}

/** Resident bytes without filters, which are counted apart. */
const unfiltered = ({ residentBytes, counters }: Seen) => residentBytes - counters.filterBytes;
const cursorsMore = CURSORS_MANY - 2;
/** Buffers that both stores have filled are in no difference. */
const fewer = Math.floor(chats / 4);
const more = chats - fewer;

function rowsOf(figures: readonly Figures[]): Row[] {
  // Whole bytes: what is below is noise, and one bar is 0.
  const of = (value: (figure: Figures) => number) =>
    estimate(figures.map((figure) => Math.round(value(figure))));
  const middle = (value: (figure: Figures) => number) => median(figures.map(value));
  const many = chats.toLocaleString('en');
  const row = (target: string, title: string, value: Row['value'], bars: Partial<Row>): Row => {
    return { target, title: `${title}, of ${many} chats`, value, lessIsBetter: true, ...bars };
  };
  const beside = {
    'chats in RAM after seal': middle(({ pair }) => pair.sealed.counters.chats),
    'RSS before MB': middle(({ pair }) => pair.hot.residentBytes / 1e6),
    'after, where it was sealed': middle(({ pair }) => pair.sealed.residentBytes / 1e6),
    'after, fresh process': middle(({ pair }) => pair.reopened.residentBytes / 1e6),
    'filter bytes a chat': middle(({ pair }) => pair.reopened.counters.filterBytes / chats),
    seals: middle(({ pair }) => pair.sealed.counters.seals),
  };
  return [
    row(
      '9',
      'B of RAM of an idle chat, sealed',
      of((it) => (unfiltered(it.pair.reopened) - unfiltered(it.few.reopened)) / more),
      { must: 4, aim: 0, beside },
    ),
    row(
      '9',
      'B of RAM of an idle cursor, sealed',
      of(
        ({ wide, pair }) =>
          (unfiltered(wide.reopened) - unfiltered(pair.reopened)) / chats / cursorsMore,
      ),
      {
        must: 0,
        aim: 0,
        beside: { 'chats in RAM': middle((it) => it.wide.sealed.counters.chats) },
      },
    ),
    row(
      '10',
      'B of RAM of a hot chat of two members and one record',
      of(({ pair, few }) => (pair.hot.residentBytes - few.hot.residentBytes) / more),
      { must: 160, aim: 128 },
    ),
    row(
      '10',
      'B of RAM of a further cursor, hot',
      of(
        ({ wide, pair }) => (wide.hot.residentBytes - pair.hot.residentBytes) / chats / cursorsMore,
      ),
      { must: 24, aim: 20 },
    ),
    row(
      '10',
      'B of RAM of a remembered append, hot',
      of(
        ({ keyed, plain }) => (keyed.hot.residentBytes - plain.hot.residentBytes) / chats / APPENDS,
      ),
      { must: 28, aim: 24 },
    ),
  ];
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const rounds = roundsOf(values, { quick: 1, full: 3 });
  const figures = await inRounds(rounds, () => figuresIn(folder));
  const facts = { allocator: 'one arena (MALLOC_ARENA_MAX=1)' };
  return { rows: rowsOf(figures), facts };
}

await scenario({ name: 'idle', values, measure });
