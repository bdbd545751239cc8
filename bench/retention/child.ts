// A store in a process of its own, so that the CPU of its threads is this store's alone. A share of
// the messages is acked late.

import { openQueue, type Queue } from '../../engine/index.js';
import {
  bytesOnDisk,
  type Counters,
  counted,
  countersOf,
  cpuByThread,
  deviceBytesWritten,
  inBulks,
  rest,
  serveCalls,
  storeBytes,
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
  /** Written to the device. */
  readonly deviceBytes: number;
  /** CPU of the threads that seal and merge; NaN when there are none. */
  readonly sealSeconds: number;
  /** Payload bytes that a device still has to ack. */
  readonly liveBytes: number;
  /** Bytes of the store, and of each of its folders. */
  readonly storeBytes: number;
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
/** Files beyond the window: the one that is written, and those that are ready. */
const SPARES = 4;
const GIVEN_LOOKS = 60;
const GIVEN_LOOK_MS = 1000;
const DEVICES = ['prompt/d', 'late/d'];

const fileBytesOf = (windowBytes: number) => Math.max(1 << 20, windowBytes / FILES);

async function run({ dir, windowBytes, linger, windows }: Given): Promise<Seen> {
  const queue = await openQueue({
    dir,
    journalFileBytes: fileBytesOf(windowBytes),
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
  const [before, cpuBefore] = [await countersOf(queue), sealCpu()];
  const deviceBefore = deviceBytesWritten(dir);
  await write(WARM_WINDOWS * perWindow, windows * perWindow);
  await queue.flush();
  await rest(queue);
  await given({ dir, windowBytes });
  const seen = {
    counters: counted(before, await countersOf(queue)),
    deviceBytes: deviceBytesWritten(dir) - deviceBefore,
    sealSeconds: (sealCpu() - cpuBefore) / 1e6,
    liveBytes: late.live((WARM_WINDOWS + windows) * perWindow) * PAYLOAD_BYTES,
    storeBytes: storeBytes(dir),
    onDisk: bytesOnDisk(dir),
  };
  await queue.close();
  return seen;
}

/** Waits until the journal has given back what it does not need, at most a minute. */
async function given({ dir, windowBytes }: Pick<Given, 'dir' | 'windowBytes'>): Promise<void> {
  const bytesMax = windowBytes + SPARES * fileBytesOf(windowBytes);
  for (let looks = 0; looks < GIVEN_LOOKS; looks++) {
    if ((bytesOnDisk(dir).get('journal') ?? 0) <= bytesMax) return;
    await new Promise((resolve) => setTimeout(resolve, GIVEN_LOOK_MS));
  }
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
