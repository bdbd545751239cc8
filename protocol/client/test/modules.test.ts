// What a browser loads for the client: as it is built, without a bundler, and no more than 20 KB.

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

/** Comments are for those who read the modules; names stay as they are. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\/[^\n]*\n|^\s*\/\*\*[\s\S]*?\*\/\n/gm, '');
}

function gzipped(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

test('the modules of the client are at most 20 KB, each gzipped, without their comments', (t) => {
  const texts = [...graphOf(DOOR).texts.values()];
  t.ok(texts.length > 10, 'the modules were read');
  const bytes = texts.reduce((sum, text) => sum + gzipped(withoutComments(text)), 0);
  const asBuilt = texts.reduce((sum, text) => sum + gzipped(text), 0);
  t.comment(`${texts.length} modules, ${bytes} bytes; ${asBuilt} with comments`);
  t.ok(bytes > BYTES_MAX / 4, 'the comments were cut, and not the code');
  t.ok(bytes <= BYTES_MAX, `${bytes} bytes`);
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
