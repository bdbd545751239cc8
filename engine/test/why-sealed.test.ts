// Why a record of a chat that is not in memory is still there.

import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { openQueue } from '../index.js';

const FILE_BYTES = 64 * 1024;
/** Twice of it is more than what is appended here. */
const WINDOW_BYTES = 16 * FILE_BYTES;
/** Appends until the first journal file must have been sealed. */
const APPENDS_MAX = 2_000;
const FILLING = Buffer.alloc(16 * 1024, 7);

/** A directory whose chat `cold` has left memory, with two records that bob lacks. */
async function aColdChat(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foq-why-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const queue = await openQueue(optionsIn(dir));
  await queue.join('cold', 'bob/phone', { at: 'first' });
  await queue.append('cold', 'one');
  await queue.append('cold', 'two');
  const seals = async () => (await queue.stats()).seals;
  for (let nth = 0; nth < APPENDS_MAX && (await seals()) < 2; nth++) {
    await queue.append(`other-${nth % 3}`, FILLING);
  }
  t.ok((await seals()) >= 2, 'the first journal file is sealed');
  await queue.close();
  return dir;
}

const optionsIn = (dir: string) => ({
  ...{ dir, journalFileBytes: FILE_BYTES, journalWindowBytes: WINDOW_BYTES },
});

test('a sealed record is held by whoever lacks it', async (t) => {
  const queue = await openQueue(optionsIn(await aColdChat(t)));
  t.match(await queue.why('cold', 1), { state: 'kept', text: /^1 is held by bob\/phone/ });
  t.match(await queue.why('cold', 3), { state: 'not-yet' });
  await queue.ack('cold', 'bob/phone', { received: 1 }, { durable: true });
  t.match(await queue.why('cold', 1), { state: 'gone' });
  t.match(await queue.why('cold', 2), { state: 'kept' });
  await queue.close();
});

test('a sealed record that does not verify is FOQ_CORRUPT, and not gone', async (t) => {
  const dir = await aColdChat(t);
  const segments = join(dir, 'segments');
  for (const name of await readdir(segments)) {
    const file = await open(join(segments, name), 'r+');
    const { size } = await file.stat();
    // The blocks come first: all of them are spoilt, and what says where they are is not.
    await file.write(Buffer.alloc(Math.min(64, size), 0xff), 0, undefined, 0);
    await file.close();
  }
  const queue = await openQueue(optionsIn(dir));
  const asked = await Promise.all(
    ['cold', 'other-0', 'other-1', 'other-2'].map((chatId) =>
      queue.why(chatId, 1).then(
        ({ state }) => state as string,
        ({ code }: { code: string }) => code,
      ),
    ),
  );
  t.ok(asked.includes('FOQ_CORRUPT'), `${asked}`);
  t.notOk(asked.includes('gone'), `${asked}`);
  await queue.close();
});
