// Embedded stores of others. SQLite comes with the packages of the checkout. lmdb runs a script
// when it is installed, which this project's packages may not; so it is used where someone has put
// it, and the report says how.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Sqlite from 'libsql';
import { chatIdOf, type Found, type Peer, type Replayed, type Shape } from './peer.js';

const HOW = 'npm install --prefix .cache/peers --ignore-scripts lmdb@3.5.6';
const INSTALLED = join('.cache', 'peers', 'node_modules', 'lmdb', 'dist', 'index.cjs');
/** Records of one transaction while backlogs are written. */
const WRITES = 10_000;

interface LmdbRow {
  readonly value: Uint8Array;
}

interface Lmdb {
  transactionSync(step: () => void): void;
  putSync(key: readonly (string | number)[], value: Uint8Array): void;
  getRange(range: {
    readonly start: readonly (string | number)[];
    readonly end: readonly (string | number)[];
  }): Iterable<LmdbRow>;
  close(): Promise<void>;
}

interface LmdbModule {
  open(options: { readonly path: string; readonly encoding: 'binary' }): Lmdb;
}

export async function lmdb(dir: string): Promise<Found> {
  const name = 'lmdb getRange';
  if (!existsSync(INSTALLED)) return { name, absent: `not installed; ${HOW}` };
  const module = (await import(pathToFileURL(INSTALLED).href)) as LmdbModule;
  const store = module.open({ path: join(dir, 'lmdb'), encoding: 'binary' });
  const put = (step: number, shape: Shape) => {
    const [chat, number] = [Math.floor(step / shape.records), step % shape.records];
    store.putSync([chatIdOf(chat), number], payloadOf(shape));
  };
  return {
    name,
    facts: 'lmdb 3.5.6, binary values, keys [chatId, seq], synced transactions',
    write: (shape) => writeIn(shape, (step) => store.transactionSync(step), put),
    replay: (shape) => {
      const rows = (chat: number) => {
        return store.getRange({ start: [chatIdOf(chat), 0], end: [chatIdOf(chat), shape.records] });
      };
      return Promise.resolve(sumOf(shape, rows, ({ value }) => value.length));
    },
    close: () => store.close(),
  };
}

interface SqliteRow {
  /** A buffer without a view. */
  readonly payload: ArrayBuffer;
}

export function sqlite(dir: string): Peer {
  const store = new Sqlite(join(dir, 'backlogs.sqlite'));
  store.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  store.exec(
    'CREATE TABLE record (chat TEXT, seq INTEGER, payload BLOB, PRIMARY KEY (chat, seq)) ' +
      'WITHOUT ROWID',
  );
  const insert = store.prepare('INSERT INTO record VALUES (?, ?, ?)');
  const select = store.prepare('SELECT seq, payload FROM record WHERE chat = ? ORDER BY seq');
  const put = (step: number, shape: Shape) => {
    const [chat, number] = [Math.floor(step / shape.records), step % shape.records];
    insert.run(chatIdOf(chat), number, payloadOf(shape));
  };
  return {
    name: 'SQLite SELECT',
    facts: 'libsql 0.5, journal_mode = WAL, synchronous = FULL, WITHOUT ROWID',
    write: (shape) => writeIn(shape, (step) => store.transaction(step)(), put),
    replay: (shape) => {
      const rows = (chat: number) => select.all(chatIdOf(chat)) as SqliteRow[];
      return Promise.resolve(sumOf(shape, rows, ({ payload }) => payload.byteLength));
    },
    close: () => {
      store.close();
      return Promise.resolve();
    },
  };
}

function payloadOf({ payloadBytes }: Shape): Buffer {
  return Buffer.alloc(payloadBytes, 0x61);
}

async function writeIn(
  shape: Shape,
  transaction: (step: () => void) => void,
  put: (step: number, shape: Shape) => void,
): Promise<void> {
  const total = shape.chats * shape.records;
  for (let first = 0; first < total; first += WRITES) {
    const end = Math.min(total, first + WRITES);
    transaction(() => {
      for (let step = first; step < end; step++) put(step, shape);
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sumOf<ARow>(
  { chats }: Shape,
  rows: (chat: number) => Iterable<ARow>,
  bytesOf: (row: ARow) => number,
): Replayed {
  let [records, bytes] = [0, 0];
  for (let chat = 0; chat < chats; chat++) {
    for (const row of rows(chat)) {
      records += 1;
      bytes += bytesOf(row);
    }
  }
  return { records, bytes };
}
