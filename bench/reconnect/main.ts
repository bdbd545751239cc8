// The scenario `reconnect`: a device comes back after its chats have left memory, and asks what is
// new. It has many chats or few, and three of them changed; every look is at a store just opened.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openQueue, type Queue } from '../../engine/index.js';
import {
  bytesOnDisk,
  COMMON_OPTIONS,
  counted,
  countersOf,
  estimate,
  inBulks,
  inRounds,
  lookAtBoth,
  mean,
  median,
  type Row,
  roundsOf,
  scenario,
  sealAll,
} from '../tools/index.js';

const { values } = parseArgs({
  options: { ...COMMON_OPTIONS, chats: { type: 'string', default: '10000' } },
});

const FEW = 100;
const CHANGED = 3;
const FILE_BYTES = 4 << 20;
const WINDOW_BYTES = 16 << 20;
const chats = Number(values.chats);

interface Side {
  readonly consumerId: string;
  readonly prefix: string;
  readonly chats: number;
}

const few: Side = { consumerId: 'few/d', prefix: 'few', chats: FEW };
const many: Side = { consumerId: 'many/d', prefix: 'many', chats };

const open = (dir: string) =>
  openQueue({ dir, journalFileBytes: FILE_BYTES, journalWindowBytes: WINDOW_BYTES });

/** Every chat has been read to its end, all is sealed; then three change, and that is sealed. */
async function prepare(dir: string): Promise<void> {
  const queue = await open(dir);
  const seal = () => sealAll(queue, { windowBytes: WINDOW_BYTES, fileBytes: FILE_BYTES });
  for (const { consumerId, prefix, chats: count } of [few, many]) {
    await inBulks(queue, count, (bulk, index) => {
      const chatId = `${prefix}-${index}`;
      bulk.join(chatId, consumerId).append(chatId, 'old');
    });
    // An ack reaches only what is durable.
    await inBulks(queue, count, (bulk, index) => {
      bulk.ack(`${prefix}-${index}`, consumerId, { received: 1 });
    });
  }
  await seal();
  for (const { prefix, chats: count } of [few, many]) {
    const step = Math.floor(count / CHANGED);
    await inBulks(queue, CHANGED, (bulk, index) => bulk.append(`${prefix}-${index * step}`, 'new'));
  }
  await seal();
  await queue.close();
}

interface Look {
  readonly ms: number;
  /** Blocks that were read from tables. */
  readonly reads: number;
  readonly lookups: number;
}

async function look(dir: string, { consumerId }: Side): Promise<Look> {
  const queue = await open(dir);
  try {
    const before = await countersOf(queue);
    const startAt = performance.now();
    const found = await catchUp(queue, consumerId);
    const ms = performance.now() - startAt;
    if (found !== CHANGED) throw new Error(`${consumerId} found ${found} new records`);
    const { cacheMisses, coldLookups } = counted(before, await countersOf(queue));
    return { ms, reads: cacheMisses, lookups: coldLookups };
  } finally {
    await queue.close();
  }
}

/** Records that are new for a consumer. */
async function catchUp(queue: Queue, consumerId: string): Promise<number> {
  const { chats: rows } = await queue.pending(consumerId);
  const results = await Promise.all(
    rows.map(({ chatId, received }) => queue.read(chatId, { fromSeq: received + 1 })),
  );
  return results.reduce((sum, { records }) => sum + records.length, 0);
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const dir = join(folder, 'store');
  await prepare(dir);
  const rounds = roundsOf(values, { quick: 5, full: 20 });
  const [ratios, left, right] = [[] as number[], [] as Look[], [] as Look[]];
  await inRounds(rounds, async (round) => {
    const [ofFew, ofMany] = await lookAtBoth(round, [few, many], (side) => look(dir, side));
    ratios.push(mean(ofMany.map(({ ms }) => ms)) / mean(ofFew.map(({ ms }) => ms)));
    left.push(...ofFew);
    right.push(...ofMany);
  });
  const tables = bytesOnDisk(dir).has('inbox') ? bytesOnDisk(join(dir, 'inbox')).size : 0;
  return { rows: rowsOf({ ratios, left, right, tables }), facts: { 'page cache': 'not emptied' } };
}

function rowsOf(seen: {
  readonly ratios: readonly number[];
  readonly left: readonly Look[];
  readonly right: readonly Look[];
  readonly tables: number;
}): Row[] {
  const { ratios, left, right, tables } = seen;
  const lookups = median(right.map((it) => it.lookups));
  const beside = {
    [`ms with ${FEW}`]: median(left.map(({ ms }) => ms)),
    [`ms with ${chats}`]: median(right.map(({ ms }) => ms)),
    'cold lookups': lookups,
    'inbox tables': tables,
  };
  const time: Row = {
    target: '23',
    title: `reconnect with ${chats.toLocaleString('en')} chats / ${FEW}, ${CHANGED} changed, cold`,
    value: estimate(ratios),
    must: 1.3,
    aim: 1.1,
    lessIsBetter: true,
    beside,
  };
  // Reads that did not happen because nothing was cold are no merit.
  const reads = lookups === 0 ? [] : right.map((it) => it.reads / CHANGED);
  const cold: Row = {
    target: '23',
    title: 'blocks read a changed chat; must: 2, and 1 an inbox table',
    value: estimate(reads),
    must: 2 + tables / CHANGED,
    lessIsBetter: true,
  };
  return [time, cold];
}

await scenario({ name: 'reconnect', values, measure });
