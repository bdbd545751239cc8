// Version 1 of the wire and of the stored form, byte for byte: what is written today is what was
// written when the golden files were made, and what they hold is still read.

import { test } from 'tap';
import { decodeMaps, encodeMap } from '../codec/index.js';
import { encodeStored, isBinary, StoredMessage, SUBPROTOCOLS, type Subprotocol } from '../index.js';
import { type Block, goldenBlocks, hex } from './golden-file.js';
import { COMMAND_SAMPLES, EVENT_SAMPLES, REPLY_SAMPLES } from './samples.js';
import { STORED_SAMPLES } from './stored-samples.js';

const replies = Object.fromEntries(
  Object.entries(REPLY_SAMPLES).map(([name, fields], id) => {
    return [name, { t: name === 'hello' ? 'welcome' : 'ok', id, ...fields }];
  }),
);

const families: readonly [string, Readonly<Record<string, object>>][] = [
  ['commands', COMMAND_SAMPLES],
  ['replies', replies],
  ['events', EVENT_SAMPLES],
];

for (const [family, samples] of families) {
  const encoded = Object.fromEntries(
    Object.entries(samples).map(([name, map]) => [name, frames(map)]),
  );
  const golden = goldenBlocks(`v1/${family}.txt`, encoded);

  test(`${family} are encoded as in the golden file, which has no other`, (t) => {
    t.same([...golden.keys()].sort(), Object.keys(samples).sort());
    for (const [name, block] of Object.entries(encoded)) t.same(golden.get(name), block, name);
    t.end();
  });

  test(`golden ${family} are decoded to the same maps in both encodings`, (t) => {
    for (const [name, block] of golden) {
      for (const subprotocol of SUBPROTOCOLS) {
        const [map] = decodeMaps(bytesOf(block, subprotocol), subprotocol);
        t.same(map, samples[name], `${name} in ${subprotocol}`);
      }
    }
    t.end();
  });
}

const stored = Object.fromEntries(
  Object.entries(STORED_SAMPLES).map(([name, message]) => {
    return [name, { payload: hex(encodeStored(message)) }];
  }),
);
const goldenStored = goldenBlocks('v1/stored.txt', stored);

test('messages are stored as in the golden file, which has no other', (t) => {
  t.same([...goldenStored.keys()].sort(), Object.keys(STORED_SAMPLES).sort());
  for (const [name, block] of Object.entries(stored)) t.same(goldenStored.get(name), block, name);
  t.end();
});

test('golden stored messages are read', (t) => {
  for (const [name, block] of goldenStored) {
    const message = new StoredMessage(Buffer.from(block['payload'] ?? '', 'hex'));
    const expected = STORED_SAMPLES[name];
    t.equal(message.kind, expected?.kind, name);
    t.same(message.header(), expected?.header, name);
    t.same(message.body(), expected?.body, name);
    t.equal(message.envelopeCount, expected?.envelopes?.length ?? 0, name);
    for (const { consumerId, type, body } of expected?.envelopes ?? []) {
      t.same(message.envelopeFor(consumerId), { type, body }, `${name} for ${consumerId}`);
    }
  }
  t.end();
});

function frames(map: object): Block {
  return {
    json: Buffer.from(encodeMap(map, 'foq.v1.json')).toString(),
    msgpack: hex(encodeMap(map, 'foq.v1.msgpack')),
  };
}

function bytesOf(block: Block, subprotocol: Subprotocol): Uint8Array {
  if (isBinary(subprotocol)) return Buffer.from(block['msgpack'] ?? '', 'hex');
  return Buffer.from(block['json'] ?? '');
}
