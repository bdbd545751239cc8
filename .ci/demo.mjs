// Behind `npm run demo`: sets up, then runs the demo of the broker, with the arguments given.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './build-steps.mjs';
import { setUp } from './setup.mjs';

if (await setUp()) {
  const main = join(root, 'dist', 'server', 'demo', 'main.js');
  const args = [main, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
} else process.exitCode = 1;
