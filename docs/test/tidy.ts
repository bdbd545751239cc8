// What a reader should never meet in this repository. Each rule takes files and returns a line
// per finding, which names the file and what to do instead.

import { posix } from 'node:path';
import { resolved, specifiersOf, withoutStringsAndComments } from './imports.js';
import { isTest, markdownTable, quoted, type SourceFile } from './source-tree.js';

/** A row of the glossary's table of refused words. */
export interface RefusedWord {
  readonly words: readonly string[];
  readonly say: string;
  readonly folders: readonly string[];
  readonly allowed: readonly string[];
}

export const LINES_MAX = 400;
export const COLUMNS_MAX = 100;

export function readRefusedWords(glossary: string): RefusedWord[] {
  return markdownTable(glossary, 'Word').map(
    ([word = '', say = '', folders = '', allowed = '']) => ({
      words: quoted(word),
      say,
      folders: quoted(folders),
      allowed: quoted(allowed),
    }),
  );
}

/** Words count also as parts of identifiers: `topicCount` and `topic_count` both hold `topic`. */
export function refusedWords(
  files: readonly SourceFile[],
  refused: readonly RefusedWord[],
): string[] {
  return files.flatMap((file) =>
    refused
      .filter(({ folders }) => folders.some((folder) => file.path.startsWith(folder)))
      .flatMap((rule) => linesWithWord(file, rule)),
  );
}

function linesWithWord(file: SourceFile, { words, say, allowed }: RefusedWord): string[] {
  return file.text.split('\n').flatMap((line, index) => {
    const judged = allowed.reduce((rest, phrase) => rest.replaceAll(phrase, ' '), line);
    const plain = judged
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replaceAll('_', ' ')
      .toLowerCase();
    return words
      .filter((word) => new RegExp(`\\b${word}\\b`).test(plain))
      .map((word) => `${file.path}:${index + 1} says "${word}"; say ${say}`);
  });
}

/** Code files above the limit; tables of data are named by who calls this. */
export function longFiles(files: readonly SourceFile[], dataTables: readonly string[]): string[] {
  return files
    .filter(({ path }) => !dataTables.includes(path))
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines; split it, ${LINES_MAX} is the most`);
}

export function longLines(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      if ([...line].length <= COLUMNS_MAX || /https?:\/\/\S{40}/.test(line)) return [];
      return [`${path}:${index + 1} is wider than ${COLUMNS_MAX} columns; break it`];
    }),
  );
}

const UNFINISHED = /\b(T[O]DO|F[I]XME|X[X]X)\b/;

export function unfinished(files: readonly SourceFile[]): string[] {
  return matchingLines(files, UNFINISHED, 'is unfinished; finish it or leave it out');
}

/** Only what a person runs in a terminal may print. */
export function printing(files: readonly SourceFile[], mayPrint: readonly string[]): string[] {
  const code = files
    .filter(({ path }) => !(mayPrint.some((folder) => path.startsWith(folder)) || isTest(path)))
    .map(({ path, text }) => ({
      path,
      text: path.endsWith('.rs') ? withoutStringsAndComments(text) : text,
    }));
  return matchingLines(
    code,
    /\bconsole\.\w+\(|\b(?:e?println|e?print|dbg)!\(/,
    'prints; return or throw what there is to say, and let the command line print it',
  );
}

export function silencedLints(files: readonly SourceFile[]): string[] {
  return matchingLines(
    files,
    /#!?\[allow\(|@ts-ignore|@ts-nocheck|biome-ignore-all/,
    'silences a lint without end; use #[expect(.., reason = "..")], or biome-ignore with a reason',
  );
}

export function sharedFixtures(files: readonly SourceFile[]): string[] {
  return matchingLines(
    files,
    /\bt\.testdir\(/,
    'shares a folder with every other run in this checkout; use mkdtemp, and remove it in teardown',
  );
}

export function ignoredTests(files: readonly SourceFile[]): string[] {
  return matchingLines(
    files,
    /#\[ignore\]/,
    'skips a test and does not say why; #[ignore = "why"]',
  );
}

function matchingLines(files: readonly SourceFile[], pattern: RegExp, complaint: string): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${complaint}`] : [])),
  );
}

/** A code file opens with what it is for: `//` in TypeScript and JavaScript, `//!` in Rust. */
export function unexplained(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path, text }) => !openingOf(path).test(text))
    .map(({ path }) => `${path} does not begin with a comment that says what it is for`);
}

function openingOf(path: string): RegExp {
  return path.endsWith('.rs') ? /^(#!\[[^\n]*\n|\s)*\/\/! \S/ : /^(#![^\n]*\n)?\/\/ \S/;
}

/** TypeScript that no module imports and no script starts. */
export function unusedModules(files: readonly SourceFile[], starts: readonly string[]): string[] {
  const used = new Set<string>(starts);
  for (const file of files) {
    for (const specifier of [...specifiersOf(file), ...urlsOf(file)]) {
      const target = resolved(file, specifier);
      if (target !== undefined) used.add(target);
    }
  }
  return files
    .filter(({ path }) => !(used.has(path) || path.endsWith('.test.ts')))
    .map(({ path }) => `${path} is imported by nobody; remove it, or import it`);
}

/** Worker scripts are started by URL, not imported. */
function urlsOf(file: SourceFile): string[] {
  const urls = file.text.matchAll(/\bnew URL\(\s*'([^'\n]+)'/g);
  return [...urls].map((match) => match[1] ?? '');
}

/** Rust files that no parent declares: the compiler never reads them, and says nothing. */
export function undeclaredModules(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file.text]));
  return files
    .filter(({ path }) => path.includes('/src/') && !isRoot(path))
    .filter(({ path }) => {
      const folder = posix.dirname(path);
      const name = posix.basename(path, '.rs');
      const module = name === 'mod' ? posix.basename(folder) : name;
      const home = name === 'mod' ? posix.dirname(folder) : folder;
      const parents = [`${home}/mod.rs`, `${home}/lib.rs`, `${home}/main.rs`, `${home}.rs`];
      const declared = new RegExp(`\\bmod ${module}\\s*[;{]`);
      return !parents.some((parent) => declared.test(byPath.get(parent) ?? ''));
    })
    .map(({ path }) => `${path} is declared by no module; remove it, or declare it`);
}

function isRoot(path: string): boolean {
  return /\/src\/(lib|main|bin\/[^/]+(\/main)?)\.rs$/.test(path);
}
