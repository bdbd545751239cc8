// Sessions by transcripts: verbs in, actions out. What a device may do when, and in which order it
// is answered.

import { test } from 'tap';
import { FoqError } from '../../../protocol/index.js';
import { anOpenSession, aSession } from './transcript.js';

const SEND = { t: 'sendMessage', chatId: 'c', clientMsgId: 'm', messageBody: 'hi' };

function ack(seq: number) {
  return { serverAck: { messageId: `c.${seq}`, chatId: 'c', seq, at: 0, duplicate: false } };
}

test('a hello with a good token is welcomed', (t) => {
  const s = aSession();
  t.same(s.commands({ t: 'hello', id: 7, token: 'x' }), ['verify #1']);
  t.equal(s.session.caller, undefined);
  t.same(s.verified(1), ['welcome @7']);
  t.same(s.session.caller, { userId: 'ann', deviceId: 'phone' });
  t.end();
});

test('a session without hello is closed with 4401 after 5 s', (t) => {
  const s = aSession();
  t.same(s.after(4_999), []);
  t.same(s.after(1), ['close 4401 UNAUTHORIZED']);
  t.same(s.commands({ t: 'hello', id: 0, token: 'x' }), []);
  t.end();
});

test('a token that takes 5 s to verify is too late', (t) => {
  const s = aSession();
  s.commands({ t: 'hello', id: 0, token: 'x' });
  t.same(s.after(5_000), ['close 4401 UNAUTHORIZED']);
  t.same(s.verified(1), []);
  t.end();
});

test('anything but hello at first is refused and closed', (t) => {
  for (const map of [{ t: 'ping' }, { ...SEND, id: 1 }, { t: 'nothing', id: 1 }, { id: 1 }]) {
    const lines = aSession().commands(map);
    t.equal(lines.at(-1), 'close 4401 UNAUTHORIZED', JSON.stringify(map));
    t.match(lines[0], /^error/);
    t.equal(lines.length, 2);
  }
  t.end();
});

test('a refused token is told and closed with 4401, one for elsewhere with 4403', (t) => {
  for (const [code, closed] of [
    ['FOQ_UNAUTHORIZED', 'close 4401 UNAUTHORIZED'],
    ['FOQ_FORBIDDEN', 'close 4403 FORBIDDEN'],
  ] as const) {
    const s = aSession();
    s.commands({ t: 'hello', id: 3, token: 'x' });
    t.same(s.failed(1, new FoqError(code)), [`error @3 ${code.slice(4)}`, closed]);
  }
  t.end();
});

test('commands that come with hello wait for its welcome, 32 at most', (t) => {
  const s = aSession();
  const many = Array.from({ length: 34 }, (_, id) => ({ t: 'syncState', id: id + 1 }));
  t.same(s.commands({ t: 'hello', id: 0, token: 'x' }, ...many), [
    'verify #1',
    'error @33 BUSY in 1000 ms',
    'error @34 BUSY in 1000 ms',
  ]);
  const lines = s.verified(1);
  t.same(lines.slice(0, 2), ['welcome @0', 'run #2 syncState']);
  t.equal(lines.length, 33);
  t.end();
});

test('a second hello is an error, and the session goes on', (t) => {
  const s = anOpenSession();
  t.same(s.commands({ t: 'hello', id: 1, token: 'x' }), ['error @1 INVALID_ARGUMENT']);
  t.same(s.commands({ t: 'ping', id: 2 }), ['ok @2']);
  t.end();
});

test('a wrong command is an error of its own, and the others of its frame are done', (t) => {
  const s = anOpenSession();
  t.same(s.commands({ t: 'fly', id: 1 }, { ...SEND, id: 2 }, { t: 'sendMessage', id: 3 }), [
    'error @1 UNKNOWN_COMMAND',
    'run #2 sendMessage',
    'error @3 INVALID_ARGUMENT',
  ]);
  t.end();
});

test('a frame that is refused as a whole closes with 4400, one over its size with 4413', (t) => {
  const wrong = anOpenSession().session.badFrame(new FoqError('FOQ_INVALID_ARGUMENT'), 0);
  t.match(wrong, [{ do: 'send' }, { do: 'close', code: 4400 }]);
  const large = anOpenSession().session.badFrame(new FoqError('FOQ_TOO_LARGE'), 0);
  t.match(large, [{ do: 'send' }, { do: 'close', code: 4413 }]);
  t.end();
});

test('the 33rd command in flight is BUSY, and its place is free with the first reply', (t) => {
  const s = anOpenSession();
  const many = Array.from({ length: 33 }, (_, id) => ({ t: 'getChat', id, chatId: 'c' }));
  t.equal(s.commands(...many).at(-1), 'error @32 BUSY in 1000 ms');
  t.same(s.done(2), ['ok @0']);
  t.same(s.commands({ t: 'getChat', id: 40, chatId: 'c' }), ['run #34 getChat']);
  t.end();
});

