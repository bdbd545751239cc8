// `npm run build`, and the set-up behind `npm test`: from a fresh checkout to something that runs.
// Uses nothing but Node itself, because it runs before anything is installed.

import { pathToFileURL } from 'node:url';
import { buildSteps, missingTools, root } from './build-steps.mjs';
import { ensureBuilt } from './lib/build.mjs';

/**
 * Resolves to true when everything is built; prints what is wrong and resolves to false
 * otherwise.
 */
export async function setUp() {
  const missing = missingTools();
  for (const line of missing) console.error(`set-up: ${line}`);
  if (missing.length > 0) return false;
  const startedAt = Date.now();
  const report = (line) => console.log(`set-up: ${line}`);
  try {
    const ran = await ensureBuilt({ root, steps: buildSteps(), report });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    report(ran.length === 0 ? `everything is built (${seconds} s)` : `done (${seconds} s)`);
    return true;
  } catch (error) {
    console.error(`set-up: failed\n${error.message}`);
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await setUp()) ? 0 : 1;
}
