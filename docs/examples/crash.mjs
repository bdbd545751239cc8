// A process is killed in the middle of a burst. What it was answered is there; the store opens
// without repair.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openQueue } from 'foq';

const dir = './crash';

if (process.argv[2] === 'writer') {
  await write();
} else {
  const writer = fork(process.argv[1], ['writer']);
  let answered = 0;
  writer.on('message', (seq) => {
    answered = seq;
    if (seq === 500) writer.kill('SIGKILL');
  });
  const [, signal] = await once(writer, 'close');
  console.log(`the writer ended by ${signal}`);
  await check(answered);
}

/** Appends until it is killed, and tells each answer. */
async function write() {
  const queue = await openQueue({ dir });
  for (;;) {
    const { seq } = await queue.append('burst', 'a record');
    process.send(seq);
  }
}

async function check(answered) {
  const queue = await openQueue({ dir });
  try {
    const [{ headSeq }] = await queue.heads(['burst']);
    console.log(`lost of what was answered: ${Math.max(0, answered - headSeq)}`);
    const { records } = await queue.read('burst', { limit: 10_000 });
    const isDense = records.every(({ seq }, index) => seq === index + 1);
    console.log(`numbered without a hole: ${isDense}`);
  } finally {
    await queue.close();
  }
}
