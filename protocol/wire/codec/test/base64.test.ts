// Base64 agrees with Node's in both directions, and takes one text per bytes.

import { test } from 'tap';
import { fromBase64, toBase64 } from '../base64.js';
import { bytesOf, drawer, seedOfRun } from './random.js';

test('2,000 byte strings are written as Node writes them, and read again', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  for (let run = 0; run < 2_000; run += 1) {
    const bytes = bytesOf(draw, draw(70));
    const text = toBase64(bytes);
    const isRight =
      text === Buffer.from(bytes).toString('base64') &&
      Buffer.compare(bytes, fromBase64(text) ?? Buffer.from('none')) === 0;
    if (!isRight) t.fail(`${bytes} as ${text}`);
  }
  t.end();
});

for (const text of [
  'A',
  'AA',
  'AAA',
  'AA=A',
  '====',
  'A===',
  'AB==',
  'AAB=',
  'AA-_',
  'AA A',
  'ÿAAA',
]) {
  test(`"${text}" is no Base64`, (t) => {
    t.equal(fromBase64(text), undefined);
    t.end();
  });
}
