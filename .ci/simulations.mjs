// The classes of test that the simulator runs (docs/guarantees.md names them), each in two sizes: a
// slice that fits in `npm test`, and the whole that `.ci/run` takes.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { killerPath, logFolder, root, simulatorPath } from './build-steps.mjs';
import { runCommand } from './lib/command.mjs';
import { simulatorReader } from './lib/tally.mjs';

const CLASSES = [
  { name: 'class A, crash points', slice: '--points 50000', whole: '--points 2000000' },
  {
    name: 'class B, every short workload',
    slice: '--exhaustive --share 5',
    whole: '--exhaustive',
  },
  { name: 'class C, every call fails', slice: '--faults', whole: '--faults' },
  {
    name: 'class E, killed processes',
    program: killerPath,
    slice: '--rounds 20',
    whole: '--rounds 100',
  },
  { name: 'class F, every bit flipped', slice: '--flips --share 5', whole: '--flips' },
  { name: 'class H, planted bugs', slice: '--planted', whole: '--planted' },
];

/** The slice of every class; the name of a step shows its arguments. */
export function slices() {
  return CLASSES.map((simulation) => step(simulation, simulation.slice));
}

/** Every class in its whole size, but for those that ran whole as a slice. */
export function wholes() {
  return CLASSES.filter(({ slice, whole }) => slice !== whole).map((simulation) =>
    step(simulation, simulation.whole),
  );
}

function step({ name, program }, size) {
  return { name: `${name} (${size})`, run: (tally) => simulate(tally, program, size.split(' ')) };
}

/** Without a `program` of its own, a class is one of the simulator's, which runs on every core. */
async function simulate(tally, program, args) {
  const logFile = join(logFolder, `sim${args.join('')}.log`);
  const jobs = program ? [] : ['--jobs', String(availableParallelism())];
  const options = { cwd: root, logFile, onLine: simulatorReader(tally) };
  const path = join(root, program ?? simulatorPath);
  const result = await runCommand(path, [...args, ...jobs], options);
  return { ...result, logFile };
}
