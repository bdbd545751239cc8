// Retention: what holds records, what releases them, and that the floor never falls.

import type { Case } from './case.js';
import { brief, drain, firstSeqOf, grow, range, seqsOf } from './verbs.js';

const ann = 'ann/phone';
const bob = 'bob/phone';
const durable = { durable: true } as const;
const HOUR_MS = 3_600_000;

export const retention: readonly Case[] = [
  {
    title: 'records that all holders have received are gone, those that one lacks are not',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', '1', { join: [ann, bob] });
      await grow(queue, 'chat', 9);
      await queue.ack('chat', ann, { received: 10 }, durable);
      t.equal(await firstSeqOf(queue, 'chat'), 1);
      await queue.ack('chat', bob, { received: 4 }, durable);
      const read = await queue.read('chat');
      t.same(read.gap, { fromSeq: 1, toSeq: 4, reason: 'expired' });
      t.same(seqsOf(read), [5, 6, 7, 8, 9, 10]);
    },
  },
  {
    title: 'a chat in which nobody holds keeps its records',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 5);
      await queue.join('chat', ann);
      await queue.leave('chat', ann);
      await grow(queue, 'chat', 5);
      t.equal((await queue.read('chat', { fromSeq: 6 })).records.length, 5);
      await queue.configure('other chat', { keepAtLeast: '1h' });
      await grow(queue, 'other chat', 2);
      t.equal(await firstSeqOf(queue, 'other chat'), 1);
    },
  },
  {
    title: 'keep: window and keep: forever release nothing by an ack',
    guarantees: ['I18'],
    async run(t, world) {
      for (const keep of ['window', 'forever'] as const) {
        const queue = await world.open({ keep });
        await queue.join('chat', ann);
        await grow(queue, 'chat', 5);
        await queue.ack('chat', ann, { received: 5 }, durable);
        await grow(queue, 'chat', 1);
        t.equal(await firstSeqOf(queue, 'chat'), 1, keep);
      }
    },
  },
  {
    title: 'keepAtLeast keeps what all have received, in the store or in one chat',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open();
      await queue.configure('configured', { keepAtLeast: '7d' });
      for (const chatId of ['configured', 'plain']) {
        await queue.join(chatId, ann);
        await grow(queue, chatId, 5);
        await queue.ack(chatId, ann, { received: 5 }, durable);
      }
      t.equal(await firstSeqOf(queue, 'configured'), 1);
      t.equal(await firstSeqOf(queue, 'plain'), 6);
    },
  },
  {
    title: 'a configured chat keeps its own rules when the store is opened again',
    guarantees: ['I18'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await queue.configure('chat', { keep: 'window', maxAge: '3d' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      const again = await world.reopen(queue);
      await again.ack('chat', ann, { received: 5 }, durable);
      t.equal(await firstSeqOf(again, 'chat'), 1);
      await again.configure('chat', { keep: 'until-received' });
      t.equal(await firstSeqOf(again, 'chat'), 6);
    },
  },
  {
    title: 'no join, return or more patient rule lowers a floor',
    guarantees: ['I21'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 6);
      await queue.ack('chat', ann, { received: 4 }, durable);
      t.equal(await firstSeqOf(queue, 'chat'), 5);
      const { joinSeq } = await queue.join('chat', bob, { at: 'first' });
      t.equal(joinSeq, 5);
      await queue.configure('chat', { keep: 'forever' });
      t.equal(await firstSeqOf(queue, 'chat'), 5);
      await queue.configure('chat', { keep: 'window', maxAge: '365d' });
      t.equal(await firstSeqOf(queue, 'chat'), 5);
      await queue.join('chat', 'late', { at: 1 });
      t.equal(await firstSeqOf(queue, 'chat'), 5);
      t.same(seqsOf(await queue.read('chat')), [5, 6]);
    },
  },
  {
    title: 'trim raises the floor to what it says, at most above the head, and never lowers it',
    guarantees: ['I21'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await grow(queue, 'chat', 6);
      await queue.trim('chat', 3);
      t.equal(await firstSeqOf(queue, 'chat'), 4);
      await queue.trim('chat', 2);
      t.equal(await firstSeqOf(queue, 'chat'), 4);
      await queue.trim('chat', 99);
      t.equal(await firstSeqOf(queue, 'chat'), 7);
      t.equal((await queue.append('chat', 'x')).seq, 7);
      t.equal(await firstSeqOf(queue, 'chat'), 7);
    },
  },
  {
    title: 'a floor is the same when the store is opened again',
    guarantees: ['I21'],
    needs: ['reopen'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'trimmed', 6);
      await queue.trim('trimmed', 3);
      await queue.join('received', ann);
      await grow(queue, 'received', 6);
      await queue.ack('received', ann, { received: 5 }, durable);
      const again = await world.reopen(queue);
      t.equal(await firstSeqOf(again, 'trimmed'), 4);
      t.equal(await firstSeqOf(again, 'received'), 6);
    },
  },
  {
    title: 'the pinned record is read by pinned() although trim took everything',
    guarantees: ['I18'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'state', { pin: true });
      await grow(queue, 'chat', 5);
      await queue.trim('chat', 6);
      const pinned = await queue.pinned('chat');
      t.same([pinned?.seq, pinned?.text()], [1, 'state']);
    },
  },
  {
    title: 'maxBytes takes the oldest records, whoever lacks them, in the store or in one chat',
    guarantees: ['I18', 'I21'],
    async run(t, world) {
      const limited = await world.open({ keep: 'forever', maxBytes: 65_536 });
      const free = await world.open({ keep: 'forever' });
      await free.configure('chat', { maxBytes: 65_536, keepAtLeast: '7d' });
      for (const queue of [limited, free]) {
        await queue.append('chat', 'state', { pin: true, join: [ann] });
        await growWide(queue, 15);
        t.equal(await firstSeqOf(queue, 'chat'), 1, 'what fits stays');
        await growWide(queue, 15);
        const { gap, records } = await queue.read('chat');
        t.same(gap, { fromSeq: 1, toSeq: 16, reason: 'quota' });
        t.equal(records.length, 15);
        t.equal((await queue.pinned('chat'))?.text(), 'state');
        await queue.configure('chat', { maxBytes: 0 });
        await growWide(queue, 20);
        t.equal(await firstSeqOf(queue, 'chat'), 17, 'no limit any more');
      }
    },
  },
  {
    title: 'a record that is larger than maxBytes is kept until the next one',
    guarantees: ['I18'],
    needs: ['space'],
    async run(t, world) {
      const queue = await world.open({ maxBytes: 65_536 });
      for (const seq of [1, 2, 3]) {
        await queue.append('chat', 'x'.repeat(70_000));
        t.equal(await firstSeqOf(queue, 'chat'), seq);
      }
    },
  },
  {
    title: 'a consumer behind maxBytes is told of the gap and gets the rest',
    guarantees: ['I13', 'I14'],
    async run(t, world) {
      const queue = await world.open({ maxBytes: 65_536 });
      await queue.join('chat', ann);
      await growWide(queue, 30);
      const said = (await drain(queue, ann)).map(brief).filter((line) => !line.includes('caught'));
      const rest = range(16, 30).map((seq) => `chat:${seq}`);
      t.same(said, ['chat:gap 1-15 quota', ...rest]);
    },
  },
  {
    title: 'why() says who holds a record, and in which state it is',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { join: [ann, bob], pin: true });
      await grow(queue, 'chat', 4);
      await queue.ack('chat', ann, { received: 5 }, durable);
      await queue.ack('chat', bob, { received: 2 }, durable);
      const kept = await queue.why('chat', 4);
      t.same([kept.chatId, kept.seq, kept.state, kept.pinned], ['chat', 4, 'kept', false]);
      t.same(
        kept.heldBy.map(({ consumerId }) => consumerId),
        [bob],
      );
      t.ok((kept.goneBy ?? 0) > 0, 'it goes by age at the latest');
      t.ok(kept.text.includes(bob), kept.text);
      t.equal((await queue.why('chat', 2)).state, 'gone');
      const pinned = await queue.why('chat', 1);
      t.same([pinned.pinned, pinned.goneBy], [true, undefined]);
      t.equal((await queue.why('chat', 6)).state, 'not-yet');
      t.equal((await queue.why('never seen', 1)).state, 'not-yet');
      await queue.configure('chat', { keep: 'forever' });
      t.equal((await queue.why('chat', 4)).goneBy, undefined);
    },
  },
];

