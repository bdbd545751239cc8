// The table of close codes: the class of a code is the verdict whether a client comes back.

import { test } from 'tap';
import { CLOSE_CODES, mayReconnect } from '../index.js';

test('close codes are unique and private to applications', (t) => {
  const codes = Object.values(CLOSE_CODES);
  t.equal(new Set(codes).size, codes.length);
  for (const code of codes) t.ok(code >= 4000 && code < 4500, `${code}`);
  t.end();
});

test('a client comes back after a shutdown and not after its device was revoked', (t) => {
  t.ok(mayReconnect(CLOSE_CODES.SHUTDOWN));
  t.ok(mayReconnect(1006), 'a line that broke');
  t.notOk(mayReconnect(CLOSE_CODES.BAD_FRAME));
  t.notOk(mayReconnect(CLOSE_CODES.DEVICE_REVOKED));
  t.end();
});
