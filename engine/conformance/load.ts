// Load: a burst that outruns the disk, a consumer that never acks, and a store whose disk fails
// while much is under way.

import { FoqError, type Queue } from '../../protocol/index.js';
import type { Case } from './case.js';
import { outcomeOf } from './checks.js';
import { bytes, drain, grow, headSeqOf, isRecord, range, seqsOf } from './verbs.js';

const ann = 'ann/phone';
const MIB = 1024 * 1024;

/** Of the burst; the environment can ask for 2,000. */
export const BURST_MIB: number = Number(process.env['FOQ_BURST_MIB'] ?? 64);

/** What a queue may hold of what is not durable yet, and what V8 may not have collected. */
const MEMORY_MIB_MAX = 400;

export const loads: readonly Case[] = [
  {
    title: `all ${BURST_MIB} MiB of a burst are stored, beside others and within bounded memory`,
    guarantees: ['I5', 'I6'],
    needs: ['space'],
    msMax: 120_000 + BURST_MIB * 500,
    async run(t, world) {
      const queue = await world.open({ pendingBytesMax: 16 * MIB });
      const before = process.memoryUsage();
      const burst = burstInto(queue, BURST_MIB * 4);
      let others = 0;
      const over = new AbortController();
      const other = async () => {
        while (!over.signal.aborted) {
          const outcome = await outcomeOf(queue.append('small', String(others)));
          if ('value' in outcome) others += 1;
          else await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const running = other();
      const { refused, memoryMib } = await burst;
      over.abort();
      await running;
      t.ok(refused > 0, 'it outran the disk');
      t.equal(await headSeqOf(queue, 'burst'), BURST_MIB * 4);
      t.equal(await headSeqOf(queue, 'small'), others);
      t.ok(others > 0, `${others} appends to another chat were answered meanwhile`);
      const grown = memoryMib - before.rss / MIB;
      t.ok(grown < MEMORY_MIB_MAX, `memory grew by ${Math.round(grown)} MiB`);
    },
  },
  {
    title: 'a consumer that never acks stops neither appends, nor others, nor closing',
    guarantees: ['I16', 'I52'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', '1', { join: [ann, 'bob/phone'] });
      const iterator = queue.consume(ann)[Symbol.asyncIterator]();
      const stuck = toTheEnd(iterator);
      await grow(queue, 'chat', 2000);
      const taken = (await drain(queue, 'bob/phone')).filter(isRecord);
      t.equal(taken.length, 2001);
      await queue.flush();
      t.equal((await queue.heads(['chat']))[0]?.firstSeq, 1, 'its records are held');
      await queue.close();
      const count = await stuck;
      t.ok(count > 0 && count <= 64, `${count} records were handed over`);
    },
  },
];

export const poisonings: readonly Case[] = [
  {
    title: 'a disk that fails under load: each call is answered once, and reads go on',
    guarantees: ['I28', 'I52'],
    needs: ['faults'],
    async run(t, world) {
      const queue = await world.open();
      await queue.join('chat', ann);
      await grow(queue, 'chat', 20);
      const heard = new Promise((resolve) => queue.on('degraded', ({ kind }) => resolve(kind)));
      const calls = range(1, 100).map((n) => outcomeOf(queue.append(`chat ${n % 7}`, 'x')));
      world.breakDisk(queue);
      calls.push(...range(1, 100).map((n) => outcomeOf(queue.append('chat', String(n)))));
      calls.push(outcomeOf(queue.ack('chat', ann, { received: 1 }, { durable: true })));
      const codes = (await Promise.all(calls)).map((outcome) => {
        if (!('error' in outcome)) return 'ok';
        return outcome.error instanceof FoqError ? outcome.error.code : String(outcome.error);
      });
      t.ok(
        codes.every((code) => code === 'ok' || code === 'FOQ_POISONED'),
        [...new Set(codes)].join(' '),
      );
      t.equal(codes.at(-1), 'FOQ_POISONED');
      await t.rejects(() => queue.append('chat', 'x'), 'FOQ_POISONED');
      await t.rejects(() => queue.join('chat', 'bob'), 'FOQ_POISONED');
      t.equal(await heard, 'poisoned');
      t.equal((await queue.stats()).poisoned, true);
      const { headSeq } = await queue.read('chat');
      t.ok(headSeq >= 20, 'what was durable is read');
      t.same(seqsOf(await queue.read('chat')), range(1, headSeq));
    },
  },
];

/** Records that are sent without waiting for any: four times what the queue takes. */
const WAVE = 256;

/** Stores `count` records of 256 KiB; what is refused with FOQ_BUSY is sent again. */
async function burstInto(queue: Queue, count: number) {
  let accepted = 0;
  let refused = 0;
  let memoryMib = 0;
  const payload = bytes(256 * 1024);
  while (accepted < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - accepted) }, () =>
      outcomeOf(queue.append('burst', payload)),
    );
    memoryMib = Math.max(memoryMib, process.memoryUsage().rss / MIB);
    for (const outcome of await Promise.all(wave)) {
      if ('value' in outcome) accepted += 1;
      else if (outcome.error instanceof FoqError && outcome.error.code === 'FOQ_BUSY') refused += 1;
      else throw outcome.error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { refused, memoryMib };
}

/** How many records it was handed. */
async function toTheEnd(iterator: AsyncIterator<{ readonly kind: string }>): Promise<number> {
  let count = 0;
  for (;;) {
    const step = await iterator.next();
    if (step.done === true) return count;
    if (step.value.kind === 'record') count += 1;
  }
}
