// Looks into the files of a store that nobody writes, and changes none; only `repairStore` does,
// and `restoreStore` makes a new one.

import { addon, type Findings, type Repairs, Side } from './native.js';

/**
 * Checks every byte that the store would serve. Damage is a finding, not an error; FOQ_LOCKED while
 * a writer has the store.
 */
export async function verifyStore(dir: string): Promise<Findings> {
  const side = Side.get();
  const request = addon.verify(side.number, dir);
  await side.wait(request);
  return addon.takeReport(side.number, request);
}

/**
 * Repairs what opening does not: lost manifests and damaged tables. Without `write` it only says
 * what it would do. Nothing is deleted; what is taken out lies in `quarantine/`. FOQ_LOCKED while
 * another has the store.
 */
export async function repairStore(dir: string, { write }: { write: boolean }): Promise<Repairs> {
  const side = Side.get();
  const request = addon.repair(side.number, dir, write);
  await side.wait(request);
  return addon.takeRepairs(side.number, request);
}

/**
 * Makes a store of a backup, in an empty directory or one that is not there yet, and says what it
 * verified first: all of the backup. The store has an epoch of its own. FOQ_UNAVAILABLE where
 * `from` is no whole backup or `to` is not empty, FOQ_CORRUPT {file, from, to}, FOQ_DISK_FULL.
 */
export async function restoreStore(from: string, to: string): Promise<Findings> {
  const side = Side.get();
  const request = addon.restore(side.number, from, to);
  await side.wait(request);
  return addon.takeReport(side.number, request);
}

/** What the files hold, as text of whole lines, each a JSON object; read as it is asked for. */
export async function* dumpStore(dir: string): AsyncGenerator<string, void, undefined> {
  const side = Side.get();
  const dump = addon.dump(side.number, dir);
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const part = new Uint8Array(await side.wait(dump));
      addon.takeAnswer(side.number, dump, part);
      if (part.length === 0) return;
      yield decoder.decode(part);
      addon.dumpOn(side.number, dump);
    }
  } finally {
    addon.dumpEnd(side.number, dump);
  }
}
