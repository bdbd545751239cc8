// Runs every example in an empty folder and compares what it prints with docs/examples/README.md.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { checkout } from './source-tree.js';

const folder = join(checkout, 'docs', 'examples');

/** File name and what it prints, from the page. */
function expected(page: string): Map<string, string> {
  const sections = page.matchAll(/\]\((\S+\.mjs)\)\s+```text\n([^`]*)```/g);
  return new Map([...sections].map(([, name = '', text = '']) => [name, text]));
}

const examples = expected(readFileSync(join(folder, 'README.md'), 'utf8'));

test('the page tells what each of at least five examples prints', (t) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  t.ok(files.length >= 5);
  t.same([...examples.keys()].sort(), files.sort());
  t.end();
});

test('docs/testing.md shows power-cut.mjs as it is, from its imports on', (t) => {
  const example = readFileSync(join(folder, 'power-cut.mjs'), 'utf8');
  const code = example.slice(example.indexOf('import ')).trim();
  const page = readFileSync(join(checkout, 'docs', 'testing.md'), 'utf8');
  t.ok(page.includes(`\`\`\`js\n${code}\n\`\`\``));
  t.end();
});

for (const [name, text] of examples) {
  test(`${name} prints what the page says, and ends by itself`, (t) => {
    const cwd = mkdtempSync(join(tmpdir(), 'foq-example-'));
    t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
    const options = { cwd, encoding: 'utf8', timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, name)], options);
    t.equal(stderr, '');
    t.equal(stdout, text);
    t.equal(status, 0);
    t.end();
  });
}
