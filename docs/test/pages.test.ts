// The pages agree with the checkout: every npm verb has its line in CONTRIBUTING.md, every link
// between pages leads somewhere.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'tap';
import { checkout, markdownTable, quoted, type SourceFile, sourceFiles } from './source-tree.js';

const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));

test('CONTRIBUTING.md has a line for every npm verb and no other', (t) => {
  const page = readFileSync(join(checkout, 'CONTRIBUTING.md'), 'utf8');
  const listed = markdownTable(page, 'Command').map(([command = '']) => {
    return quoted(command)[0]
      ?.replace(/^npm (run )?/, '')
      .split(' ')[0];
  });
  t.same(listed.sort(), Object.keys(scripts).sort());
  t.end();
});

test('every script and program that an npm verb starts is in the checkout', (t) => {
  const started = Object.values<string>(scripts).flatMap(
    (script) => script.match(/\.ci\/\S+/g) ?? [],
  );
  t.ok(started.length > 3, 'the verbs were read');
  t.same(
    started.filter((path) => !existsSync(join(checkout, path))),
    [],
  );
  t.end();
});

test('every link between pages leads to a file', (t) => {
  const pages = sourceFiles(checkout, ['.md']);
  t.ok(pages.length >= 5, 'the pages were read');
  t.same(deadLinks(pages), []);
  t.end();
});

test('a planted dead link is found', (t) => {
  t.same(deadLinks([{ path: 'docs/a.md', text: '[b](b.md)' }]), ['docs/a.md links to b.md']);
  t.end();
});

function deadLinks(pages: readonly SourceFile[]): string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !existsSync(join(checkout, dirname(path), link)))
      .map((link) => `${path} links to ${link}`),
  );
}
