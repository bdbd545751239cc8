// A few rounds of the history checker, with kills of the broker and of devices. `npm run history`
// runs as many as one likes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const MAIN = fileURLToPath(new URL('../history.js', import.meta.url));
/** With this seed the broker is killed in the second and the fourth of them. */
const ARGS = ['--rounds', '5', '--seed', '5'];

test('kills of devices and broker lose, repeat, reorder and skip nothing', async (t) => {
  const child = spawn(process.execPath, [MAIN, ...ARGS], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [code] = await once(child, 'close');
  t.match(printed, /killed the broker [1-9]\d* times, devices [1-9]\d* times/);
  t.match(printed, /\nPASS\n$/, printed);
  t.equal(code, 0);
});
