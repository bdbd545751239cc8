// Many operations in bulks, one bulk after the other. What is refused because the sealer is behind
// is tried again; any other failure is thrown.

import { FoqError, type Queue } from '../../engine/index.js';

const BULK_OPERATIONS = 512;
/** Bulks in flight. */
const LANES = 4;
const PAUSE_MS = 5;
/** So long refused without anything taken, and it fails. */
const REFUSED_MS_MAX = 120_000;

export type QueueBulk = ReturnType<Queue['bulk']>;

type Result = Awaited<ReturnType<QueueBulk['commit']>>[number];

/** Whether an operation found the journal too far beyond its window; throws any other failure. */
export function isRefused(result: Result): boolean {
  if (result.ok) return false;
  if (result.error instanceof FoqError && result.error.code === 'FOQ_BUSY') return true;
  throw result.error;
}

export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/**
 * Calls `add` for each number from 0 to `count - 1`, in this order, and waits for all of them. A
 * number with one operation is added again when it was refused; with several that is an error.
 */
export async function inBulks(
  queue: Queue,
  count: number,
  add: (bulk: QueueBulk, index: number) => void,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const end = Math.min(count, next + BULK_OPERATIONS);
      const indexes = Array.from({ length: end - next }, (_, at) => next + at);
      next = end;
      await untilTaken(queue, indexes, add);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function untilTaken(
  queue: Queue,
  indexes: readonly number[],
  add: (bulk: QueueBulk, index: number) => void,
): Promise<void> {
  let rest = indexes;
  let takenAt = performance.now();
  while (rest.length > 0) {
    const bulk = queue.bulk();
    for (const index of rest) add(bulk, index);
    const results = await bulk.commit();
    const refused = results.flatMap((result, at) => (isRefused(result) ? [at] : []));
    if (refused.length === 0) return;
    if (results.length !== rest.length) throw new Error('several operations, and one was refused');
    if (refused.length < rest.length) takenAt = performance.now();
    if (performance.now() - takenAt > REFUSED_MS_MAX) throw new Error('the store stays busy');
    rest = refused.map((at) => rest[at] ?? 0);
    await pause();
  }
}
