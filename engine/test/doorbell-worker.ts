// One worker of the doorbell test: opens a store, appends, reads back, and ends as it is told to.
// Posts what has become durable, so that the store can be held to it.

import { parentPort, workerData } from 'node:worker_threads';
import { NativeStore } from '../native-store.js';
import { Packer } from '../packing.js';
import { OPTIONS } from './doorbell-options.js';
import { deaf } from './native-rig.js';

/** Where a worker is when it ends: by itself, or because the main thread terminates it there. */
export type Ending = 'closed' | 'exiting' | 'opening' | 'under load' | 'closing';

export interface WorkerTask {
  readonly dir: string;
  readonly chatId: string;
  readonly ending: Ending;
}

export interface WorkerReport {
  readonly stage: Ending;
  /** Appends that were answered. */
  readonly durable: number;
}

const APPENDS = 40;
const PAYLOAD_BYTES = 512;
/** Turns of the event loop whose appends may be under way in a worker under load. */
const TURNS_UNDER_WAY = 8;

const task: WorkerTask = workerData;
const packer = new Packer(64 * 1024);
let submitted = 0;
let durable = 0;
let wake: (() => void) | undefined;

const answers = {
  ...deaf,
  appended({ seqs }: { readonly seqs: Float64Array }) {
    durable += seqs.length;
    wake?.();
  },
  failed(_ticket: number, error: Error) {
    throw error;
  },
};

function report(stage: Ending): void {
  parentPort?.postMessage({ stage, durable } satisfies WorkerReport);
}

function append(store: NativeStore): void {
  packer.clear();
  for (let i = 0; i < APPENDS; i++) {
    packer.append(task.chatId, new Uint8Array(PAYLOAD_BYTES).fill(i));
  }
  submitted += packer.count;
  store.submit(packer);
}

/** Resolves when no more than `most` appends are without an answer. */
async function answered(most: number): Promise<void> {
  while (submitted - durable > most) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function readBack(store: NativeStore): Promise<void> {
  const request = { chatId: task.chatId, from: { fromSeq: 1 }, limit: APPENDS };
  const [answer] = await store.read([request], 1024 * 1024);
  const records = answer?.records ?? [];
  if (records.length !== APPENDS) throw new Error(`${records.length} records were read`);
  for (const [i, { seq, payload }] of records.entries()) {
    if (seq !== i + 1 || payload.length !== PAYLOAD_BYTES || payload.some((byte) => byte !== i)) {
      throw new Error(`record ${seq} is not what was sent`);
    }
  }
  const headSeq = (await store.heads([task.chatId]))[0]?.headSeq;
  if (headSeq !== APPENDS) throw new Error(`the head is ${headSeq}`);
}

async function appendUntilTerminated(store: NativeStore): Promise<never> {
  for (;;) {
    append(store);
    await answered(TURNS_UNDER_WAY * APPENDS);
    report('under load');
  }
}

if (task.ending === 'opening') report('opening');
const store = await NativeStore.open(task.dir, OPTIONS, answers);
append(store);
await answered(0);
await readBack(store);
if (task.ending === 'under load') await appendUntilTerminated(store);
append(store);
if (task.ending === 'exiting') process.exit(0);
if (task.ending === 'closing') report('closing');
await store.close();
report('closed');
