// A store whose disk fails: every thread that waits for an answer gets one, nothing is answered as
// durable, and the store can be opened again.

import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { NativeStore } from '../native-store.js';
import { deaf } from './native-rig.js';

const OPTIONS = { journalFileBytes: 64 * 1024, roundBytesMax: 16 * 1024, spares: 1 };
const FILES = '/proc/self/fd';

/** Puts a file that cannot be written in the place of each open file of the journal. */
function breakJournal(dir: string): number {
  const journal = readdirSync(FILES).filter((file) => {
    const path = join(FILES, file);
    return existsSync(path) && readlinkSync(path).startsWith(join(dir, 'journal'));
  });
  for (const file of journal) {
    closeSync(Number(file));
    if (openSync('/dev/null', 'r') !== Number(file)) throw new Error('another file took its place');
  }
  return journal.length;
}

/** A store on this thread, and what became of its appends. */
async function aStore(dir: string) {
  const outcomes: string[] = [];
  let wake: (() => void) | undefined;
  const tell = (outcome: string) => {
    outcomes.push(outcome);
    wake?.();
  };
  const store = await NativeStore.open(dir, OPTIONS, {
    ...deaf,
    appended: ({ seqs }) => tell(`seq ${seqs[0]}`),
    failed: (_ticket, { code }) => tell(code),
  });
  const append = async () => {
    const packer = store.packer(1024);
    packer.append('chat', new Uint8Array(8));
    const count = outcomes.length;
    store.submit(packer);
    while (outcomes.length === count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return outcomes.at(-1);
  };
  return { store, append };
}

const skip = existsSync(FILES) ? false : `${FILES} is needed to break an open file`;

test('a failing disk is told to both threads that append', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'foq-poison-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const { store, append } = await aStore(dir);
  const script = new URL('./poison-worker.js', import.meta.url);
  const worker = new Worker(script, { workerData: { dir, options: OPTIONS } });
  const next = () => new Promise((resolve) => worker.once('message', resolve));
  t.equal(await next(), 'appended');
  t.equal(await append(), 'seq 2');

  t.ok(breakJournal(dir) > 0, 'open files of the journal were found');
  const heard = next();
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('append');
  const own = await append().catch(({ code }: { code: string }) => code);
  t.equal(own, 'FOQ_POISONED');
  t.equal(await heard, 'FOQ_POISONED');
  t.equal(await ended, 0, 'the other thread ends by itself');
  await t.rejects(append(), { code: 'FOQ_POISONED' });
  t.match(await store.heads(['chat']), [{ headSeq: 2 }], 'what is durable can still be read');
  await t.rejects(store.close(), { code: 'FOQ_POISONED' });

  const again = await aStore(dir);
  const headSeq = (await again.store.heads(['chat']))[0]?.headSeq ?? 0;
  t.ok(headSeq >= 2, 'and is there when the store is opened again');
  t.equal(await again.append(), `seq ${headSeq + 1}`);
  await again.store.close();
});
