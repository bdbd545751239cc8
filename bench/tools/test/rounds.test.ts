// The order in which rounds look at two sides, without a store.

import { test } from 'tap';
import { lookAtBoth, roundsOf } from '../index.js';

test('each side goes first in every second round, and the other twice in the middle', async (t) => {
  const order: string[] = [];
  const look = (side: string) => {
    order.push(side);
    return Promise.resolve(`${side}${order.length}`);
  };
  const first = await lookAtBoth(0, ['a', 'b'], look);
  const second = await lookAtBoth(1, ['a', 'b'], look);
  t.equal(order.join(''), 'abbabaab');
  t.same(
    [first, second],
    [
      [
        ['a1', 'a4'],
        ['b2', 'b3'],
      ],
      [
        ['a6', 'a7'],
        ['b5', 'b8'],
      ],
    ],
  );
});

test('rounds are as told, whether it is only a look or not', (t) => {
  const usual = { quick: 1, full: 3 };
  t.equal(roundsOf({ quick: true }, usual), 1);
  t.equal(roundsOf({ quick: false }, usual), 3);
  t.equal(roundsOf({ quick: true, rounds: '7' }, usual), 7);
  t.end();
});
