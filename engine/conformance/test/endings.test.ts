// Threads and processes that end while they use a queue: nothing that was answered is lost, nothing
// of others is disturbed, and nothing hangs or aborts.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { t as all, type Test, test } from 'tap';
import { openQueue } from '../../index.js';
import { moments } from './exiting-process.js';

const WORKERS = 8;
const OPTIONS = { journalFileBytes: 1024 * 1024 };

all.setTimeout(300_000);

function aFolder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'foq-endings-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

for (const moment of Object.keys(moments)) {
  test(`process.exit ${moment} loses nothing that was answered`, async (t) => {
    const dir = aFolder(t);
    const script = fileURLToPath(new URL('./exiting-process.js', import.meta.url));
    const env = { TMPDIR: tmpdir() };
    const child = spawn(process.execPath, [script, dir, moment], { env });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    t.equal(stderr, '');
    t.equal(await ended, 3, 'the process ends as it asked to');
    const answered = stdout.split('\n').filter(Boolean).map(Number);
    const queue = await openQueue({ dir, ...OPTIONS });
    const { headSeq, records, firstSeq } = await queue.read('chat', { limit: 10_000 });
    t.ok(headSeq >= Math.max(0, ...answered), `${headSeq} holds ${answered.length} answered`);
    t.same(
      records.map(({ seq }) => seq),
      Array.from({ length: headSeq - firstSeq + 1 }, (_, n) => firstSeq + n),
    );
    t.equal((await queue.append('chat', 'next')).seq, headSeq + 1);
    await queue.close();
  });
}

test(`${WORKERS} workers are terminated under load, and the store goes on`, async (t) => {
  const dir = aFolder(t);
  const queue = await openQueue({ dir, ...OPTIONS });
  for (let n = 0; n < WORKERS; n += 1) {
    const name = `worker-${n}`;
    const workerData = { dir, options: OPTIONS, name };
    const worker = new Worker(new URL('./ended-worker.js', import.meta.url), { workerData });
    let answered = 0;
    worker.on('message', (seq: number) => {
      answered = seq;
    });
    const failed = new Promise((_, reject) => worker.on('error', reject));
    const own = Array.from({ length: 50 }, () => queue.append('main', 'x'));
    await Promise.race([queue.waitFor(name, 20 * (n + 1)), failed]);
    await worker.terminate();
    await Promise.all(own);
    // What it had submitted may still become durable; after this nothing of it is under way.
    await queue.flush();
    const { headSeq } = await queue.read(name, { last: 1 });
    t.ok(headSeq >= answered, `${headSeq} holds the ${answered} that ${name} was told of`);
    t.equal((await queue.append(name, 'by main')).seq, headSeq + 1, 'and nothing comes after');
  }
  const again = Array.from({ length: 10 }, () => queue.append('main', 'x'));
  t.equal((await Promise.all(again)).at(-1)?.seq, WORKERS * 50 + 10);
  await queue.close();
  const opened = await openQueue({ dir, ...OPTIONS });
  t.equal((await opened.heads(['main']))[0]?.headSeq, WORKERS * 50 + 10);
  await opened.close();
});
