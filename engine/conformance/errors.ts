// Every code of the table of errors: provoked here, or named with the reason why no call on an open
// queue gives it. A test compares both lists with the table.

import { ERRORS, type ErrorCode, type Queue } from '../../protocol/index.js';
import type { Capability, Case, World } from './case.js';
import { bytes, grow } from './verbs.js';

const ann = 'ann/phone';

interface Provocation {
  /** Details that the error has, and their values where the case knows them. */
  readonly details?: Readonly<Record<string, number | string>>;
  /** Details that must be there, whatever their values. */
  readonly names?: readonly string[];
  readonly needs?: readonly Capability[];
  /** The call that is refused. */
  provoke(queue: Queue, world: World): Promise<() => Promise<unknown>>;
}

export const provoked: Readonly<Partial<Record<ErrorCode, Provocation>>> = {
  FOQ_UNKNOWN_OUTCOME: {
    async provoke(queue) {
      await grow(queue, 'chat', 1);
      const controller = new AbortController();
      const call = queue.append('chat', bytes(500_000), { signal: controller.signal });
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort(new Error('enough'));
      return () => call;
    },
  },
  FOQ_BUSY: {
    async provoke(queue) {
      await grow(queue, 'chat', 1);
      await queue.join('chat', ann);
      for (let times = 0; times < 8; times += 1) {
        await grow(queue, 'chat', 1);
        await queue.leave('chat', ann);
        await grow(queue, 'chat', 1);
        await queue.join('chat', ann);
      }
      await grow(queue, 'chat', 1);
      await queue.leave('chat', ann);
      await grow(queue, 'chat', 1);
      return () => queue.join('chat', ann);
    },
  },
  FOQ_POISONED: {
    needs: ['faults'],
    async provoke(queue, world) {
      await grow(queue, 'chat', 1);
      world.breakDisk(queue);
      await queue.append('chat', 'x').catch(() => undefined);
      return () => queue.append('chat', 'y');
    },
  },
  FOQ_CLOSED: {
    async provoke(queue) {
      await queue.close();
      return () => queue.append('chat', 'x');
    },
  },
  FOQ_INVALID_ARGUMENT: {
    provoke: (queue) => Promise.resolve(() => queue.append('', 'x')),
  },
  FOQ_NOT_JOINED: {
    details: { consumerId: ann },
    provoke: (queue) => Promise.resolve(() => queue.append('chat', 'x', { as: ann })),
  },
  FOQ_DEDUP_CONFLICT: {
    details: { seq: 1 },
    names: ['at'],
    async provoke(queue) {
      const key = { senderId: ann, dedupKey: 'key' };
      await queue.append('chat', 'one', key);
      return () => queue.append('chat', 'two', key);
    },
  },
  FOQ_ROSTER_STALE: {
    details: { roster: 0 },
    provoke: (queue) => Promise.resolve(() => queue.append('chat', 'x', { ifRoster: 4 })),
  },
  FOQ_GUARD_CONFLICT: {
    details: { current: 0, headSeq: 0 },
    provoke(queue) {
      const guard = { expected: 4, next: 5 };
      return Promise.resolve(() => queue.append('chat', 'x', { guard }));
    },
  },
  FOQ_TOO_LARGE: {
    names: ['limit'],
    provoke: (queue) => Promise.resolve(() => queue.append('chat', bytes(1024 * 1024 + 1))),
  },
  FOQ_SEQ_OUT_OF_RANGE: {
    details: { headSeq: 2 },
    async provoke(queue) {
      await grow(queue, 'chat', 2);
      return () => queue.read('chat', { fromSeq: 4 });
    },
  },
  FOQ_HEAD_CONFLICT: {
    details: { headSeq: 1 },
    async provoke(queue) {
      await grow(queue, 'chat', 1);
      return () => queue.append('chat', 'x', { ifHead: 0 });
    },
  },
  FOQ_DISK_FULL: {
    names: ['freeBytes', 'neededBytes'],
    needs: ['faults'],
    async provoke(queue, world) {
      await grow(queue, 'chat', 1);
      await world.fillDisk(queue);
      return () => queue.append('chat', 'x');
    },
  },
};

const OPENING = 'only opening a store gives it; the tests of opening provoke it';
const CLUSTER = 'needs a cluster';
const SERVER = 'needs a server';

export const notProvoked: Readonly<Partial<Record<ErrorCode, string>>> = {
  FOQ_INTERNAL: 'only a mistake of ours gives it',
  FOQ_UNAVAILABLE: OPENING,
  FOQ_NOT_LEADER: CLUSTER,
  FOQ_FENCED: 'in one process a session that was taken over is told by a delivery',
  FOQ_CORRUPT: OPENING,
  FOQ_LOCKED: OPENING,
  FOQ_VERSION: OPENING,
  FOQ_UNAUTHORIZED: SERVER,
  FOQ_FORBIDDEN: SERVER,
  FOQ_UNKNOWN_COMMAND: SERVER,
  FOQ_CHAT_NOT_FOUND: `${SERVER}: to the engine a never-seen chat is an empty one`,
  FOQ_MESSAGE_NOT_FOUND: SERVER,
  FOQ_USER_NOT_FOUND: SERVER,
  FOQ_DEVICE_NOT_FOUND: SERVER,
  FOQ_GROUP_FULL: SERVER,
  FOQ_ATTACHMENT_NOT_READY: SERVER,
  FOQ_ATTACHMENT_MISMATCH: SERVER,
  FOQ_KEYS_EXHAUSTED: SERVER,
  FOQ_EPOCH: 'needs a history that was replaced while a client was away',
  FOQ_RATE_LIMITED: SERVER,
};

export const errors: readonly Case[] = Object.entries(provoked).map(([name, provocation]) => {
  const code = name as ErrorCode;
  const { details = {}, names = [], needs = [], provoke } = provocation;
  return {
    title: `${code} is given, with its details and what a caller may do`,
    guarantees: ['I6'],
    needs,
    async run(t, world) {
      const queue = await world.open();
      const call = await provoke(queue, world);
      const error = await t.rejects(call, code, details);
      t.equal(error.retry, ERRORS[code].retry);
      t.ok(error.message.length > 0, 'it says something');
      for (const field of names) t.ok(error.details[field] !== undefined, `details.${field}`);
    },
  } satisfies Case;
});
