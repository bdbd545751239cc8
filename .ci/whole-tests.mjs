// Tests of the TypeScript library that have a size: `npm test` runs a slice of each, and here they
// run whole, for `.ci/run`. Their sizes are environment variables that each test explains.

import { join } from 'node:path';
import { logFolder, root, tapPath } from './build-steps.mjs';
import { runCommand } from './lib/command.mjs';
import { tapReader } from './lib/tally.mjs';

const TESTS = [
  {
    name: '10,000 times opened and closed',
    file: 'dist/engine/test/cycles.test.js',
    sizes: { FOQ_CYCLES: '10000' },
  },
  {
    name: 'class J, 5,000 random histories',
    file: 'dist/engine/conformance/test/model.test.js',
    sizes: { FOQ_MODEL_RUNS: '5000' },
  },
];

/** tap's limit for one file, in seconds: none of them takes a third of it on two cores. */
const TIMEOUT_SECONDS = 1800;

export function wholeTestSteps() {
  return TESTS.map(({ name, file, sizes }) => ({
    name,
    run: async (tally) => {
      const logFile = join(logFolder, `whole-${Object.keys(sizes).join()}.log`);
      const env = { ...process.env, ...sizes };
      const options = { cwd: root, logFile, env, onLine: tapReader(tally) };
      const args = [tapPath, '-Rtap', `--timeout=${TIMEOUT_SECONDS}`, file];
      return { ...(await runCommand(process.execPath, args, options)), logFile };
    },
  }));
}
