// The classes of test that the simulator runs (docs/guarantees.md names them), each in two sizes: a
// slice that fits in `npm test`, and the whole that `.ci/run` takes.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { logFolder, root, simulatorPath } from './build-steps.mjs';
import { runCommand } from './lib/command.mjs';
import { simulatorReader } from './lib/tally.mjs';

const CLASSES = [
  { name: 'class A, crash points', slice: '--points 50000', whole: '--points 2000000' },
  {
    name: 'class B, every short workload',
    slice: '--exhaustive --share 20',
    whole: '--exhaustive',
  },
  { name: 'class C, every call fails', slice: '--faults --share 10', whole: '--faults' },
  { name: 'class F, every bit flipped', slice: '--flips --share 20', whole: '--flips' },
  { name: 'class H, planted bugs', slice: '--planted', whole: '--planted' },
];

/** Steps of the size `slice` or `whole`; the name of each shows its arguments. */
export function simulationSteps(size) {
  return CLASSES.map((simulation) => ({
    name: `${simulation.name} (${simulation[size]})`,
    run: (tally) => simulate(tally, simulation[size].split(' ')),
  }));
}

async function simulate(tally, args) {
  const logFile = join(logFolder, `sim${args.join('')}.log`);
  const jobs = ['--jobs', String(availableParallelism())];
  const options = { cwd: root, logFile, onLine: simulatorReader(tally) };
  const result = await runCommand(join(root, simulatorPath), [...args, ...jobs], options);
  return { ...result, logFile };
}
