// Watermarks of users: what any of a user's devices has received or marked, the user has. Pure.
//
// Invariants: what a device was given when it joined, it has not received: a new device says
// nothing of what its user had before. Cursors of those who left say nothing.

import type { CursorView } from '../../protocol/index.js';
import type { PartOf } from '../../protocol/wire/index.js';

type Mark = PartOf<'Mark'>;

/** By userId, those who have a joined device or stand-in. */
export function ownerMarks(cursors: readonly CursorView[]): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const cursor of cursors) {
    if (cursor.leaveSeq !== undefined) continue;
    const [userId = ''] = cursor.consumerId.split('/', 1);
    const { delivered, read } = marks.get(userId) ?? { delivered: 0, read: 0 };
    const received = cursor.received >= cursor.joinSeq ? cursor.received : 0;
    marks.set(userId, {
      userId,
      delivered: Math.max(delivered, received, cursor.delivered, cursor.read),
      read: Math.max(read, cursor.read),
    });
  }
  return marks;
}
