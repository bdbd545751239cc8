// The files of a checkout as the tests of this folder see them: everything a person wrote,
// nothing a tool made. Works on any root, so that a test can plant a mistake in a temporary tree.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MADE_BY_TOOLS = new Set([
  '.cache',
  '.git',
  '.tap',
  'dist',
  'node_modules',
  'results',
  'target',
]);

/** Paths use `/` and are relative to the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The root of this checkout; this module runs from `dist/docs/test/`. */
export const checkout: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Text files under `root` whose names end in one of `endings`, sorted by path. */
export function sourceFiles(root: string, endings: readonly string[]): SourceFile[] {
  return pathsUnder(root, '')
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function pathsUnder(root: string, folder: string): string[] {
  const found = readdirSync(join(root, folder), { withFileTypes: true });
  return found
    .filter(({ name }) => !MADE_BY_TOOLS.has(name))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return pathsUnder(root, path);
      return entry.isFile() ? [path] : [];
    });
}

/**
 * Rows of the first Markdown table whose first column is `firstColumn`; throws when there is
 * none.
 */
export function markdownTable(text: string, firstColumn: string): string[][] {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`));
  if (header === -1) throw new Error(`no table begins with the column "${firstColumn}"`);
  const rows: string[][] = [];
  for (const line of lines.slice(header + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** What stands in backticks in a cell. */
export function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

export function isTest(path: string): boolean {
  return /(^|\/)tests?(\/|\.rs$)/.test(path) || /\.test\.ts$/.test(path);
}
