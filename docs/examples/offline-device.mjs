// A tablet is offline while its owner's phone reads along. It misses nothing, and costs the chat
// nothing until it comes back.

import { openQueue } from 'foq';

const queue = await openQueue({ dir: './offline-device' });
try {
  const chat = queue.chat('ann-and-bob');
  await chat.join('bob/phone');
  await chat.join('bob/tablet');
  for (const text of ['Are you there?', 'The train is late.', 'See you at nine.']) {
    await chat.append(text, { senderId: 'ann/phone' });
  }
  await receive('bob/phone');

  const [head] = await queue.heads(['ann-and-bob']);
  console.log(`kept for the tablet: ${head.firstSeq} to ${head.headSeq}`);
  const { chats } = await queue.pending('bob/tablet');
  console.log(`the tablet has news in ${chats.length} chat`);
  await receive('bob/tablet');

  // Acks that nobody waits for become durable together; only then do they release records.
  await queue.flush();
  const [after] = await queue.heads(['ann-and-bob']);
  console.log(`kept when all have received: ${after.headSeq - after.firstSeq + 1}`);
} finally {
  await queue.close();
}

async function receive(consumerId) {
  for await (const delivery of queue.consume(consumerId)) {
    if (delivery.kind === 'caught-up') break;
    if (delivery.kind !== 'record') continue;
    console.log(`${consumerId} receives ${delivery.seq}: ${delivery.text()}`);
    delivery.ack();
  }
}
