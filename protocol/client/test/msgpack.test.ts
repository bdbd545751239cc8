// The client's MessagePack against the broker's, which is another's code.

import fc from 'fast-check';
import { test } from 'tap';
import { decodeMaps, encodeMap } from '../../wire/codec/index.js';
import { decodeFrame, encodeCommand } from '../codec.js';
import { decodeMsgpack, encodeMsgpack } from '../msgpack.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(
      fc.maxSafeInteger(),
      fc.integer({ min: -40, max: 300 }),
      fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }),
    ),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string().filter(isKey), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value;

const map = fc.dictionary(fc.string().filter(isKey), value, { maxKeys: 20, noNullPrototype: true });

/** `b64` alone is how JSON writes bytes. */
function isKey(text: string): boolean {
  return text !== '__proto__' && text !== 'b64' && text.isWellFormed();
}

for (const encoding of ['msgpack', 'json'] as const) {
  const subprotocol = `foq.v1.${encoding}` as const;
  test(`the broker and the client read each other's ${encoding}`, (t) => {
    t.comment(`SEED=${seed}`);
    const property = fc.property(map, (sent) => {
      const ours = encodeCommand(sent, encoding);
      const theirs = encodeMap(sent, subprotocol);
      t.same(Buffer.from(ours), Buffer.from(theirs));
      t.same(plain(decodeFrame(theirs, encoding)), plain(decodeMaps(ours, subprotocol)));
    });
    fc.assert(property, { seed, numRuns: 300 });
    t.end();
  });
}

/** Bytes as a list, whatever class of bytes they are. */
function plain(decoded: unknown): unknown {
  if (decoded instanceof Uint8Array) return ['bytes', ...decoded];
  if (Array.isArray(decoded)) return decoded.map(plain);
  if (typeof decoded !== 'object' || decoded === null) return decoded;
  return Object.fromEntries(Object.entries(decoded).map(([key, field]) => [key, plain(field)]));
}

test('lengths of every width are written and read', (t) => {
  for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
    const sent = { text: 'x'.repeat(length), bytes: new Uint8Array(length), list: upTo(length) };
    const bytes = encodeMsgpack(sent);
    t.same(plain(decodeMsgpack(bytes)), plain(sent));
    for (const end of [0, 1, bytes.length - 1]) {
      t.throws(() => decodeMsgpack(bytes.subarray(0, end)), { code: 'FOQ_INVALID_ARGUMENT' });
    }
  }
  t.end();
});

test('what is no MessagePack of the wire is refused', (t) => {
  const refused = ['c1', 'c7', 'd4', 'c0c0', '81', '8101c0', 'a1ff', 'dd7fffffff', '91'.repeat(99)];
  for (const hex of refused) {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
    t.throws(() => decodeMsgpack(bytes), { code: 'FOQ_INVALID_ARGUMENT' }, hex);
  }
  t.end();
});

function upTo(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
