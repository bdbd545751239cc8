// `npm run check`: everything that reads the code without running it; under a minute once warm.

import { join } from 'node:path';
import { logFolder, root } from './build-steps.mjs';
import { runCargo } from './lib/cargo.mjs';
import { runCommand } from './lib/command.mjs';
import { printSummary, runSteps } from './lib/run-steps.mjs';
import { wholeProgram } from './lib/tally.mjs';
import { setUp } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  program('Biome', bin('biome'), ['check', '--error-on-warnings', '.']),
  program('types', bin('tsc'), ['-p', '.', '--noEmit']),
  program('types of the web page', bin('tsc'), ['-p', 'server/web']),
  program('rustfmt', 'cargo', ['fmt', '--all', '--check']),
  {
    name: 'clippy',
    run: async (tally) => {
      const args = ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings'];
      return check(tally, 'clippy', (options) => runCargo(args, options));
    },
  },
];

function program(name, command, args) {
  const run = (tally) => check(tally, name, (options) => runCommand(command, args, options));
  return { name, run };
}

async function check(tally, name, start) {
  const logFile = join(logFolder, `check-${name}.log`);
  const result = await start({ cwd: root, logFile });
  wholeProgram(tally, { name, code: result.code });
  return { ...result, logFile };
}

if (await setUp()) {
  const total = await runSteps(steps);
  printSummary(total);
  if (total.failures.length > 0) process.exitCode = 1;
} else process.exitCode = 1;
