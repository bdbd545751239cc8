// Queues that seal: the one place that knows which options steer it and which counters tell of it.
// An engine that lacks an option is opened without it, and what was left out is told; a counter
// that an engine lacks is 0.

import { FoqError, type OpenOptions, openQueue, type Queue } from '../../engine/index.js';
import { freeBytes } from './kernel.js';

/** Options that an engine may lack. */
export interface SealingOptions {
  readonly journalWindowBytes?: number;
  readonly journalWindowMs?: number;
  readonly cacheBytes?: number;
  readonly backgroundBytesPerSecond?: number;
}

const COUNTERS = [
  'appends',
  'acks',
  'chats',
  'payloadBytes',
  'journalBytes',
  'ackBytes',
  'membershipBytes',
  'journalFiles',
  'seals',
  'sealedRecords',
  'droppedRecords',
  'segmentBytes',
  'stateBytes',
  'inboxBytes',
  'merges',
  'mergedBytes',
  'expiredTables',
  'tables',
  'coldLookups',
  'cacheHits',
  'cacheMisses',
  'tableBytes',
  'filterBytes',
] as const;

export type Counters = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Names of options that the engine did not know. */
const leftOut = new Set<string>();

export async function openSealing(
  options: OpenOptions,
  sealing: SealingOptions = {},
): Promise<Queue> {
  const known = Object.entries(sealing).filter(([name]) => !leftOut.has(name));
  try {
    return await openQueue({ ...options, ...Object.fromEntries(known) });
  } catch (error) {
    const unknown = unknownOption(error, known);
    if (unknown === undefined) throw error;
    leftOut.add(unknown);
    return await openSealing(options, sealing);
  }
}

/** The one of these options that this error says nobody knows. */
function unknownOption(
  error: unknown,
  known: readonly (readonly [string, unknown])[],
): string | undefined {
  if (!(error instanceof FoqError && error.code === 'FOQ_INVALID_ARGUMENT')) return undefined;
  if (!error.message.includes('no option has this name')) return undefined;
  return known.map(([name]) => name).find((name) => error.message.includes(name));
}

export async function countersOf(queue: Queue): Promise<Counters> {
  const stats: Readonly<Record<string, unknown>> = { ...(await queue.stats()) };
  const count = (name: string) => (typeof stats[name] === 'number' ? stats[name] : 0);
  return Object.fromEntries(COUNTERS.map((name) => [name, count(name)])) as Counters;
}

/** What was counted between two looks; `chats`, `tables` and other levels are those of the last. */
export function counted(before: Counters, after: Counters): Counters {
  const levels = ['chats', 'journalFiles', 'tables', 'tableBytes', 'filterBytes'];
  const change = (name: (typeof COUNTERS)[number]) =>
    levels.includes(name) ? after[name] : after[name] - before[name];
  return Object.fromEntries(COUNTERS.map((name) => [name, change(name)])) as Counters;
}

/** Those that are not 0, to print. */
export function besideOf(counters: Counters, names: readonly (keyof Counters)[]): string {
  return names.map((name) => `${name} ${counters[name].toLocaleString('en')}`).join(', ');
}

const MIB = 1 << 20;
const FILLER_BYTES = 64 * 1024;
const FILLER_BULK = 32;
const POLL_MS = 100;
/** So long without a new seal or merge, and the sealer is at rest. */
const REST_MS = 1_000;
const REST_WITHIN_MS = 120_000;

/**
 * Writes what nobody holds until all that was in the journal before is behind its window, and
 * waits until seals and merges rest, at most two minutes.
 */
export async function sealAll(
  queue: Queue,
  { windowBytes, fileBytes }: { readonly windowBytes: number; readonly fileBytes: number },
): Promise<void> {
  const filler = new Uint8Array(FILLER_BYTES);
  const bytes = windowBytes + 4 * fileBytes;
  for (let written = 0; written < bytes; written += FILLER_BULK * FILLER_BYTES) {
    const bulk = queue.bulk();
    for (let count = 0; count < FILLER_BULK; count++) bulk.append('filler', filler);
    const failed = (await bulk.commit()).find((result) => !result.ok);
    if (failed?.ok === false) throw failed.error;
  }
  await rest(queue);
}

/** Resolves when no seal and no merge ended for a second. */
export async function rest(queue: Queue): Promise<void> {
  const endAt = performance.now() + REST_WITHIN_MS;
  let [last, since] = [-1, performance.now()];
  while (performance.now() < endAt && performance.now() - since < REST_MS) {
    const { seals, merges } = await countersOf(queue);
    if (seals + merges !== last) [last, since] = [seals + merges, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** At most these bytes, and less when the disk has not so much to spare. */
export function affordable(folder: string, bytes: number): number {
  const spared = 8 * 1024 * MIB;
  return Math.max(0, Math.min(bytes, freeBytes(folder) - spared));
}

const ALL: SealingOptions = {
  journalWindowBytes: 64 * MIB,
  journalWindowMs: 60_000,
  cacheBytes: 16 * MIB,
  backgroundBytesPerSecond: 64 * MIB,
};

/** For a report: the options that the engine does not know. `dir` is a store that may be made. */
export async function leftOutFacts(dir: string): Promise<Readonly<Record<string, string>>> {
  await (await openSealing({ dir }, ALL)).close();
  return leftOut.size === 0 ? {} : { 'unknown options': [...leftOut].join(', ') };
}
