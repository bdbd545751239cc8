// Many operations in bulks, one bulk after the other; the first that fails is thrown.

import type { Queue } from '../../engine/index.js';

const BULK_OPERATIONS = 512;
/** Bulks in flight. */
const LANES = 4;

export type QueueBulk = ReturnType<Queue['bulk']>;

/** Calls `add` for each number from 0 to `count - 1`, in this order, and waits for all of them. */
export async function inBulks(
  queue: Queue,
  count: number,
  add: (bulk: QueueBulk, index: number) => void,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const bulk = queue.bulk();
      const end = Math.min(count, next + BULK_OPERATIONS);
      for (; next < end; next++) add(bulk, next);
      const failed = (await bulk.commit()).find((result) => !result.ok);
      if (failed?.ok === false) throw failed.error;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
