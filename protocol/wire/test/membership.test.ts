// Membership: 0 becomes the record's seq, former members stay with their ranges, and a seq may be
// read by who was a member at it.

import { test } from 'tap';
import { currentMembers, mayRead, memberOf, settled } from '../index.js';
import { MEMBERSHIP } from './stored-samples.js';

test('each 0 becomes the seq of the record and nothing else changes', (t) => {
  const { members, ...rest } = settled(MEMBERSHIP, 12);
  t.same(
    members.map(({ ranges }) => ranges),
    [
      [[1, null]],
      [[1, 12]],
      [
        [2, 7],
        [12, null],
      ],
    ],
  );
  const { members: _, ...unchanged } = MEMBERSHIP;
  t.same(rest, unchanged);
  t.same(settled(settled(MEMBERSHIP, 12), 99), settled(MEMBERSHIP, 12), 'once is enough');
  t.end();
});

test('who left in this record is no member, and who came in it is', (t) => {
  const names = (seq: number) => currentMembers(settled(MEMBERSHIP, seq)).map((one) => one.userId);
  t.same(names(12), ['ann', 'cleo']);
  t.same(
    currentMembers(MEMBERSHIP).map(({ userId }) => userId),
    ['ann', 'cleo'],
  );
  t.end();
});

test('a former member reads up to his removal, and one who came back not what was between', (t) => {
  const membership = settled(MEMBERSHIP, 12);
  const readable = (userId: string) => {
    const member = memberOf(membership, userId);
    return [1, 2, 7, 8, 11, 12, 13].filter((seq) => member && mayRead(member, seq));
  };
  t.same(readable('ann'), [1, 2, 7, 8, 11, 12, 13]);
  t.same(readable('bob'), [1, 2, 7, 8, 11, 12]);
  t.same(readable('cleo'), [2, 7, 12, 13]);
  t.same(readable('dan'), []);
  t.end();
});
