// Frames to commands: every sample is taken in both encodings, every kind of mistake has its code,
// and no mistake touches another command of its frame.

import { test } from 'tap';
import { type ErrorCode, FoqError } from '../../index.js';
import { encodeMap, packMaps } from '../codec/index.js';
import { checkCommand, decodeCommands, LIMITS, SUBPROTOCOLS } from '../index.js';
import { COMMANDS } from '../schema/registry.js';
import { COMMAND_SAMPLES } from './samples.js';

for (const subprotocol of SUBPROTOCOLS) {
  test(`every command is taken as it was sent in ${subprotocol}`, (t) => {
    for (const [name, command] of Object.entries(COMMAND_SAMPLES)) {
      const [decoded] = decodeCommands(encodeMap(command, subprotocol), subprotocol);
      t.equal(decoded?.ok, true, name);
      t.same(decoded?.ok && decoded.command, command, name);
    }
    t.end();
  });

  test(`a wrong command among three is answered alone in ${subprotocol}`, (t) => {
    const maps = [
      { t: 'ping', id: 1 },
      { t: 'getChat', id: 2 },
      { t: 'ping', id: 3 },
    ];
    const encoded = maps.map((map) => encodeMap(map, subprotocol));
    const [frame = new Uint8Array()] = packMaps(encoded, subprotocol);
    const decoded = decodeCommands(frame, subprotocol);
    t.same(
      decoded.map(({ ok }) => ok),
      [true, false, true],
    );
    t.match(decoded[1], { ok: false, id: 2, error: { code: 'FOQ_INVALID_ARGUMENT' } });
    t.end();
  });

  test(`a frame that is no map throws, and so does a long hello, in ${subprotocol}`, (t) => {
    t.throws(() => decodeCommands(Uint8Array.of(0x01), subprotocol), FoqError);
    const hello = { t: 'hello', id: 1, token: 'x'.repeat(4_096) };
    const limits = { frameBytesMax: 4_096, depthMax: 8, elementsMax: 64, mapsMax: 1 };
    const frame = encodeMap(hello, subprotocol);
    const refusal = { code: 'FOQ_TOO_LARGE', details: { limit: 'frameBytesMax' } };
    t.throws(() => decodeCommands(frame, subprotocol, limits), refusal);
    t.end();
  });
}

test('there is a sample of every command', (t) => {
  const sampled = new Set(Object.values(COMMAND_SAMPLES).map((command) => command.t));
  t.same([...sampled].sort(), Object.keys(COMMANDS).sort());
  t.end();
});

test('a command without any one of its required fields is refused', (t) => {
  let refused = 0;
  for (const [name, command] of Object.entries(COMMAND_SAMPLES)) {
    for (const field of COMMANDS[command.t].required.filter((field) => field !== 't')) {
      const { [field]: _, ...rest } = command as unknown as Record<string, unknown>;
      const decoded = checkCommand(rest);
      const error = { code: 'FOQ_INVALID_ARGUMENT', details: { field } };
      t.match(decoded, { ok: false, error }, `${name}.${field}`);
      refused += 1;
    }
  }
  t.ok(refused > 20);
  t.end();
});

test('fields that nobody knows are ignored', (t) => {
  const decoded = checkCommand({ t: 'ping', id: 1, mood: { deep: [1, 2] } });
  t.match(decoded, { ok: true, command: { t: 'ping', id: 1 } });
  t.end();
});

const send = { t: 'sendMessage', id: 7, chatId: 'c', clientMsgId: 'm', messageBody: '' };
const envelope = { userId: 'u', deviceId: 'd', type: 1, body: '' };

