// The command `foq` as a person runs it: a process with arguments, output and an exit code.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { NativeStore } from '../../../engine/native-store.js';
import { deaf } from '../../../engine/test/native-rig.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url));

/** A store with tables. */
const GOLDEN = join(CHECKOUT, 'native/log/tests/golden/v1');

const OPTIONS = { journalFileBytes: 256 * 1024, roundBytesMax: 16 * 1024, spares: 1 };

const ANSWERS = {
  ...deaf,
  failed: (_ticket: number, error: Error) => {
    throw error;
  },
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, npm_config_offline: 'true' };
  const child = spawn(command, args, { cwd: CHECKOUT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, ...output };
}

function foq(...args: string[]): Promise<Ended> {
  return run(process.execPath, [MAIN, ...args]);
}

/** The folder of a closed store with so many records in the chat `a chat`. */
async function aStore(t: Test, records: number): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'foq-cli-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const store = await NativeStore.open(dir, OPTIONS, ANSWERS);
  const packer = store.packer(1024 * 1024);
  for (let made = 0; made < records; made += 1) {
    packer.append('a chat', new Uint8Array(8));
  }
  store.submit(packer);
  await store.close();
  return dir;
}

/** Flips one bit in the middle of the first record of a store. */
function damage(dir: string): string {
  const [name = ''] = readdirSync(join(dir, 'journal')).sort();
  const path = join(dir, 'journal', name);
  const bytes = readFileSync(path);
  const place = bytes.indexOf('a chat');
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  writeFileSync(path, bytes);
  return name;
}

test('dump prints a line for every thing in the files of a store', async (t) => {
  const dir = await aStore(t, 3);
  const { code, stdout, stderr } = await foq('dump', dir);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, /^manifest file=MANIFEST-A /m);
  t.match(stdout, /^record position=3 chatId="a chat" seq=3 at=\d+ .*payloadBytes=8/m);
});

test('dump --json prints a JSON object a line', async (t) => {
  const { code, stdout } = await foq('dump', '--json', await aStore(t, 3));
  t.equal(code, 0);
  const records = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seqs = records.filter(({ line }) => line === 'record').map(({ seq }) => seq);
  t.same(seqs, [1, 2, 3]);
});

