// An outbox under test: it repeats what it is unsure of, and the power is cut under it, twenty
// times. docs/testing.md explains what the simulated machine does.

import { openQueue } from 'foq/testing';

/** The code under test: the same id is stored once, however often it is sent. */
async function send(queue, id, text) {
  const { seq } = await queue.append('chat', text, { senderId: 'ann/phone', dedupKey: id });
  return seq;
}

let unsure = 0;
let wrong = 0;
for (let seed = 0; seed < 20; seed += 1) {
  const queue = await openQueue({ dir: ':memory:', seed });
  await send(queue, 'm1', 'hello');
  // At most two more calls reach the disk; then the power is gone.
  queue.faults.cutAfter(seed % 3);
  try {
    await send(queue, 'm2', 'are you there?');
  } catch (error) {
    if (error.code !== 'FOQ_UNKNOWN_OUTCOME') throw error;
    unsure += 1;
  }
  await queue.faults.crash();

  const after = await queue.reopen();
  await send(after, 'm2', 'are you there?');
  const { records } = await after.read('chat');
  const texts = records.map((record) => record.text());
  if (texts.join() !== 'hello,are you there?') wrong += 1;
  await after.clock.advance('29d');
  if ((await after.read('chat')).records.length !== 2) wrong += 1;
  await after.clock.advance('3d');
  if ((await after.read('chat')).records.length !== 0) wrong += 1;
  await after.close();
}
console.log(`some sends were left unsure: ${unsure > 0}`);
console.log(`messages lost, stored twice, or kept too long or too short: ${wrong}`);
