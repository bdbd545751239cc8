// Frames in both encodings: what is encoded is decoded again, bytes stay bytes, and a frame that is
// refused has a code and a reason.

import { test } from 'tap';
import { ERRORS, FoqError } from '../../../index.js';
import {
  chooseSubprotocol,
  decodeMaps,
  encodeMap,
  encodeSorted,
  isBinary,
  packMaps,
  SUBPROTOCOLS,
  type Subprotocol,
} from '../index.js';
import { drawer, elementsOf, mapOf, seedOfRun } from './random.js';

const JSON_FRAMES: Subprotocol = 'foq.v1.json';
const PACKED: Subprotocol = 'foq.v1.msgpack';

for (const subprotocol of SUBPROTOCOLS) {
  test(`1,000 maps are decoded as they were encoded in ${subprotocol}`, (t) => {
    const seed = seedOfRun();
    t.comment(`SEED=${seed}`);
    const draw = drawer(seed);
    for (let run = 0; run < 1_000; run += 1) {
      const map = mapOf(draw, 3);
      if (elementsOf(map) > 3_000) continue;
      const [decoded] = decodeMaps(encodeMap(map, subprotocol), subprotocol);
      t.same(withPlainBytes(decoded), withPlainBytes(map));
      if (!t.passing()) break;
    }
    t.end();
  });

  test(`maps that are packed come apart in order, at most 64 a frame, in ${subprotocol}`, (t) => {
    for (const count of [1, 2, 15, 16, 64, 65, 200]) {
      const maps = Array.from({ length: count }, (_, seq) => ({ t: 'x', seq }));
      const frames = packMaps(
        maps.map((map) => encodeMap(map, subprotocol)),
        subprotocol,
      );
      t.equal(frames.length, Math.ceil(count / 64));
      t.same(
        frames.flatMap((frame) => decodeMaps(frame, subprotocol)),
        maps,
      );
    }
    t.end();
  });

  test(`packed frames stay within their bytes in ${subprotocol}`, (t) => {
    const maps = Array.from({ length: 40 }, (_, seq) => ({ seq, body: 'x'.repeat(20_000) }));
    const encoded = maps.map((map) => encodeMap(map, subprotocol));
    const frames = packMaps(encoded, subprotocol);
    t.ok(frames.every((frame) => frame.length <= 262_144));
    t.same(
      frames.flatMap((frame) => decodeMaps(frame, subprotocol)),
      maps,
    );
    t.equal(frames.length, 4, 'twelve or thirteen a frame');
    t.same(packMaps([], subprotocol), []);
    t.end();
  });

  test(`fields that are undefined are left out in ${subprotocol}`, (t) => {
    const frame = encodeMap({ a: undefined, b: [{ c: undefined, d: 1 }] }, subprotocol);
    t.strictSame(decodeMaps(frame, subprotocol), [{ b: [{ d: 1 }] }]);
    t.end();
  });

  test(`more than 64 maps, a frame over its bytes: too large in ${subprotocol}`, (t) => {
    const many = encodeMap(new Array(65).fill({}), subprotocol);
    t.match(refusal(many, subprotocol), { code: 'FOQ_TOO_LARGE', details: { limit: 'mapsMax' } });
    const long = encodeMap({ body: 'x'.repeat(262_144) }, subprotocol);
    const details = { limit: 'frameBytesMax' };
    t.match(refusal(long, subprotocol), { code: 'FOQ_TOO_LARGE', details });
    t.end();
  });

  test(`what is neither a map nor an array of maps is refused in ${subprotocol}`, (t) => {
    for (const value of [[], [1], [{}, null], [[{}]]]) {
      const error = refusal(encodeMap(value, subprotocol), subprotocol);
      t.match(error, { code: 'FOQ_INVALID_ARGUMENT', details: { reason: 'not-maps' } });
    }
    t.end();
  });
}

test('bytes are bin in MessagePack and {"b64": "…"} in JSON', (t) => {
  const map = { body: Uint8Array.of(1, 2, 254) };
  t.equal(Buffer.from(encodeMap(map, JSON_FRAMES)).toString(), '{"body":{"b64":"AQL+"}}');
  t.equal(Buffer.from(encodeMap(map, PACKED)).toString('hex'), '81a4626f6479c4030102fe');
  t.end();
});

test('a map with more than b64, or with no Base64 in it, stays a map', (t) => {
  const values = [{ b64: 'AQL+', more: 1 }, { b64: 'AQL' }, { b64: 'AQL=' }, { b64: 1 }];
  for (const body of values) {
    const frame = Buffer.from(JSON.stringify({ body }));
    t.same(decodeMaps(frame, JSON_FRAMES), [{ body }]);
  }
  t.end();
});

const refusedFrames: readonly [string, Uint8Array, Subprotocol, string][] = [
  ['JSON that is none', Buffer.from('{"a":}'), JSON_FRAMES, 'malformed'],
  ['a word of JSON', Buffer.from('nil'), JSON_FRAMES, 'malformed'],
  ['JSON that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), JSON_FRAMES, 'not-utf8'],
  ['a byte order mark', Buffer.from('\ufeff{}'), JSON_FRAMES, 'malformed'],
  ['__proto__ in JSON', Buffer.from('{"a":{"__proto__":{}}}'), JSON_FRAMES, 'key-not-allowed'],
  ['__proto__ packed', encodeMap(JSON.parse('{"__proto__":1}'), PACKED), PACKED, 'key-not-allowed'],
  ['an extension', Uint8Array.of(0x81, 0xa1, 0x61, 0xd4, 0x78, 0), PACKED, 'type-not-allowed'],
];

for (const [what, frame, subprotocol, reason] of refusedFrames) {
  test(`${what} is refused: ${reason}`, (t) => {
    t.match(refusal(frame, subprotocol), { code: 'FOQ_INVALID_ARGUMENT', details: { reason } });
    t.end();
  });
}

test('a refused frame leaves nothing behind for the next', (t) => {
  for (const [, frame, subprotocol] of refusedFrames) {
    refusal(frame, subprotocol);
    t.strictSame(decodeMaps(encodeMap({ a: [1] }, subprotocol), subprotocol), [{ a: [1] }]);
  }
  t.end();
});

test('sorted maps have equal bytes whatever the order of their keys', (t) => {
  t.same(encodeSorted({ b: { d: 1, c: 2 }, a: 3 }), encodeSorted({ a: 3, b: { c: 2, d: 1 } }));
  t.end();
});

test('a client gets the first of its subprotocols that is known', (t) => {
  t.equal(chooseSubprotocol(['foq.v2.json', JSON_FRAMES, PACKED]), JSON_FRAMES);
  t.equal(chooseSubprotocol(['graphql-ws']), undefined);
  t.same(SUBPROTOCOLS.map(isBinary), [true, false]);
  t.end();
});

function refusal(frame: Uint8Array, subprotocol: Subprotocol): FoqError | undefined {
  try {
    decodeMaps(frame, subprotocol);
    return undefined;
  } catch (error) {
    return error instanceof FoqError && error.code in ERRORS ? error : undefined;
  }
}

/** Buffers, views and arrays of bytes are one kind to a comparison. */
function withPlainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(withPlainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, member]) => [key, withPlainBytes(member)]);
}
