// The table of options: what it takes, what it refuses and how, and that docs/options.md is it.

import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { checkOptions, OPTIONS, optionRows } from '../options.js';

const page = new URL('../../../docs/options.md', import.meta.url);

/** The message of the refusal; empty when nothing is refused. */
function refusalOf(given: unknown): string {
  try {
    checkOptions(given);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('docs/options.md has exactly the rows of the table', (t) => {
  const lines = optionRows().map((cells) => `| ${cells.join(' | ')} |`);
  const shown = readFileSync(page, 'utf8').split('\n');
  t.ok(lines.length > 10, 'the table was read');
  t.same(
    shown.filter((line) => line.startsWith('| `')),
    lines,
  );
  t.end();
});

test('what is not given has the default of the table, in the units of the store', (t) => {
  const { native, ...checked } = checkOptions({ dir: 'data', maxAge: undefined });
  t.match(checked, { dir: 'data', durability: 'fsync', keep: 'until-received' });
  t.match(checked, { maxAgeMs: 30 * 86_400_000, keepAtLeastMs: 0, pendingBytesMax: 64 << 20 });
  t.same(native, {
    ...{ create: true, readOnly: false, durability: 'fsync', keep: 'until-received' },
    ...{ maxAgeMs: 30 * 86_400_000, keepAtLeastMs: 0, maxBytes: 0, dedupDepth: 16 },
    ...{ ackFlushMs: 1000, payloadBytesMax: 1 << 20, pendingBytesMax: 64 << 20 },
    ...{ journalFileBytes: 64 << 20, roundBytesMax: 2 << 20, journalWindowBytes: 0 },
    ...{ journalWindowMs: 300_000, cacheBytes: 64 << 20, backgroundBytesPerSecond: 64 << 20 },
  });
  t.end();
});

test('durations are ms, or a number with its unit', (t) => {
  const maxAgeOf = (maxAge: number | string) => checkOptions({ dir: 'data', maxAge }).maxAgeMs;
  t.equal(maxAgeOf(90_000), 90_000);
  t.equal(maxAgeOf('90s'), 90_000);
  t.equal(maxAgeOf('15m'), 900_000);
  t.equal(maxAgeOf('48h'), 172_800_000);
  t.equal(maxAgeOf('30d'), 2_592_000_000);
  for (const wrong of ['30', 'd', '1.5h', '-1d', '30 d', '1w', -1, 1.5, Number.NaN, null, {}]) {
    const refusal = refusalOf({ dir: 'data', maxAge: wrong });
    t.match(refusal, /^maxAge must be ms, or a number with its unit/, String(wrong));
  }
  t.end();
});

test('every option refuses a value of the wrong kind, and is named', (t) => {
  for (const name of Object.keys(OPTIONS)) {
    for (const wrong of [Symbol('x'), [], () => 1]) {
      t.match(refusalOf({ dir: 'data', [name]: wrong }), new RegExp(`^${name} must be `), name);
    }
  }
  t.end();
});

test('values beyond a limit are refused, never clamped', (t) => {
  const wrong: Record<string, readonly unknown[]> = {
    dir: ['', 'a\0b'],
    durability: ['Fsync'],
    keep: ['always'],
    maxAge: [0, 59_999, '400000d'],
    keepAtLeast: [1, 59_999],
    maxBytes: [-1, 1, 65_535, 65_536.5, '1'],
    dedupDepth: [0, 1025, 1.5],
    payloadBytesMax: [0, (16 << 20) + 1],
    pendingBytesMax: [65_535, Number.POSITIVE_INFINITY],
    ackFlushMs: [0],
    journalFileBytes: [60 * 1024, 65 * 1024 * 1024, 65_537],
    roundBytesMax: [4095],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const refusal = refusalOf({ dir: 'data', [name]: value });
      t.match(refusal, new RegExp(`^${name} must be `), `${name}: ${String(value)}`);
    }
  }
  t.equal(refusalOf({ dir: 'data', keepAtLeast: 0, journalFileBytes: 65_536 }), '');
  t.end();
});

test('an unknown name is an error that has the nearest one', (t) => {
  t.match(refusalOf({ dir: 'data', dedupdepth: 3 }), /^dedupdepth .*; did you mean dedupDepth\?$/);
  t.match(refusalOf({ dir: 'data', maxage: '1d' }), /did you mean maxAge\?$/);
  t.match(refusalOf({ dir: 'data', colour: 'red' }), /no option has this name$/);
  t.match(refusalOf({}), /^dir must be the path of a directory$/);
  t.match(refusalOf(undefined), /^the options of openQueue must be an object$/);
  t.match(refusalOf('data'), /must be an object, not a text of length 4$/);
  t.end();
});
