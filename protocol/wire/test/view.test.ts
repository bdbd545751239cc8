// A message as each device sees it: the author's devices, those with an envelope, those without.

import { test } from 'tap';
import { Compile } from 'typebox/compile';
import { encodeStored, type NewMessage, RecordView } from '../index.js';
import { PARTS } from '../schema/registry.js';
import { MEMBERSHIP, STORED_SAMPLES } from './stored-samples.js';

const message = Compile(PARTS.Message);

const NOTHING: NewMessage = { kind: 'message', header: {} };

function seen(name: string, consumerId: string, { deleted = false, senderId = 'ann/phone' } = {}) {
  const payload = deleted ? new Uint8Array() : encodeStored(STORED_SAMPLES[name] ?? NOTHING);
  const record = { seq: 42, at: 7, senderId, payload, deleted };
  const view = new RecordView({ chatId: '~g1', epoch: '00c0ffee00c0ffee', record });
  return view.for(consumerId);
}

test('what every device sees fits the schema of a message', (t) => {
  for (const name of Object.keys(STORED_SAMPLES)) {
    for (const consumerId of ['ann/laptop', 'bob/phone', 'dan/phone']) {
      t.ok(message.Check(seen(name, consumerId).message), `${name} for ${consumerId}`);
    }
  }
  t.end();
});

test("the author's devices get the clientMsgId, and nobody else", (t) => {
  t.match(seen('text', 'ann/laptop'), { isShared: false, message: { clientMsgId: 'm-1' } });
  for (const other of ['bob/phone', 'an/n', 'anna/phone']) {
    const { message, isShared } = seen('text', other);
    t.equal(message.clientMsgId, undefined, other);
    t.ok(isShared);
  }
  t.end();
});

test('sender, id and time are those of the record', (t) => {
  t.match(seen('text', 'bob/phone').message, {
    seq: 42,
    messageId: '~g1.42',
    at: 7,
    senderId: 'ann',
    senderDeviceId: 'phone',
    kind: 'message',
    messageBody: 'hello 👋',
  });
  const bot = seen('text', 'bob/phone', { senderId: 'bot' }).message;
  t.match(bot, { senderId: 'bot', senderDeviceId: undefined });
  t.equal(seen('text', 'bob/phone', { senderId: '' }).message.senderId, undefined);
  t.end();
});

test('a device gets its own envelope, one without gets an empty message', (t) => {
  const own = seen('envelopes-alone', 'bob/phone');
  t.match(own, { isShared: false, message: { kind: 'message', envelope: { type: 3 } } });
  const { message, isShared } = seen('envelopes-alone', 'dan/phone');
  t.match(message, { kind: 'empty', seq: 42, senderId: 'ann' });
  t.equal(message.e2ee, undefined);
  t.ok(isShared);
  t.match(seen('envelope-and-body', 'dan/phone').message, { kind: 'message', envelope: undefined });
  t.end();
});

test('devices that see the same get the same object, decoded once', (t) => {
  const payload = encodeStored(STORED_SAMPLES['envelopes-alone'] ?? NOTHING);
  const record = { seq: 1, at: 7, senderId: 'ann/phone', payload, deleted: false };
  const view = new RecordView({ chatId: '~g1', epoch: '00c0ffee00c0ffee', record });
  t.equal(view.for('dan/phone').message, view.for('eve/phone').message);
  t.not(view.for('bob/phone').message, view.for('cleo/x').message);
  t.end();
});

test('a deleted record is a tombstone without anything in it', (t) => {
  const { message } = seen('text', 'bob/phone', { deleted: true });
  t.same(message, {
    chatId: '~g1',
    seq: 42,
    messageId: '~g1.42',
    epoch: '00c0ffee00c0ffee',
    senderId: 'ann',
    senderDeviceId: 'phone',
    at: 7,
    kind: 'tombstone',
  });
  t.end();
});

test('a membership shows who is a member now, without ranges and former members', (t) => {
  const { message } = seen('membership', 'bob/phone');
  t.match(message, { kind: 'membership', membership: { type: 'group', name: MEMBERSHIP.name } });
  t.same(message.membership?.members, [
    { userId: 'ann', role: 'owner' },
    { userId: 'cleo', role: 'admin' },
  ]);
  t.end();
});