test('dump ends in peace when its reader has seen enough', async (t) => {
  const dir = await aStore(t, 5000);
  const child = spawn(process.execPath, [MAIN, 'dump', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = await once(child, 'close');
  t.equal(stderr, '');
  t.equal(code, 0);
});

test('verify says that a sound store checks out, and exits 0', async (t) => {
  const dir = await aStore(t, 3);
  const { code, stdout } = await foq('verify', dir);
  t.equal(code, 0);
  t.match(stdout, /3 of them records\n0 tables: .*\n1 chats\n.*\nall of it checks out\n$/);
  const asJson = await foq('verify', '--json', dir);
  t.equal(asJson.code, 0);
  t.match(JSON.parse(asJson.stdout), { ok: true, records: 3, errors: [] });
});

test('verify names the file of a flipped bit, and exits 1', async (t) => {
  const dir = await aStore(t, 3);
  const name = damage(dir);
  const { code, stdout } = await foq('verify', dir);
  t.equal(code, 1);
  t.match(stdout, 'damage: FOQ_CORRUPT');
  t.match(stdout, name);
  const asJson = await foq('verify', '--json', dir);
  t.equal(asJson.code, 1);
  t.match(JSON.parse(asJson.stdout), { ok: false, errors: [{ code: 'FOQ_CORRUPT' }] });
});

test('dump shows a damaged store to its end, and changes nothing', async (t) => {
  const dir = await aStore(t, 3);
  const name = damage(dir);
  const before = readFileSync(join(dir, 'journal', name));
  const { code, stdout } = await foq('dump', dir);
  t.equal(code, 0);
  t.match(stdout, /^journal file /m);
  t.same(readFileSync(join(dir, 'journal', name)), before);
});

test('a backup of a closed store is restored as another store', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-cli-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [dir, to] = [join(folder, 'backup'), join(folder, 'restored')];
  const store = await aStore(t, 3);
  const made = await foq('backup', store, dir);
  t.match(made, { code: 0, stdout: /the backup is complete/ });
  t.match(await foq('verify', dir), { code: 0 });
  const restored = await foq('restore', '--json', dir, to);
  t.match(JSON.parse(restored.stdout), { chats: 1, records: 3 });
  t.match(await foq('verify', to), { code: 0, stdout: /3 of them records/ });
  const again = await foq('restore', dir, to);
  t.match(again, { code: 1, stderr: /FOQ_UNAVAILABLE.*not empty/ });
  t.match(await foq('restore', store, join(folder, 'no')), { code: 1, stderr: /no backup/ });
});

test('repair leaves a sound store alone, and refuses a corrupt journal by name', async (t) => {
  const dir = await aStore(t, 3);
  const sound = await foq('repair', dir);
  t.equal(sound.code, 0);
  t.equal(sound.stdout, 'nothing is to be repaired\n');
  damage(dir);
  const { code, stdout } = await foq('repair', '--json', '--write', dir);
  t.equal(code, 1);
  t.match(JSON.parse(stdout), { written: false, steps: [], refused: /journal/ });
});

test('repair says what it would do, and does it only with --write', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'foq-cli-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  cpSync(GOLDEN, dir, { recursive: true });
  for (const name of ['MANIFEST-A', 'MANIFEST-B']) rmSync(join(dir, name));
  const told = await foq('repair', dir);
  t.equal(told.code, 1);
  t.match(told.stdout, /^damage: both manifests are missing\nto do: write manifests/);
  t.match(told.stdout, /nothing was changed; --write does it\n$/);
  t.notOk(readdirSync(dir).includes('MANIFEST-A'));
  const done = await foq('repair', '--write', dir);
  t.equal(done.code, 0);
  t.match(done.stdout, /the store is repaired\n$/);
  const { code, stdout } = await foq('verify', dir);
  t.equal(code, 0);
  t.match(stdout, /5 chats\n/);
});

test('the data directory of a broker is told from a store', async (t) => {
  const broker = mkdtempSync(join(tmpdir(), 'foq-cli-'));
  t.teardown(() => rmSync(broker, { recursive: true }));
  cpSync(GOLDEN, join(broker, 'queue'), { recursive: true });
  for (const command of ['dump', 'verify', 'repair']) {
    const { code, stderr } = await foq(command, broker);
    t.equal(code, 1);
    t.match(stderr, /FOQ_UNAVAILABLE.*broker; its store is the folder queue/);
  }
});

test('an open store is refused with the pid, a folder without one by name', async (t) => {
  const dir = await aStore(t, 1);
  const store = await NativeStore.open(dir, OPTIONS, ANSWERS);
  for (const command of ['dump', 'verify']) {
    const { code, stdout, stderr } = await foq(command, dir);
    t.equal(code, 1);
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`^foq: .*FOQ_LOCKED.*\\b${process.pid}\\b`));
  }
  await store.close();
  const { code, stderr } = await foq('verify', '/nowhere/at/all');
  t.equal(code, 1);
  t.match(stderr, /^foq: .*FOQ_UNAVAILABLE.*\/nowhere\/at\/all/);
});

test('wrong usage exits 2 and shows how it goes; help exits 0', async (t) => {
  const usage = [['verify'], ['dump', '--yaml', '.'], ['lookinto', '.'], []];
  for (const args of usage) {
    const { code, stderr } = await foq(...args);
    t.equal(code, 2, `foq ${args.join(' ')}`);
    t.match(stderr, 'Usage: foq');
  }
  const { code, stdout } = await foq('--help');
  t.equal(code, 0);
  t.match(stdout, /dump .*\n.*verify /);
});

test('npx finds the command in a checkout without a network', async (t) => {
  const { code, stdout } = await run('npx', ['--no', '--', 'foq', 'verify', await aStore(t, 1)]);
  t.equal(code, 0);
  t.match(stdout, 'all of it checks out');
});
