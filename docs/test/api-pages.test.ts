// `npm run docs` has something to say of every public export: it runs here as far as to its
// warnings, of which there are none, and finds one that is planted.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { checkout } from './source-tree.js';

const options = join(checkout, 'docs', 'typedoc.json');

/** What typedoc says of these options, and how it ends; it writes no pages. */
function documented(path: string) {
  const program = join(checkout, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const args = [program, '--options', path, '--emit', 'none'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 100_000 });
  return { status: run.status, said: run.stdout + run.stderr };
}

test('every public export of the doors is documented', (t) => {
  const { status, said } = documented(options);
  t.equal(said, '');
  t.equal(status, 0);
  t.end();
});

test('an export without a word is noticed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-docs-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const given = { ...JSON.parse(readFileSync(options, 'utf8')), entryPoints: ['door.ts'] };
  const tsconfig = { files: ['door.ts'], compilerOptions: { types: [] } };
  writeFileSync(join(folder, 'door.ts'), 'export interface Planted {\n  call(): void;\n}\n');
  writeFileSync(join(folder, 'typedoc.tsconfig.json'), JSON.stringify(tsconfig));
  writeFileSync(join(folder, 'typedoc.json'), JSON.stringify(given));
  const { status, said } = documented(join(folder, 'typedoc.json'));
  t.match(said, /Planted \(Interface\).*does not have any documentation/);
  t.match(said, /Planted\.call .*does not have any documentation/);
  t.not(status, 0);
  t.end();
});
