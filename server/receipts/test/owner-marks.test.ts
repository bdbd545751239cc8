// Watermarks of users, from cursors of devices.

import { test } from 'tap';
import { ownerMarks } from '../index.js';

const cursor = { joinSeq: 1, received: 0, delivered: 0, read: 0 };

test('a user has what any of his devices has', (t) => {
  const marks = ownerMarks([
    { ...cursor, consumerId: 'ann/phone', received: 5 },
    { ...cursor, consumerId: 'ann/laptop', delivered: 7, read: 3 },
    { ...cursor, consumerId: 'bob/phone', read: 9 },
  ]);
  t.same(
    [...marks.values()],
    [
      { userId: 'ann', delivered: 7, read: 3 },
      { userId: 'bob', delivered: 9, read: 9 },
    ],
  );
  t.end();
});

test('a new device, and one that left, say nothing', (t) => {
  const marks = ownerMarks([
    { ...cursor, consumerId: 'ann/phone', received: 5 },
    { ...cursor, consumerId: 'ann/new', joinSeq: 100, received: 99 },
    { ...cursor, consumerId: 'eve/phone', received: 5, leaveSeq: 9 },
  ]);
  t.same([...marks.values()], [{ userId: 'ann', delivered: 5, read: 0 }]);
  t.end();
});