const mistakes: readonly [string, Record<string, unknown>, ErrorCode, Record<string, unknown>][] = [
  ['no t', { id: 7 }, 'FOQ_INVALID_ARGUMENT', { field: 't' }],
  ['a t that is a number', { t: 1, id: 7 }, 'FOQ_INVALID_ARGUMENT', { field: 't' }],
  ['an unknown t', { t: 'fly', id: 7 }, 'FOQ_UNKNOWN_COMMAND', { t: 'fly' }],
  ['a t of JavaScript', { t: 'toString', id: 7 }, 'FOQ_UNKNOWN_COMMAND', { t: 'toString' }],
  ['no id', { ...send, id: undefined }, 'FOQ_INVALID_ARGUMENT', { field: 'id' }],
  ['a negative id', { ...send, id: -1 }, 'FOQ_INVALID_ARGUMENT', { field: 'id' }],
  ['an empty chatId', { ...send, chatId: '' }, 'FOQ_INVALID_ARGUMENT', { field: 'chatId' }],
  [
    '129 bytes of chatId',
    { ...send, chatId: 'ü'.repeat(65) },
    'FOQ_INVALID_ARGUMENT',
    { field: 'chatId' },
  ],
  [
    'a body that is a map',
    { ...send, messageBody: { b64: '!' } },
    'FOQ_INVALID_ARGUMENT',
    { field: 'messageBody' },
  ],
  ['nothing to send', { ...send, messageBody: undefined }, 'FOQ_INVALID_ARGUMENT', { field: '' }],
  [
    'text over 64 KiB of UTF-8',
    { ...send, messageBody: 'ü'.repeat(32_769) },
    'FOQ_TOO_LARGE',
    { field: 'messageBody', limit: 'bodyBytesMax' },
  ],
  [
    'bytes over 64 KiB in an envelope',
    { ...send, envelopes: [{ ...envelope, body: new Uint8Array(65_537) }] },
    'FOQ_TOO_LARGE',
    { field: 'envelopes/0/body', limit: 'bodyBytesMax' },
  ],
  [
    '65 envelopes',
    { ...send, envelopes: new Array(65).fill(envelope) },
    'FOQ_TOO_LARGE',
    { field: 'envelopes', limit: 'envelopesMax' },
  ],
  [
    '4,000 envelopes that are none',
    { ...send, envelopes: new Array(4_000).fill(0) },
    'FOQ_TOO_LARGE',
    { field: 'envelopes', limit: 'envelopesMax' },
  ],
  [
    '33 capabilities',
    { t: 'hello', id: 7, token: 'x', capabilities: new Array(33).fill('c') },
    'FOQ_TOO_LARGE',
    { field: 'capabilities', limit: 'capabilities' },
  ],
  [
    '11 attachments',
    { ...send, attachments: new Array(11).fill('a') },
    'FOQ_TOO_LARGE',
    { field: 'attachments', limit: 'attachmentsMax' },
  ],
  [
    'a message that is acked by id and by seq',
    { t: 'messageAck', id: 7, chatId: 'c', status: 'READ', messageId: 'c.1', upToSeq: 1 },
    'FOQ_INVALID_ARGUMENT',
    { field: '' },
  ],
  [
    'a status in lower case',
    { t: 'messageAck', id: 7, chatId: 'c', status: 'read', upToSeq: 1 },
    'FOQ_INVALID_ARGUMENT',
    { field: 'status' },
  ],
  [
    'history from both sides',
    { t: 'history', id: 7, chatId: 'c', since: 1, before: 2 },
    'FOQ_INVALID_ARGUMENT',
    { field: '' },
  ],
  [
    'a change of nothing',
    { t: 'updateChat', id: 7, chatId: 'c', leave: false },
    'FOQ_INVALID_ARGUMENT',
    { field: '' },
  ],
  [
    'a seq beyond what JavaScript counts',
    { t: 'getReceipts', id: 7, chatId: 'c', seq: 2 ** 53 },
    'FOQ_INVALID_ARGUMENT',
    { field: 'seq' },
  ],
];

for (const [what, map, code, details] of mistakes) {
  test(`${what}: ${code}`, (t) => {
    const decoded = checkCommand(map);
    t.match(decoded, { ok: false, error: { code, details } });
    const hasId = typeof map['id'] === 'number' && map['id'] >= 0;
    t.equal(!decoded.ok && decoded.id, hasId ? 7 : undefined);
    t.end();
  });
}

test('all wrong commands of a frame are refused, and the first four are told why', (t) => {
  const wrong = Array.from({ length: 6 }, (_, id) => ({ t: 'getChat', id }));
  const decoded = decodeCommands(encodeMap(wrong, 'foq.v1.json'), 'foq.v1.json');
  t.match(
    decoded.map((one) => !one.ok && [one.id, one.error.code, one.error.details['field']]),
    wrong.map(({ id }) => [id, 'FOQ_INVALID_ARGUMENT', id < 4 ? 'chatId' : '']),
  );
  t.end();
});

test('exactly the limits pass', (t) => {
  const largest = {
    ...send,
    messageBody: 'x'.repeat(LIMITS.bodyBytesMax),
    envelopes: new Array(LIMITS.envelopesMax).fill(envelope),
    attachments: new Array(LIMITS.attachmentsMax).fill('a'),
  };
  t.match(checkCommand(largest), { ok: true });
  t.end();
});
