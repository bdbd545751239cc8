// What `import 'foq'` gives: a queue over a real store. That nothing of the server comes with it is
// held by the table of layers.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { openQueue } from '../index.js';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));

/** Prints the names that the package exports. */
const PROGRAM = "process.stdout.write(JSON.stringify(Object.keys(await import('foq'))));";

test("import 'foq' gives openQueue and FoqError", async (t) => {
  const args = ['--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: checkout });
  t.same(JSON.parse(stdout), [
    ...[
      'ERRORS',
      'FoqError',
      'dumpStore',
      'openQueue',
      'repairStore',
      'restoreStore',
      'verifyStore',
    ],
  ]);
});

test('what was appended is there when the queue is opened again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-door-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const options = { dir: join(folder, 'store'), journalFileBytes: 64 * 1024 };
  const first = await openQueue(options);
  const appended = first.append('a', 'hello', { senderId: 'ann/phone', kind: 7 });
  await first.close();
  t.match(await appended, { seq: 1, duplicate: false });
  const again = await openQueue(options);
  const { records, ...rest } = await again.read('a');
  t.match(rest, { firstSeq: 1, headSeq: 1, epoch: first.epoch });
  t.match(records, [{ seq: 1, senderId: 'ann/phone', kind: 7, deleted: false }]);
  t.equal(records[0]?.text(), 'hello');
  t.match(await again.why('a', 1), { state: 'kept', heldBy: [] });
  await again.close();
});

test('an operation that the journal cannot hold fails alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-door-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const queue = await openQueue({ dir: join(folder, 'store'), journalFileBytes: 64 * 1024 });
  const calls = ['before', 'x'.repeat(100_000), 'after'].map((text) => queue.append('a', text));
  const [before, large, after] = await Promise.allSettled(calls);
  t.match([before, after], [{ value: { seq: 1 } }, { value: { seq: 2 } }]);
  t.match(large, { reason: { code: 'FOQ_TOO_LARGE' } });
  const bulk = queue.bulk().append('b', new Uint8Array(100_000)).append('b', 'small');
  t.match(await bulk.commit(), [{ ok: false, error: { code: 'FOQ_TOO_LARGE' } }, { ok: true }]);
  await queue.close();
});
