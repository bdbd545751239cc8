// How a simulated machine ends, what its queue says then, and what the next one finds.

import { type Test, test } from 'tap';
import { FoqError, openQueue, type SimulatedQueue } from '../index.js';

/** Worlds in which a write that was not synced is lost or kept at random. */
const WORLDS = 20;
const TRIES = 20;

async function textsOf(queue: SimulatedQueue): Promise<string[]> {
  const { records } = await queue.read('chat');
  return records.map((record) => record.text());
}

/** How a promise was settled: 'ok' or a code. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    return error instanceof FoqError ? error.code : String(error);
  }
}

function ended(t: Test, queue: SimulatedQueue): Promise<void> {
  t.teardown(() => queue.faults.kill());
  return new Promise((resolve) => queue.on('closed', resolve));
}

test('a crash settles all that was under way, and closes the queue', async (t) => {
  const queue = await openQueue({ dir: ':memory:', seed: 3 });
  const closed = ended(t, queue);
  await queue.append('chat', 'one');
  const waits = outcome(queue.waitFor('chat', 1000));
  const appends = Array.from({ length: 50 }, () => outcome(queue.append('chat', 'more')));
  // The appends are under way from the next turn on.
  await new Promise((resolve) => setImmediate(resolve));
  await queue.faults.crash();
  await closed;
  const seen = new Set(await Promise.all(appends));
  t.ok(
    [...seen].every((code) => ['ok', 'FOQ_UNKNOWN_OUTCOME'].includes(code)),
    [...seen].join(),
  );
  t.equal(await waits, 'FOQ_CLOSED');
  t.equal(await outcome(queue.append('chat', 'late')), 'FOQ_CLOSED');
  t.equal(await outcome(queue.read('chat')), 'FOQ_CLOSED');
  t.equal(await outcome(queue.close()), 'ok', 'closing it is no error');
});

test('a cut that the queue meets closes it, and its errors name the seed', async (t) => {
  let failure: unknown;
  // On a busy machine a call of the store's own, such as its idle mark, may meet the cut first.
  for (let tries = 0; tries < TRIES; tries += 1) {
    const queue = await openQueue({ dir: ':memory:', seed: 77 });
    const closed = ended(t, queue);
    queue.faults.cutAfter(0);
    failure = await queue.append('chat', 'one').catch((error: unknown) => error);
    await closed;
    t.equal(await outcome(queue.append('chat', 'two')), 'FOQ_CLOSED');
    if ((failure as FoqError).code === 'FOQ_UNKNOWN_OUTCOME') break;
    t.match(failure, { code: 'FOQ_CLOSED', message: /seed 77/ });
  }
  t.match(failure, { code: 'FOQ_UNKNOWN_OUTCOME', retry: 'same', message: /seed 77/ });
});

test('who consumes or waits when the machine stops is let go', async (t) => {
  for (const death of ['cutAfter', 'crash', 'kill'] as const) {
    const queue = await openQueue({ dir: ':memory:', seed: 5 });
    await queue.append('chat', 'one');
    const seen: string[] = [];
    const consumer = queue.consume('bob/phone', { chats: ['chat'], join: 'first' });
    const consumed = (async () => {
      for await (const delivery of consumer) {
        seen.push(delivery.kind);
        if (delivery.kind !== 'caught-up') continue;
        if (death !== 'cutAfter') await queue.faults[death]();
        else queue.faults.cutAfter(1);
        await outcome(queue.append('chat', 'two'));
      }
    })();
    const waits = outcome(queue.waitFor('chat', 1000));
    await consumed;
    t.equal(await waits, 'FOQ_CLOSED', death);
    t.equal(seen[0], 'record', death);
    const after = await queue.reopen();
    t.equal((await textsOf(after))[0], 'one');
    await after.close();
  }
});

test('a killed process leaves what it wrote, a power cut what it synced', async (t) => {
  const found = { kill: new Set<number>(), crash: new Set<number>() };
  for (const death of ['kill', 'crash'] as const) {
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const options = { durability: 'page-cache-unsafe', seed } as const;
      const queue = await openQueue({ dir: ':memory:', ...options });
      await queue.append('chat', 'one');
      await queue.faults[death]();
      const after = await queue.reopen();
      found[death].add((await textsOf(after)).length);
      await after.close();
    }
  }
  t.same([...found.kill], [1], 'a kill loses nothing');
  t.same([...found.crash].sort(), [0, 1], 'a cut loses it, or keeps it');
});

test('one seed keeps the same of what was not synced', async (t) => {
  const runs = [1, 2].map(async () => {
    const kept: number[] = [];
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const options = { durability: 'page-cache-unsafe', seed } as const;
      const queue = await openQueue({ dir: ':memory:', ...options });
      for (const text of ['one', 'two', 'three']) await queue.append('chat', text);
      await queue.faults.crash();
      const after = await queue.reopen();
      kept.push((await textsOf(after)).length);
      await after.close();
    }
    return kept;
  });
  const [first, second] = await Promise.all(runs);
  t.same(first, second);
});

test('a queue that is open is not opened again; a closed one is, in the same world', async (t) => {
  const queue = await openQueue({ dir: ':memory:' });
  await queue.append('chat', 'one');
  await queue.clock.advance('1h');
  await t.rejects(queue.reopen(), { code: 'FOQ_INVALID_ARGUMENT', message: /open/ });
  await queue.close();
  const after = await queue.reopen({ ackFlushMs: 5 });
  t.same(await textsOf(after), ['one']);
  t.equal(after.epoch, queue.epoch);
  t.equal(after.seed, queue.seed);
  t.equal(after.clock.now(), Date.UTC(2026, 0, 1, 1));
  await after.close();
});

test('each call has a world of its own', async (t) => {
  const [one, two] = await Promise.all([
    openQueue({ dir: ':memory:', seed: 1 }),
    openQueue({ dir: ':memory:', seed: 2 }),
  ]);
  await one.append('chat', 'one');
  t.same(await textsOf(two), []);
  await Promise.all([one.close(), two.close()]);
});
