// What a stranger gets: the packed tarball in an empty folder, the quick start of the README run
// with it twice, what `import 'foq'` loads, and how much an install brings.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Test, test } from 'tap';
import { checkout, markdownTable } from './source-tree.js';

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Packages that an install brings on this platform, besides foq itself. */
function installed(): string[] {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
  return Object.entries<Locked>(lock.packages)
    .filter(([path, { dev = false }]) => path !== '' && !dev && exists(join(checkout, path)))
    .map(([path]) => path);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function bytesOf(path: string): number {
  const found = readdirSync(path, { withFileTypes: true, recursive: true });
  const files = found.filter((file) => file.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

/** An empty folder with foq installed from its tarball, its dependencies linked from here. */
function anInstall(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-install-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const tarball = execFileSync('npm', args, { cwd: checkout, encoding: 'utf8' }).trim();
  const place = join(folder, 'node_modules', 'foq');
  mkdirSync(place, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', place, '--strip-components=1']);
  for (const path of installed()) {
    const link = join(folder, path);
    if (exists(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(checkout, path), link);
  }
  return folder;
}

/** The README's fence that is marked as the quick start. */
function quickStart(): string {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
  const found = /```js quick-start\n([^`]+(?:`[^`\n]+`[^`]*)*)```/.exec(readme);
  if (found?.[1] === undefined) throw new Error('README.md has no fence "js quick-start"');
  return found[1];
}

test('the quick start runs in an empty folder, and the second time prints one record', (t) => {
  const cwd = anInstall(t);
  writeFileSync(join(cwd, 'quick-start.mjs'), quickStart());
  for (const seq of [1, 2]) {
    const run = spawnSync(process.execPath, ['quick-start.mjs'], { cwd, encoding: 'utf8' });
    t.equal(run.stderr, '');
    t.match(run.stdout, new RegExp(`^${seq} hello at [^\n]+\n$`));
    t.equal(run.status, 0);
  }
  t.end();
});

/** Prints the address of each module that is loaded. */
const LISTENER = `
  import { register } from 'node:module';
  const load = 'export async function load(url, context, next) {' +
    'process._rawDebug("loads " + url); return next(url, context); }';
  register('data:text/javascript,' + encodeURIComponent(load));
`;

test("import 'foq' loads the library and the addon, and nothing of the server", (t) => {
  const cwd = anInstall(t);
  writeFileSync(join(cwd, 'listener.mjs'), LISTENER);
  const args = ['--import', './listener.mjs', '--input-type=module', '-e', "import 'foq'"];
  const { stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const loaded = [...stderr.matchAll(/loads file:\S+?\/(node_modules\/\S+)/g)].map(([, it]) => it);
  t.ok(loaded.length > 5, 'modules were listed');
  const strangers = loaded.filter(
    (path) => !/^node_modules\/foq\/dist\/(engine|protocol)\//.test(path ?? ''),
  );
  t.same(strangers, []);
  t.end();
});

test('the packed files are the library, the server, its page and the addon, without tests', (t) => {
  const folder = join(anInstall(t), 'node_modules', 'foq');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  t.ok(files.includes('dist/engine/index.js'));
  t.ok(files.some((path) => path.endsWith('.node')));
  t.ok(files.includes('server/web/dist/app.js'), 'the page of the chat demo');
  t.same(
    files.filter((path) => /(^|\/)test(\/|$)|^dist\/(docs|bench|\.ci)/.test(path)),
    [],
  );
  t.end();
});

test('an install brings no more than docs/install.md allows', (t) => {
  const page = readFileSync(join(checkout, 'docs', 'install.md'), 'utf8');
  const rows = markdownTable(page, 'What').map(
    ([what = '', budget = '']) => [what, budget] as const,
  );
  const budget = new Map(rows.map(([what, text]) => [what, Number.parseFloat(text)]));
  const packages = installed();
  const own = bytesOf(join(anInstall(t), 'node_modules', 'foq'));
  const bytes = packages.reduce((sum, path) => sum + bytesOf(join(checkout, path)), 0);
  t.comment(`${packages.length} packages, ${bytes} bytes; foq itself ${own} bytes`);
  t.ok(packages.length <= (budget.get('packages besides foq') ?? 0), 'packages');
  t.ok(bytes / 1e6 <= (budget.get('MB of them') ?? 0), 'MB of packages');
  t.ok(own / 1e6 <= (budget.get('MB of foq itself') ?? 0), 'MB of foq');
  t.end();
});
