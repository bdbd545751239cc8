// How long a client waits before it connects again.

import { test } from 'tap';
import { backoffMs } from '../backoff.js';
import { TokenBucket } from '../token-bucket.js';

test('the wait is anything up to a bound that doubles from 0.5 s to 30 s', (t) => {
  const bounds = [0, 1, 2, 5, 6, 1000].map((attempt) => backoffMs({ attempt, random: 1 }));
  t.same(bounds, [500, 1000, 2000, 16_000, 30_000, 30_000]);
  t.equal(backoffMs({ attempt: 9, random: 0 }), 0);
  t.equal(backoffMs({ attempt: 9, random: 0.5 }), 15_000);
  t.end();
});

test('a burst is let through, and then what the rate allows', (t) => {
  const bucket = new TokenBucket({ perSecond: 20, burst: 100 });
  let taken = 0;
  while (bucket.take(1_000) === 0) taken += 1;
  t.equal(taken, 95);
  const wait = bucket.take(1_000);
  t.ok(wait > 0 && wait < 60, `${wait} ms`);
  t.equal(bucket.take(1_000 + Math.ceil(wait)), 0);
  t.end();
});
