// Behind `.ci/run`: runs the tests and the checks as their npm verbs, so that what is green here
// is green for whoever types them, and adds their last lines up.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './build-steps.mjs';

const COUNTS = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const verb of ['test', 'check']) {
  console.log(`\n== npm run ${verb}`);
  const { code, counts } = await runVerb(verb);
  total.passed += Number(counts?.[1] ?? 0);
  total.failed += Number(counts?.[2] ?? 0);
  total.skipped += Number(counts?.[3] ?? 0);
  const unexplained = code !== 0 && Number(counts?.[2] ?? 0) === 0;
  if (unexplained) total.failed += 1;
}
const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Prints what the verb prints; resolves to its exit code and the counts of its last line. */
function runVerb(verb) {
  return new Promise((resolve) => {
    let counts;
    const stdio = ['ignore', 'pipe', 'inherit'];
    const child = spawn('npm', ['run', '--silent', verb], { cwd: root, stdio });
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(line);
      counts = COUNTS.exec(line) ?? undefined;
    });
    child.on('error', () => resolve({ code: 1, counts: undefined }));
    child.on('close', (code) => resolve({ code: code ?? 1, counts }));
  });
}
