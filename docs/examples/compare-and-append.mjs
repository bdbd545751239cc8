// Two clerks book the last seat. The chat's guard lets one of them through: the other learns what
// happened before it tries again.

import { FoqError, openQueue } from 'foq';

const queue = await openQueue({ dir: './compare-and-append' });
try {
  const chatId = `flight-${Date.now()}`;
  const [{ guard }] = await queue.heads([chatId]);
  const book = (clerk) => {
    const next = { expected: guard, next: guard + 1 };
    return queue.append(chatId, `booked by ${clerk}`, { senderId: clerk, guard: next });
  };
  const results = await Promise.allSettled([book('clerk/north'), book('clerk/south')]);
  for (const result of results) {
    if (result.status === 'fulfilled') {
      console.log(`booked as record ${result.value.seq}`);
    } else if (result.reason instanceof FoqError && result.reason.code === 'FOQ_GUARD_CONFLICT') {
      console.log(`too late: the guard is ${result.reason.details.current}`);
    } else {
      throw result.reason;
    }
  }
} finally {
  await queue.close();
}
