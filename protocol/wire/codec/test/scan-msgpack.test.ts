// The scan of MessagePack passes exactly what an encoder writes within the limits, and refuses
// each hostile frame for its own reason.

import { encode } from '@msgpack/msgpack';
import { test } from 'tap';
import { FRAME_LIMITS } from '../limits.js';
import { scanMsgpack } from '../scan-msgpack.js';
import { bytesOf, depthOf, drawer, elementsOf, mapOf, seedOfRun } from './random.js';

const scan = (...bytes: number[]) => scanMsgpack(Uint8Array.from(bytes), FRAME_LIMITS);

test('what an encoder writes passes, exactly up to the limits, in 1,000 values', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  for (let run = 0; run < 1_000; run += 1) {
    const value = mapOf(draw, 4);
    const limits = { depthMax: depthOf(value), elementsMax: elementsOf(value) };
    const frame = encode(value);
    const found = [
      scanMsgpack(frame, limits),
      scanMsgpack(frame, { ...limits, depthMax: limits.depthMax - 1 }),
      scanMsgpack(frame, { ...limits, elementsMax: limits.elementsMax - 1 }),
    ];
    const expected = [undefined, 'too-deep', 'too-many-elements'];
    if (!found.every((fault, index) => fault === expected[index])) {
      t.same(found, expected, JSON.stringify(value));
      break;
    }
  }
  t.end();
});

test('no frame that is cut or followed by a byte passes, in 300 values', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  for (let run = 0; run < 300; run += 1) {
    const frame = encode(mapOf(draw, 3));
    const cut = frame.subarray(0, draw(frame.length));
    const longer = Uint8Array.from([...frame, draw(256)]);
    if (scanMsgpack(cut, FRAME_LIMITS) === undefined) t.fail(`cut at ${cut.length}: ${frame}`);
    if (scanMsgpack(longer, FRAME_LIMITS) !== 'left-over') t.fail(`followed by a byte: ${frame}`);
  }
  t.end();
});

test('random bytes end in a fault or in a value, and never in an exception', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  const faults = new Set<unknown>();
  for (let run = 0; run < 20_000; run += 1) {
    faults.add(scanMsgpack(bytesOf(draw, draw(24)), FRAME_LIMITS));
  }
  t.ok(faults.size >= 6, `${[...faults].join()}`);
  t.end();
});

const hostile: readonly [string, readonly number[], string][] = [
  ['nothing', [], 'cut-short'],
  ['the byte that is never used', [0xc1], 'type-not-allowed'],
  ['every extension type', [0xd4, 0, 0], 'type-not-allowed'],
  ['a time stamp', [0xd6, 0xff, 0, 0, 0, 0], 'type-not-allowed'],
  ['an extension of 4 GiB', [0xc9, 0xff, 0xff, 0xff, 0xff, 1], 'type-not-allowed'],
  ['an array of 4 G elements', [0xdd, 0xff, 0xff, 0xff, 0xff], 'too-many-elements'],
  ['a map of 4 G pairs', [0xdf, 0xff, 0xff, 0xff, 0xff], 'too-many-elements'],
  ['a string of 4 GiB', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61], 'cut-short'],
  ['bytes of 4 GiB', [0xc6, 0xff, 0xff, 0xff, 0xff, 0x61], 'cut-short'],
  ['a length that is cut', [0xda, 0x01], 'cut-short'],
  ['an array without its last element', [0x92, 0x01], 'cut-short'],
  ['a map without its last value', [0x81, 0xa1, 0x61], 'cut-short'],
  ['a key that is a number', [0x81, 0x01, 0x01], 'key-not-allowed'],
  ['a key that is a map', [0x81, 0x80, 0x01], 'key-not-allowed'],
  ['a key that is missing', [0x81], 'cut-short'],
  ['a string of a lone continuation byte', [0xa1, 0x80], 'not-utf8'],
  ['a string in overlong UTF-8', [0xa2, 0xc0, 0xaf], 'not-utf8'],
  ['a string in overlong UTF-8 of three', [0xa3, 0xe0, 0x80, 0xaf], 'not-utf8'],
  ['a string of half a surrogate pair', [0xa3, 0xed, 0xa0, 0x80], 'not-utf8'],
  ['a string beyond Unicode', [0xa4, 0xf4, 0x90, 0x80, 0x80], 'not-utf8'],
  ['a string that ends within a character', [0xa1, 0xc3], 'not-utf8'],
  ['two values', [0x80, 0x80], 'left-over'],
  ['nine arrays within each other', new Array(9).fill(0x91), 'too-deep'],
];

for (const [what, bytes, fault] of hostile) {
  test(`${what}: ${fault}`, (t) => {
    t.equal(scan(...bytes), fault);
    t.end();
  });
}

test('a frame of nothing but nested arrays is left after nine bytes', (t) => {
  t.equal(scanMsgpack(new Uint8Array(262_144).fill(0x91), FRAME_LIMITS), 'too-deep');
  t.end();
});

test('eight arrays within each other pass, and so do 4,095 elements of one', (t) => {
  t.equal(scan(...new Array(7).fill(0x91), 0x90), undefined);
  const elements = new Array(4_095).fill(0);
  t.equal(scan(0xdc, 0x0f, 0xff, ...elements), undefined);
  t.equal(scan(0xdc, 0x10, 0x00, ...elements, 0), 'too-many-elements');
  t.end();
});
