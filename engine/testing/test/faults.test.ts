// Each fault does what its name says, and the queue what its errors say.

import { type Test, test } from 'tap';
import { openQueue, type SimulatedOptions, type SimulatedQueue } from '../index.js';

const SEED = Number(process.env['SEED'] ?? 1);

/** Turns of the event loop that what is told may take. */
const TURNS_MAX = 100_000;

/** Calls to the disk that the short program makes, and some more. */
const CALLS_MAX = 40;

async function aQueue(
  t: Test,
  options: Partial<Omit<SimulatedOptions, 'dir'>> = {},
): Promise<SimulatedQueue> {
  const queue = await openQueue({ dir: ':memory:', seed: SEED, ...options });
  t.teardown(() => queue.faults.kill());
  return queue;
}

async function textsOf(queue: SimulatedQueue): Promise<string[]> {
  const { records } = await queue.read('chat');
  return records.map((record) => record.text());
}

async function receivedOf(queue: SimulatedQueue): Promise<number | undefined> {
  const [cursor] = await queue.cursors('chat');
  return cursor?.received;
}

/** What was answered before the program failed, which only a stopped machine may cause. */
async function untilStopped(t: Test, queue: SimulatedQueue): Promise<string[]> {
  const answered: string[] = [];
  const steps = [
    ['join', () => queue.join('chat', 'bob/phone')],
    ['one', () => queue.append('chat', 'one')],
    ['ack', () => queue.ack('chat', 'bob/phone', { received: 1 }, { durable: true })],
    ['two', () => queue.append('chat', 'two')],
  ] as const;
  for (const [name, step] of steps) {
    try {
      await step();
      answered.push(name);
    } catch (error) {
      t.match(error, { code: /^FOQ_(UNKNOWN_OUTCOME|CLOSED)$/, message: /seed/ });
      break;
    }
  }
  return answered;
}

test('power that is cut at any call leaves all that was answered', async (t) => {
  const reached = new Set<number>();
  for (let calls = 0; calls < CALLS_MAX; calls += 1) {
    const queue = await openQueue({ dir: ':memory:', keep: 'forever', seed: SEED + calls });
    queue.faults.cutAfter(calls);
    const answered = await untilStopped(t, queue);
    reached.add(answered.length);
    if (answered.length === 4) await queue.faults.crash();
    const after = await queue.reopen();
    const texts = await textsOf(after);
    const has = (name: string, isThere: boolean) => {
      if (answered.includes(name)) t.ok(isThere, `${name} survives a cut after ${calls} calls`);
    };
    has('join', (await receivedOf(after)) !== undefined);
    has('one', texts[0] === 'one');
    has('ack', (await receivedOf(after)) === 1);
    has('two', texts[1] === 'two');
    await after.close();
  }
  t.same([...reached].sort(), [0, 1, 2, 3, 4], 'every step was cut off');
});

test('a sync that fails poisons the store; reads go on until it is opened again', async (t) => {
  const queue = await aQueue(t);
  await queue.append('chat', 'one');
  queue.faults.fail('sync');
  await t.rejects(queue.append('chat', 'two'), { code: 'FOQ_POISONED' });
  await t.rejects(queue.append('chat', 'three'), { code: 'FOQ_POISONED' });
  t.same(await textsOf(queue), ['one']);
  await t.rejects(queue.close(), { code: 'FOQ_POISONED' });
  const after = await queue.reopen();
  t.equal((await textsOf(after))[0], 'one');
  await after.append('chat', 'four');
  await after.close();
});

test('a write that fails poisons the store, whatever its code', async (t) => {
  for (const code of ['EIO', 'ENOSPC'] as const) {
    const queue = await aQueue(t);
    queue.faults.fail('write', { code, nth: 1 });
    await t.rejects(queue.append('chat', 'one'), { code: 'FOQ_POISONED' });
  }
});

test('a read that fails is refused, and the next one is answered', async (t) => {
  const queue = await aQueue(t);
  await queue.append('chat', 'one');
  queue.faults.fail('read');
  await t.rejects(textsOf(queue), { code: 'FOQ_UNAVAILABLE' });
  t.same(await textsOf(queue), ['one']);
});

test('what is planned and taken back does not happen', async (t) => {
  const queue = await aQueue(t);
  queue.faults.fail('sync');
  queue.faults.cutAfter(0);
  queue.faults.clear();
  t.same(await queue.append('chat', 'one').then(({ seq }) => seq), 1);
});

test('a full disk refuses appends and joins, takes acks, and has service resume', async (t) => {
  const queue = await aQueue(t, { keep: 'window' });
  await queue.join('chat', 'bob/phone');
  await queue.append('chat', 'one');
  await queue.faults.fillDisk();
  await t.rejects(queue.append('chat', 'two'), { code: 'FOQ_DISK_FULL' });
  await t.rejects(queue.join('chat', 'eve/phone'), { code: 'FOQ_DISK_FULL' });
  await queue.ack('chat', 'bob/phone', { received: 1 }, { durable: true });
  t.same(await textsOf(queue), ['one'], 'reads go on');
  await queue.faults.freeDisk();
  t.equal((await queue.append('chat', 'two')).seq, 2);
});

test('a full disk is told to listeners, once until it has space again', async (t) => {
  const queue = await aQueue(t);
  const heard: string[] = [];
  queue.on('degraded', ({ kind }) => heard.push(kind));
  await queue.append('chat', 'one');
  await queue.faults.fillDisk();
  await untilTold(() => heard.length === 1);
  await t.rejects(queue.append('chat', 'two'), { code: 'FOQ_DISK_FULL' });
  t.same(heard, ['disk-full']);
  const late: string[] = [];
  queue.on('degraded', ({ kind }) => late.push(kind));
  await untilTold(() => late.length === 1);
  await queue.faults.freeDisk();
  await queue.append('chat', 'two');
  await queue.faults.fillDisk();
  await untilTold(() => heard.length === 2);
  t.same(heard, ['disk-full', 'disk-full']);
});

/** Answers come by turns of the event loop. */
async function untilTold(isTold: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isTold(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('wrong arguments are named', async (t) => {
  const queue = await aQueue(t);
  const code = 'FOQ_INVALID_ARGUMENT';
  t.throws(() => queue.faults.cutAfter(-1), { code, name: 'FoqError' });
  t.throws(() => queue.faults.fail('sync', { nth: 0 }), { code, message: /nth/ });
  await t.rejects(queue.clock.advance(-1), { code, message: /by/ });
  await t.rejects(queue.clock.advance(Number.MAX_SAFE_INTEGER), { code, name: 'FoqError' });
  await t.rejects(openQueue({ dir: ':memory:', seed: 0.5 }), { code, message: /seed/ });
  const path = { dir: './data' } as unknown as SimulatedOptions;
  await t.rejects(openQueue(path), { code, message: /memory/ });
});
