// Uses a queue of the store in `workerData.dir` until it is terminated; posts each answered seq.

import { parentPort, workerData } from 'node:worker_threads';
import { openQueue } from '../../index.js';

const { dir, options, name } = workerData as {
  readonly dir: string;
  readonly options: object;
  readonly name: string;
};
const queue = await openQueue({ ...options, dir });
const consumer = queue.consume(name, { chats: [name], join: 'first' });
const consuming = (async () => {
  for await (const delivery of consumer) if (delivery.kind === 'record') delivery.ack();
})();
consuming.catch(() => undefined);
for (let n = 0; n < 100_000; n += 1) {
  const calls = Array.from({ length: 20 }, () => queue.append(name, 'x'.repeat(500)));
  const answers = await Promise.all(calls);
  parentPort?.postMessage(answers.at(-1)?.seq);
}
