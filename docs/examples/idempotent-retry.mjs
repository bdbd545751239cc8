// An answer gets lost on the way. The retry has the same key, so it is answered with the first
// record, also after the store was closed and opened.

import { FoqError, openQueue } from 'foq';

const dir = './idempotent-retry';
const order = { senderId: 'shop/till-1', dedupKey: `order-${Date.now()}` };

const first = await append('two coffees');
console.log(`stored, duplicate: ${first.duplicate}`);
const again = await append('two coffees');
console.log(`the same record: ${again.seq === first.seq}, duplicate: ${again.duplicate}`);
try {
  await append('three coffees');
} catch (error) {
  if (!(error instanceof FoqError)) throw error;
  console.log(`another payload under the same key: ${error.code}`);
}

/** Opens anew each time: the memory of keys is as durable as the records. */
async function append(text) {
  const queue = await openQueue({ dir });
  try {
    return await queue.append('orders', text, order);
  } finally {
    await queue.close();
  }
}
