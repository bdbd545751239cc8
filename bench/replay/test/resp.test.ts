// Answers of Redis, whole and cut.

import { test } from 'tap';
import { encodeCommand, type Reply, ReplyReader } from '../resp.js';

test('a command is a list of texts with their lengths in bytes', (t) => {
  t.equal(encodeCommand(['GET', 'ä']).toString(), '*2\r\n$3\r\nGET\r\n$2\r\nä\r\n');
  t.end();
});

test('two answers are read alike, wherever they are cut', (t) => {
  const bytes = Buffer.from('*3\r\n*2\r\n$3\r\n1-0\r\n$-1\r\n*0\r\n:-42\r\n+OK\r\n');
  const expected = [[[Buffer.from('1-0'), null], [], -42], Buffer.from('OK')];
  const textsOf = (replies: readonly Reply[]) => JSON.stringify(replies);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new ReplyReader();
    const first = reader.read(bytes.subarray(0, cut));
    const replies = [...first, ...reader.read(bytes.subarray(cut))];
    t.equal(textsOf(replies), textsOf(expected), `cut at ${cut}`);
    t.ok(first.length === 2 || cut < bytes.length, 'nothing is answered before it is whole');
  }
  t.end();
});

test('a refusal is an error with its text', (t) => {
  const [reply] = new ReplyReader().read(Buffer.from('-ERR unknown\r\n'));
  t.ok(reply instanceof Error);
  t.match(reply, { message: 'ERR unknown' });
  t.end();
});
