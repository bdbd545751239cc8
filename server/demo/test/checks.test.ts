// The checks of the demo see what they are for: each fault is planted, and named.

import { test } from 'tap';
import { complaints, type Evidence } from '../checks.js';

const first = { seq: 1, body: undefined };
const second = { seq: 2, body: 'a' };
const third = { seq: 3, body: 'b' };
const fourth = { seq: 4, body: 'c' };
const seen = [first, second, third, fourth];

const sound: Evidence = {
  sent: [
    { by: 'ann', body: 'a', seq: 2 },
    { by: 'bob', body: 'b', seq: 3 },
    { by: 'ann', body: 'c', seq: 4 },
  ],
  devices: [{ device: 'ann/phone', seen, cursor: 4 }],
  head: 4,
};

function withSeen(changed: typeof seen): Evidence {
  return { ...sound, devices: [{ device: 'ann/phone', seen: changed, cursor: 4 }] };
}

test('what is complete, in order and acked passes', (t) => {
  t.same(complaints(sound), []);
  t.end();
});

test('each planted fault is complained about', (t) => {
  const planted: readonly [RegExp, Evidence][] = [
    [/never saw 3/, withSeen([first, second, fourth])],
    [/saw 3 twice/, withSeen([first, second, third, third, fourth])],
    [/saw 2 too late/, withSeen([first, third, second, fourth])],
    [/lacks "b"/, withSeen([first, second, { seq: 3, body: 'x' }, fourth])],
    [
      /cursor of ann\/phone is 3/,
      { ...sound, devices: [{ device: 'ann/phone', seen, cursor: 3 }] },
    ],
    [/acked for two/, { ...sound, sent: [...sound.sent, { by: 'bob', body: 'c', seq: 4 }] }],
    [/came after what ann sent later/, { ...sound, sent: [...sound.sent].reverse() }],
  ];
  for (const [said, evidence] of planted) {
    t.ok(
      complaints(evidence).some((line) => said.test(line)),
      String(said),
    );
  }
  t.end();
});
