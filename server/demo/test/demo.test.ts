// The demo as a person runs it: it passes, and fails when a message is taken out of what it checks.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

async function demo(...args: string[]): Promise<{ code: number; printed: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [code] = await once(child, 'close');
  return { code, printed };
}

test('the demo kills its broker in a burst and passes', async (t) => {
  const { code, printed } = await demo();
  t.match(printed, /the broker is killed; \d+ of 120 have their serverAck\nthe broker is back\n/);
  t.match(printed, /all 120 have their serverAck\nbob is back\n/);
  t.match(printed, /\nPASS\n$/);
  t.equal(code, 0);
});

test('the demo fails when one message of one device is lost', async (t) => {
  const { code, printed } = await demo('--plant-loss');
  t.match(printed, /wrong: ann\/phone never saw \d+\n/);
  t.match(printed, /\nFAIL\n$/);
  t.equal(code, 1);
});
