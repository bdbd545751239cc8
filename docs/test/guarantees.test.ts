// docs/guarantees.md can be looked up by number and does not promise more than is checked: every
// promise is there once, names a class or a later part, and only classes that exist today count
// as checks.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { checkout, markdownTable } from './source-tree.js';

const PROMISES = 54;

const page = readFileSync(join(checkout, 'docs', 'guarantees.md'), 'utf8');
const promises = rows(/^\| I(\d+) \|.*\| ([^|]+) \|$/gm);
const classes = rows(/^\| ([A-Z]) \|.*\| ([^|]+) \|$/gm);

function rows(pattern: RegExp): { name: string; last: string }[] {
  return [...page.matchAll(pattern)].map(([, name = '', last = '']) => ({ name, last }));
}

test(`every promise from I1 to I${PROMISES} is on the page once`, (t) => {
  const numbers = promises.map(({ name }) => Number(name)).sort((left, right) => left - right);
  t.same(
    numbers,
    Array.from({ length: PROMISES }, (_, index) => index + 1),
  );
  t.end();
});

test('every promise names a class or cases of today, or the part that will bring one', (t) => {
  const running = classes.filter(({ last }) => last === 'now').map(({ name }) => name);
  t.ok(running.length > 0, 'the table of classes was read');
  for (const { name, last } of promises) {
    for (const part of last.split('; ')) {
      const later = /^cases$|^later: |: later$/.test(part);
      const named = part.split(', ').every((letter) => running.includes(letter));
      t.ok(later || named, `I${name} is checked by "${part}"`);
    }
  }
  t.end();
});

test('the README rests what survives what on promises that something checks today', (t) => {
  const table = markdownTable(readFileSync(join(checkout, 'README.md'), 'utf8'), 'What happens');
  t.ok(table.length >= 5, 'the table was read');
  for (const [what, , , cell = ''] of table) {
    const numbers = cell.match(/\d+/g) ?? [];
    t.ok(numbers.length > 0, `${what} names promises`);
    for (const number of numbers) {
      const promise = promises.find(({ name }) => name === number);
      t.match(promise?.last, /^(?!later)./, `I${number} is checked today`);
    }
  }
  t.end();
});

test('every class says whether it runs now, or what will bring it', (t) => {
  for (const { name, last } of classes) t.match(last, /^(now|later: .+)$/, `class ${name}`);
  t.end();
});
