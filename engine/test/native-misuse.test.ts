// Whatever JavaScript passes to the addon, it returns or throws; were it to abort, this test's
// process would be gone.

import { join } from 'node:path';
import { test } from 'tap';
import { type Addon, addon } from '../native.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 32);
const ROUNDS = 20_000;

const planted = new Error('planted');

/** A folder that does not exist, so that no call makes a store. */
const nowhere = join('no', 'such', 'folder');

function detached(): Uint8Array {
  const array = new Uint8Array(64);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

function throwing(): object {
  return Object.defineProperty({}, 'create', {
    get() {
      throw planted;
    },
  });
}

function values(side: number): readonly unknown[] {
  const hostile = new Proxy({}, { get: () => throwing(), has: () => true });
  const numbers = [side, 0, 1, -1, 0.5, 255, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -0];
  const texts = ['', nowhere, join(nowhere, '\ud800'), join(nowhere, '\0'), 'no/'.repeat(5000)];
  const arrays = [
    new Uint8Array(0),
    new Uint8Array(4096).fill(1),
    new Uint8Array(4096).fill(255),
    new Uint8Array([1, 0, 1, 0, 4, 0, 0, 0, 97, 1, 2, 3, 4]),
    Buffer.from('buffer'),
    detached(),
    new Uint8Array(new SharedArrayBuffer(64)),
    new Float64Array(0),
    new Float64Array(63),
    new Float64Array(4096),
    new DataView(new ArrayBuffer(8)),
    new ArrayBuffer(8),
    new BigInt64Array(8),
  ];
  const options = [{}, { spares: 'x' }, { spares: -1 }, { keep: 'always' }, { create: {} }];
  const others = [undefined, null, true, Number.NaN, Number.POSITIVE_INFINITY, Symbol('x'), 1n];
  const objects = [[], () => 1, class {}, new Date(), /x/, hostile, throwing(), addon, addon.drain];
  return [...numbers, ...texts, ...arrays, ...options, ...others, ...objects];
}

/** Arguments that a call takes, so that a wrong one is reached behind right ones. */
function rightArguments(side: number): Record<keyof Addon, unknown[]> {
  const words = new Float64Array(64);
  const bytes = new Uint8Array(64);
  const world = addon.worldNew(side, 1, 0);
  return {
    attach: [],
    open: [side, nowhere, {}],
    submit: [side, 1, bytes, 0],
    drain: [side, words],
    takeError: [side],
    takeAnswer: [side, 1, bytes],
    takeThrown: [],
    epoch: [side, 1],
    heads: [side, 1, bytes, 0],
    read: [side, 1, bytes, 0, 1],
    pinned: [side, 1, 'chat'],
    cursors: [side, 1, 'chat'],
    page: [side, 1, 0, 'ann', '', 1],
    stats: [side, 1],
    conditions: [side, 1],
    takeReady: [side, bytes],
    attachConsumer: [side, 1, 'ann'],
    watchChat: [side, 1, 'chat'],
    detachAttachment: [side, 1, 1],
    takeNews: [side, 1, 1, 1],
    barrier: [side, 1],
    close: [side, 1],
    verify: [side, nowhere],
    takeReport: [side, 1],
    repair: [side, nowhere, false],
    takeRepairs: [side, 1],
    backup: [side, 1, nowhere],
    takeBackup: [side, 1],
    backupEnd: [side, 1],
    restore: [side, nowhere, nowhere],
    dump: [side, nowhere],
    dumpOn: [side, 1],
    dumpEnd: [side, 1],
    worldNew: [side, 1, 0],
    worldOpen: [side, world, { create: false }],
    worldNow: [side, world],
    worldAdvance: [side, world, 1],
    worldSpace: [side, world, 1],
    worldFail: [side, world, 'sync', 'EIO', 1],
    worldCutAfter: [side, world, 1000],
    worldClear: [side, world],
    worldStop: [side, world],
    worldStopped: [side, world],
    worldCalls: [side, world],
    worldRestart: [side, world, true],
    worldEnd: [side, world],
  };
}

/** How a call ended; anything but a value or an exception would not come back. */
function outcome(name: string, args: unknown[], how: 'apply' | 'construct'): string {
  const call: unknown = Reflect.get(addon, name);
  if (typeof call !== 'function') return `${name} is not a function`;
  try {
    if (how === 'apply') Reflect.apply(call, args[0], args);
    else Reflect.construct(call, args);
    return 'returned';
  } catch (error) {
    if (error === planted) return 'threw';
    const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
    return isCoded || error instanceof TypeError ? 'threw' : `threw ${String(error)}`;
  }
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('each argument of each call may be anything', (t) => {
  const { side } = addon.attach();
  const right = rightArguments(side);
  const wrong = new Set<string>();
  let calls = 0;
  for (const [name, args] of Object.entries(right)) {
    for (let place = 0; place <= args.length; place++) {
      for (const value of values(side)) {
        const given = [...args];
        given[place] = value;
        calls += 1;
        wrong.add(outcome(name, given, 'apply'));
      }
      wrong.add(outcome(name, args.slice(0, place), 'apply'));
    }
    wrong.add(outcome(name, args, 'construct'));
  }
  t.ok(calls > 500, `${calls} calls`);
  t.same([...wrong].sort(), ['returned', 'threw']);
  t.end();
});

test(`${ROUNDS} calls with random arguments end (SEED=${SEED})`, (t) => {
  const { side } = addon.attach();
  const pool = values(side);
  const names = Object.keys(rightArguments(side)).filter((name) => name !== 'attach');
  const below = random(SEED);
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const args = Array.from({ length: below(8) }, () => pool[below(pool.length)]);
    if (below(2) === 0) args[0] = side;
    seen.add(outcome(names[below(names.length)] ?? '', args, 'apply'));
  }
  t.same([...seen].sort(), ['returned', 'threw']);
  t.end();
});

test('the side of another thread is found nowhere', (t) => {
  const { side } = addon.attach();
  t.throws(() => addon.drain(side + 1, new Float64Array(64)), { code: 'FOQ_INVALID_ARGUMENT' });
  t.end();
});
