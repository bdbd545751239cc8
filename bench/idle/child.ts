// One store in a process of its own, so that its memory is all that grows in it.

import { openQueue, type Queue } from '../../engine/index.js';
import {
  type Counters,
  collectGarbage,
  countersOf,
  inBulks,
  residentBytes,
  rest,
  sealAll,
  serveCalls,
} from '../tools/index.js';

/** What the chats of a store have. */
export interface Fill {
  readonly dir: string;
  readonly chats: number;
  /** Joined consumers of each chat. */
  readonly cursors: number;
  /** Appends of each chat after its first, of its own sender. */
  readonly appends: number;
  readonly keyed: boolean;
  readonly windowBytes: number;
}

export interface Seen {
  readonly residentBytes: number;
  readonly counters: Counters;
}

const FILE_BYTES = 16 << 20;
/** A consumer is joined in about so many chats. */
const CHATS_EACH = 50;
/** Chats whose acks are on their way together. */
const ACKED_AT_ONCE = 5_000;
let queue: Queue | undefined;

async function open({ dir, windowBytes }: Pick<Fill, 'dir' | 'windowBytes'>): Promise<Seen> {
  const sealing = { journalWindowBytes: windowBytes };
  queue = await openQueue({ dir, journalFileBytes: FILE_BYTES, ...sealing });
  // What was in the journal was read again; that memory is not in use any more.
  await rest(queue);
  return await look();
}

async function fill({ chats, cursors, appends, keyed }: Fill): Promise<Seen> {
  const opened = store();
  const consumers = Math.max(8, Math.ceil((chats * 2) / CHATS_EACH));
  const seats = Array.from({ length: cursors }, (_, seat) => seat);
  const holder = (chat: number, seat: number) => `u${(chat * (seat * 2 + 1) + seat) % consumers}/d`;
  await inBulks(opened, chats, (bulk, chat) => {
    const chatId = `c${chat}`;
    for (const seat of seats) bulk.join(chatId, holder(chat, seat));
    bulk.append(chatId, 'x');
    for (let number = 0; number < appends; number++) {
      const senderId = 's';
      bulk.append(chatId, 'x', keyed ? { senderId, dedupKey: `k${number}` } : { senderId });
    }
  });
  // An ack reaches only what is durable; so it comes after. A store with appends is never sealed
  // to be looked at, and needs none.
  if (appends > 0) return await look();
  // A cursor whose ack is on its way to the disk is in memory twice, and the allocator keeps what
  // was free again; so they go in portions, as acks of a server in use do.
  for (let from = 0; from < chats; from += ACKED_AT_ONCE) {
    await inBulks(opened, Math.min(ACKED_AT_ONCE, chats - from), (bulk, index) => {
      const chat = from + index;
      for (const seat of seats) bulk.ack(`c${chat}`, holder(chat, seat), { received: 1 });
    });
    await opened.flush();
  }
  return await look();
}

async function seal({ windowBytes }: Pick<Fill, 'windowBytes'>): Promise<Seen> {
  await sealAll(store(), { windowBytes, fileBytes: FILE_BYTES });
  return await look();
}

async function look(): Promise<Seen> {
  collectGarbage();
  // Without the heap of JavaScript, whose size has nothing to do with what is stored.
  const resident = residentBytes() - process.memoryUsage().heapTotal;
  return { residentBytes: resident, counters: await countersOf(store()) };
}

function store(): Queue {
  if (queue === undefined) throw new Error('no store is open');
  return queue;
}

serveCalls({ open, fill, seal, close: () => store().close() });
