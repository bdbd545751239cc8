// The other thread of the poison test: opens the store, and when it is told to, appends and posts
// how that went.

import { parentPort, workerData } from 'node:worker_threads';
import { NativeStore } from '../native-store.js';
import { AppendPacker } from '../packing.js';

const { dir, options } = workerData;
const answers = {
  appended: () => parentPort?.postMessage('appended'),
  failed: (_ticket: number, { code }: { readonly code: string }) => parentPort?.postMessage(code),
};

const store = await NativeStore.open(dir, options, answers);
const packer = new AppendPacker(1024);
packer.add({ chatId: 'chat', payload: new Uint8Array(8) });
store.submit(packer.buffer, { bytes: packer.used, count: 1 });
parentPort?.once('message', () => {
  try {
    store.submit(packer.buffer, { bytes: packer.used, count: 1 });
  } catch (error) {
    // The failure of the other thread's append may have come first.
    const isCoded = error instanceof Error && 'code' in error;
    parentPort?.postMessage(isCoded ? error.code : String(error));
  }
  // Lets the thread end once it is answered.
  parentPort?.unref();
});
