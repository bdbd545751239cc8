// Behind `npm run demo` and `npm run history`: sets up, then runs that program of server/demo/,
// with the arguments given.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './build-steps.mjs';
import { setUp } from './setup.mjs';

const [name, ...given] = process.argv.slice(2);

if (await setUp()) {
  const args = [join(root, 'dist', 'server', 'demo', `${name}.js`), ...given];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
} else process.exitCode = 1;
