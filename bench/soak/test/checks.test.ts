// Chats as they should be, and with each mistake.

import { test } from 'tap';
import { complaints } from '../checks.js';

const recordsOf = (...pairs: readonly (readonly [seq: number, number: number])[]) =>
  pairs.map(([seq, number]) => ({ seq, text: () => `${number} and more` }));
const told = { appended: 4, acked: 2 };
const whole = {
  read: { firstSeq: 3, headSeq: 5 },
  records: recordsOf([3, 3], [4, 4], [5, 5]),
  cursor: { received: 2 },
};

test('a chat whose numbers are its seqs up to its head has no complaint', (t) => {
  t.same(complaints('c', told, whole), []);
  t.end();
});

test('loss at the end or inside, a duplicate, a lost ack and a high floor are each told', (t) => {
  const cases: readonly (readonly [RegExp, Partial<typeof whole>])[] = [
    [/head is 3/, { read: { firstSeq: 3, headSeq: 3 }, records: recordsOf([3, 3]) }],
    [/seq 4 is missing before 5/, { records: recordsOf([3, 3], [5, 5]) }],
    [/seq 4 holds number 3/, { records: recordsOf([3, 3], [4, 3], [5, 4]) }],
    [/seq 5 to 5 are missing/, { records: recordsOf([3, 3], [4, 4]) }],
    [/ack of 2 is lost: 1/, { cursor: { received: 1 } }],
    [/floor 3 is above/, { cursor: { received: 1 } }],
  ];
  for (const [text, change] of cases) {
    const found = complaints('c', told, { ...whole, ...change });
    t.ok(
      found.some((line) => text.test(line)),
      `${text}: ${found.join('; ')}`,
    );
  }
  t.match(complaints('c', told, { ...whole, cursor: undefined as never }).join(), /not joined/);
  t.end();
});
