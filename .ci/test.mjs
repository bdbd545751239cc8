// `npm test`: set-up, then every test that this machine can run. `npm test -- Rust` runs only the
// steps whose names contain the word.

import { printSummary, runSteps } from './lib/run-steps.mjs';
import { setUp } from './setup.mjs';
import { testSteps } from './test-steps.mjs';

const word = process.argv[2] ?? '';
const steps = testSteps().filter(({ name }) => name.toLowerCase().includes(word.toLowerCase()));

if (!(await setUp())) process.exitCode = 1;
else if (steps.length === 0) {
  console.error(`no step of the tests has "${word}" in its name`);
  process.exitCode = 1;
} else {
  const total = await runSteps(steps);
  printSummary(total);
  if (total.failures.length > 0) process.exitCode = 1;
}
