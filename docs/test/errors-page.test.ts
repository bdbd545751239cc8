// docs/errors.md has the table of errors as protocol/errors.ts has it. `FOQ_WRITE=1` writes the
// rows anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { ERRORS, type ErrorCode } from '../../protocol/index.js';
import { checkout, markdownTable } from './source-tree.js';

const path = join(checkout, 'docs', 'errors.md');
const HEADER = '| Code | Number | Status | Retry | Meaning |\n|---|---|---|---|---|\n';

const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
  const { number, http, retry, text } = ERRORS[code];
  return [`\`${code}\``, String(number), String(http), `\`${retry}\``, text];
});

/** The page with its last table, which ends it, made from the code. */
function written(page: string): string {
  const header = page.indexOf(HEADER);
  if (header === -1) throw new Error('docs/errors.md has no table of errors');
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |\n`);
  return page.slice(0, header + HEADER.length) + lines.join('');
}

test('the page has every error of the table in code, and says the same of it', (t) => {
  const page = readFileSync(path, 'utf8');
  if (process.env['FOQ_WRITE'] === '1') writeFileSync(path, written(page));
  const listed = markdownTable(readFileSync(path, 'utf8'), 'Code');
  t.ok(listed.length > 20, 'the table was read');
  t.same(listed, rows);
  t.end();
});

test('the page explains every word of the column `retry`', (t) => {
  const explained = markdownTable(readFileSync(path, 'utf8'), '`retry`').map(([word]) => word);
  const used = new Set(rows.map(([, , , retry]) => retry));
  t.same([...explained].sort(), [...used].sort());
  t.end();
});
