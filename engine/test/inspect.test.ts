// Dump and verify, seen from JavaScript: what a store holds is told, damage is a finding, and a
// store that is open is left alone.

import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { dumpStore, verifyStore } from '../inspect.js';
import { NativeStore } from '../native-store.js';
import { deaf } from './native-rig.js';

const OPTIONS = { journalFileBytes: 64 * 1024, roundBytesMax: 16 * 1024, spares: 1 };

/** A closed store with as many records in one chat. */
async function aStore(t: Test, records: number): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'foq-inspect-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const store = await NativeStore.open(dir, OPTIONS, {
    ...deaf,
    failed: (_ticket, error) => {
      throw error;
    },
  });
  const packer = store.packer(64 * 1024);
  for (let i = 0; i < records; i++) packer.append('chat', new Uint8Array(8));
  store.submit(packer);
  await store.close();
  return dir;
}

test('a store with 5 records verifies, and its dump has a line for each', async (t) => {
  const dir = await aStore(t, 5);
  t.match(await verifyStore(dir), { records: 5, isTorn: false, errors: [] });
  let text = '';
  for await (const part of dumpStore(dir)) text += part;
  const lines = text.trimEnd().split('\n');
  t.ok(text.endsWith('\n'));
  t.ok(lines.every((line) => typeof JSON.parse(line) === 'object'));
  t.ok(lines.length > 5, `${lines.length} lines`);
});

test('a long dump comes in parts, and may be left after the first', async (t) => {
  const dir = await aStore(t, 5000);
  let parts = 0;
  for await (const _ of dumpStore(dir)) parts += 1;
  t.ok(parts > 1, `${parts} parts`);
  for await (const part of dumpStore(dir)) {
    t.ok(part.endsWith('\n'));
    break;
  }
  t.match(await verifyStore(dir), { records: 5000 });
});

test('a journal file cut short is a finding of verify that names the file', async (t) => {
  const dir = await aStore(t, 500);
  const [name = ''] = readdirSync(join(dir, 'journal')).sort();
  const path = join(dir, 'journal', name);
  truncateSync(path, Math.floor(statSync(path).size / 2));
  const { errors } = await verifyStore(dir);
  t.match(errors[0], { code: 'FOQ_CORRUPT' });
  t.match(errors[0]?.message, name);
});

test('an open store is locked, and a folder without a store says so', async (t) => {
  const dir = await aStore(t, 1);
  const store = await NativeStore.open(dir, OPTIONS, deaf);
  await t.rejects(verifyStore(dir), { code: 'FOQ_LOCKED', fields: { pid: process.pid } });
  await t.rejects(dumpStore(dir).next(), { code: 'FOQ_LOCKED' });
  await store.close();
  const empty = mkdtempSync(join(tmpdir(), 'foq-inspect-'));
  t.teardown(() => rmSync(empty, { recursive: true }));
  await t.rejects(verifyStore(empty), { code: 'FOQ_UNAVAILABLE' });
  await t.rejects(dumpStore(empty).next(), { code: 'FOQ_UNAVAILABLE' });
});
