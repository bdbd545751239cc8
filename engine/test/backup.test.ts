// Backups and restores, seen from JavaScript: what was answered before is in it, failures have a
// name, and closing ends one that is under way.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import type { Queue } from '../../protocol/index.js';
import { openQueue, restoreStore } from '../index.js';
import { openQueue as openSimulated } from '../testing/index.js';

function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-backup-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function aStore(dir: string, backgroundBytesPerSecond = 2 ** 30): Promise<Queue> {
  return openQueue({ dir, journalFileBytes: 64 * 1024, backgroundBytesPerSecond });
}

async function texts(queue: Queue, chatId: string): Promise<string[]> {
  const { records } = await queue.read(chatId);
  return records.map((record) => record.text());
}

test('a restored store has what was answered before the backup, and another epoch', async (t) => {
  const folder = aFolder(t);
  const [store, backup, again] = ['store', 'backup', 'again'].map((name) => join(folder, name));
  const queue = await aStore(store ?? '');
  await queue.append('chat', 'before');
  const [made] = await Promise.all([queue.backup(backup ?? ''), queue.append('chat', 'meanwhile')]);
  t.match(made, { journalFiles: 1, copiedTables: 0 });
  await queue.append('chat', 'after');
  t.match(await restoreStore(backup ?? '', again ?? ''), { isTorn: false, errors: [] });
  const restored = await aStore(again ?? '');
  const found = await texts(restored, 'chat');
  t.equal(found[0], 'before');
  t.notOk(found.includes('after'));
  t.not(restored.epoch, queue.epoch);
  const seqs = [found.length + 1, 4];
  t.same(
    [await restored.append('chat', 'x'), await queue.append('chat', 'x')].map((a) => a.seq),
    seqs,
  );
  await Promise.all([restored.close(), queue.close()]);
});

test('a directory that is not empty, no backup and no directory are named', async (t) => {
  const folder = aFolder(t);
  const full = join(folder, 'full');
  const queue = await aStore(full);
  writeFileSync(join(folder, 'mine'), 'mine');
  await t.rejects(queue.backup(folder), { code: 'FOQ_UNAVAILABLE' });
  await t.rejects(queue.backup(join(folder, 'no', 'parent')), { code: 'FOQ_UNAVAILABLE' });
  await t.rejects(queue.backup(''), { code: 'FOQ_INVALID_ARGUMENT' });
  await t.rejects(restoreStore(full, join(folder, 'to')), { code: 'FOQ_UNAVAILABLE' });
  await t.rejects(restoreStore(join(folder, 'none'), join(folder, 'to')), {
    code: 'FOQ_UNAVAILABLE',
  });
  const backup = join(folder, 'backup');
  await queue.backup(backup);
  await t.rejects(restoreStore(backup, full), { code: 'FOQ_UNAVAILABLE', message: /not empty/ });
  await queue.close();
  await t.rejects(openQueue({ dir: backup }), { code: 'FOQ_UNAVAILABLE', message: /restore it/ });
  await t.rejects(queue.backup(join(folder, 'late')), { code: 'FOQ_CLOSED' });
});

test('one that is aborted, and one that meets close, leave no file', async (t) => {
  const folder = aFolder(t);
  const queue = await aStore(join(folder, 'store'), 65_536);
  for (let n = 0; n < 400; n += 1) await queue.append('chat', 'x'.repeat(2000));
  const dir = join(folder, 'backup');
  const abort = new AbortController();
  const aborted = queue.backup(dir, { signal: abort.signal });
  abort.abort(new Error('not now'));
  await t.rejects(aborted, { message: 'not now' });
  const ended = queue.backup(join(folder, 'other'));
  const closed = queue.close();
  await t.rejects(ended, { code: /FOQ_CLOSED|FOQ_BUSY/ });
  await closed;
  const left = (path: string) => (existsSync(path) ? readdirSync(join(path, 'journal')) : []);
  t.same([left(dir), left(join(folder, 'other'))], [[], []]);
});

test('a queue in a simulated world is backed up into a real directory', async (t) => {
  const folder = aFolder(t);
  const queue = await openSimulated({ dir: ':memory:' });
  await queue.append('chat', 'simulated');
  await queue.backup(join(folder, 'backup'));
  await queue.close();
  await restoreStore(join(folder, 'backup'), join(folder, 'store'));
  const restored = await openQueue({ dir: join(folder, 'store') });
  t.same(await texts(restored, 'chat'), ['simulated']);
  await restored.close();
});
