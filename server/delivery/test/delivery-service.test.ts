// What devices are sent, in which order, and when their session ends.

import { CLOSE_CODES, FoqError } from '../../../protocol/index.js';
import { until, withRig } from './rig.js';

withRig(
  'a device is sent its backlog, is told that this was all, and goes on live',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob']);
    await rig.say('ann/phone', chatId, 'one');
    const bob = await rig.attach('bob/phone');
    await until(() => bob.of('caughtUp').length === 2, 'caughtUp of the chat, and of all');
    const names = bob.events.map((event) => event.t).filter((name) => name !== 'chatUpdated');
    t.same(names, ['message', 'message', 'caughtUp', 'caughtUp']);
    const seq = await rig.say('ann/phone', chatId, 'two');
    await until(() => bob.seqs.includes(seq), 'the live one');
    t.same(bob.seqs, [1, 2, 3]);
    t.match(bob.of('message')[2], {
      messageBody: 'two',
      kind: 'message',
      senderId: 'ann',
      attempt: 1,
    });
  },
);

withRig(
  'a device is not sent what it wrote itself, and its own other device is',
  async (t, rig) => {
    const chatId = await rig.aGroup('ann/phone', ['bob']);
    const phone = await rig.attach('ann/phone');
    const laptop = await rig.attach('ann/laptop');
    await rig.say('ann/phone', chatId, 'one');
    await until(() => laptop.seqs.length === 2, 'the laptop has both');
    await until(() => phone.of('caughtUp').length > 0, 'the phone has all');
    t.same(phone.seqs, []);
    t.match(laptop.of('message')[1], { clientMsgId: 'm1' }, 'of its own user it knows the id');
  },
);

withRig('a device gets its own envelope, and others an empty message', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const bob = await rig.attach('bob/phone');
  const eve = await rig.attach('eve/phone');
  const laptop = await rig.attach('ann/laptop');
  const seq = await rig.whisper('ann/phone', chatId, 'bob/phone');
  const all = [bob, eve, laptop];
  await until(() => all.every(({ seqs }) => seqs.includes(seq)), 'all have it');
  const got = all.map((session) => session.of('message').find((one) => one.seq === seq));
  t.match(got[0], { kind: 'message', envelope: { body: 'for bob/phone' } });
  t.match(got[1], { kind: 'empty' });
  t.match(got[2], { kind: 'empty' });
  const text = JSON.stringify([eve.events, laptop.events]);
  t.notMatch(text, /for bob/, 'not a byte of it');
});

withRig('what devices see alike is one event, encoded once for each encoding', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const bob = await rig.attach('bob/phone');
  const eve = await rig.attach('eve/phone');
  await rig.say('ann/phone', chatId, 'one');
  await until(() => bob.seqs.length === 2 && eve.seqs.length === 2, 'both have it');
  const [forBob, forEve] = [bob, eve].map(({ sent }) => {
    return sent.find(({ event }) => event.t === 'message' && event.seq === 2);
  });
  t.equal(forBob, forEve);
  t.equal(forBob?.encoded('foq.v1.json'), forEve?.encoded('foq.v1.json'));
  t.not(forBob?.encoded('foq.v1.msgpack'), undefined);
});

withRig('what is ready together is one write', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  for (let count = 0; count < 20; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  const bob = await rig.attach('bob/phone');
  await until(() => bob.seqs.length === 21, 'the backlog');
  t.ok(bob.writes <= 3, `21 messages in ${bob.writes} writes`);
});

withRig('an ack opens the window, and what was not sent cannot be acked', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  for (let count = 0; count < 9; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  const bob = await rig.attach('bob/phone', { messages: 8, bytes: 1_000_000 });
  await until(() => bob.seqs.length === 2, 'a chat has a quarter of the window');
  t.equal(bob.attachment?.sentUpTo(chatId), 2);
  bob.attachment?.received(chatId, 1_000);
  await until(() => bob.seqs.length === 4, 'two more');
  t.same(bob.seqs, [1, 2, 3, 4]);
  t.equal(bob.attachment?.sentUpTo(chatId), 4);
  await rig.acksAreDurable();
  const cursors = await rig.queue.cursors(chatId);
  t.match(
    cursors.find(({ consumerId }) => consumerId === 'bob/phone'),
    { received: 2 },
    'only what was sent',
  );
});

withRig('an ack after all was acked, and of a chat never sent, changes nothing', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const bob = await rig.attach('bob/phone');
  await until(() => bob.seqs.length === 1, 'the first');
  for (const upTo of [1, 1, 5]) bob.attachment?.received(chatId, upTo);
  bob.attachment?.received('~dnothing', 7);
  t.equal(bob.attachment?.sentUpTo(chatId), 1);
  await rig.say('ann/phone', chatId, 'two');
  await until(() => bob.seqs.length === 2, 'the stream lives');
  t.equal(bob.closed, undefined);
});

