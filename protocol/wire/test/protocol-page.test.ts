// PROTOCOL.md says what the schemas and tables say, in both directions: every row is in the code,
// and everything of the code has its row.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { CLOSE_CODES, ERRORS, errorName, isErrorCode, mayReconnect } from '../../index.js';
import { FAULTS, HELLO_FRAME_BYTES_MAX } from '../codec/index.js';
import { COMMANDS, EVENTS, FRAME_LIMITS, LIMITS, REPLIES, STORED_KINDS } from '../index.js';
import { VALUES, WORDS } from '../schema/names.js';
import { type CommandName, PARTS } from '../schema/registry.js';
import { HEAD } from '../stored.js';
import { fieldsOf, wordsOf } from './describe.js';

/** This module runs from `dist/protocol/wire/test/`. */
const here = dirname(fileURLToPath(import.meta.url));
const page = readFileSync(join(here, '../../../../protocol/PROTOCOL.md'), 'utf8');

test('every command is on the page with its fields and those of its reply, and no other', (t) => {
  const expected = (Object.keys(COMMANDS) as CommandName[]).map((name) => {
    const { required }: { required: readonly string[] } = COMMANDS[name];
    const id = required.includes('id') ? 'yes' : 'may';
    return [
      code(name),
      id,
      cells(fieldsOf(COMMANDS[name], ['t', 'id'])),
      cells(fieldsOf(REPLIES[name])),
    ];
  });
  t.same(tableOf('Command'), expected);
  t.end();
});

test('every event is on the page with its fields, and no other', (t) => {
  const expected = Object.entries(EVENTS).map(([name, schema]) => {
    return [code(name), cells(fieldsOf(schema, ['t']))];
  });
  t.same(tableOf('Event'), expected);
  t.end();
});

test('every map that has a name is on the page with its fields, and no other', (t) => {
  const { Limits, ...maps } = PARTS;
  const expected = Object.entries(maps).map(([name, schema]) => [
    code(name),
    cells(fieldsOf(schema)),
  ]);
  t.same(tableOf('Map'), expected);
  t.same(Object.keys(Limits.properties), Object.keys(LIMITS));
  t.end();
});

test('every value and every fixed word is on the page', (t) => {
  t.same(firsts('Value'), Object.keys(VALUES).map(code));
  const expected = Object.entries(WORDS).map(([name, schema]) => [
    code(name),
    cells(wordsOf(schema)),
  ]);
  t.same(tableOf('Words'), expected);
  t.end();
});

test('every type of a field on the page is explained on the page', (t) => {
  const known = [...Object.keys(VALUES), ...Object.keys(WORDS), ...Object.keys(PARTS)];
  const types = [...page.matchAll(/`\w+\??: ([^`]+)`/g)].flatMap(([, type = '']) => {
    return type.split(' or ').map((one) => one.replace('[]', ''));
  });
  t.ok(types.length > 100, 'the fields were read');
  const plain = /^(boolean|string|null|true|false|Text\(\d+\)|'\w+')$/;
  t.same(
    types.filter((type) => !(known.includes(type) || plain.test(type))),
    [],
  );
  t.end();
});

test('every limit is on the page with its number', (t) => {
  const expected = Object.entries(LIMITS).map(([name, value]) => [code(name), number(value)]);
  t.same(
    tableOf('Limit').map((row) => row.slice(0, 2)),
    expected,
  );
  t.same(
    tableOf('Limit of a frame').map(([, value]) => value),
    [FRAME_LIMITS.depthMax, FRAME_LIMITS.elementsMax, HELLO_FRAME_BYTES_MAX].map(number),
  );
  t.end();
});

test('every reason for which a frame is refused is on the page', (t) => {
  t.same(firsts('Reason'), FAULTS.map(code));
  t.end();
});

test('every error is on the page as it is in the table', (t) => {
  const expected = Object.entries(ERRORS).map(([name, row]) => [
    String(row.number),
    code(isErrorCode(name) ? errorName(name) : name),
    String(row.http),
    row.retry,
    row.text,
  ]);
  t.same(tableOf('Code'), expected);
  t.end();
});

test('every close code is on the page with its verdict', (t) => {
  const expected = Object.entries(CLOSE_CODES).map(([name, closeCode]) => [
    String(closeCode),
    code(name),
    mayReconnect(closeCode) ? 'yes' : 'no',
  ]);
  t.same(
    tableOf('Close code').map((row) => row.slice(0, 3)),
    expected,
  );
  t.end();
});

test('the fixed head of a stored message adds up, and is where the code has it', (t) => {
  let byteOffset = 0;
  const { size, ...fields } = HEAD;
  for (const [at, bytes, field = ''] of tableOf('Byte offset')) {
    t.equal(Number(at), byteOffset, field);
    t.equal(new Map(Object.entries(fields)).get(field.replaceAll('`', '')), byteOffset, field);
    byteOffset += Number(bytes);
  }
  t.equal(byteOffset, size);
  t.equal(tableOf('Byte offset').length, Object.keys(fields).length);
  const kinds = Object.entries(STORED_KINDS).map(([name, byte]) => [String(byte), code(name)]);
  t.same(tableOf('Kind'), kinds);
  t.end();
});

/** Rows of the table whose first column has this head. */
function tableOf(firstColumn: string): string[][] {
  const lines = page.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`));
  if (header === -1) throw new Error(`no table begins with the column "${firstColumn}"`);
  const rest = lines.slice(header + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function firsts(firstColumn: string): string[] {
  return tableOf(firstColumn).map(([first = '']) => first);
}

function cells(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
