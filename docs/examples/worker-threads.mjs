// Four workers append to one store of this process. There is one committer, so one order per chat.

import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openQueue } from 'foq';

const dir = './worker-threads';

if (isMainThread) {
  const queue = await openQueue({ dir });
  try {
    const [{ headSeq }] = await queue.heads(['shared']);
    const workers = [1, 2, 3, 4].map((number) => {
      return new Worker(new URL(import.meta.url), { workerData: { number } });
    });
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    const { records } = await queue.read('shared', { fromSeq: headSeq + 1, limit: 10_000 });
    console.log(`records of all workers: ${records.length}`);
    for (const number of [1, 2, 3, 4]) {
      const own = records.filter(({ senderId }) => senderId === `worker/${number}`);
      const inOrder = own.every((record, index) => record.text() === `${index}`);
      console.log(`worker ${number}: ${own.length} records, in its own order: ${inOrder}`);
    }
  } finally {
    await queue.close();
  }
} else {
  // The same directory in the same process: a second handle on the same store.
  const queue = await openQueue({ dir });
  const bulk = queue.bulk();
  for (let index = 0; index < 250; index++) {
    bulk.append('shared', `${index}`, { senderId: `worker/${workerData.number}` });
  }
  await bulk.commit();
  await queue.close();
}
