// docs/architecture.md says who may know whom; this holds the code to it, and proves on planted
// mistakes that it would notice.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { crateDependencies, rustPaths } from './imports.js';
import { checkLayers, circles, readRules } from './layers.js';
import { checkout, type SourceFile, sourceFiles } from './source-tree.js';

const ENDINGS = ['.ts', '.tsx', '.mjs', '.rs', '/Cargo.toml'];

const rules = readRules(readFileSync(join(checkout, 'docs', 'architecture.md'), 'utf8'));

test('every module of the checkout knows only what its layer may know', (t) => {
  const { violations } = checkLayers(rules, sourceFiles(checkout, ENDINGS));
  t.same(violations, []);
  t.end();
});

test('every layer of the table has modules that were looked at', (t) => {
  const { modules } = checkLayers(rules, sourceFiles(checkout, ENDINGS));
  t.ok(modules.size >= 6, 'the table was read');
  t.same(
    [...modules].filter(([, count]) => count === 0),
    [],
  );
  t.end();
});

test('the table has no circle, and every folder and place in it exists', (t) => {
  t.same(circles(rules.layers), []);
  const paths = sourceFiles(checkout, ENDINGS).map(({ path }) => path);
  const exists = (place: string) => paths.some((path) => path.startsWith(place));
  const named = [
    ...rules.layers.flatMap(({ folder, knows }) => [folder, ...knows]),
    ...rules.bounds.flatMap(({ places }) => places),
  ];
  t.same(
    named.filter((place) => !exists(place)),
    [],
  );
  t.end();
});

test('a table with a circle is seen', (t) => {
  const layers = [
    { folder: 'a/', knows: ['b/'] },
    { folder: 'b/', knows: ['a/'] },
  ];
  t.match(circles(layers), ['a/ → b/ → a/', 'b/ → a/ → b/']);
  t.end();
});

/** Each planted file breaks one rule; the words must appear in what is said about it. */
const planted: readonly (SourceFile & { readonly said: string })[] = [
  {
    path: 'native/log/src/journal.rs',
    text: 'use std::{collections::BTreeMap, fs::{self, File}};',
    said: 'std::fs',
  },
  {
    path: 'native/log/src/state.rs',
    text: 'fn now() -> u64 { let _ = std::time::Instant::now(); 0 }',
    said: 'std::time',
  },
  { path: 'native/log/src/round.rs', text: 'use rustix::fs::fdatasync;', said: 'rustix' },
  { path: 'native/log/src/view.rs', text: 'use foq_sim::Model;', said: 'native/sim/' },
  {
    path: 'native/log/Cargo.toml',
    text: '[package]\nname = "foq-log"\n[dependencies]\nfoq-sim = { path = "../sim" }',
    said: 'native/sim/',
  },
  {
    path: 'native/sim/Cargo.toml',
    text: '[package]\nname = "foq-sim"\n[dependencies]\nnapi = "3"',
    said: 'napi',
  },
  { path: 'engine/index.ts', text: "import '../server/cli/main.js';", said: 'may not know' },
  { path: 'engine/reader.ts', text: "load('../foq.node');", said: '.node' },
  { path: 'server/cli/dump.ts', text: "import { x } from '../../engine/native.js';", said: 'door' },
  { path: 'server/broker.ts', text: "import { Command } from 'commander';", said: 'commander' },
  { path: 'server/lazy.ts', text: "await import('commander');", said: 'commander' },
  { path: 'mystery/file.ts', text: '', said: 'no row' },
];

test('each planted mistake is noticed', (t) => {
  const crate: SourceFile = { path: 'native/sim/Cargo.toml', text: 'name = "foq-sim"' };
  for (const { said, ...file } of planted) {
    const files = file.path === crate.path ? [file] : [file, crate];
    const { violations } = checkLayers(rules, files);
    t.equal(violations.length, 1, `${file.path}: one violation`);
    t.match(violations[0], file.path);
    t.ok(violations[0]?.includes(said), `${violations[0]} says ${said}`);
  }
  t.end();
});

test('a mistake that is planted in a tree of files is noticed', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'foq-layers-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'native', 'log', 'src'), { recursive: true });
  writeFileSync(join(root, 'native', 'log', 'src', 'lib.rs'), 'use std::net::TcpStream;');
  const { violations } = checkLayers(rules, sourceFiles(root, ENDINGS));
  t.match(violations, [/native\/log\/src\/lib\.rs knows std::net/]);
  t.end();
});

test('what the rules allow is not noticed', (t) => {
  const files: SourceFile[] = [
    { path: 'native/log/src/env/real/mod.rs', text: 'use std::fs::File;' },
    { path: 'native/log/src/a.rs', text: '// std::fs\nconst A: &str = "std::fs::File";' },
    { path: 'native/log/src/b.rs', text: '#[cfg(test)]\nmod tests { use std::thread; }' },
    { path: 'native/log/tests/c.rs', text: 'use std::thread;' },
    { path: 'native/sim/src/main.rs', text: 'use std::thread; use foq_log::Log;' },
    { path: 'native/log/Cargo.toml', text: 'name = "foq-log"\n[dependencies]\nrustix = "1"' },
    { path: 'server/cli/main.ts', text: "import { dump } from '../../engine/index.js';" },
  ];
  t.same(checkLayers(rules, files).violations, []);
  t.end();
});

test('use trees are written out, and dependencies are read in every form', (t) => {
  const file = { path: 'a.rs', text: 'pub use a::{b::{self, C as D}, e};\nextern crate f;' };
  t.same(rustPaths(file).slice(0, 4), ['a::b', 'a::b::C', 'a::e', 'f']);
  const toml =
    '[dependencies]\na = "1"\nb.workspace = true\n[dev-dependencies]\nc = "1"\n' +
    '[dependencies.d]\nx = 1';
  t.same(crateDependencies(toml), ['a', 'b', 'c', 'd']);
  t.end();
});
