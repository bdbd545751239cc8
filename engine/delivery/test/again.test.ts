// What a window does as time passes, as scripts: verbs at the line's begin, what they led to below.

import { test } from 'tap';
import { plays } from './window-script.js';

test('what is not acked is offered again after 10 s, 20 s and 40 s, only the oldest', (t) => {
  plays(
    t,
    `
    news a head=2
    read
      a 1
      a 2
    wait 9999
    read
      nothing to read
    wait 1
    read
      a 1 attempt 2
    state
      1 chats, 2 records, 20 bytes, due in 20000
    wait 20000
    read
      a 1 attempt 3
    wait 39999
    read
      nothing to read
    ack a 1
      to the store
    state
      1 chats, 1 records, 10 bytes, due in 10000
    wait 10000
    read
      a 2 attempt 2
    ack a 2
      to the store
    state
      1 chats, 0 records, 0 bytes, nothing due
    `,
  );
});

test('the time until a delivery is offered again begins when the consumer gets it', (t) => {
  plays(
    t,
    `
    news a head=1
    hold
    read
    wait 60000
    read
    get
      a 1
    state
      1 chats, 1 records, 10 bytes, due in 10000
    `,
  );
});

test('a nack stops its chat for a while and offers again from there', (t) => {
  plays(
    t,
    `
    news a head=5
    news b head=9
    read
      a 1
      a 2
      a 3
      a 4
      b 1
      b 2
      b 3
      b 4
    nack a 2 delay=500
    state
      2 chats, 5 records, 50 bytes, due in 500
    ack b 4
      to the store
    read
      b 5
      b 6
      b 7
      b 8
    wait 500
    read
      a 2 attempt 2
      a 3 attempt 2
      a 4 attempt 2
    nack a 4
    ack a 4
      to the store
    read
      a 5
    nack a 4
    read
      nothing to read
    `,
  );
});

test('a nack takes back what the consumer has not got yet, without counting an attempt', (t) => {
  plays(
    t,
    `
    news a head=4
    hold
    read
    nack a 2
    get
      a 1
    read
      a 2
      a 3
      a 4
    `,
  );
});

test('an ack of a later seq covers what was taken back, and what was not delivered', (t) => {
  plays(
    t,
    `
    news a head=9
    read
      a 1
      a 2
      a 3
      a 4
    nack a 1 delay=1000
    ack a 6
      to the store
    wait 1000
    read
      a 7
      a 8
      a 9
    ack a 12
      to the store
    state
      1 chats, 3 records, 30 bytes, due in 10000
    `,
  );
});

test('a window that stays full for 10 s without an ack is noticed once', (t) => {
  plays(
    t,
    `
    news a head=9
    read
      a 1
      a 2
      a 3
      a 4
    read
      nothing to read
    wait 9999
    wait 1
      window full
    read
      a 1 attempt 2
    wait 10000
    wait 10000
    ack a 1
      to the store
    read
      a 5
    read
      nothing to read
    wait 10000
      window full
    `,
  );
});

test('a full window is not noticed while the consumer has not got all of it', (t) => {
  plays(
    t,
    `
    news a head=9
    hold
    read
    read
    wait 10000
    wait 10000
    get
      a 1
      a 2
      a 3
      a 4
    wait 0
      window full
    `,
  );
});

test('a window that is full over all chats is noticed too, once all of it was handed', (t) => {
  plays(
    t,
    `
    window records=4 bytes=1000
    news a head=9
    news b head=9
    news c head=9
    news d head=9
    news e head=9
    hold
    read
    read
    wait 10000
    get
      a 1
      b 1
      c 1
      d 1
    wait 0
      window full
    `,
  );
});
