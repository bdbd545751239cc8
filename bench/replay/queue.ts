// Backlogs of a queue: hot ones lie in the journal of the process that wrote them, cold ones were
// sealed, and the store was just opened.

import { openQueue, type Queue } from '../../engine/index.js';
import { countersOf, inBulks, sealAll } from '../tools/index.js';
import { chatIdOf, eachChat, type Replayed, type Shape } from './peer.js';

const FILE_BYTES = 16 << 20;
const COLD_WINDOW_BYTES = 32 << 20;
const HOT_WINDOW_BYTES = 2 ** 32;
const READ_BYTES = 4 << 20;

function open(dir: string, journalWindowBytes: number): Promise<Queue> {
  // Nobody is joined; so that records stay all the same, only age makes them leave.
  return openQueue({
    ...{ dir, keep: 'window', journalFileBytes: FILE_BYTES },
    ...{ journalWindowBytes, cacheBytes: 64 << 20 },
  });
}

async function write(queue: Queue, { chats, records, payloadBytes }: Shape): Promise<void> {
  const payload = new Uint8Array(payloadBytes).fill(0x61);
  await inBulks(queue, chats * records, (bulk, index) => {
    bulk.append(chatIdOf(index % chats), payload);
  });
}

async function replay(queue: Queue, shape: Shape): Promise<Replayed> {
  return await eachChat(shape, async (chat) => {
    const seen = { records: 0, bytes: 0 };
    while (seen.records < shape.records) {
      const fromSeq = seen.records + 1;
      const range = { fromSeq, limit: shape.records, maxBytes: READ_BYTES };
      const { records } = await queue.read(chatIdOf(chat), range);
      if (records.length === 0) break;
      seen.records += records.length;
      for (const { payload } of records) seen.bytes += payload.length;
    }
    return seen;
  });
}

export class HotQueue {
  readonly #queue: Queue;

  private constructor(queue: Queue) {
    this.#queue = queue;
  }

  static async write(dir: string, shape: Shape): Promise<HotQueue> {
    const queue = await open(dir, HOT_WINDOW_BYTES);
    await write(queue, shape);
    return new HotQueue(queue);
  }

  replay(shape: Shape): Promise<Replayed> {
    return replay(this.#queue, shape);
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

export class ColdStore {
  readonly #dir: string;
  /** Of the last replay. */
  coldLookups = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async write(dir: string, shape: Shape): Promise<ColdStore> {
    const queue = await open(dir, COLD_WINDOW_BYTES);
    await write(queue, shape);
    await sealAll(queue, { windowBytes: COLD_WINDOW_BYTES, fileBytes: FILE_BYTES });
    await queue.close();
    return new ColdStore(dir);
  }

  /** Opening is not part of it: `started` is called after. */
  async replay(shape: Shape, started: () => void): Promise<Replayed> {
    const queue = await open(this.#dir, COLD_WINDOW_BYTES);
    try {
      started();
      const seen = await replay(queue, shape);
      this.coldLookups = (await countersOf(queue)).coldLookups;
      return seen;
    } finally {
      await queue.close();
    }
  }
}
