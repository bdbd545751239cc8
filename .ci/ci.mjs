// Behind `.ci/run`: runs the tests and the checks as their npm verbs, so that what is green here is
// green for whoever types them, then every class of test that has a size in its whole size, and
// adds it all up.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './build-steps.mjs';
import { printSummary, runSteps } from './lib/run-steps.mjs';
import { wholes } from './simulations.mjs';
import { wholeTestSteps } from './whole-tests.mjs';

const COUNTS = /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/;

const startedAt = Date.now();
const total = { passed: 0, failures: [], skips: [] };
for (const verb of ['test', 'check']) {
  console.log(`\n== npm run ${verb}`);
  add(await runVerb(verb));
}
console.log('\n== every class of test that has a size, whole');
add(await runSteps([...wholes(), ...wholeTestSteps()]));
console.log(`\n== in all, after ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes`);
printSummary(total);
process.exitCode = total.failures.length === 0 ? 0 : 1;

function add({ passed, failures, skips }) {
  total.passed += passed;
  total.failures.push(...failures);
  total.skips.push(...skips);
}

/**
 * Prints what the verb prints, and collects from it what `printSummary` printed there. A verb that
 * ends badly, or without a total, without naming a failure is itself one.
 */
function runVerb(verb) {
  const counted = { passed: 0, failures: [], skips: [] };
  let hasTotal = false;
  const read = (line) => {
    console.log(line);
    const counts = COUNTS.exec(line);
    if (counts) {
      hasTotal = true;
      counted.passed = Number(counts[1]);
    }
    const failed = /^failed: (.*)$/.exec(line);
    if (failed) counted.failures.push(failed[1]);
    const skipped = /^skipped: (.*) \((.*)\)$/.exec(line);
    if (skipped) counted.skips.push({ name: skipped[1], reason: skipped[2] });
  };
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'inherit'];
    const child = spawn('npm', ['run', '--silent', verb], { cwd: root, stdio });
    createInterface({ input: child.stdout }).on('line', read);
    const end = (isGood) => {
      if (!(isGood && hasTotal) && counted.failures.length === 0) {
        counted.failures.push(`npm run ${verb} ended badly`);
      }
      resolve(counted);
    };
    child.on('error', () => end(false));
    child.on('close', (code) => end(code === 0));
  });
}
