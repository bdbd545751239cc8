// Queues that seal: which options steer it, which counters tell of it, and waiting for it.

import type { OpenOptions, Queue } from '../../engine/index.js';
import { isRefused, pause } from './filling.js';
import { freeBytes } from './kernel.js';

/** Options that steer sealing. */
export type SealingOptions = Pick<
  OpenOptions,
  'journalWindowBytes' | 'journalWindowMs' | 'cacheBytes' | 'backgroundBytesPerSecond'
>;

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
  'mergeDebtBytes',
  'expiredTables',
  'tables',
  'coldLookups',
  'cacheHits',
  'cacheMisses',
  'tableBytes',
  'filterBytes',
] as const;

/** What is as it is, and not a sum. */
const LEVELS = [
  'chats',
  'journalFiles',
  'mergeDebtBytes',
  'tables',
  'tableBytes',
  'filterBytes',
] as const satisfies readonly (typeof COUNTERS)[number][];

export type Counters = Readonly<Record<(typeof COUNTERS)[number], number>>;

export async function countersOf(queue: Queue): Promise<Counters> {
  const stats = await queue.stats();
  return Object.fromEntries(COUNTERS.map((name) => [name, stats[name]])) as Counters;
}

/** What was counted between two looks; `chats`, `tables` and other levels are those of the last. */
export function counted(before: Counters, after: Counters): Counters {
  const levels: readonly string[] = LEVELS;
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
/** A line on stderr says this often what is awaited. */
const TELL_MS = 10_000;
/** So long without any seal, and there will be none. */
const NEVER_MS = 5_000;

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
  let written = 0;
  while (written < bytes) {
    const bulk = queue.bulk();
    for (let count = 0; count < FILLER_BULK; count++) bulk.append('filler', filler);
    const taken = (await bulk.commit()).filter((result) => !isRefused(result)).length;
    written += taken * FILLER_BYTES;
    // The sealer is behind, and in the end it is at rest.
    if (taken < FILLER_BULK) await pause();
  }
  await rest(queue, Math.ceil(windowBytes / fileBytes) + SPARES);
}

/** Files that a journal may have beyond its window: the one that is written, and its spares. */
const SPARES = 4;

/**
 * Resolves when no seal and no merge ended for a second, none is due, and the journal has at most
 * so many files; after two minutes in any case, and soon where nothing was ever sealed.
 */
export async function rest(
  queue: Queue,
  journalFilesMax = Number.POSITIVE_INFINITY,
): Promise<void> {
  const startAt = performance.now();
  let [last, since, tellAt] = ['', startAt, startAt + TELL_MS];
  for (;;) {
    const { seals, merges, chats, journalFiles, mergeDebtBytes } = await countersOf(queue);
    const seen = [seals, merges, chats, journalFiles].join();
    const now = performance.now();
    if (seen !== last) [last, since] = [seen, now];
    const isIn = journalFiles <= journalFilesMax || (seals === 0 && now - startAt > NEVER_MS);
    const rests = isIn && mergeDebtBytes === 0;
    if ((rests && now - since > REST_MS) || now - startAt > REST_WITHIN_MS) return;
    if (now > tellAt) {
      tellAt += TELL_MS;
      const debt = `${Math.round(mergeDebtBytes / MIB)} MiB of merge debt`;
      console.error(
        `    resting: ${debt}, ${seals} seals, ${merges} merges, ${journalFiles} files`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Resolves when the journal is in its window, or when no seal ended for some seconds. */
export async function untilInWindow(
  queue: Queue,
  { windowBytes, fileBytes }: { readonly windowBytes: number; readonly fileBytes: number },
): Promise<void> {
  const filesMax = Math.ceil(windowBytes / fileBytes) + 1;
  let [last, since] = [-1, performance.now()];
  while (performance.now() - since < NEVER_MS) {
    const { journalFiles, seals } = await countersOf(queue);
    if (journalFiles <= filesMax) return;
    if (seals !== last) [last, since] = [seals, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  console.error('    the journal stays larger than its window');
}

/** At most these bytes, and less when the disk has not so much to spare. */
export function affordable(folder: string, bytes: number): number {
  const spared = 8 * 1024 * MIB;
  return Math.max(0, Math.min(bytes, freeBytes(folder) - spared));
}
