// The window of a consumer, as scripts: verbs at the line's begin, what they led to below.

import { test } from 'tap';
import { plays } from './window-script.js';

test('a backlog, then caught up once for the chat and once for all, then live', (t) => {
  plays(
    t,
    `
    backlog a received=1 head=3
    backlog b received=4 head=5
    listed
    read
      a 2
      a 3
      caught up a
      b 5
      caught up b
      caught up all
    ack a 3
      to the store
    durable a 3
    news a received=3 head=4
    read
      a 4
    `,
  );
});

test('a chat of which nothing is pending is caught up at once, where it was named', (t) => {
  plays(
    t,
    `
    backlog a received=7 head=7
      caught up a
    listed
      caught up all
    state
      0 chats, 0 records, 0 bytes, nothing due
    `,
  );
});

test('a chat has at most a quarter of the window, and goes on as it is acked', (t) => {
  plays(
    t,
    `
    news a head=6
    read
      a 1
      a 2
      a 3
      a 4
    read
      nothing to read
    ack a 2
      to the store
    ack a 2
      nothing new
    read
      a 5
      a 6
    state
      1 chats, 4 records, 40 bytes, due in 10000
    `,
  );
});

test('chats take turns, and out of window nothing is read', (t) => {
  plays(
    t,
    `
    window records=8 bytes=1000
    news a head=3
    news b head=3
    news c head=3
    news d head=3
    news e head=3
    read
      a 1
      a 2
      b 1
      b 2
      c 1
      c 2
      d 1
      d 2
    read
      nothing to read
    ack a 2
      to the store
    read
      e 1
      e 2
    ack b 2
      to the store
    read
      a 3
      b 3
    state
      5 chats, 8 records, 80 bytes, due in 10000
    `,
  );
});

test('a large record waits for its place, is not overtaken for ever, and goes alone', (t) => {
  plays(
    t,
    `
    window records=8 bytes=1000
    size a 700 1
    size b 1200 1
    news a head=2
    news c head=9
    news b head=1
    read
      a 1
      c 1
      c 2
    read
      nothing to read
    ack c 2
      to the store
    read
      nothing to read
    ack a 1
      to the store
    read
      b 1
    read
      nothing to read
    ack b 1
      to the store
    read
      a 2
      c 3
    `,
  );
});

test('own records that the store took as received are passed over', (t) => {
  plays(
    t,
    `
    news a received=3 head=4
    read
      a 4
    ack a 4
      to the store
    news a received=6 head=7
    read
      a 7
    `,
  );
});

test('below the floor there is a gap, which counts and is acked like a record', (t) => {
  plays(
    t,
    `
    floor a 5 trimmed
    backlog a head=6
    listed
    read
      a gap 1-4 trimmed
      a 5
      a 6
      caught up a
      caught up all
    wait 10000
    read
      a gap 1-4 trimmed
    ack a 4
      to the store
    state
      1 chats, 2 records, 20 bytes, due in 10000
    floor a 7 expired
    wait 10000
    read
      a gap 5-5 expired
    `,
  );
});

test('a gap never goes beyond what a closing cursor gets', (t) => {
  plays(
    t,
    `
    listed
      caught up all
    floor a 9
    news a head=12 last=6
    read
      a gap 1-6 expired
    ack a 6
      to the store
    durable a 6
    state
      0 chats, 0 records, 0 bytes, nothing due
    `,
  );
});

test('a closing cursor ends at its last seq', (t) => {
  plays(
    t,
    `
    news a received=1 head=9 last=3
    read
      a 2
      a 3
    news a received=1 head=10 last=3
    read
      nothing to read
    ack a 3
      to the store
    gone a
    state
      0 chats, 0 records, 0 bytes, nothing due
    ack a 3
      nothing new
    `,
  );
});

test('what lies between leaving and joining again is a gap', (t) => {
  plays(
    t,
    `
    backlog a received=2 head=9 join=8
      cursor of a?
    listed
    read
      nothing to read
    cursor a received=2 join=8 holes=4-5,7-7
    read
      a 3
    read
      a gap 4-5 before-join
      a 6
    read
      a gap 7-7 before-join
    ack a 6
      to the store
    read
      a 8
      a 9
      caught up a
      caught up all
    news a received=2 head=10 join=8
    read
      a 10
    `,
  );
});

test('where the row does not say it, the cursor says where a chat ends', (t) => {
  plays(
    t,
    `
    backlog a received=2 head=9 join=?
      cursor of a?
    cursor a received=2 join=1 leave=3
    listed
    read
      a 3
      caught up a
      caught up all
    read
      nothing to read
    `,
  );
});

test('a chat that is gone or not wanted any more is not waited for', (t) => {
  plays(
    t,
    `
    backlog a head=9
    backlog b head=9
    listed
    hold
    read
    gone a
    remove b
    get
      caught up all
    ack a 1
      nothing new
    ack b 1
      to the store
    read
      nothing to read
    state
      0 chats, 0 records, 0 bytes, nothing due
    `,
  );
});

test('a chat is remembered until its ack is durable, and then costs nothing', (t) => {
  plays(
    t,
    `
    listed
      caught up all
    news a received=0 head=1
    read
      a 1
    ack a 1
      to the store
    news a received=0 head=1
    read
      nothing to read
    durable a 1
    state
      0 chats, 0 records, 0 bytes, nothing due
    `,
  );
});

test('who is not reached by a read keeps its turn', (t) => {
  plays(
    t,
    `
    news a head=3
    news b head=3
    news c head=3
    read 30
      a 1
      a 2
      a 3
    read 30
      b 1
      b 2
      b 3
    read 30
      c 1
      c 2
      c 3
    `,
  );
});
