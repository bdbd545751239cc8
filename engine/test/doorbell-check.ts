// The last worker of the doorbell test: opens every store again, and looks for what the others were
// told is durable.

import { workerData } from 'node:worker_threads';
import { NativeStore } from '../native-store.js';
import { OPTIONS } from './doorbell-options.js';
import { deaf } from './native-rig.js';

export interface Promised {
  readonly dir: string;
  readonly chatId: string;
  /** Appends that were answered; more may be there. */
  readonly durable: number;
}

const promised: readonly Promised[] = workerData;

for (const dir of new Set(promised.map((promise) => promise.dir))) {
  const store = await NativeStore.open(dir, OPTIONS, deaf);
  for (const { chatId, durable } of promised.filter((promise) => promise.dir === dir)) {
    const headSeq = (await store.heads([chatId]))[0]?.headSeq ?? 0;
    if (headSeq < durable) throw new Error(`${durable} were answered, the head is ${headSeq}`);
  }
  await store.close();
}
