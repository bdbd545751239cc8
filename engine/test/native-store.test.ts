// The boundary to the addon: what goes in comes out, one store per directory, and every operation
// is answered once.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'tap';
import { NativeError } from '../native.js';
import { NativeStore } from '../native-store.js';
import { aFolder, aStore, bytes, OPTIONS } from './native-rig.js';

const ALL = 1024 * 1024;

test('three appends to two chats are numbered, answered in order and read back', async (t) => {
  const { store, act } = await aStore(t);
  const outcomes = await act((packer) => {
    packer.append('a', bytes('one'));
    packer.append('ä/😀', 'zwei €', { kind: 7, senderId: 'ann/phone' });
    packer.append('a', new Uint8Array(0));
  });
  t.match(outcomes, [{ seq: 1 }, { seq: 1 }, { seq: 2 }]);
  t.match(await store.heads(['never seen', 'a', 'ä/😀']), [
    { firstSeq: 1, headSeq: 0, lastAt: 0 },
    { firstSeq: 1, headSeq: 2 },
    { firstSeq: 1, headSeq: 1 },
  ]);
  const answers = await store.read(
    [
      { chatId: 'a', from: { fromSeq: 1 }, limit: 10 },
      { chatId: 'ä/😀', from: { last: true }, limit: 10 },
      { chatId: 'a', from: { before: 2 }, limit: 10 },
    ],
    ALL,
  );
  const seen = answers.map(({ firstSeq, headSeq, records }) => [
    firstSeq,
    headSeq,
    ...records.map(({ seq, kind, senderId, payload }) => [
      seq,
      kind,
      senderId,
      Buffer.from(payload).toString(),
    ]),
  ]);
  t.same(seen, [
    [1, 2, [1, 0, '', 'one'], [2, 0, '', '']],
    [1, 1, [1, 7, 'ann/phone', 'zwei €']],
    [1, 2, [1, 0, '', 'one']],
  ]);
  await store.close();
});

test('20,000 appends of one turn come back in runs, each ticket once', async (t) => {
  const { store, ear, act } = await aStore(t);
  const outcomes = await act((packer) => {
    for (let i = 0; i < 20_000; i++) packer.append('a', bytes('x'));
  });
  t.ok(outcomes.every((outcome, i) => outcome.kind === 'appended' && outcome.seq === i + 1));
  t.ok(ear.runs.length < outcomes.length / 10, `${ear.runs.length} runs`);
  await store.close();
});

test('one directory is one store, by whatever name it is opened', async (t) => {
  const dir = aFolder(t);
  mkdirSync(join(dir, 'store'));
  symlinkSync(join(dir, 'store'), join(dir, 'link'));
  const one = await aStore(t, { dir: join(dir, 'store') });
  const two = await aStore(t, { dir: relative(process.cwd(), join(dir, 'store')) });
  const three = await aStore(t, { dir: join(dir, 'link') });
  t.equal(one.store.epoch, two.store.epoch);
  t.match(one.store.epoch, /^[0-9a-f]{16}$/);
  await one.act((packer) => packer.append('a', 'x'));
  await one.store.close();
  t.match(await two.store.heads(['a']), [{ headSeq: 1 }]);
  t.match(await three.act((packer) => packer.append('a', 'y')), [{ seq: 2 }]);
  t.equal(two.ear.outcomes.size, 0, 'answers go to who submitted');
  await Promise.all([two.store.close(), three.store.close()]);
});

test('a directory that is open with other options is refused, and they are named', async (t) => {
  const { dir, store, ear } = await aStore(t);
  const options = { ...OPTIONS, spares: 2, durability: 'page-cache-unsafe' } as const;
  await t.rejects(NativeStore.open(dir, options, ear), {
    code: 'FOQ_INVALID_ARGUMENT',
    message: /other options: durability, spares$/,
  });
  t.match(await store.heads(['a']), [{ headSeq: 0 }], 'who had it still has it');
  await store.close();
  const again = await NativeStore.open(dir, options, ear);
  await again.close();
});

