// What an append may be made to depend on, and the order in which it is judged.

import type { AppendOptions } from '../../protocol/index.js';
import type { Case } from './case.js';
import { headSeqOf, range } from './verbs.js';

export const conditions: readonly Case[] = [
  {
    title: 'a guard lets in whom it expects, takes the next value, and refuses all others',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      const guarded = (expected: number, next: number) =>
        queue.append('chat', `${expected} to ${next}`, { guard: { expected, next } });
      t.equal((await guarded(0, 7)).seq, 1);
      await t.rejects(() => guarded(0, 8), 'FOQ_GUARD_CONFLICT', { current: 7, headSeq: 1 });
      await queue.append('chat', 'unguarded');
      t.equal((await guarded(7, Number.MAX_SAFE_INTEGER)).seq, 3);
      const [head] = await queue.heads(['chat']);
      t.equal(head?.guard, Number.MAX_SAFE_INTEGER);
      t.equal(head?.headSeq, 3, 'the refused append left nothing');
    },
  },
  {
    title: 'of 20 appends at once under one guard exactly one is accepted',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      const guard = { expected: 0, next: 1 };
      const calls = range(1, 20).map((n) => queue.append('chat', String(n), { guard }));
      const outcomes = await Promise.allSettled(calls);
      t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      t.equal(await headSeqOf(queue, 'chat'), 1);
    },
  },
  {
    title: 'ifHead 0 creates a chat once, whoever else tries',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      const calls = range(1, 20).map((n) => queue.append('chat', String(n), { ifHead: 0 }));
      const outcomes = await Promise.allSettled(calls);
      t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      await t.rejects(() => queue.append('chat', 'x', { ifHead: 0 }), 'FOQ_HEAD_CONFLICT', {
        headSeq: 1,
      });
      t.equal((await queue.append('chat', 'x', { ifHead: 1 })).seq, 2);
    },
  },
  {
    title: 'ifRoster refuses an append that was decided under another joined set',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', 'x', { ifRoster: 0, join: ['ann/phone'] });
      const again = { ifRoster: 0, join: ['bob/phone'] };
      await t.rejects(() => queue.append('chat', 'x', again), 'FOQ_ROSTER_STALE', { roster: 1 });
      t.equal((await queue.cursors('chat')).length, 1);
      t.equal((await queue.append('chat', 'x', { ...again, ifRoster: 1 })).seq, 2);
    },
  },
  {
    title: 'conditions are judged in the order dedup, guard, ifHead, ifRoster, as',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const first = { senderId: 'ann/phone', dedupKey: 'key' };
      await queue.append('chat', 'first', { ...first, guard: { expected: 0, next: 1 } });
      const wrong: AppendOptions = {
        as: 'ann/phone',
        guard: { expected: 5, next: 6 },
        ifHead: 9,
        ifRoster: 9,
      };
      const keyed = { ...wrong, dedupKey: 'key' };
      t.equal((await queue.append('chat', 'first', keyed)).duplicate, true);
      await t.rejects(() => queue.append('chat', 'second', keyed), 'FOQ_DEDUP_CONFLICT');
      await t.rejects(() => queue.append('chat', 'x', wrong), 'FOQ_GUARD_CONFLICT');
      const rightGuard = { ...wrong, guard: { expected: 1, next: 2 } };
      await t.rejects(() => queue.append('chat', 'x', rightGuard), 'FOQ_HEAD_CONFLICT');
      const rightHead = { ...rightGuard, ifHead: 1 };
      await t.rejects(() => queue.append('chat', 'x', rightHead), 'FOQ_ROSTER_STALE');
      const rightRoster = { ...rightHead, ifRoster: 0 };
      await t.rejects(() => queue.append('chat', 'x', rightRoster), 'FOQ_NOT_JOINED');
      const [head] = await queue.heads(['chat']);
      t.equal(head?.headSeq, 1);
      t.equal(head?.guard, 1, 'a refused append moves no guard');
    },
  },
  {
    title: 'a refused append joins and removes nobody, pins nothing and remembers no key',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      await queue.append('chat', 'x', { join: ['ann/phone'] });
      const refused: AppendOptions = {
        senderId: 'ann/phone',
        dedupKey: 'key',
        ifHead: 0,
        join: ['bob/phone'],
        leave: ['ann/phone'],
        pin: true,
      };
      await t.rejects(() => queue.append('chat', 'a', refused), 'FOQ_HEAD_CONFLICT');
      const cursors = await queue.cursors('chat');
      t.same(
        cursors.map(({ consumerId, leaveSeq }) => [consumerId, leaveSeq]),
        [['ann/phone', undefined]],
      );
      t.equal(await queue.pinned('chat'), null);
      const later = { senderId: 'ann/phone', dedupKey: 'key' };
      t.equal((await queue.append('chat', 'b', later)).duplicate, false);
    },
  },
  {
    title: 'the newest record appended with pin is the pinned one',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      t.equal(await queue.pinned('never seen'), null);
      await queue.append('chat', 'one', { pin: true, kind: 9, senderId: 'ann' });
      await queue.append('chat', 'two');
      const pinned = await queue.pinned('chat');
      t.equal(pinned?.seq, 1);
      t.equal(pinned?.text(), 'one');
      t.equal(pinned?.kind, 9);
      t.equal(pinned?.senderId, 'ann');
      await queue.append('chat', 'three', { pin: true });
      t.equal((await queue.pinned('chat'))?.seq, 3);
    },
  },
];
