// A store in a process of its own, so that the bytes that the kernel has written for it, and the
// CPU of its threads, are this store's alone. A share of the messages is acked late.

import { openQueue, type Queue } from '../../engine/index.js';
import {
  bytesOnDisk,
  type Counters,
  counted,
  countersOf,
  cpuByThread,
  inBulks,
  rest,
  serveCalls,
  writtenBytes,
} from '../tools/index.js';
import { type Late, lateChats } from './late.js';

export interface Given {
  readonly dir: string;
  readonly windowBytes: number;
  /** Share of the messages whose last device acks only after the window. */
  readonly linger: number;
  /** Windows of payload that are written and counted, after some that are not. */
  readonly windows: number;
}

export interface Seen {
  readonly counters: Counters;
  /** Written for this process, as the kernel has it. */
  readonly kernelBytes: number;
  /** CPU of the threads that seal and merge; NaN when there are none. */
  readonly sealSeconds: number;
  /** Payload bytes that a device still has to ack. */
  readonly liveBytes: number;
  readonly onDisk: ReadonlyMap<string, number>;
}

/** Files of one window, so that several are sealed in it. */
const FILES = 16;
const PAYLOAD_BYTES = 1024;
const CHATS = 10_000;
/** Windows that the late device is behind: the journal never has more than two. */
const LAG_WINDOWS = 3;
/** Written before anything is counted, so that late acks have begun. */
const WARM_WINDOWS = 4;
/** Messages between two acks of all that is due. */
const STEP_RECORDS = CHATS;
const DEVICES = ['prompt/d', 'late/d'];

async function run({ dir, windowBytes, linger, windows }: Given): Promise<Seen> {
  const queue = await openQueue({
    dir,
    journalFileBytes: Math.max(1 << 20, windowBytes / FILES),
    journalWindowBytes: windowBytes,
  });
  await inBulks(queue, CHATS * DEVICES.length, (bulk, index) => {
    bulk.join(`c${index % CHATS}`, DEVICES[Math.floor(index / CHATS)] ?? '');
  });
  const perWindow = Math.ceil(windowBytes / PAYLOAD_BYTES / STEP_RECORDS);
  const late = lateChats({ chats: CHATS, share: linger, lagSteps: LAG_WINDOWS * perWindow });
  const write = (from: number, steps: number) => writeSteps({ queue, late, from, steps });
  await write(0, WARM_WINDOWS * perWindow);
  await rest(queue);
  const [before, kernelBefore, cpuBefore] = [await countersOf(queue), writtenBytes(), sealCpu()];
  await write(WARM_WINDOWS * perWindow, windows * perWindow);
  await queue.flush();
  await rest(queue);
  const seen = {
    counters: counted(before, await countersOf(queue)),
    kernelBytes: writtenBytes() - kernelBefore,
    sealSeconds: (sealCpu() - cpuBefore) / 1e6,
    liveBytes: late.live((WARM_WINDOWS + windows) * perWindow) * PAYLOAD_BYTES,
    onDisk: bytesOnDisk(dir),
  };
  await queue.close();
  return seen;
}

interface Steps {
  readonly queue: Queue;
  readonly late: Late;
  readonly from: number;
  readonly steps: number;
}

/** Each step is one message in every chat; then both devices ack what they are to ack by then. */
async function writeSteps({ queue, late, from, steps }: Steps): Promise<void> {
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(0x5a);
  for (let step = from; step < from + steps; step++) {
    await inBulks(queue, CHATS, (bulk, chat) => bulk.append(`c${chat}`, payload));
    await inBulks(queue, CHATS, (bulk, chat) => {
      bulk.ack(`c${chat}`, 'prompt/d', { received: step + 1 });
      const received = late.received(chat, step + 1);
      if (received > 0) bulk.ack(`c${chat}`, 'late/d', { received });
    });
  }
}

/** Microseconds. */
function sealCpu(): number {
  const found = [...cpuByThread()].filter(([name]) => /seal|merge/.test(name));
  return found.length === 0 ? Number.NaN : found.reduce((sum, [, us]) => sum + us, 0);
}

serveCalls({ run });
