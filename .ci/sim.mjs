// `npm run sim`: sets up, then runs the simulator with the arguments given. SEED in the environment
// is the first seed.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, simulatorPath } from './build-steps.mjs';
import { setUp } from './setup.mjs';

if (await setUp()) {
  const child = spawn(join(root, simulatorPath), process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(`${simulatorPath}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
} else process.exitCode = 1;
