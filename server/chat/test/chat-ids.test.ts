// Ids of chats: the same from the same, different from everything else.

import { test } from 'tap';
import { directChatId, groupChatId, isChatLayerId, isDirectChatId } from '../chat-ids.js';

const key = new Uint8Array(32).fill(1);

test('a chat id never changes: clients and stores hold it', (t) => {
  t.equal(directChatId(key, ['ann', 'bob']), directChatId(key, ['bob', 'ann']));
  t.equal(directChatId(key, ['ann', 'bob']), '~dfnma2qqfxf6erss4isverlag3eem6faf');
  t.equal(
    groupChatId(key, { creator: 'ann', clientChatId: 'club' }),
    '~gezqpqfddpyfah7t5u5nqjeieqqiuolpd',
  );
  t.end();
});

test('every part of what it is computed from matters', (t) => {
  const ids = [
    directChatId(key, ['ann', 'bob']),
    directChatId(key, ['ann', 'eve']),
    directChatId(new Uint8Array(32).fill(2), ['ann', 'bob']),
    groupChatId(key, { creator: 'ann', clientChatId: 'bob' }),
    groupChatId(key, { creator: 'bob', clientChatId: 'ann' }),
    groupChatId(key, { creator: 'ann', clientChatId: 'bob\n' }),
  ];
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.every(isChatLayerId));
  t.same(ids.map(isDirectChatId), [true, true, true, false, false, false]);
  t.end();
});

test('what is not of the chat layer is not taken for it', (t) => {
  const direct = directChatId(key, ['ann', 'bob']);
  for (const id of ['', 'order-42', '~d', `${direct}a`, direct.toUpperCase(), `x${direct}`]) {
    t.notOk(isChatLayerId(id), id);
  }
  t.end();
});
