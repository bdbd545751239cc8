// Calls that wait, and calls that are given up: waitFor, flush(), and what an aborted signal means.

import type { Case } from './case.js';
import { outcomeOf } from './checks.js';
import { grow, headSeqOf, range, textsOf } from './verbs.js';

const ann = 'ann/phone';

export const waits: readonly Case[] = [
  {
    title: 'waitFor resolves at once for what is there, and else when it is durable',
    guarantees: ['I7'],
    async run(t, world) {
      const queue = await world.open();
      await grow(queue, 'chat', 3);
      await queue.waitFor('chat', 3);
      const order: string[] = [];
      const waits = [5, 4, 6].map((seq) =>
        queue.waitFor('chat', seq).then(async () => {
          order.push(`${seq} at ${(await headSeqOf(queue, 'chat')) >= seq}`);
        }),
      );
      for (const n of [4, 5, 6]) await queue.append('chat', String(n));
      await Promise.all(waits);
      t.same(order.sort(), ['4 at true', '5 at true', '6 at true']);
      const never = queue.waitFor('never seen', 1);
      await queue.append('never seen', 'x');
      t.equal(await never, undefined);
    },
  },
  {
    title: 'an aborted waitFor rejects with the reason, and the others go on waiting',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const controller = new AbortController();
      const given = queue.waitFor('chat', 1, { signal: controller.signal });
      const other = queue.waitFor('chat', 1);
      const reason = new Error('enough');
      controller.abort(reason);
      const outcome = await outcomeOf(given);
      t.ok('error' in outcome, 'it rejects');
      if ('error' in outcome) {
        const { error } = outcome;
        const isReason = error === reason || (error instanceof Error && error.cause === reason);
        t.ok(isReason, String(error));
      }
      await queue.append('chat', 'x');
      t.equal(await other, undefined);
    },
  },
  {
    title: 'flush() resolves when everything submitted before it is answered',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open({ keep: 'forever' });
      let answered = 0;
      const calls = range(1, 50).map((n) =>
        queue.append('chat', String(n)).then(() => {
          answered += 1;
        }),
      );
      await queue.flush();
      t.equal(await headSeqOf(queue, 'chat'), 50);
      await Promise.all(calls);
      t.equal(answered, 50);
      await queue.flush();
    },
  },
  {
    title: 'what is aborted before it was submitted rejects with the reason and does nothing',
    guarantees: ['I6'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 1);
      const before = await queue.heads(['chat']);
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      const calls: (() => Promise<unknown>)[] = [
        () => queue.append('chat', 'x', { signal }),
        () => queue.bulk().append('chat', 'x').commit({ signal }),
        () => queue.read('chat', { signal }),
        () => queue.pinned('chat', { signal }),
        () => queue.join('chat', 'bob', { signal }),
        () => queue.joinMany('bob', [{ chatId: 'chat' }], { signal }),
        () => queue.leave('chat', ann, { signal }),
        () => queue.forget(ann, { signal }),
        () => queue.ack('chat', ann, { received: 1 }, { signal }),
        () => queue.cursors('chat', { signal }),
        () => queue.pending(ann, { signal }),
        () => queue.chatsOf(ann, { signal }),
        () => queue.chats({ signal }),
        () => queue.configure('chat', { keep: 'forever', signal }),
        () => queue.trim('chat', 1, { signal }),
        () => queue.deleteRecords('chat', [[1, 1]], { signal }),
        () => queue.deleteChat('chat', { signal }),
        () => queue.waitFor('chat', 1, { signal }),
        () => queue.flush({ signal }),
        () => queue.why('chat', 1, { signal }),
      ];
      for (const call of calls) {
        const outcome = await outcomeOf(call());
        t.ok('error' in outcome && outcome.error === reason, `${call}`);
      }
      await queue.flush();
      t.same(await queue.heads(['chat']), before);
      t.equal((await queue.cursors('chat'))[0]?.received, 0);
    },
  },
  {
    title: 'an append aborted after it was submitted has an unknown outcome, and is there or not',
    guarantees: ['I8'],
    async run(t, world) {
      const queue = await world.open();
      let unknown = 0;
      for (const n of range(1, 40)) {
        const controller = new AbortController();
        const keyed = { senderId: 'ann', dedupKey: `key ${n}` };
        const call = queue.append('chat', String(n), { ...keyed, signal: controller.signal });
        const reason = new Error('enough');
        for (let turn = 0; turn < n % 4; turn += 1) await Promise.resolve();
        if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        controller.abort(reason);
        const outcome = await outcomeOf(call);
        if ('error' in outcome && outcome.error !== reason) {
          const error = await t.rejects(() => call, 'FOQ_UNKNOWN_OUTCOME');
          t.equal(error.cause, reason);
          unknown += 1;
        }
        await queue.append('chat', String(n), keyed);
      }
      t.ok(unknown > 0, `${unknown} were unknown`);
      t.same(textsOf(await queue.read('chat')), range(1, 40).map(String));
    },
  },
  {
    title: 'an abort after the answer changes nothing',
    guarantees: [],
    async run(t, world) {
      const queue = await world.open();
      const controller = new AbortController();
      const { seq } = await queue.append('chat', 'x', { signal: controller.signal });
      controller.abort();
      t.equal(seq, 1);
      t.equal((await queue.append('chat', 'y')).seq, 2);
    },
  },
];
