// What a browser loads for the client: as it is built, without a bundler, and no more than 20 KB.
// `npm run build` writes these modules last, without comments.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'tap';

const DOOR = fileURLToPath(new URL('../index.js', import.meta.url));
const BYTES_MAX = 20 * 1024;

const IMPORT = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1|\bimport\(/gm;

interface Graph {
  readonly texts: Map<string, string>;
  /** What is neither relative nor known before it runs. */
  readonly strangers: string[];
}

function graphOf(path: string, graph: Graph = { texts: new Map(), strangers: [] }): Graph {
  if (graph.texts.has(path)) return graph;
  const text = readFileSync(path, 'utf8');
  graph.texts.set(path, text);
  for (const [statement, , specifier] of text.matchAll(IMPORT)) {
    if (specifier?.startsWith('.')) graphOf(join(dirname(path), specifier), graph);
    else graph.strangers.push(specifier ?? statement);
  }
  return graph;
}

function gzipped(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

test('the modules of the client, as they ship, are at most 20 KB, each gzipped', (t) => {
  const texts = [...graphOf(DOOR).texts.values()];
  t.ok(texts.length > 10, 'the modules were read');
  const bytes = texts.reduce((sum, text) => sum + gzipped(text), 0);
  t.comment(`${texts.length} modules, ${bytes} bytes`);
  t.ok(bytes <= BYTES_MAX, `${bytes} bytes; npm run build writes them without comments`);
  t.end();
});

test('the declarations of the client keep what the comments say', (t) => {
  const declarations = readFileSync(DOOR.replace(/index\.js$/, 'types.d.ts'), 'utf8');
  t.match(declarations, /\/\*\*/);
  t.end();
});

test('the client imports its own modules alone: no package, nothing of node:', (t) => {
  t.same(graphOf(DOOR).strangers, []);
  t.end();
});

test('the client builds no code from text, and knows nothing that only Node has', (t) => {
  const refused = /\beval\b|\bFunction\(|\bBuffer\b\.|\bprocess\b\.|\brequire\(/;
  for (const [path, text] of graphOf(DOOR).texts) {
    const code = text.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '');
    t.notMatch(code, refused, path);
  }
  t.end();
});

test('a package and a module of node: would be seen', (t) => {
  const found = [...`import x from 'y';\nimport 'node:fs';`.matchAll(IMPORT)];
  t.same(
    found.map((match) => match[2]),
    ['y', 'node:fs'],
  );
  t.end();
});
