// The scenario `append`: what one JavaScript process gets out of an embedded queue through its
// public interface. `bench/run.mjs` builds all of it and passes where things are.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openQueue, type Queue } from '../../engine/index.js';
import {
  Baseline,
  COMMON_OPTIONS,
  JournalFiles,
  publish,
  type Report,
  type Row,
  type SealingOptions,
} from '../tools/index.js';
import { chatIdsOf } from './chat-ids.js';
import { consumeRows, writeBacklog } from './consume.js';
import { FreshQueues } from './fresh-queues.js';
import { type Load, maximum } from './load.js';
import { manyChats, manyCursors, manyDevices } from './many-chats.js';
import { Naive } from './naive.js';
import {
  againstGroupCommitter,
  againstRawSync,
  againstSingleSyncs,
  type Bench,
  openLoop,
  promiseEach,
  threadCost,
} from './rows.js';
import { whileSealing } from './while-sealing.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    targets: { type: 'string', default: '1,2,3,6,7,8,13,15,16,consume' },
    chats: { type: 'string', default: '100000' },
    many: { type: 'string' },
    baseline: { type: 'string', default: '' },
    naive: { type: 'string', default: '' },
  },
});

/** A queue is replaced after this many payload bytes, so that disk in use stays bounded. */
const REOPEN_BYTES = 2 ** 31;
const JOURNAL_FILE_BYTES = 64 * 1024 * 1024;
/** Journal bytes that the windows before the next `get` write at most. */
const LENT_BYTES = 3 * 2 ** 30;
const BACKLOG_RECORDS = 1_000_000;

/** Hands out a warmed queue, and a fresh one when the last has written enough. */
class Queues {
  readonly #folder: string;
  readonly #chatIds: readonly string[];
  readonly #files: JournalFiles;
  #queue: Queue | undefined;
  #dir = '';

  constructor(folder: string, chatIds: readonly string[]) {
    this.#folder = folder;
    this.#chatIds = chatIds;
    this.#files = new JournalFiles(join(folder, 'lent'), JOURNAL_FILE_BYTES);
  }

  async get(): Promise<Queue> {
    const worn = (await this.#queue?.stats())?.payloadBytes ?? Number.POSITIVE_INFINITY;
    if (this.#queue === undefined || worn >= REOPEN_BYTES) {
      await this.#giveUp();
      this.#queue = await this.#open();
    }
    await this.#files.lend(this.#dir, LENT_BYTES);
    return this.#queue;
  }

  async #open(): Promise<Queue> {
    this.#dir = await mkdtemp(join(this.#folder, 'queue-'));
    const queue = await openQueue({ dir: this.#dir, journalFileBytes: JOURNAL_FILE_BYTES });
    await this.#files.lend(this.#dir, LENT_BYTES);
    for (let first = 0; first < this.#chatIds.length; first += 1000) {
      const bulk = queue.bulk();
      for (const chatId of this.#chatIds.slice(first, first + 1000)) bulk.append(chatId, 'first');
      await bulk.commit();
    }
    const load: Load = { queue, chatIds: this.#chatIds, payloadBytes: 1024, windowMs: 500 };
    // Until its rate is flat: the last three windows within 10 % of each other, or 12 windows.
    const rates: number[] = [];
    while (rates.length < 12) {
      rates.push((await maximum(load)).rate);
      const last = rates.slice(-3);
      if (last.length === 3 && Math.min(...last) >= Math.max(...last) * 0.9) break;
    }
    return queue;
  }

  async close(): Promise<void> {
    await this.#giveUp();
    await this.#files.close();
  }

  async #giveUp(): Promise<void> {
    if (this.#queue === undefined) return;
    await this.#queue.close();
    await this.#files.takeBack(this.#dir);
    await rm(this.#dir, { recursive: true, force: true });
    this.#queue = undefined;
  }
}

async function main(): Promise<void> {
  await mkdir(values.folder, { recursive: true });
  const chatIds = chatIdsOf(Number(values.chats));
  const rounds = Number(values.rounds ?? (values.quick ? 5 : 20));
  const place = { folder: values.folder, chats: chatIds.length, commit: values.commit };
  const baseline = new Baseline(values.baseline, place);
  const queues = new Queues(values.folder, chatIds);
  const naive = new Naive(values.naive);
  const queue = () => queues.get();
  const bench: Bench = { baseline, naive, chatIds, rounds, windowMs: 500, queue };
  try {
    const machine = await baseline.machine();
    const rows = await measure(bench);
    const cache = machine['device write cache'];
    const report: Report = {
      scenario: 'append',
      durability: `fdatasync before ack, device cache: ${cache}`,
      machine: { ...machine, node: process.version },
      rows,
    };
    await publish(report, values.json);
  } finally {
    await queues.close();
    await baseline.close();
  }
}

async function measure(bench: Bench): Promise<Row[]> {
  const wanted = new Set(values.targets.split(','));
  const rows: Row[] = [];
  const targets: readonly (readonly [string, () => Promise<Row>])[] = [
    ['1', () => openLoop(bench)],
    ['2', () => againstSingleSyncs(bench)],
    ['3', () => againstGroupCommitter(bench)],
    ['6', () => againstRawSync(bench)],
    ['16', () => threadCost(bench, 1024)],
    ['16', () => threadCost(bench, 128)],
    ['16', () => promiseEach(bench, 1_000)],
    ['16', () => promiseEach(bench, 8_000)],
    ['16', () => promiseEach(bench, 32_000)],
  ];
  for (const [target, measureOne] of targets) {
    if (!wanted.has(target)) continue;
    console.error(`  target ${target}`);
    rows.push(await measureOne());
  }
  rows.push(...(await measureMany(bench, wanted)));
  if (wanted.has('consume')) {
    console.error('  consume');
    const backlog = { queue: await bench.queue(), records: BACKLOG_RECORDS };
    await writeBacklog(backlog);
    rows.push(...(await consumeRows(backlog, Math.min(bench.rounds, 3))));
  }
  return rows;
}

const MANY_CHATS_MAX = 10_000_000;
/** Of memory: a chat in use takes less than 1 KiB, and a quarter of the memory may be chats. */
const MANY_CHATS_FIT = Math.floor(totalmem() / 4 / 1024);

/** Rows of targets on queues of their own. */
async function measureMany(
  { rounds, windowMs }: Bench,
  wanted: ReadonlySet<string>,
): Promise<Row[]> {
  const queues = new FreshQueues(values.folder);
  const fitting = Math.min(MANY_CHATS_MAX, MANY_CHATS_FIT);
  const many = {
    rounds,
    windowMs,
    manyChats: Number(values.many ?? (values.quick ? 100_000 : fitting)),
    fresh: (name: string) => queues.open(name),
    freshSealing: (name: string, sealing: SealingOptions) => queues.open(name, sealing),
    lend: (queue: Queue, bytes: number) => queues.lend(queue, bytes),
    discard: (queue: Queue) => queues.discard(queue),
  };
  const targets: readonly (readonly [string, () => Promise<Row[]>])[] = [
    ['7', () => manyChats(many)],
    ['8', () => manyDevices(many)],
    ['13', () => whileSealing(many)],
    ['15', () => manyCursors(many)],
  ];
  const rows: Row[] = [];
  for (const [target, measureSome] of targets) {
    if (!wanted.has(target)) continue;
    console.error(`  target ${target}`);
    rows.push(...(await measureSome()));
  }
  return rows;
}

await main();
// The naive addon's callback keeps a process alive for ever, as such callbacks do.
process.exit();