export const ages: readonly Case[] = [
  {
    title: 'records older than maxAge are gone whoever lacks them, and younger ones are not',
    guarantees: ['I18', 'I21'],
    needs: ['clock'],
    async run(t, world) {
      const queue = await world.open({ maxAge: '3d' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      for (let hours = 0; hours < 48; hours += 1) await passHour(world, queue);
      await grow(queue, 'chat', 1);
      t.equal(await firstSeqOf(queue, 'chat'), 1);
      for (let hours = 0; hours < 60; hours += 1) await passHour(world, queue);
      const read = await queue.read('chat');
      t.same(read.gap, { fromSeq: 1, toSeq: 5, reason: 'expired' });
      t.same(seqsOf(read), [6]);
    },
  },
  {
    title: 'a closing cursor ends when it is older than maxAge',
    guarantees: ['I17'],
    needs: ['clock'],
    async run(t, world) {
      const queue = await world.open({ maxAge: '2d' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      await queue.leave('chat', ann);
      t.equal((await queue.cursors('chat')).length, 1);
      for (let hours = 0; hours < 75; hours += 1) await passHour(world, queue);
      await t.rejects(() => queue.ack('chat', ann, { received: 5 }), 'FOQ_NOT_JOINED');
    },
  },
  {
    title: 'keepAtLeast holds what was received until it is that old',
    guarantees: ['I18'],
    needs: ['clock'],
    async run(t, world) {
      const queue = await world.open({ keepAtLeast: '1d' });
      await queue.join('chat', ann);
      await grow(queue, 'chat', 5);
      await queue.ack('chat', ann, { received: 5 }, durable);
      for (let hours = 0; hours < 20; hours += 1) await passHour(world, queue);
      t.equal(await firstSeqOf(queue, 'chat'), 1);
      for (let hours = 0; hours < 8; hours += 1) await passHour(world, queue);
      t.equal(await firstSeqOf(queue, 'chat'), 6);
    },
  },
];

/** Records of 4 KiB and their heads: 15 of them are within 64 KiB, and each is a sixteenth. */
async function growWide(
  queue: { append(chatId: string, payload: string): Promise<unknown> },
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i += 1) await queue.append('chat', 'x'.repeat(4096));
}

/** An hour of a store that is alive: something is written in it. */
async function passHour(
  world: { advance(ms: number): Promise<void> },
  queue: { append(chatId: string, payload: string): Promise<unknown> },
): Promise<void> {
  await world.advance(HOUR_MS);
  await queue.append('clock', 'tick');
}
