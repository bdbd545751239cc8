// A process that fills a store, loads it until it is killed, or opens it with a clock in hand.

import { openQueue, type Queue } from '../../engine/index.js';
import {
  type Counters,
  countersOf,
  inBulks,
  isRefused,
  pause,
  rest,
  sayToParent,
  serveCalls,
  untilInWindow,
} from '../tools/index.js';

export interface Given {
  readonly dir: string;
  /** Payload bytes to write, of `fill`. */
  readonly bytes: number;
  readonly windowBytes: number;
}

const FILE_BYTES = 16 << 20;
const PAYLOAD_BYTES = 1024;
const CHATS = 20_000;
const BULK_RECORDS = 512;
const LANES = 8;

async function open({ dir, windowBytes }: Given): Promise<Queue> {
  // Nobody is joined; so that records stay all the same, only age makes them leave.
  const options = { dir, keep: 'window', journalFileBytes: FILE_BYTES } as const;
  return await openQueue({ ...options, journalWindowBytes: windowBytes });
}

/** Writes so many bytes, waits for the sealer, and closes. */
async function fill(given: Given): Promise<Counters> {
  const queue = await open(given);
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(0x5a);
  const add: Parameters<typeof inBulks>[2] = (bulk, index) => {
    bulk.append(`c${index % CHATS}`, payload);
  };
  await inBulks(queue, Math.floor(given.bytes / PAYLOAD_BYTES), add);
  await rest(queue);
  const counters = await countersOf(queue);
  await queue.close();
  return counters;
}

/** Appends as fast as it can, for ever; says when the first thousand bulks are durable. */
async function load(given: Given): Promise<void> {
  const queue = await open(given);
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(0x5b);
  let bulks = 0;
  const lane = async (): Promise<never> => {
    for (;;) {
      const bulk = queue.bulk();
      for (let number = 0; number < BULK_RECORDS; number++) {
        bulk.append(`c${(bulks * BULK_RECORDS + number) % CHATS}`, payload);
      }
      const results = await bulk.commit();
      // What is refused while seals are behind is no load.
      if (results.some(isRefused)) await pause();
      else bulks += 1;
      if (bulks === 200) sayToParent('loaded');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Milliseconds from the call of `openQueue` to the first durable append. */
async function firstAck(given: Given): Promise<number> {
  const startAt = performance.now();
  const queue = await open(given);
  await queue.append('first', 'x');
  const ms = performance.now() - startAt;
  // Loads that follow each other would else fill a journal that nobody has the time to seal.
  await untilInWindow(queue, { windowBytes: given.windowBytes, fileBytes: FILE_BYTES });
  return ms;
}

serveCalls({ fill, load, firstAck });
