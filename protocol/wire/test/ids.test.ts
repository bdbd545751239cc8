// Ids: what each kind takes and refuses, and that a message id is its chat and seq again.

import { test } from 'tap';
import { consumerIdOf, messageIdOf, parseMessageId } from '../index.js';
import { FORMATS } from '../schema/values.js';

const cases: readonly [string, readonly string[], readonly string[]][] = [
  [
    'foq-user-id',
    ['a', 'A.b_c~d:e@f-9', 'x'.repeat(63), '-'],
    ['', 'a/b', 'ü', ' ', 'x'.repeat(64)],
  ],
  ['foq-device-id', ['phone', '--'], ['-', '', 'a/b', 'a\n']],
  ['foq-chat-id', ['c', '~dabc', 'ü'.repeat(64), 'a b/c'], ['', 'ü'.repeat(65), 'x'.repeat(129)]],
  ['foq-client-id', ['m-1', '👋'.repeat(32)], ['', '👋'.repeat(33)]],
  ['foq-attachment-id', ['att_1-A'], ['', 'a/b', '..', 'x'.repeat(65)]],
  ['foq-epoch', ['0123456789abcdef'], ['0123456789ABCDEF', '0123456789abcde', '']],
  ['foq-token', ['eyJ.a.b', 'x'.repeat(4_096)], ['', 'x'.repeat(4_097)]],
  ['foq-message-id', ['c.1', 'a.b.42', '~dx.9007199254740991'], []],
];

for (const [format, taken, refused] of cases) {
  test(`${format} takes ${taken.length} and refuses ${refused.length}`, (t) => {
    const check = FORMATS[format];
    for (const text of taken) t.equal(check?.(text), true, text);
    for (const text of refused) t.equal(check?.(text), false, text);
    t.end();
  });
}

test('every format is tried', (t) => {
  t.same(cases.map(([format]) => format).sort(), Object.keys(FORMATS).sort());
  t.end();
});

test('a message id is its chat and seq again, and what is none is undefined', (t) => {
  t.same(parseMessageId(messageIdOf('a.b', 42)), { chatId: 'a.b', seq: 42 });
  for (const text of ['', 'c', '.1', 'c.', 'c.0', 'c.01', 'c.-1', 'c.1e3', 'c.9007199254740992']) {
    t.equal(parseMessageId(text), undefined, text);
  }
  t.equal(consumerIdOf({ userId: 'ann', deviceId: 'phone' }), 'ann/phone');
  t.end();
});