test('a closed handle says so', async (t) => {
  const { store, act } = await aStore(t);
  await store.close();
  const closed = { code: 'FOQ_CLOSED' };
  t.throws(() => store.heads(['a']), closed);
  await t.rejects(store.chatOptions('a'), closed);
  t.throws(() => store.stats(), closed);
  t.throws(() => act((packer) => packer.append('a', 'x')), closed);
  const from = { fromSeq: 1 };
  await t.rejects(async () => store.read([{ chatId: 'a', from, limit: 1 }], ALL), closed);
  await t.rejects(store.pinned('a'), closed);
  await t.rejects(store.cursors('a'), closed);
  await t.rejects(store.chats({ after: undefined, limit: 1 }), closed);
  await t.rejects(store.close(), closed);
});

test('a store that cannot be opened says why, and can be tried again', async (t) => {
  const dir = join(aFolder(t), 'missing', 'store');
  await t.rejects(aStore(t, { dir }), { code: 'FOQ_UNAVAILABLE' });
  mkdirSync(join(dir, '..'));
  const { store } = await aStore(t, { dir });
  await store.close();
});

test('a submission that is too much now stays in its packer and goes later', async (t) => {
  const { store, ear } = await aStore(t, { options: { pendingBytesMax: 64 * 1024 } });
  const packer = store.packer(1024);
  const fill = (count: number) => {
    for (let i = 0; i < count; i++) packer.append('a', new Uint8Array(1024));
  };
  fill(100);
  const { used } = packer;
  t.throws(() => store.submit(packer), { code: 'FOQ_TOO_LARGE', fields: { limit: 65536 } });
  t.same([packer.count, packer.used], [100, used], 'nothing is lost');
  packer.clear();
  let refused = 0;
  let submitted = 0;
  while (refused === 0) {
    fill(50);
    try {
      store.submit(packer);
      submitted += 50;
    } catch (error) {
      if (!(error instanceof NativeError) || error.code !== 'FOQ_BUSY') throw error;
      refused = packer.count;
    }
  }
  t.equal(refused, 50);
  await ear.answered(0, submitted);
  const [last] = (await ear.answered(store.submit(packer), 50)).slice(-1);
  t.match(last, { seq: submitted + 50 });
  t.same([packer.count, packer.used], [0, 0]);
  await store.close();
});

test('a buffer may be changed as soon as it is packed (I51)', async (t) => {
  const { store, ear } = await aStore(t);
  const packer = store.packer(1024);
  const shared = { payload: bytes('payload'), dedupKey: bytes('key'), dedupOver: bytes('over') };
  const { payload, ...fields } = shared;
  const scribble = () => {
    for (const buffer of Object.values(shared)) buffer.fill(0x21);
  };
  packer.append('a', payload, { senderId: 'ann', ...fields });
  scribble();
  const first = store.submit(packer);
  packer.append('b', 'something else that lies where the first lay');
  await ear.answered(first);
  const from = { fromSeq: 1 };
  const [answer] = await store.read([{ chatId: 'a', from, limit: 1 }], ALL);
  t.equal(Buffer.from(answer?.records[0]?.payload ?? []).toString(), 'payload');
  packer.clear();
  packer.append('a', 'whatever', {
    senderId: 'ann',
    dedupKey: bytes('key'),
    dedupOver: bytes('over'),
  });
  t.match(await ear.answered(store.submit(packer)), [{ seq: 1, repeated: true }]);
  await store.close();
});

test('what was read stays as it was read, whatever is read after it', async (t) => {
  const { store, act } = await aStore(t);
  await act((packer) => {
    for (let i = 0; i < 100; i++) packer.append('a', new Uint8Array(100).fill(i));
  });
  const from = { fromSeq: 1 };
  const read = () => store.read([{ chatId: 'a', from, limit: 100 }], ALL);
  const [first] = await read();
  for (let i = 0; i < 20; i++) await read();
  t.ok(first?.records.every(({ seq, payload }) => payload.every((byte) => byte === seq - 1)));
  t.equal(first?.records.length, 100);
  await store.close();
});
