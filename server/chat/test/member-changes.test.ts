// What a change makes of a membership record, where many changes have gone before.

import { test } from 'tap';
import type { CommandOf, Membership, StoredMember } from '../../../protocol/wire/index.js';
import { changeOf } from '../member-changes.js';

function changed(members: readonly StoredMember[], said: object, firstSeq = 1): Membership {
  const [actor] = members;
  if (actor === undefined) throw new Error('somebody acts');
  const membership = { type: 'group' as const, createdAt: 1, createdBy: 'a', e2ee: false, members };
  const command = { t: 'updateChat', id: 1, chatId: '~g', ...said } as CommandOf<'updateChat'>;
  return changeOf({ membership, actor, command, firstSeq, participantsMax: 100 }).membership;
}

const owner: StoredMember = { userId: 'a', role: 'owner', ranges: [[1, null]] };

test('who comes back keeps his ranges and gets a new one', (t) => {
  const gone: StoredMember = { userId: 'b', role: 'owner', ranges: [[1, 5]] };
  const { members } = changed([owner, gone], { add: ['b'] });
  t.same(members[1], {
    userId: 'b',
    role: 'member',
    ranges: [
      [1, 5],
      [0, null],
    ],
  });
  t.end();
});

test('ranges that nobody can read any more are dropped, and who has no other', (t) => {
  const gone: StoredMember = {
    userId: 'b',
    role: 'member',
    ranges: [
      [1, 5],
      [7, 9],
    ],
  };
  t.same(changed([owner, gone], { name: 'x' }, 6).members[1]?.ranges, [[7, 9]]);
  t.same(changed([owner, gone], { name: 'x' }, 10).members.length, 1);
  const leaving: StoredMember = { userId: 'b', role: 'member', ranges: [[1, null]] };
  t.same(changed([owner, leaving], { remove: ['b'] }, 10).members[1]?.ranges, [[1, 0]]);
  t.end();
});

test('of many ranges and former members the newest are kept', (t) => {
  const ranges = Array.from({ length: 40 }, (_, index) => [index * 3 + 1, index * 3 + 2] as const);
  const often: StoredMember = { userId: 'b', role: 'member', ranges };
  const kept = changed([owner, often], { add: ['b'] }).members[1]?.ranges ?? [];
  t.equal(kept.length, 32);
  t.same(kept.at(-1), [0, null]);
  const former = Array.from({ length: 1_200 }, (_, index): StoredMember => {
    return { userId: `u${index}`, role: 'member', ranges: [[1, index + 2]] };
  });
  const { members } = changed([owner, ...former], { name: 'x' });
  t.equal(members.length, 1_001);
  t.same(members[1]?.userId, 'u200', 'who left first is forgotten first');
  t.end();
});
