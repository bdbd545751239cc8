// docs/life-of-a-message.md is true to the code where a machine can tell: every link to a source
// file names what that file defines, a member by the type it belongs to.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import ts from 'typescript';
import { withoutStringsAndComments } from './imports.js';
import { checkout } from './source-tree.js';

interface Link {
  /** Undefined where the text of the link is no name. */
  readonly name: string | undefined;
  /** From the root of the checkout. */
  readonly path: string;
}

const page = readFileSync(join(checkout, 'docs', 'life-of-a-message.md'), 'utf8');

/** Links to source files, in order. */
function linksOf(text: string): Link[] {
  const links = text.matchAll(/\[([^\]]*)\]\(\.\.\/([^)\s]+\.(?:ts|rs))\)/g);
  return [...links].map(([, shown = '', path = '']) => ({
    name: /^`([\w:.]+)`$/.exec(shown)?.[1],
    path,
  }));
}

/** What is wrong with a link; undefined when nothing is. */
function complaint({ name, path }: Link, read: (path: string) => string | undefined) {
  if (name === undefined) return `a link to ${path} names nothing in it`;
  const text = read(path);
  if (text === undefined) return `${path} does not exist`;
  const names = path.endsWith('.rs') ? rustNames(text) : typeScriptNames(text);
  return names.has(name.replace('::', '.')) ? undefined : `${path} does not define ${name}`;
}

/** Names at the top of a module, and `Type.member` of its classes and interfaces. */
function typeScriptNames(text: string): Set<string> {
  const names = new Set<string>();
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) names.add(name.getText());
    }
    if (ts.isFunctionDeclaration(statement)) names.add(statement.name?.text ?? '');
    if (!(ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement))) continue;
    const type = statement.name?.text ?? '';
    names.add(type);
    for (const { name } of statement.members) {
      if (name !== undefined) names.add(`${type}.${name.getText().replace('#', '')}`);
    }
  }
  return names;
}

/** Types and free functions of a Rust file, and `Type.function` of its `impl` blocks. */
function rustNames(text: string): Set<string> {
  const names = new Set<string>();
  let type = '';
  for (const line of withoutStringsAndComments(text).split('\n')) {
    const begun = /^impl\b(?:<[^>]*>)?\s+(?:[\w:<>', ]+\s+for\s+)?(\w+)/.exec(line);
    if (begun !== null) type = begun[1] ?? '';
    else if (line.startsWith('}')) type = '';
    const defined = /^\s*(?:pub(?:\([\w ]+\))?\s+)?(?:struct|enum|trait)\s+(\w+)/.exec(line);
    if (defined !== null) names.add(defined[1] ?? '');
    const called = /^\s*(?:pub(?:\([\w ]+\))?\s+)?(?:const\s+)?fn\s+(\w+)/.exec(line);
    if (called !== null) names.add(type === '' ? `${called[1]}` : `${type}.${called[1]}`);
  }
  return names;
}

function readSource(path: string): string | undefined {
  const place = join(checkout, path);
  return existsSync(place) ? readFileSync(place, 'utf8') : undefined;
}

test('every link to a source file names what that file defines', (t) => {
  const links = linksOf(page);
  t.ok(links.length >= 50, `${links.length} links were read`);
  t.same(
    links.map((link) => complaint(link, readSource)).filter((said) => said !== undefined),
    [],
  );
  t.end();
});

test('the page goes through the library, the addon, the log and the broker', (t) => {
  const paths = linksOf(page).map(({ path }) => path);
  const log = ['engine/', 'engine/delivery/', 'native/binding/', 'native/log/'];
  const broker = ['server/gateway/', 'server/chat/', 'server/delivery/'];
  for (const folder of [...log, ...broker]) {
    t.ok(
      paths.some((path) => path.startsWith(folder)),
      folder,
    );
  }
  t.end();
});

test('a link to what is not there, or no longer there, is noticed', (t) => {
  const sources: Readonly<Record<string, string>> = {
    'a.ts': '// append()\nclass A {\n  #add() {}\n  call() {\n    append();\n  }\n}\n',
    'b.rs': '// fn gone() {}\nstruct B;\nimpl Trait for B {\n    fn kept() {}\n}\nfn free() {}\n',
  };
  const said = (text: string) =>
    linksOf(text).map((link) => complaint(link, (path) => sources[path]));
  t.same(said('[`A`](../a.ts) [`A.call`](../a.ts) [`A.add`](../a.ts)'), [
    undefined,
    undefined,
    undefined,
  ]);
  t.same(said('[`B`](../b.rs) [`B::kept`](../b.rs) [`free`](../b.rs)'), [
    undefined,
    undefined,
    undefined,
  ]);
  t.same(said('[`append`](../a.ts)'), ['a.ts does not define append']);
  t.same(said('[`B::free`](../b.rs)'), ['b.rs does not define B::free']);
  t.same(said('[`gone`](../b.rs)'), ['b.rs does not define gone']);
  t.same(said('[`A`](../c.ts)'), ['c.ts does not exist']);
  t.same(said('[here](../a.ts)'), ['a link to a.ts names nothing in it']);
  t.end();
});
