// The stored form: a device's envelope is its own, bytes are not copied, and what is no stored
// message is refused by name.

import { test } from 'tap';
import { encodeMap } from '../codec/index.js';
import { dedupBytesOf, encodeStored, StoredMessage } from '../index.js';
import { FLAGS, HEAD } from '../stored.js';
import { COMMAND_SAMPLES } from './samples.js';
import { STORED_SAMPLES } from './stored-samples.js';

const sample = (name: string) =>
  encodeStored(STORED_SAMPLES[name] ?? { kind: 'message', header: {} });

test('a device gets its envelope and no other, whatever begins like its id', (t) => {
  const message = new StoredMessage(sample('envelopes-alone'));
  t.same(message.envelopeFor('bob/phone'), { type: 3, body: Uint8Array.of(1, 2, 3) });
  t.same(message.envelopeFor('bob/phone2'), { type: 1, body: 'text' });
  for (const other of ['bob/phon', 'bob', '', 'cleo/', 'dan/phone']) {
    t.equal(message.envelopeFor(other), undefined, other);
  }
  t.equal(message.body(), undefined);
  t.end();
});

test('64 envelopes for the longest ids are found', (t) => {
  const envelopes = Array.from({ length: 64 }, (_, index) => ({
    consumerId: `${'u'.repeat(63)}/${'d'.repeat(61)}${String(index).padStart(2, '0')}`,
    type: index,
    body: new Uint8Array(index).fill(index),
  }));
  const message = new StoredMessage(encodeStored({ kind: 'message', header: {}, envelopes }));
  for (const { consumerId, type, body } of envelopes) {
    t.same(message.envelopeFor(consumerId), { type, body });
  }
  t.end();
});

test('bodies of bytes are views into the payload, wherever that lies in memory', (t) => {
  const payload = sample('envelope-and-body');
  const memory = new Uint8Array(payload.length + 3);
  memory.set(payload, 3);
  const message = new StoredMessage(memory.subarray(3));
  const own = message.envelopeFor('bob/phone');
  for (const [body, byte] of [
    [message.body(), 9],
    [own?.body, 8],
  ] as const) {
    t.same(body, Uint8Array.of(byte));
    t.ok(body instanceof Uint8Array && body.buffer === memory.buffer);
  }
  t.end();
});

test('a payload of a newer version is refused as that', (t) => {
  const payload = sample('text');
  payload[HEAD.version] = 2;
  const details = { found: 2, supported: 1 };
  t.throws(() => new StoredMessage(payload), { code: 'FOQ_VERSION', details });
  t.end();
});

test('a payload that is cut, of an unknown kind or of version 0 is corrupt', (t) => {
  const payload = sample('text');
  const ofKind = (kind: number) => payload.with(HEAD.kind, kind);
  for (const wrong of [
    Uint8Array.of(),
    payload.subarray(0, HEAD.size - 1),
    payload.subarray(0, payload.length - 1),
    payload.with(HEAD.version, 0),
    ofKind(0),
    ofKind(9),
  ]) {
    t.throws(() => new StoredMessage(wrong), { code: 'FOQ_CORRUPT' });
  }
  t.end();
});

test('no cut of the envelopes is read beyond its end', (t) => {
  const payload = sample('envelopes-alone');
  for (let length = HEAD.size; length < payload.length; length += 1) {
    t.throws(
      () => new StoredMessage(payload.subarray(0, length)).envelopeFor('nobody/nothing'),
      { code: 'FOQ_CORRUPT' },
      `${length} bytes`,
    );
  }
  t.end();
});

test('the flags of the head tell an empty body from none', (t) => {
  const flags = (name: string) => sample(name)[HEAD.flags];
  t.equal(flags('attachments-alone'), 0);
  t.equal(flags('empty-bytes'), FLAGS.hasBody);
  t.equal(flags('empty-text'), FLAGS.hasBody | FLAGS.isText);
  t.end();
});

test('a repeat has the same bytes to compare, in another order and under another id', (t) => {
  const send = COMMAND_SAMPLES['sendMessage-2'];
  if (send?.t !== 'sendMessage') throw new Error('there is no sample');
  const turned = Object.fromEntries(Object.entries(send).reverse()) as typeof send;
  t.same(dedupBytesOf({ ...turned, id: 999 }), dedupBytesOf(send));
  t.not(
    Buffer.compare(dedupBytesOf({ ...send, messageBody: 'other' }), dedupBytesOf(send)),
    0,
    'another body has other bytes',
  );
  t.ok(dedupBytesOf(send).length < encodeMap(send, 'foq.v1.msgpack').length);
  t.end();
});
