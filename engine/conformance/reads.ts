// Reads: which records come, in which order, and what is said about those that do not.

import type { Case } from './case.js';
import { bytes, grow, range, seqsOf, textsOf } from './verbs.js';

export const reads: readonly Case[] = [
  {
    title: 'a never-seen chat reads as empty, with firstSeq 1 and headSeq 0',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const { records, firstSeq, headSeq, epoch, gap } = await queue.read('never seen');
      t.same({ records, firstSeq, headSeq }, { records: [], firstSeq: 1, headSeq: 0 });
      t.equal(gap, undefined);
      t.match(epoch, /^[0-9a-f]{16}$/);
      t.equal(epoch, queue.epoch);
      t.same(seqsOf(await queue.read('never seen', { last: 5 })), []);
      t.same(seqsOf(await queue.read('never seen', { before: 1 })), []);
    },
  },
  {
    title: 'fromSeq, before and last name the records that they say, always ascending',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 20);
      t.same(seqsOf(await queue.read('chat')), range(1, 20));
      t.same(seqsOf(await queue.read('chat', { fromSeq: 7, limit: 5 })), range(7, 11));
      t.same(seqsOf(await queue.read('chat', { fromSeq: 18, limit: 5 })), range(18, 20));
      t.same(seqsOf(await queue.read('chat', { before: 7, limit: 3 })), range(4, 6));
      t.same(seqsOf(await queue.read('chat', { before: 3, limit: 9 })), range(1, 2));
      t.same(seqsOf(await queue.read('chat', { before: 1, limit: 9 })), []);
      t.same(seqsOf(await queue.read('chat', { last: 4 })), range(17, 20));
      t.same(seqsOf(await queue.read('chat', { last: 40 })), range(1, 20));
      t.equal((await queue.read('chat', { last: 4 })).headSeq, 20);
    },
  },
  {
    title: 'a read above the head is empty directly above it, and out of range beyond',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 5);
      t.same(seqsOf(await queue.read('chat', { fromSeq: 6 })), []);
      await t.rejects(() => queue.read('chat', { fromSeq: 7 }), 'FOQ_SEQ_OUT_OF_RANGE', {
        headSeq: 5,
      });
      t.same(seqsOf(await queue.read('never seen', { fromSeq: 1 })), []);
      await t.rejects(() => queue.read('never seen', { fromSeq: 2 }), 'FOQ_SEQ_OUT_OF_RANGE', {
        headSeq: 0,
      });
    },
  },
  {
    title:
      'a read backwards that maxBytes ends early has the newest, so that the next goes on below',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await Promise.all(range(1, 10).map((n) => queue.append('chat', bytes(10_000, n))));
      const maxBytes = 25_000;
      t.same(seqsOf(await queue.read('chat', { before: 9, maxBytes })), [7, 8]);
      t.same(seqsOf(await queue.read('chat', { before: 7, maxBytes })), [5, 6]);
      t.same(seqsOf(await queue.read('chat', { last: 9, maxBytes: 1 })), [10]);
    },
  },
  {
    title: 'maxBytes ends a read early, and even 1 byte lets one record through',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await Promise.all(range(1, 10).map((n) => queue.append('chat', bytes(10_000, n))));
      t.same(seqsOf(await queue.read('chat', { fromSeq: 3, maxBytes: 1 })), [3]);
      t.same(seqsOf(await queue.read('chat', { before: 9, limit: 1, maxBytes: 1 })), [8]);
      const some = await queue.read('chat', { maxBytes: 45_000 });
      t.ok(some.records.length >= 1 && some.records.length <= 4, `${some.records.length} came`);
      t.same(seqsOf(some), range(1, some.records.length));
    },
  },
  {
    title: 'a read gives 1,000 records unless told, and pages by fromSeq meet all of 2,500 once',
    guarantees: ['I2'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 2500);
      t.equal((await queue.read('chat')).records.length, 1000);
      const met: number[] = [];
      for (const limit of [1, 999, 700, 800]) {
        met.push(...seqsOf(await queue.read('chat', { fromSeq: met.length + 1, limit })));
      }
      t.same(met, range(1, 2500));
      t.equal((await queue.read('chat', { limit: 10_000 })).records.length, 2500);
    },
  },
  {
    title: 'pages by before meet every record once, newest page first',
    guarantees: ['I2'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 25);
      let met: number[] = [];
      for (let before = 26; before > 1; before = met[0] ?? 0) {
        met = [...seqsOf(await queue.read('chat', { before, limit: 7 })), ...met];
      }
      t.same(met, range(1, 25));
    },
  },
  {
    title: 'below the floor a read says which range is gone and why, and goes on after it',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 10);
      await queue.trim('chat', 4);
      const read = await queue.read('chat', { fromSeq: 2, limit: 3 });
      t.same(read.gap, { fromSeq: 2, toSeq: 4, reason: 'trimmed' });
      t.same(seqsOf(read), [5, 6, 7]);
      t.equal(read.firstSeq, 5);
      const whole = await queue.read('chat');
      t.same(whole.gap, { fromSeq: 1, toSeq: 4, reason: 'trimmed' });
      const above = await queue.read('chat', { fromSeq: 5 });
      t.equal(above.gap, undefined);
      t.same(seqsOf(await queue.read('chat', { last: 100 })), range(5, 10));
      t.same(seqsOf(await queue.read('chat', { before: 7, limit: 100 })), [5, 6]);
    },
  },
  {
    title: 'a chat that was trimmed to its head reads as a gap and nothing else',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      await queue.trim('chat', 3);
      const read = await queue.read('chat', { fromSeq: 1 });
      t.same(read.gap, { fromSeq: 1, toSeq: 3, reason: 'trimmed' });
      t.same([read.firstSeq, read.headSeq, read.records.length], [4, 3, 0]);
    },
  },
  {
    title: 'payloads that were read stay as they are while much else is written and read',
    guarantees: ['I9'],
    async run(t, world) {
      const queue = await world.open();
      await Promise.all(range(1, 20).map((n) => queue.append('chat', bytes(3000, n))));
      const { records } = await queue.read('chat');
      for (const n of range(1, 20)) {
        await queue.append('chat', bytes(5000, n));
        await queue.read('chat', { last: 20 });
      }
      for (const [index, { payload }] of records.entries()) {
        t.ok(Buffer.from(bytes(3000, index + 1)).equals(payload), `record ${index + 1}`);
      }
    },
  },
  {
    title: 'text() and json() read the payload, and json() throws a SyntaxError for what is none',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', JSON.stringify({ hello: ['wörld', 1] }));
      await queue.append('chat', 'no json');
      const { records } = await queue.read('chat');
      t.same(records[0]?.json(), { hello: ['wörld', 1] });
      t.equal(records[1]?.text(), 'no json');
      let thrown: unknown;
      try {
        records[1]?.json();
      } catch (error) {
        thrown = error;
      }
      t.ok(thrown instanceof SyntaxError, 'a SyntaxError');
    },
  },
  {
    title: 'chat ids are any 1 to 128 bytes of UTF-8, each a chat of its own',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const chats = [
        'a',
        'A',
        'a ',
        '/',
        '../..',
        '~d',
        'ä'.repeat(64),
        '👩‍👩‍👧',
        'x'.repeat(128),
        '\n',
      ];
      for (const chatId of chats) await queue.append(chatId, chatId);
      for (const chatId of chats) t.same(textsOf(await queue.read(chatId)), [chatId]);
      const heads = await queue.heads(chats);
      t.same(
        heads.map(({ chatId, headSeq }) => [chatId, headSeq]),
        chats.map((chatId) => [chatId, 1]),
      );
    },
  },
  {
    title: 'heads answers in the order asked, with zeros for a never-seen chat',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const guard = { expected: 0, next: 4 };
      const { at } = await queue.append('b', 'x', { guard, join: ['ann/phone'] });
      await grow(queue, 'a', 3);
      await queue.trim('a', 1);
      const [b, never, a, again] = await queue.heads(['b', 'never seen', 'a', 'b']);
      const { epoch } = queue;
      const zeros = { headSeq: 0, lastAt: 0, guard: 0, roster: 0, epoch };
      t.same(never, { chatId: 'never seen', firstSeq: 1, ...zeros });
      t.same(b, { chatId: 'b', firstSeq: 1, headSeq: 1, lastAt: at, guard: 4, roster: 1, epoch });
      t.same([a?.firstSeq, a?.headSeq], [2, 3]);
      t.same(again, b);
      t.same(await queue.heads([]), []);
    },
  },
  {
    title: 'a chat handle does what the queue does with its chatId',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      const chat = queue.chat('chat');
      t.equal(chat.chatId, 'chat');
      await chat.append('one', { senderId: 'ann' });
      t.equal((await chat.join('bob/phone', { at: 'first' })).joinSeq, 1);
      await chat.ack('bob/phone', { received: 1 }, { durable: true });
      t.equal((await queue.cursors('chat'))[0]?.received, 1);
      await chat.append('two');
      t.same(textsOf(await chat.read({ fromSeq: 2 })), ['two']);
      await chat.trim(1);
      t.equal((await queue.heads(['chat']))[0]?.firstSeq, 2);
      await chat.leave('bob/phone');
      t.equal((await queue.cursors('chat'))[0]?.leaveSeq, 2);
      t.equal(queue.chat('chat').chatId, 'chat');
      await t.rejects(() => chat.append('x', { ifHead: 9 }), 'FOQ_HEAD_CONFLICT');
    },
  },
];
