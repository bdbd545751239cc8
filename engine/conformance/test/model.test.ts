// Class J: random sequences of calls, on a queue and on a model of it that was written from the
// promises alone. The first difference is shrunk to the shortest sequence that shows it.
//
// FOQ_MODEL_RUNS and FOQ_SEED change the size and repeat a run; both are printed.

import fc from 'fast-check';
import { t as all, test } from 'tap';
import type { Queue } from '../../../protocol/index.js';
import type { Operation } from './model/operation.js';
import { runs } from './model/operation.js';
import { DEDUP_DEPTH, Pair } from './model/pair.js';
import { planted, withMistake } from './model/planted.js';
import { embedded } from './openers/embedded.js';

const RUNS = Number(process.env['FOQ_MODEL_RUNS'] ?? 300);
const SEED = Number(process.env['FOQ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Runs that one store has before a new one is made. */
const RUNS_OF_A_STORE = 50;
/** A planted mistake must be found within so many. */
const PLANTED_RUNS = 300;
const OPTIONS = { dedupDepth: DEDUP_DEPTH, durability: 'page-cache-unsafe' } as const;

all.setTimeout(60_000 + RUNS * 1000);
all.comment(`${RUNS} runs, FOQ_SEED=${SEED}`);

/** What fast-check found: undefined when nothing differs. */
async function difference(runsMax: number, change: (queue: Queue) => Queue) {
  let world = embedded.begin();
  let queue: Queue | undefined;
  let run = 0;
  const property = fc.asyncProperty(runs, async (operations: readonly Operation[]) => {
    if (queue === undefined || run % RUNS_OF_A_STORE === RUNS_OF_A_STORE - 1) {
      await world.end();
      world = embedded.begin();
      queue = await world.open(OPTIONS);
    }
    run += 1;
    const pair = new Pair(change(queue), run, async () => {
      queue = await world.reopen(queue as Queue, OPTIONS);
      return change(queue);
    });
    for (const operation of operations) await pair.do(operation);
    await pair.do({ kind: 'check' });
  });
  try {
    const details = await fc.check(property, { numRuns: runsMax, seed: SEED });
    if (!details.failed) return undefined;
    return `${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}`;
  } finally {
    await world.end();
  }
}

test(`${RUNS} random sequences of calls do what the model does`, async (t) => {
  const found = await difference(RUNS, (queue) => queue);
  t.equal(found, undefined);
});

for (const [mistake, overrides] of Object.entries(planted)) {
  test(`it is noticed when ${mistake}`, async (t) => {
    const found = await difference(PLANTED_RUNS, (queue) => withMistake(queue, overrides));
    t.type(found, 'string', 'a difference was found');
  });
}
