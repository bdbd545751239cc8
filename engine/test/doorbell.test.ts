// The doorbell against everything that can happen to a JavaScript thread. Stores are opened, used
// and closed in workers, half of which are terminated; whatever the addon does wrong about their
// end aborts the process or leaves something behind. `npm test` runs this on every Node line that
// it finds.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { t as all, test } from 'tap';
import type { ProcessReport } from './doorbell-process.js';

/** For each of the two cases. */
const WORKERS = 100;
const TERMINATED = ['under load', 'opening', 'closing'];

// Half a minute alone on two cores; it also passes when ten others want them.
all.setTimeout(300_000);

async function run(script: URL, ...args: string[]) {
  const command = [fileURLToPath(script), ...args];
  // Without the environment of the test runner, which would load itself into every worker.
  const env = { TMPDIR: tmpdir() };
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { end: await ended, stdout, stderr };
}

for (const main of ['loaded', 'unloaded']) {
  test(`${WORKERS} workers use stores, half are terminated, addon ${main} in main`, async (t) => {
    const script = new URL('./doorbell-process.js', import.meta.url);
    const { end, stdout, stderr } = await run(script, String(WORKERS), main);
    t.equal(stderr, '');
    t.equal(end, 0, 'the process ends by itself with 0');
    const { ended, promised, files, threads }: ProcessReport = JSON.parse(stdout);
    const all = Object.values(ended).reduce((sum, count) => sum + count, 0);
    const terminated = TERMINATED.reduce((sum, ending) => sum + (ended[ending] ?? 0), 0);
    t.equal(all, WORKERS);
    t.equal(terminated, WORKERS / 2);
    t.ok(promised > WORKERS / 2, `what ${promised} workers were told is durable is there`);
    t.equal(files[1], files[0], 'every descriptor is closed');
    t.equal(threads[1], threads[0], 'every thread has ended');
  });
}

for (const how of ['returns', 'exits', 'throws']) {
  test(`a main thread that ${how} with appends under way ends the process`, async (t) => {
    const script = new URL('./ending-process.js', import.meta.url);
    const dir = mkdtempSync(join(tmpdir(), 'foq-ending-'));
    t.teardown(() => rmSync(dir, { recursive: true }));
    const { end, stdout, stderr } = await run(script, how, dir);
    t.equal(end, how === 'throws' ? 7 : 0);
    t.equal(stderr, '');
    t.equal(stdout, how === 'returns' ? 'all answered\n' : '');
  });
}
