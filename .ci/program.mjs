// Behind `npm run sim` and `npm run crash`: sets up, then runs one of the programs that the set-up
// built, with the arguments given.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './build-steps.mjs';
import { setUp } from './setup.mjs';

const [name, ...args] = process.argv.slice(2);

if (await setUp()) {
  const child = spawn(join(root, '.cache', 'bin', name), args, { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
} else process.exitCode = 1;
