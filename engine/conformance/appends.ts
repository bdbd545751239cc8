// Appends: their order, and what is stored of them.

import type { Case } from './case.js';
import { bytes, cursorOf, grow, headSeqOf, range, seqsOf, textsOf } from './verbs.js';

export const appends: readonly Case[] = [
  {
    title: '300 appends that nobody waited for get the seqs 1 to 300 in the order of the calls',
    guarantees: ['I2', 'I5'],
    async run(t, world) {
      const queue = await world.open();
      const calls = range(1, 300).map((n) => queue.append('chat', `text ${n}`));
      const answers = await Promise.all(calls);
      t.same(
        answers.map(({ seq }) => seq),
        range(1, 300),
      );
      t.ok(
        answers.every(({ duplicate }) => duplicate === false),
        'none is a duplicate',
      );
      const read = await queue.read('chat');
      t.same(
        textsOf(read),
        range(1, 300).map((n) => `text ${n}`),
      );
      t.same(seqsOf(read), range(1, 300));
    },
  },
  {
    title: 'each chat counts its own seqs from 1',
    guarantees: ['I2'],
    async run(t, world) {
      const queue = await world.open();
      const chats = range(1, 20).map((n) => `chat ${n}`);
      for (const round of [1, 2, 3]) {
        const answers = await Promise.all(chats.map((chatId) => queue.append(chatId, 'x')));
        t.ok(
          answers.every(({ seq }) => seq === round),
          `round ${round}`,
        );
      }
    },
  },
  {
    title: 'the stamp of a record is the one of the answer, and no stamp is below an earlier one',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      let before = 0;
      for (const n of range(1, 30)) {
        const { at } = await queue.append(`chat ${n % 3}`, 'x');
        t.ok(Number.isSafeInteger(at) && at >= before, `${at} is at least ${before}`);
        before = at;
        const { records } = await queue.read(`chat ${n % 3}`, { last: 1 });
        t.equal(records[0]?.at, at);
      }
    },
  },
  {
    title: 'an append without options names no sender and has kind 0',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x');
      const [record] = (await queue.read('chat')).records;
      t.equal(record?.senderId, '');
      t.equal(record?.kind, 0);
      t.equal(record?.deleted, false);
      t.equal(await queue.pinned('chat'), null);
    },
  },
  {
    title: 'payloads of 0 bytes to 1 MiB come out as they went in',
    guarantees: ['I9'],
    needs: ['space'],
    async run(t, world) {
      const queue = await world.open();
      const sizes = [0, 1, 7, 255, 256, 4095, 4096, 4097, 65_536, 1024 * 1024];
      await Promise.all(sizes.map((size) => queue.append('chat', bytes(size, size))));
      for (const [index, size] of sizes.entries()) {
        const { records } = await queue.read('chat', { fromSeq: index + 1, limit: 1 });
        const payload = records[0]?.payload ?? bytes(3);
        t.ok(Buffer.from(bytes(size, size)).equals(payload), `${size} bytes`);
      }
    },
  },
  {
    title: 'text is stored as UTF-8, whatever its letters',
    guarantees: ['I9'],
    async run(t, world) {
      const queue = await world.open();
      const texts = ['', 'plain', 'ä€𐍈', '\0 inside', '👩‍👩‍👧', 'long '.repeat(5000), '\uFEFFmark'];
      await Promise.all(texts.map((text) => queue.append('chat', text)));
      const { records } = await queue.read('chat');
      t.same(
        records.map(({ payload }) => Buffer.from(payload).toString()),
        texts,
      );
      t.equal(records[2]?.text(), 'ä€𐍈');
      t.equal(records[6]?.text(), texts[6], 'a mark of byte order was appended, too');
    },
  },
  {
    title: 'a view into a larger buffer is stored by its own bytes, and may change after the call',
    guarantees: ['I9', 'I51'],
    async run(t, world) {
      const queue = await world.open();
      const whole = bytes(1000);
      const calls = range(0, 9).map((n) =>
        queue.append('chat', whole.subarray(n * 100, n * 100 + 50)),
      );
      const key = bytes(16);
      calls.push(queue.append('chat', 'keyed', { senderId: 'ann', dedupKey: key }));
      whole.fill(0);
      key.fill(0);
      await Promise.all(calls);
      const { records } = await queue.read('chat', { limit: 10 });
      for (const [n, { payload }] of records.entries()) {
        t.same([...payload], [...bytes(1000).subarray(n * 100, n * 100 + 50)]);
      }
      const again = await queue.append('chat', 'keyed', { senderId: 'ann', dedupKey: bytes(16) });
      t.equal(again.duplicate, true);
    },
  },
  {
    title: 'every kind from 0 to 255 comes back',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await Promise.all(range(0, 255).map((kind) => queue.append('chat', 'x', { kind })));
      const { records } = await queue.read('chat');
      t.same(
        records.map(({ kind }) => kind),
        range(0, 255),
      );
    },
  },
  {
    title: 'senderId names a sender that never joined',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { senderId: 'robot' });
      t.equal((await queue.read('chat')).records[0]?.senderId, 'robot');
      t.same(await queue.cursors('chat'), []);
    },
  },
  {
    title: 'an append as somebody who is not joined is refused and writes nothing',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'chat', 2);
      await queue.join('other chat', 'ann/phone');
      await t.rejects(() => queue.append('chat', 'x', { as: 'ann/phone' }), 'FOQ_NOT_JOINED');
      t.equal(await headSeqOf(queue, 'chat'), 2);
      await queue.join('chat', 'ann/phone');
      t.equal((await queue.append('chat', 'x', { as: 'ann/phone' })).seq, 3);
      await queue.leave('chat', 'ann/phone');
      await t.rejects(() => queue.append('chat', 'x', { as: 'ann/phone' }), 'FOQ_NOT_JOINED');
      t.equal(await headSeqOf(queue, 'chat'), 3);
      t.equal((await queue.read('chat', { last: 1 })).records[0]?.senderId, 'ann/phone');
    },
  },
  {
    title: 'who is up to date has received what it wrote; who is behind has not',
    guarantees: ['I12'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.join('chat', 'ann/phone');
      await queue.append('chat', 'own', { as: 'ann/phone' });
      await queue.append('chat', 'own', { as: 'ann/phone' });
      t.equal((await cursorOf(queue, 'chat', 'ann/phone'))?.received, 2);
      await queue.append('chat', 'of another', { senderId: 'bob' });
      await queue.append('chat', 'own', { as: 'ann/phone' });
      t.equal((await cursorOf(queue, 'chat', 'ann/phone'))?.received, 2);
    },
  },
  {
    title: 'as is judged after the join of the same append and before its leave',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const hello = { as: 'ann/phone', join: ['ann/phone'] };
      t.equal((await queue.append('chat', 'hello', hello)).seq, 1);
      const goodbye = { as: 'ann/phone', leave: ['ann/phone'] };
      t.equal((await queue.append('chat', 'goodbye', goodbye)).seq, 2);
      await t.rejects(() => queue.append('chat', 'x', { as: 'ann/phone' }), 'FOQ_NOT_JOINED');
      t.equal(await headSeqOf(queue, 'chat'), 2);
    },
  },
  {
    title: 'joins and leaves of an append take effect at its seq',
    guarantees: ['I17'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'chat', 3);
      await queue.append('chat', 'welcome', { join: ['ann/phone', 'bob/phone'] });
      const bob = await cursorOf(queue, 'chat', 'bob/phone');
      t.equal(bob?.joinSeq, 4);
      t.equal(bob?.received, 3);
      await queue.append('chat', 'farewell', { leave: ['bob/phone'] });
      t.equal((await cursorOf(queue, 'chat', 'bob/phone'))?.leaveSeq, 5);
      t.equal((await cursorOf(queue, 'chat', 'ann/phone'))?.leaveSeq, undefined);
      const [head] = await queue.heads(['chat']);
      t.equal(head?.roster, 3);
    },
  },
  {
    title: '1,000 consumers join by one append, and 1,000 leave by one; 1,001 are too many',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const all = range(1, 1001).map((n) => `user${n}/phone`);
      await t.rejects(() => queue.append('chat', 'x', { join: all }), 'FOQ_TOO_LARGE');
      t.equal(await headSeqOf(queue, 'chat'), 0);
      await queue.append('chat', 'x', { join: all.slice(1) });
      t.equal((await queue.cursors('chat')).length, 1000);
      t.equal((await queue.heads(['chat']))[0]?.roster, 1000);
      await queue.append('chat', 'x', { leave: all.slice(1) });
      const joined = (await queue.cursors('chat')).filter(({ leaveSeq }) => leaveSeq === undefined);
      t.same(joined, []);
    },
  },
];
