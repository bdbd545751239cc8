// The boundary to the addon: what goes in comes out, one store per directory, and nothing that
// JavaScript can pass ends the process.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Test, test } from 'tap';
import type { AppendedRun } from '../native.js';
import { type Answers, NativeStore } from '../native-store.js';
import { AppendPacker, type PackedAppend } from '../packing.js';

const OPTIONS = { journalFileBytes: 64 * 1024, roundBytesMax: 16 * 1024, spares: 1 };
const LIMITS = { limit: 100, maxBytes: 1024 * 1024 };

class Opened {
  readonly runs: AppendedRun[] = [];
  readonly answers: Answers;
  #wake: (() => void) | undefined;
  #answered = 0;

  constructor() {
    this.answers = {
      appended: (run) => {
        this.runs.push({ ...run, seqs: run.seqs.slice() });
        this.#answered += run.seqs.length;
        this.#wake?.();
      },
      failed: (_ticket, error) => {
        throw error;
      },
    };
  }

  async answered(count: number): Promise<void> {
    while (this.#answered < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-native-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function aStore(t: Test, dir = aFolder(t)) {
  const heard = new Opened();
  const store = await NativeStore.open(dir, OPTIONS, heard.answers);
  return { dir, store, heard };
}

function submit(store: NativeStore, appends: readonly PackedAppend[]): number {
  const packer = new AppendPacker(16);
  for (const append of appends) packer.add(append);
  return store.submit(packer.buffer, { bytes: packer.used, count: packer.count });
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('three appends to two chats are numbered, answered in order and read back', async (t) => {
  const { store, heard } = await aStore(t);
  const first = submit(store, [
    { chatId: 'a', payload: bytes('one') },
    { chatId: 'ä/😀', payload: bytes('two'), kind: 7, senderId: 'ann/phone' },
    { chatId: 'a', payload: new Uint8Array(0) },
  ]);
  await heard.answered(3);
  t.equal(first, 0);
  t.same(
    heard.runs.flatMap(({ seqs }) => [...seqs]),
    [1, 1, 2],
  );
  t.match(store.head('a'), { firstSeq: 1, headSeq: 2 });
  t.match(store.head('never seen'), { firstSeq: 1, headSeq: 0 });
  const { records, ...rest } = await store.read('a', { fromSeq: 1 }, LIMITS);
  t.same(rest, { firstSeq: 1, headSeq: 2, gap: undefined });
  t.same(
    records.map(({ seq, payload }) => [seq, Buffer.from(payload).toString()]),
    [
      [1, 'one'],
      [2, ''],
    ],
  );
  const other = await store.read('ä/😀', { last: true }, LIMITS);
  t.match(other.records, [{ seq: 1, kind: 7, senderId: 'ann/phone', deleted: false, pin: false }]);
  await store.close();
});

test('20,000 appends of one turn come back in runs, each ticket once', async (t) => {
  const { store, heard } = await aStore(t);
  const appends = Array.from({ length: 20_000 }, () => ({ chatId: 'a', payload: bytes('x') }));
  const first = submit(store, appends);
  await heard.answered(appends.length);
  const seqs = heard.runs.flatMap(({ first, seqs }) =>
    [...seqs].map((seq, i) => [first + i, seq] as const),
  );
  t.ok(seqs.every(([ticket, seq]) => ticket - first === seq - 1));
  t.ok(heard.runs.length < appends.length / 10, `${heard.runs.length} runs`);
  await store.close();
});

test('one directory is one store, by whatever name it is opened', async (t) => {
  const dir = aFolder(t);
  mkdirSync(join(dir, 'store'));
  symlinkSync(join(dir, 'store'), join(dir, 'link'));
  const one = await aStore(t, join(dir, 'store'));
  const two = await aStore(t, relative(process.cwd(), join(dir, 'store')));
  const three = await aStore(t, join(dir, 'link'));
  submit(one.store, [{ chatId: 'a', payload: bytes('x') }]);
  await one.heard.answered(1);
  await one.store.close();
  t.equal(two.store.head('a').headSeq, 1);
  submit(three.store, [{ chatId: 'a', payload: bytes('y') }]);
  await three.heard.answered(1);
  t.same([...(three.heard.runs[0]?.seqs ?? [])], [2]);
  t.same(two.heard.runs, [], 'answers go to who submitted');
  await Promise.all([two.store.close(), three.store.close()]);
});

test('a directory that is open with other options is refused, and they are named', async (t) => {
  const { dir, store, heard } = await aStore(t);
  const options = { ...OPTIONS, spares: 2, durability: 'page-cache-unsafe' } as const;
  await t.rejects(NativeStore.open(dir, options, heard.answers), {
    code: 'FOQ_INVALID_ARGUMENT',
    message: /other options: durability, spares$/,
  });
  t.match(store.head('a'), { headSeq: 0 }, 'who had it still has it');
  await store.close();
  const again = await NativeStore.open(dir, options, heard.answers);
  await again.close();
});

test('a closed handle says so', async (t) => {
  const { store } = await aStore(t);
  await store.close();
  t.throws(() => store.head('a'), { code: 'FOQ_CLOSED' });
  t.throws(() => submit(store, [{ chatId: 'a', payload: bytes('x') }]), { code: 'FOQ_CLOSED' });
  await t.rejects(store.read('a', { fromSeq: 1 }, LIMITS), { code: 'FOQ_CLOSED' });
  await t.rejects(store.close(), { code: 'FOQ_CLOSED' });
});

test('a store that cannot be opened says why, and can be tried again', async (t) => {
  const dir = join(aFolder(t), 'missing', 'store');
  await t.rejects(aStore(t, dir), { code: 'FOQ_UNAVAILABLE' });
  mkdirSync(join(dir, '..'));
  const { store } = await aStore(t, dir);
  await store.close();
});
