// Keeps the repository readable: one name for one thing, short files, nothing unfinished, nothing
// unused. Every rule is first shown a planted fault, so that none can pass by seeing nothing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { checkout, isTest, type SourceFile, sourceFiles } from './source-tree.js';
import * as tidy from './tidy.js';

/** Longer than the limit because they are tables of data. */
const DATA_TABLES: readonly string[] = [];

const MAY_PRINT = [
  '.ci/',
  'bench/',
  'docs/examples/',
  'native/sim/',
  'server/cli/',
  'server/demo/',
];

/** Modules that a person, a script or a package starts. */
const STARTS = [
  'engine/index.ts',
  'engine/testing/index.ts',
  'server/cli/main.ts',
  'server/demo/main.ts',
  'server/demo/history.ts',
  'server/web/main.tsx',
  ...scriptsOfPackage(),
  ...scenarios(),
  ...examples(),
];

const refused = tidy.readRefusedWords(readFileSync(join(checkout, 'docs', 'glossary.md'), 'utf8'));

const CODE = ['.ts', '.tsx', '.mjs', '.rs'];
const RUST = ['.rs'];
const MODULES = ['.ts', '.tsx', '.mjs'];
const TEXT = [...CODE, '.md'];

/** A rule, the endings of the files it reads, and a file that breaks it. */
interface Rule {
  readonly title: string;
  readonly endings: readonly string[];
  readonly check: (files: readonly SourceFile[]) => string[];
  readonly fault: SourceFile;
}

const rules: readonly Rule[] = [
  {
    title: 'no file says a word that the glossary refuses',
    endings: TEXT,
    check: (files) => tidy.refusedWords(files.filter(isJudged), refused),
    fault: { path: 'native/log/src/a.rs', text: 'let topic_count = 1;' },
  },
  {
    title: `no code file is longer than ${tidy.LINES_MAX} lines`,
    endings: CODE,
    check: (files) => tidy.longFiles(files, DATA_TABLES),
    fault: { path: 'engine/a.ts', text: 'x;\n'.repeat(tidy.LINES_MAX + 1) },
  },
  {
    title: `no line of code is wider than ${tidy.COLUMNS_MAX} columns`,
    endings: MODULES,
    check: tidy.longLines,
    fault: { path: 'engine/a.ts', text: 'x'.repeat(tidy.COLUMNS_MAX + 1) },
  },
  {
    title: 'nothing is left to do later',
    endings: TEXT,
    check: (files) => tidy.unfinished(files.filter(isJudged)),
    fault: { path: 'native/log/src/a.rs', text: '// TO' + 'DO' },
  },
  {
    title: 'only the command line, the bench, the simulator and the set-up print',
    endings: CODE,
    check: (files) => tidy.printing(files, MAY_PRINT),
    fault: { path: 'engine/a.ts', text: "console.log('x');" },
  },
  {
    title: 'no lint is silenced without a reason',
    endings: CODE,
    check: (files) => tidy.silencedLints(files.filter(isJudged)),
    fault: { path: 'native/log/src/a.rs', text: '#[allow(dead_code)]' },
  },
  {
    title: 'no Rust test is ignored without a reason',
    endings: RUST,
    check: tidy.ignoredTests,
    fault: { path: 'native/log/src/a.rs', text: '#[ignore]' },
  },
  {
    title: 'no test works in a folder that another run shares',
    endings: MODULES,
    check: (files) => tidy.sharedFixtures(files.filter(isJudged)),
    fault: { path: 'engine/test/a.test.ts', text: 't.testdir({})' },
  },
  {
    title: 'every code file says first what it is for',
    endings: CODE,
    check: tidy.unexplained,
    fault: { path: 'engine/a.ts', text: 'export const a = 1;' },
  },
  {
    title: 'every TypeScript and JavaScript module is used',
    endings: MODULES,
    check: (files) => tidy.unusedModules(files, STARTS),
    fault: { path: 'engine/a.ts', text: '' },
  },
  {
    title: 'every Rust file is declared as a module',
    endings: RUST,
    check: tidy.undeclaredModules,
    fault: { path: 'native/log/src/a.rs', text: '' },
  },
];

for (const { title, endings, check, fault } of rules) {
  test(title, (t) => {
    const files = sourceFiles(checkout, endings);
    t.ok(files.length > 5, `${files.length} files were read`);
    t.same(check(files), []);
    t.end();
  });

  test(`a planted fault breaks the rule that ${title}`, (t) => {
    const found = check([fault]);
    t.equal(found.length, 1);
    t.ok(found[0]?.startsWith(fault.path), `${found[0]} names the file`);
    t.end();
  });
}

test('each refused word is found alone and inside identifiers, and not in what is allowed', (t) => {
  t.ok(refused.length > 10, 'the table was read');
  for (const { words, folders, allowed } of refused) {
    for (const word of words) {
      const capital = word.charAt(0).toUpperCase() + word.slice(1);
      for (const text of [`a ${word}.`, `the_${word}_count`, `the${capital}Count`]) {
        const found = tidy.refusedWords([{ path: `${folders[0]}a.rs`, text }], refused);
        t.equal(found.length, 1, `"${text}" is refused`);
      }
    }
    for (const phrase of allowed) {
      const files = [{ path: `${folders[0]}a.rs`, text: phrase }];
      t.same(tidy.refusedWords(files, refused), [], `"${phrase}" is allowed`);
    }
  }
  t.end();
});

test('a module that a worker starts by URL is used, and so is one that is imported', (t) => {
  const files: SourceFile[] = [
    { path: 'engine/index.ts', text: "import './a.js';\nnew URL('./b.js', import.meta.url)" },
    { path: 'engine/a.ts', text: '' },
    { path: 'engine/b.ts', text: '' },
  ];
  t.same(tidy.unusedModules(files, ['engine/index.ts']), []);
  t.end();
});

/** The glossary lists what is refused, and these tests plant it. */
function isJudged({ path }: SourceFile): boolean {
  return path !== 'docs/glossary.md' && !(path.startsWith('docs/test/') && isTest(path));
}

function scriptsOfPackage(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  const run = readFileSync(join(checkout, '.ci', 'run'), 'utf8');
  const commands = [...Object.values<string>(scripts), run].join('\n');
  return [...commands.matchAll(/\bnode (\S+\.mjs)/g)].map((match) => match[1] ?? '');
}

/** Compiled modules that a scenario of the bench starts. */
function scenarios(): string[] {
  const run = readFileSync(join(checkout, 'bench', 'run.mjs'), 'utf8');
  return [...run.matchAll(/'dist\/(\S+)\.js'/g)].map((match) => `${match[1]}.ts`);
}

/** Those that a page tells to start. */
function examples(): string[] {
  const page = readFileSync(join(checkout, 'docs', 'examples', 'README.md'), 'utf8');
  return [...page.matchAll(/\]\((\S+\.mjs)\)/g)].map((match) => `docs/examples/${match[1]}`);
}
