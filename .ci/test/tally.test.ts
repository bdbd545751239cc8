// The counts that `npm test` prints are what the test programs said: no failure, crash or skip is
// lost on the way, which would make every other test worthless.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

interface Tally {
  passed: number;
  failures: string[];
  skips: { name: string; reason: string }[];
  details: string[];
}

type Reader = (tally: Tally) => (line: string) => void;

const ci = new URL('../../../.ci/', import.meta.url);

async function counted(name: 'cargoReader' | 'tapReader', text: string): Promise<Tally> {
  const module = await import(new URL('lib/tally.mjs', ci).href);
  const tally: Tally = module.emptyTally();
  const reader: Reader = module[name];
  const read = reader(tally);
  for (const line of text.split('\n')) read(line);
  return tally;
}

test('tests of cargo are counted by outcome, and each ignored one says why', async (t) => {
  const tally = await counted(
    'cargoReader',
    `running 4 tests
test journal::a_round_is_read_back ... ok
test journal::a_torn_round_is_cut ... FAILED
test state::slow ... ignored, takes an hour
test state::mute ... ignored
test native/log/src/lib.rs - Log (line 7) - compile ... ok

failures:

---- journal::a_torn_round_is_cut stdout ----
it was not cut

test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out`,
  );
  t.equal(tally.passed, 2);
  t.same(tally.failures, ['journal::a_torn_round_is_cut']);
  t.same(
    tally.skips.map(({ name, reason }) => `${name}: ${reason}`),
    ['state::slow: takes an hour', 'state::mute: ignored, and it does not say why'],
  );
  t.ok(tally.details.includes('it was not cut'), 'what the failed test said is kept');
});

test('tests of tap are counted once each, at the level of a file', async (t) => {
  const tally = await counted(
    'tapReader',
    `TAP version 14
# Subtest: dist/a.test.js
    # Subtest: it works
        ok 1 - should be equal
        ok 2 - should be equal
        1..2
    ok 1 - it works # time=2.9ms

    not ok 2 - it fails # time=1ms
      ---
      diff: one is not two
      ...
    ok 3 - it waits # SKIP for a disk
    1..3
not ok 1 - dist/a.test.js # time=20ms
# Subtest: dist/b.test.js
not ok 2 - dist/b.test.js
1..2`,
  );
  t.equal(tally.passed, 1);
  t.same(tally.failures, ['dist/a.test.js: it fails', 'dist/b.test.js']);
  t.same(
    tally.skips.map(({ name, reason }) => `${name}: ${reason}`),
    ['dist/a.test.js: it waits: for a disk'],
  );
  t.ok(tally.details.includes('      diff: one is not two'), 'what the failed test said is kept');
});

test('a step that ends badly without naming a failure is one, and the total fails', (t) => {
  const program = `
    import { printSummary, runSteps } from '${new URL('lib/run-steps.mjs', ci).href}';
    const run = async (tally) => ({ code: 139, tail: ['segmentation fault'], logFile: 'a.log' });
    printSummary(await runSteps([{ name: 'crashing step', run }]));
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
  const lines = stdout.toString().trim().split('\n');
  t.ok(lines.includes('segmentation fault'), 'the end of its output is shown');
  t.match(lines.slice(-2), ['failed: crashing step', '0 passed, 1 failed']);
  t.end();
});

test('without cargo the set-up says how to get it, and fails', (t) => {
  const setup = fileURLToPath(new URL('setup.mjs', ci));
  const { status, stderr } = spawnSync(process.execPath, [setup], { env: { PATH: '/nowhere' } });
  t.equal(status, 1);
  t.match(stderr.toString(), /cargo is missing.*https:\/\/rustup\.rs/);
  t.end();
});
