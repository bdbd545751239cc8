// Runs the whole suite in a worker thread, and posts the outcome of each case in order: nothing of
// a queue may need the main thread.

import { parentPort } from 'node:worker_threads';
import { cases } from '../../cases.js';
import { outcomeOfCase } from '../../outcome.js';
import { embedded } from './embedded.js';

for (const subject of cases) {
  parentPort?.postMessage(await outcomeOfCase(subject, embedded));
}
