// Who acks late, and what is left to ack.

import { test } from 'tap';
import { lateChats } from '../late.js';

test('1 of 4 chats is 3 behind, the others are not, and only what is behind is live', (t) => {
  const late = lateChats({ chats: 4, share: 0.25, lagSteps: 3 });
  t.same([late.received(0, 2), late.received(0, 5), late.received(1, 5)], [0, 2, 5]);
  t.same([late.live(2), late.live(10)], [2, 3]);
  t.end();
});
