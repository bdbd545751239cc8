// Every case on every kind of queue there is: on disk, on disk with a journal of two small files,
// simulated, and in a worker thread. A case
// that a kind cannot run is a skip with its reason.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { t as all, type Test, test } from 'tap';
import { ERRORS } from '../../../protocol/index.js';
import { cases } from '../cases.js';
import { notProvoked, provoked } from '../errors.js';
import { BURST_MIB } from '../load.js';
import { type Outcome, outcomeOfCase } from '../outcome.js';
import { embedded, sealing } from './openers/embedded.js';
import { memory } from './openers/memory.js';

// Minutes alone on two cores would be too many; ten others may want them too.
all.setTimeout(600_000);
all.comment(`the burst is ${BURST_MIB} MiB; FOQ_BURST_MIB=2000 makes it as large as it should be`);

test('titles are unique, and each code of the table of errors is provoked or has a reason', (t) => {
  const titles = cases.map(({ title }) => title);
  t.equal(new Set(titles).size, titles.length);
  const listed = [...Object.keys(provoked), ...Object.keys(notProvoked)].sort();
  t.same(listed, Object.keys(ERRORS).sort());
  t.end();
});

test('docs/guarantees.md says of each promise that a case names that cases check it', (t) => {
  const page = readFileSync(new URL('../../../../docs/guarantees.md', import.meta.url), 'utf8');
  for (const name of new Set(cases.flatMap(({ guarantees }) => guarantees))) {
    const line = page.split('\n').find((row) => row.startsWith(`| ${name} |`));
    t.match(line, /\bcases\b[^|]*\|$/, name);
  }
  t.end();
});

test('a case that checks nothing fails', async (t) => {
  const idle = { title: 'idle', guarantees: [], run: () => Promise.resolve() };
  t.match(await outcomeOfCase(idle, embedded), { state: 'failed', message: /checked nothing/ });
});

for (const opener of [embedded, sealing, memory]) {
  for (const subject of cases) {
    const { title } = subject;
    test(`${opener.name}: ${title}`, async (t) => tell(t, await outcomeOfCase(subject, opener)));
  }
}

const inWorker = outcomesOfWorker();
for (const [place, { title }] of cases.entries()) {
  test(`worker: ${title}`, async (t) => tell(t, (await inWorker)[place]));
}

function tell(t: Test, outcome: Outcome | undefined): void {
  if (outcome === undefined) t.fail('its worker ended before it was run');
  else if (outcome.state === 'skipped') t.pass('not run', { skip: outcome.reason });
  else if (outcome.state === 'passed') t.ok(outcome.checks > 0, `${outcome.checks} checks`);
  else t.fail(outcome.message, { stack: outcome.stack });
}

async function outcomesOfWorker(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const worker = new Worker(new URL('./openers/worker.js', import.meta.url));
  worker.on('message', (outcome: Outcome) => outcomes.push(outcome));
  const failed = new Promise<Outcome>((resolve) => {
    worker.on('error', ({ message, stack = '' }) => resolve({ state: 'failed', message, stack }));
  });
  const ended = new Promise<undefined>((resolve) => worker.on('exit', () => resolve(undefined)));
  const failure = await Promise.race([failed, ended]);
  return failure === undefined ? outcomes : [...outcomes, failure];
}
