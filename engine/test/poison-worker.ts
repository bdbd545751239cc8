// The other thread of the poison test: opens the store, and when it is told to, appends and posts
// how that went.

import { parentPort, workerData } from 'node:worker_threads';
import { NativeStore } from '../native-store.js';
import { deaf } from './native-rig.js';

const { dir, options } = workerData;
const answers = {
  ...deaf,
  appended: () => parentPort?.postMessage('appended'),
  failed: (_ticket: number, { code }: { readonly code: string }) => parentPort?.postMessage(code),
};

const store = await NativeStore.open(dir, options, answers);
const packer = store.packer(1024);
packer.append('chat', new Uint8Array(8));
store.submit(packer);
parentPort?.once('message', () => {
  try {
    packer.append('chat', new Uint8Array(8));
    store.submit(packer);
  } catch (error) {
    // The failure of the other thread's append may have come first.
    const isCoded = error instanceof Error && 'code' in error;
    parentPort?.postMessage(isCoded ? error.code : String(error));
  }
  // Lets the thread end once it is answered.
  parentPort?.unref();
});