test('an id that has no reply yet is refused, and free after it', (t) => {
  const s = anOpenSession();
  s.commands({ t: 'getChat', id: 1, chatId: 'c' });
  const again = { t: 'getChat', id: 1, chatId: 'c' };
  t.same(s.commands(again), ['error @1 INVALID_ARGUMENT']);
  s.failed(2, new FoqError('FOQ_CHAT_NOT_FOUND'));
  t.same(s.commands(again), ['run #3 getChat']);
  t.end();
});

test('100 sends come at once, then 20 a second, and who goes on is closed with 4429', (t) => {
  const s = anOpenSession();
  let begun = 0;
  const next = (id: number) => {
    const [line = ''] = s.commands({ ...SEND, id });
    if (!line.startsWith('run')) return line;
    begun += 1;
    s.done(begun + 1, ack(begun));
    return 'run';
  };
  for (let id = 0; id < 100; id += 1) t.equal(next(id), 'run');
  t.equal(next(100), 'error @100 RATE_LIMITED in 50 ms');
  s.now += 50;
  t.equal(next(101), 'run');
  s.now += 1_000;
  const second = Array.from({ length: 21 }, (_, id) => next(200 + id));
  t.equal(second.filter((line) => line === 'run').length, 20);
  for (let id = 0; id < 998; id += 1) s.commands({ ...SEND, id });
  t.equal(s.commands({ ...SEND, id: 5_000 }).at(-1), 'close 4429 RATE_LIMITED');
  t.end();
});

test('reading and acks have no rate', (t) => {
  const s = anOpenSession();
  for (let id = 0; id < 300; id += 1) {
    const read = { t: 'messageAck', id, chatId: 'c', status: 'READ', upToSeq: 1 };
    t.same(s.commands(read), [`run #${id + 2} messageAck`]);
    s.done(id + 2);
  }
  t.end();
});

test('a quiet command without id has no reply', (t) => {
  const s = anOpenSession();
  t.same(s.commands({ t: 'ping' }, { t: 'flow', messages: 5, bytes: 5 }), []);
  t.same(s.commands({ t: 'messageAck', chatId: 'c', status: 'READ', upToSeq: 1 }), [
    'run #2 messageAck',
  ]);
  t.same(s.done(2), []);
  t.end();
});

test('the stream begins after the reply to the first syncState, and only once', (t) => {
  const s = anOpenSession();
  s.commands({ t: 'flow', messages: 8, bytes: 100 }, { t: 'syncState', id: 1 });
  const epochChanged = { t: 'epochChanged', chatId: 'c', epoch: 'e', firstSeq: 1, headSeq: 1 };
  t.same(s.done(2, {}, [epochChanged as never]), ['ok @1', 'epochChanged c', 'attach 8']);
  s.commands({ t: 'syncState', id: 2 });
  t.same(s.done(3), ['ok @2']);
  t.same(s.commands({ t: 'flow', id: 4, messages: 9, bytes: 9 }), ['ok @4', 'flow 9']);
  t.end();
});

test('a serverAck comes before every message of its chat with a greater seq', (t) => {
  const s = anOpenSession();
  s.commands({ ...SEND, id: 1 });
  t.same(s.message('c', 6), []);
  t.same(s.message('d', 1), ['message d 1'], 'another chat waits for nothing');
  t.same(s.done(2, ack(5)), ['ok @1 acked 5', 'own c 5', 'message c 6']);
  t.same(s.message('c', 7), ['message c 7']);
  t.end();
});

test('a message waits for the sends before it, and for none that begin later', (t) => {
  const s = anOpenSession();
  s.commands({ ...SEND, id: 1 }, { ...SEND, id: 2 });
  t.same(s.message('c', 7), []);
  s.commands({ ...SEND, id: 3 });
  t.same(s.message('c', 8), []);
  t.same(s.done(3, ack(6)), ['ok @2 acked 6', 'own c 6']);
  t.same(s.done(2, ack(5)), ['ok @1 acked 5', 'own c 5', 'message c 7']);
  t.same(s.failed(4, new FoqError('FOQ_BUSY')), ['error @3 BUSY', 'message c 8']);
  t.end();
});

test('a device is told of its own records, those that make or change a chat too', (t) => {
  const s = anOpenSession();
  s.commands({ ...SEND, id: 1 }, { t: 'createChat', id: 2, participants: ['bob'] });
  s.commands(
    { t: 'updateChat', id: 3, chatId: 'd', name: 'n' },
    { t: 'getChat', id: 4, chatId: 'c' },
  );
  t.same(s.done(2, ack(5)), ['ok @1 acked 5', 'own c 5']);
  t.same(s.done(3, { chatId: 'e', seq: 1, created: true }), ['ok @2 e 1', 'own e 1']);
  t.same(s.done(4, { seq: 9, roster: 2 }), ['ok @3 9', 'own d 9']);
  t.same(s.done(5, { chat: {} }), ['ok @4']);
  t.end();
});

