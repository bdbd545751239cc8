// The set-up builds what is stale, once, and never takes an unfinished build for a finished one.
// Each test drives it in a folder of its own, with a step whose builder writes down that it ran.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';

const BUILD_MODULE = new URL('../../../.ci/lib/build.mjs', import.meta.url).href;

const needsProc = existsSync('/proc/self/stat')
  ? {}
  : { skip: 'start times of processes are read from /proc, which this system has not' };

test('a first run builds, a second finds everything built', async (t) => {
  const root = aFolder(t);
  t.same(await setUp(root), ['done: product']);
  t.same(await setUp(root), ['done: nothing']);
  t.equal(builds(root), 1);
});

test('a changed input, a lost output and a changed output each build again', async (t) => {
  const root = aFolder(t);
  await setUp(root);
  writeFileSync(join(root, 'source', 'deep', 'file.txt'), 'changed');
  t.same(await setUp(root), ['done: product']);
  rmSync(join(root, 'product.txt'));
  t.same(await setUp(root), ['done: product']);
  writeFileSync(join(root, 'product.txt'), 'edited by hand');
  t.same(await setUp(root), ['done: product']);
  t.equal(builds(root), 4);
});

test('a file that is added to the inputs, or removed from them, builds again', async (t) => {
  const root = aFolder(t);
  await setUp(root);
  writeFileSync(join(root, 'source', 'added.txt'), '');
  t.same(await setUp(root), ['done: product']);
  rmSync(join(root, 'source', 'added.txt'));
  t.same(await setUp(root), ['done: product']);
});

test('another version of a compiler builds again', async (t) => {
  const root = aFolder(t);
  await setUp(root, { salt: 'compiler 1' });
  t.same(await setUp(root, { salt: 'compiler 2' }), ['done: product']);
});

test('two parallel first runs build once, and both end with everything built', async (t) => {
  const root = aFolder(t);
  const both = [setUp(root, { parties: 2 }), setUp(root, { parties: 2 })];
  const lines = (await Promise.all(both)).flat().sort();
  t.equal(builds(root), 1);
  t.match(lines, ['done: nothing', 'done: product', /^waiting for the set-up of process \d+$/]);
  t.notOk(existsSync(lockPath(root)), 'the lock is gone');
});

test('the lock of a process that died is taken over', async (t) => {
  const root = aFolder(t);
  writeOwner(root, { pid: await pidOfEndedProcess(), startedAt: '1' });
  t.same(await setUp(root), ['done: product']);
  t.notOk(existsSync(lockPath(root)), 'the lock is gone');
});

test('of 3 waiters one takes the lock of a dead process over, and they build once', async (t) => {
  const root = aFolder(t);
  writeOwner(root, { pid: await pidOfEndedProcess(), startedAt: '1' });
  await Promise.all([1, 2, 3].map(() => setUp(root, { parties: 3 })));
  t.equal(builds(root), 1);
});

test('a pid that another process got since does not keep the lock', needsProc, async (t) => {
  const root = aFolder(t);
  writeOwner(root, { pid: process.pid, startedAt: 'before' });
  t.same(await setUp(root), ['done: product']);
});

test('a process killed while it builds leaves the step stale and its lock to take', async (t) => {
  const root = aFolder(t);
  const first = start(root, { parties: 2 }); // waits in the builder for a second that never comes
  await once(first, 'building');
  first.kill('SIGKILL');
  await once(first, 'close');
  t.ok(existsSync(lockPath(root)), 'the lock is still there');
  t.same(await setUp(root), ['done: product']);
  t.equal(builds(root), 2);
});

test('a step that fails is named, leaves no stamp, and runs again', async (t) => {
  const root = aFolder(t);
  t.same(await setUp(root, { failure: 'the compiler said no' }), ['failed: the compiler said no']);
  t.notOk(existsSync(lockPath(root)), 'the lock is gone');
  t.same(await setUp(root), ['done: product']);
});

test('a step that makes nothing is a failure that names the output', async (t) => {
  const root = aFolder(t);
  t.same(await setUp(root, { lazy: true }), ['failed: product made no product.txt']);
});

test('a build that an input outruns is stale again', async (t) => {
  const root = aFolder(t);
  t.same(await setUp(root, { savesInput: true }), ['done: product']);
  t.same(await setUp(root), ['done: product']);
});

/**
 * `parties`: the builder ends when so many set-ups, its own among them, are in; the rest is how
 * it fails.
 */
interface Options {
  salt?: string;
  parties?: number;
  failure?: string;
  lazy?: boolean;
  savesInput?: boolean;
}

/** Not tap's own fixture folder, which two runs in one checkout would share. */
function aFolder(t: Test): string {
  const root = mkdtempSync(join(tmpdir(), 'foq-setup-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'waiting'));
  mkdirSync(join(root, 'source', 'deep'), { recursive: true });
  writeFileSync(join(root, 'source', 'deep', 'file.txt'), 'first');
  return root;
}

/** The lines a set-up printed, each timing cut off. */
async function setUp(root: string, options: Options = {}): Promise<string[]> {
  const child = start(root, options);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  const lines = Buffer.concat(chunks).toString('utf8').trim().split('\n');
  return lines.filter((line) => line !== 'building' && !/^product \(/.test(line));
}

function start(root: string, options: Options): ChildProcess {
  const args = ['--input-type=module', '--eval', program(), root, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', () => child.emit('building'));
  return child;
}

function program(): string {
  return `
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuilt } from '${BUILD_MODULE}';
const [root, options] = [process.argv[1], JSON.parse(process.argv[2])];
const report = (line) => {
  console.log(line);
  if (line.startsWith('waiting')) writeFileSync(root + '/waiting/' + process.pid, '');
};
const run = async () => {
  appendFileSync(root + '/builds.txt', 'built\\n');
  console.log('building');
  while (readdirSync(root + '/waiting').length + 1 < (options.parties ?? 1)) await sleep(5);
  if (options.failure) throw new Error(options.failure);
  if (options.savesInput) writeFileSync(root + '/source/deep/file.txt', 'saved meanwhile');
  if (!options.lazy) writeFileSync(root + '/product.txt', 'product');
};
const paths = { inputs: ['source'], outputs: ['product.txt'] };
const step = { name: 'product', ...paths, salt: options.salt, run };
try {
  const ran = await ensureBuilt({ root, steps: [step], report });
  console.log('done: ' + (ran.join() || 'nothing'));
} catch (error) {
  console.log('failed: ' + error.message);
}
`;
}

function builds(root: string): number {
  return readFileSync(join(root, 'builds.txt'), 'utf8').trim().split('\n').length;
}

function lockPath(root: string): string {
  return join(root, '.cache', 'setup', 'lock');
}

function writeOwner(root: string, owner: { pid: number; startedAt: string }): void {
  mkdirSync(lockPath(root), { recursive: true });
  writeFileSync(join(lockPath(root), 'owner.json'), JSON.stringify(owner));
}

async function pidOfEndedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'close');
  return child.pid ?? 0;
}
