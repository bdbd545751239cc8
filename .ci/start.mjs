// `npm start`: sets up, then runs the broker in this process, with its data in ./data, until
// Ctrl-C. Arguments go to `foq serve`: `npm start -- --port 8000`.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './build-steps.mjs';
import { setUp } from './setup.mjs';

if (await setUp()) {
  const main = join(root, 'dist', 'server', 'cli', 'main.js');
  process.argv = [process.execPath, main, 'serve', ...process.argv.slice(2)];
  await import(pathToFileURL(main).href);
} else process.exitCode = 1;