test('silence is answered by a ping after 25 s and by 4002 after 35 s', (t) => {
  const s = anOpenSession();
  t.same(s.after(24_999), []);
  t.same(s.after(1), ['ping']);
  t.same(s.after(9_999), []);
  t.same(s.after(1), ['close 4002 IDLE']);
  t.end();
});

test('any frame is a sign of life', (t) => {
  const s = anOpenSession();
  s.now = 34_000;
  s.commands({ t: 'ping', id: 1 });
  t.same(s.after(1_000), []);
  s.now += 33_999;
  t.same(s.after(1), ['close 4002 IDLE']);
  t.end();
});

test('a token is warned of 60 s before its end; then the stream stops, acks go on 60 s', (t) => {
  const s = anOpenSession({ expiresAt: 100_000 });
  const alive = (now: number) => {
    s.now = now;
    s.commands({ t: 'ping' });
    return s.after(0);
  };
  s.commands({ t: 'syncState', id: 1 });
  s.done(2);
  t.same(alive(39_999).includes('authExpiring'), false);
  t.ok(alive(40_000).includes('authExpiring'));
  t.notOk(alive(41_000).includes('authExpiring'), 'once');
  t.ok(alive(100_000).includes('detach'));
  t.same(s.commands({ ...SEND, id: 2 }), ['error @2 UNAUTHORIZED']);
  const received = { t: 'messageAck', id: 3, chatId: 'c', status: 'RECEIVED', upToSeq: 1 };
  t.same(s.commands(received), ['run #3 messageAck']);
  t.notOk(alive(159_999).some((line) => line.startsWith('close')));
  t.same(alive(160_000), ['close 4401 UNAUTHORIZED']);
  t.end();
});

test('auth renews the time of a session, and begins a stream again that had stopped', (t) => {
  const s = anOpenSession({ expiresAt: 30_000 });
  s.commands({ t: 'syncState', id: 1 });
  s.done(2);
  s.now = 30_000;
  s.commands({ t: 'ping' });
  s.after(0);
  t.same(s.commands({ t: 'auth', id: 2, token: 'y' }), ['verify #3']);
  t.same(s.verified(3), ['ok @2', 'attach 256']);
  s.commands({ t: 'auth', id: 3, token: 'y' });
  t.same(s.verified(4), ['ok @3'], 'a stream that runs is left alone');
  t.end();
});

test('auth with the token of another device, or a bad one, changes nothing', (t) => {
  const s = anOpenSession();
  s.commands({ t: 'auth', id: 1, token: 'y' });
  t.same(s.verified(2, { deviceId: 'laptop' }), ['error @1 FORBIDDEN']);
  s.commands({ t: 'auth', id: 2, token: 'y' });
  t.same(s.failed(3, new FoqError('FOQ_UNAUTHORIZED')), ['error @2 UNAUTHORIZED']);
  t.same(s.commands({ t: 'ping', id: 3 }), ['ok @3']);
  t.end();
});

test('a session that is told to go answers what is under way, begins nothing, and closes', (t) => {
  const s = anOpenSession();
  s.commands({ ...SEND, id: 1 });
  t.same(s.goAway(), ['goAway in 1000 ms']);
  t.same(s.commands({ ...SEND, id: 2 }), ['error @2 UNAVAILABLE in 1000 ms']);
  t.same(s.done(2, ack(1)), ['ok @1 acked 1', 'own c 1', 'close 4001 SHUTDOWN']);
  t.same(anOpenSession().goAway(), ['goAway in 1000 ms', 'close 4001 SHUTDOWN']);
  t.same(aSession().goAway(), ['close 4001 SHUTDOWN']);
  t.end();
});

test('bye is answered and closes normally, and nothing comes after a close', (t) => {
  const s = anOpenSession();
  s.commands({ t: 'getChat', id: 1, chatId: 'c' });
  t.same(s.commands({ t: 'bye', id: 2 }, { t: 'ping', id: 3 }), ['ok @2', 'close 1000 BYE']);
  t.same(s.done(2), []);
  t.same(s.message('c', 1), []);
  t.same(s.after(100_000), []);
  t.same(s.closeAs('DEVICE_REVOKED'), []);
  t.end();
});

test('a session is closed for what the gateway knows', (t) => {
  t.same(anOpenSession().closeAs('CONNECTED_ELSEWHERE'), ['close 4409 CONNECTED_ELSEWHERE']);
  t.same(anOpenSession().closeAs('DEVICE_REVOKED'), ['close 4410 DEVICE_REVOKED']);
  t.same(aSession().closeAs('ADMISSION'), ['close 4005 ADMISSION']);
  t.end();
});
