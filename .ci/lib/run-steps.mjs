// Runs test or check steps one after another, prints a line for each, and sums up.
//
// Invariant: a step that ends badly without naming a failed test counts as one failure, so no
// crash of a test program can pass.

import { emptyTally } from './tally.mjs';

/** Returns { passed, failures, skips } over all steps; `seconds` of each step stand in its line. */
export async function runSteps(steps) {
  const total = emptyTally();
  for (const step of steps) {
    const tally = emptyTally();
    const startedAt = Date.now();
    const { code, tail, logFile, note = '' } = await step.run(tally);
    if (code !== 0 && tally.failures.length === 0) tally.failures.push(step.name);
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    console.log(`${step.name}: ${countsOf(tally)} (${seconds} s${note})`);
    if (tally.failures.length > 0) {
      const lines = tally.details.length > 0 ? tally.details : tail;
      console.log(`${lines.join('\n')}\nwhole log: ${logFile}`);
    }
    total.passed += tally.passed;
    total.failures.push(...tally.failures);
    total.skips.push(...tally.skips);
  }
  return total;
}

/** Names every failure and skip; the counts come last, alone on their line. */
export function printSummary({ passed, failures, skips }) {
  for (const name of failures) console.log(`failed: ${name}`);
  for (const { name, reason } of skips) console.log(`skipped: ${name} (${reason})`);
  console.log(countsOf({ passed, failures, skips }));
}

function countsOf({ passed, failures, skips }) {
  const counts = `${passed} passed, ${failures.length} failed`;
  return skips.length === 0 ? counts : `${counts}, ${skips.length} skipped`;
}
