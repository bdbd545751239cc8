// What a module knows: the import lines of TypeScript and JavaScript, the paths of Rust, the
// dependencies of a crate. Reads text, compiles nothing; strings and comments of Rust do not
// count.

import { posix } from 'node:path';
import type { SourceFile } from './source-tree.js';

const STATEMENT = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const CALL = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

/**
 * Specifiers as written: relative paths, packages, `node:` modules. Statements begin at the
 * margin.
 */
export function specifiersOf(file: SourceFile): string[] {
  const matches = [...file.text.matchAll(STATEMENT), ...file.text.matchAll(CALL)];
  return matches.map((match) => match[2] ?? '');
}

/** Where a relative specifier leads, as a path of a source file; undefined for packages. */
export function resolved(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(file.path), specifier);
  return path.replace(/\.js(x?)$/, '.ts$1');
}

/**
 * Every path of a Rust file, `use` trees written out: `use std::{fs, io::Read};` gives `std::fs`
 * and `std::io::Read`. What follows the file's test module is left out.
 */
export function rustPaths(file: SourceFile): string[] {
  const code = withoutTests(withoutStringsAndComments(file.text));
  const trees = [...code.matchAll(/\b(?:use|extern crate)\s+([^;]+);/g)];
  const used = trees.flatMap((match) => expandUseTree(match[1] ?? ''));
  const inline = [...code.matchAll(/\b[a-z_][a-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)+/g)];
  return [...used, ...inline.map((match) => match[0])];
}

/** Names under `[dependencies]` and its dev, build and target forms. */
export function crateDependencies(cargoToml: string): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of cargoToml.split('\n')) {
    const section = /^\[(.+)\]\s*$/.exec(line)?.[1];
    if (section !== undefined) {
      inside = /(^|\.)(dev-|build-)?dependencies$/.test(section);
      const single = /(?:^|\.)(?:dev-|build-)?dependencies\.([\w-]+)$/.exec(section)?.[1];
      if (single !== undefined) names.push(single);
    } else if (inside) {
      const name = /^([\w-]+)(?:\.[\w-]+)?\s*=/.exec(line)?.[1];
      if (name !== undefined) names.push(name);
    }
  }
  return names;
}

export function crateName(cargoToml: string): string | undefined {
  return /^name\s*=\s*"([^"]+)"/m.exec(cargoToml)?.[1];
}

/** Code alone, each string and comment replaced by a space; newlines stay. */
export function withoutStringsAndComments(rust: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])'/g;
  return rust.replace(token, (found) => found.replaceAll(/[^\n]/g, ' '));
}

/** In-file tests stand at the end by convention. */
function withoutTests(code: string): string {
  const tests = code.search(/#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{/);
  return tests === -1 ? code : code.slice(0, tests);
}

function expandUseTree(tree: string): string[] {
  const trimmed = tree.trim().replace(/^pub(?:\([^)]*\))?\s+/, '');
  const brace = trimmed.indexOf('{');
  if (brace === -1) return [trimmed.replace(/\s+as\s+\w+$/, '').replaceAll(/\s/g, '')];
  const prefix = trimmed.slice(0, brace).replaceAll(/\s/g, '');
  const inner = trimmed.slice(brace + 1, trimmed.lastIndexOf('}'));
  return splitAtCommas(inner).flatMap((part) =>
    expandUseTree(part).map((path) => (path === 'self' ? prefix.slice(0, -2) : prefix + path)),
  );
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  parts.push(part);
  return parts.filter((found) => found.trim() !== '');
}
