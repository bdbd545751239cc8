// The figures and tables that scenarios share, without a store.

import { test } from 'tap';
import { type Counters, counted, dice, slope, zipf } from '../index.js';
import { fieldOf } from '../kernel.js';

test('popular numbers stay below their count, and 0 is drawn about 1 time in 7 of 1,000', (t) => {
  const draw = zipf(1_000, dice(7));
  const drawn = Array.from({ length: 20_000 }, draw);
  t.ok(drawn.every((number) => Number.isInteger(number) && number >= 0 && number < 1_000));
  const share = (number: number) => drawn.filter((it) => it === number).length / drawn.length;
  t.ok(share(0) > 0.11 && share(0) < 0.16, `0 has ${share(0)}`);
  t.ok(share(0) > share(1) && share(1) > share(50), 'few are drawn often');
  t.end();
});

test('a slope is the change of one unit, and 0 where there are no two points', (t) => {
  t.equal(slope([]), 0);
  t.equal(slope([[1, 5]]), 0);
  t.equal(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    2,
  );
  t.end();
});

test('a field is looked up by its whole name, and missing it is no number', (t) => {
  const table = 'VmRSS:\t  10 kB\nRssAnon:\t     452 kB\nRssAnonHuge: 3\n';
  t.equal(fieldOf(table, 'RssAnon'), 452);
  t.ok(Number.isNaN(fieldOf(table, 'Rss')));
  t.end();
});

test('counts are differences, and levels are those of the last look', (t) => {
  const look = (seals: number, chats: number) => ({ seals, chats }) as Counters;
  const { seals, chats } = counted(look(3, 100), look(5, 40));
  t.same({ seals, chats }, { seals: 2, chats: 40 });
  t.end();
});
