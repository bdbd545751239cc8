// asyncapi.yaml and openapi.yaml are what the schemas say today, and every reference in them leads
// somewhere. `FOQ_WRITE=1` writes them anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { asyncapi } from '../documents/asyncapi.js';
import type { Json, JsonMap } from '../documents/json-schema.js';
import { openapi } from '../documents/openapi.js';
import { toYaml } from '../documents/yaml.js';

/** This module runs from `dist/protocol/wire/test/`. */
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../protocol');

const documents: readonly [string, JsonMap][] = [
  ['asyncapi.yaml', asyncapi()],
  ['openapi.yaml', openapi()],
];

for (const [name, document] of documents) {
  test(`${name} is what the schemas say`, (t) => {
    const path = join(folder, name);
    if (process.env['FOQ_WRITE'] === '1') writeFileSync(path, toYaml(document));
    t.equal(readFileSync(path, 'utf8'), toYaml(document));
    t.end();
  });

  test(`every reference in ${name} leads somewhere`, (t) => {
    const found = references(document);
    t.ok(found.length > 20, `${found.length} references`);
    t.same(
      found.filter((path) => at(document, path) === undefined),
      [],
    );
    t.end();
  });

  test(`${name} has nothing that only our own checks read`, (t) => {
    t.notMatch(JSON.stringify(document), /x-foq|~kind|~refine/);
    t.end();
  });
}

test('YAML has quotes where a text could be taken for something else', (t) => {
  const map = { a: ['no', '1', 'plain words', 'a: b', ''], b: { c: [], d: {} }, '200': [{ e: 1 }] };
  t.equal(
    toYaml(map),
    [
      '"200":',
      '  - e: 1',
      'a:',
      '  - "no"',
      '  - "1"',
      '  - plain words',
      '  - "a: b"',
      '  - ""',
      'b:',
      '  c: []',
      '  d: {}',
      '',
    ].join('\n'),
  );
  t.end();
});

function references(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    return key === '$ref' ? [String(member)] : references(member);
  });
}

function at(document: JsonMap, reference: string): unknown {
  const steps = reference.replace('#/', '').split('/');
  return steps.reduce<unknown>((value, step) => {
    return typeof value === 'object' && value !== null
      ? new Map(Object.entries(value)).get(step)
      : undefined;
  }, document);
}
