// The scan of JSON passes exactly what JSON.stringify writes within the limits, and refuses each
// hostile frame for its own reason.

import { test } from 'tap';
import { FRAME_LIMITS } from '../limits.js';
import { scanJson } from '../scan-json.js';
import { depthOf, drawer, elementsOf, mapOf, seedOfRun } from './random.js';

const scan = (text: string) => scanJson(Buffer.from(text), FRAME_LIMITS);

test('what JSON.stringify writes passes, exactly up to the limits, in 1,000 values', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  for (let run = 0; run < 1_000; run += 1) {
    const written = JSON.stringify(mapOf(draw, 4), null, draw(3));
    const value: unknown = JSON.parse(written);
    const limits = { depthMax: depthOf(value), elementsMax: elementsOf(value) };
    const frame = Buffer.from(written);
    const found = [
      scanJson(frame, limits),
      scanJson(frame, { ...limits, depthMax: limits.depthMax - 1 }),
      scanJson(frame, { ...limits, elementsMax: limits.elementsMax - 1 }),
    ];
    const expected = [undefined, 'too-deep', 'too-many-elements'];
    if (!found.every((fault, index) => fault === expected[index])) {
      t.same(found, expected, written);
      break;
    }
  }
  t.end();
});

const hostile: readonly [string, string, string][] = [
  ['nine arrays within each other', '['.repeat(9), 'too-deep'],
  ['4,096 elements of an array', `[${'0,'.repeat(4_095)}0]`, 'too-many-elements'],
  ['4,096 pairs of a map', `{${'"a":0,'.repeat(4_095)}"a":0}`, 'too-many-elements'],
  ['an array that is not closed', '[1', 'cut-short'],
  ['a string that is not closed', '{"a":"b', 'cut-short'],
  ['a string whose last quote is escaped', '["a\\"]', 'cut-short'],
  ['more closed than opened', '[]]', 'malformed'],
  ['a number of 33 digits', `[${'9'.repeat(33)}]`, 'token-too-long'],
  ['the first half of a surrogate pair', '["\\ud800"]', 'not-utf8'],
  ['the first half twice', '["\\ud800\\ud800"]', 'not-utf8'],
  ['the second half of a surrogate pair', '["\\uDC00 "]', 'not-utf8'],
];

for (const [what, text, fault] of hostile) {
  test(`${what}: ${fault}`, (t) => {
    t.equal(scan(text), fault);
    t.end();
  });
}

test('brackets, commas and quotes within strings are text', (t) => {
  t.equal(scan('{"[[[[[[[[[[":"{{{{{{{{{{,\\",]]]]"}'), undefined);
  t.equal(scan('["\\\\",[["\\ud83d\\ude00\\u00e9"]], 1e-300, [ ], { }]'), undefined);
  t.end();
});

test('4,095 elements of an array pass', (t) => {
  t.equal(scan(`[ ${'0, '.repeat(4_094)}0 ]`), undefined);
  t.end();
});