withRig('the serverAck of the next own message counts as sent', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const bob = await rig.attach('bob/phone');
  await until(() => bob.seqs.length === 1, 'the first');
  const own = await rig.say('bob/phone', chatId, 'mine');
  bob.attachment?.serverAcked(chatId, own + 1);
  t.equal(bob.attachment?.sentUpTo(chatId), 1, 'not over a hole');
  bob.attachment?.serverAcked(chatId, own);
  t.equal(bob.attachment?.sentUpTo(chatId), own);
});

withRig('the newest session of a device wins, and begins after the cursor', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  for (let count = 0; count < 5; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  const old = await rig.attach('bob/phone');
  await until(() => old.seqs.length === 6, 'the old one has all');
  old.attachment?.received(chatId, 2);
  await rig.acksAreDurable();
  const attaching = rig.attach('bob/phone');
  await rig.say('ann/phone', chatId, 'meanwhile');
  const fresh = await attaching;
  t.same(old.closed, { code: CLOSE_CODES.CONNECTED_ELSEWHERE, reason: 'CONNECTED_ELSEWHERE' });
  await until(() => fresh.seqs.includes(7), 'all that is unacked');
  t.same(fresh.seqs, [3, 4, 5, 6, 7], 'in order, from the cursor');
  t.equal(old.seqs.includes(7), false);
});

withRig('of two that attach at once the later one wins', async (t, rig) => {
  await rig.aGroup('ann/phone', ['bob']);
  const first = rig.attach('bob/phone').then(
    () => undefined,
    (error: unknown) => error,
  );
  const second = await rig.attach('bob/phone');
  const error = await first;
  t.equal(error instanceof FoqError ? error.code : error, 'FOQ_FENCED');
  await until(() => second.seqs.length === 1, 'the stream of the second');
  t.equal(second.closed, undefined);
});

withRig('a session that takes nothing more is closed as slow', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const bob = await rig.attach('bob/phone');
  const eve = await rig.attach('eve/phone');
  bob.takes = false;
  await rig.say('ann/phone', chatId, 'one');
  await until(() => eve.seqs.length === 2, 'the others go on');
  t.equal(bob.closed?.code, CLOSE_CODES.SLOW);
  const { writes } = bob;
  await rig.say('ann/phone', chatId, 'two');
  await until(() => eve.seqs.length === 3, 'and on');
  t.equal(bob.writes, writes, 'it is sent nothing more');
});

withRig('a detached device is sent nothing, and gets it when it is back', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const bob = await rig.attach('bob/phone');
  const eve = await rig.attach('eve/phone');
  await until(() => bob.seqs.length === 1, 'the first');
  bob.attachment?.received(chatId, 1);
  bob.attachment?.detach();
  await rig.say('ann/phone', chatId, 'one');
  await until(() => eve.seqs.length === 2, 'eve has it');
  t.same(bob.seqs, [1]);
  await rig.acksAreDurable();
  const back = await rig.attach('bob/phone');
  await until(() => back.seqs.length === 1, 'what it missed');
  t.same(back.seqs, [2]);
});

withRig('a smaller window holds from now on', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const bob = await rig.attach('bob/phone');
  await until(() => bob.seqs.length === 1, 'the first');
  bob.attachment?.received(chatId, 1);
  await bob.attachment?.flow({ messages: 4, bytes: 1_000_000 });
  for (let count = 0; count < 5; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  await until(() => bob.seqs.length === 2, 'a quarter of four');
  bob.attachment?.received(chatId, 2);
  await until(() => bob.seqs.length === 3, 'the next');
  t.same(bob.seqs, [1, 2, 3]);
});

withRig('what is no message is a gap, and chats of others are not touched', async (t, rig) => {
  await rig.queue.append('~gbroken', 'no message', { senderId: 'x', join: ['bob/phone'] });
  await rig.queue.append('order-42', 'no message', { senderId: 'x', join: ['bob/phone'] });
  const bob = await rig.attach('bob/phone');
  await until(() => bob.of('gap').length === 1, 'the gap');
  t.match(bob.of('gap'), [{ chatId: '~gbroken', fromSeq: 1, toSeq: 1, reason: 'damaged' }]);
  t.notMatch(JSON.stringify(bob.events), /order-42/);
});

withRig('a gap of retention is sent, and acked like a message', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  for (let count = 0; count < 4; count += 1) await rig.say('ann/phone', chatId, `${count}`);
  await rig.queue.trim(chatId, 3);
  const bob = await rig.attach('bob/phone');
  await until(() => bob.seqs.length === 2, 'what is left');
  t.match(bob.of('gap'), [{ chatId, fromSeq: 1, toSeq: 3, reason: 'trimmed' }]);
  t.equal(bob.attachment?.sentUpTo(chatId), 5);
});

withRig("an ack of a device that was forgotten meanwhile ends nobody's stream", async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  const bob = await rig.attach('bob/phone');
  const eve = await rig.attach('eve/phone');
  await until(() => bob.seqs.length === 1 && eve.seqs.length === 1, 'both have it');
  await rig.queue.forget('bob/phone');
  bob.attachment?.received(chatId, 1);
  await rig.say('ann/phone', chatId, 'two');
  await rig.acksAreDurable();
  await until(() => eve.seqs.length === 2, 'eve goes on');
  t.same([bob.closed, eve.closed], [undefined, undefined]);
});
