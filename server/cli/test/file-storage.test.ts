// The storage of a client in a file: what was answered is there after a crash, whatever was torn.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { FileStorage } from '../file-storage.js';

function aPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-storage-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'clients', 'ann.phone.log');
}

async function keptIn(path: string): Promise<Record<string, string>> {
  const storage = new FileStorage(path);
  const kept = await storage.load();
  await storage.close();
  return Object.fromEntries(kept.map(([key, value]) => [key, Buffer.from(value).toString()]));
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

test('what was written is there after the process, and what was removed is not', async (t) => {
  const path = aPath(t);
  const storage = new FileStorage(path);
  t.same(await storage.load(), []);
  await storage.write(
    new Map([
      ['a', bytes('1')],
      ['b', bytes('2')],
    ]),
  );
  await storage.write(
    new Map([
      ['a', undefined],
      ['b', bytes('3')],
    ]),
  );
  t.same(await keptIn(path), { b: '3' }, 'without a close');
  await storage.close();
});

test('a line that a crash cut off counts for nothing', async (t) => {
  const path = aPath(t);
  const storage = new FileStorage(path);
  await storage.load();
  await storage.write(new Map([['a', bytes('1')]]));
  await storage.close();
  const whole = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  for (let cut = 1; cut < whole.length; cut += 1) {
    appendFileSync(path, whole.replace('"a"', '"z"').slice(0, cut));
    t.same(await keptIn(path), { a: '1' });
  }
});

test('a file of too many lines is written anew, with all that counts', async (t) => {
  const path = aPath(t);
  const storage = new FileStorage(path, { linesMax: 10 });
  await storage.load();
  await storage.write(new Map([['kept', bytes('from the start')]]));
  for (let written = 0; written < 100; written += 1) {
    await storage.write(new Map([['seq', bytes(String(written))]]));
  }
  await storage.close();
  t.ok(statSync(path).size < 1_000, 'it did not grow');
  t.same(await keptIn(path), { kept: 'from the start', seq: '99' });
});

test('only its owner may read it', { skip: process.platform === 'win32' }, async (t) => {
  const path = aPath(t);
  await keptIn(path);
  t.equal(statSync(path).mode & 0o077, 0);
});
