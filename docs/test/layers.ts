// The rules of "Who may know whom" in docs/architecture.md, and the modules that break them.

import { crateDependencies, crateName, resolved, rustPaths, specifiersOf } from './imports.js';
import { isTest, markdownTable, quoted, type SourceFile } from './source-tree.js';

/** A row of the first table: `folder` and the folders it may know. Both end in `/`. */
export interface Layer {
  readonly folder: string;
  readonly knows: readonly string[];
}

/** A row of the second table: within these folders (none: everywhere) terms stand only there. */
export interface Bound {
  readonly terms: readonly string[];
  readonly within: readonly string[];
  readonly places: readonly string[];
}

export interface Rules {
  readonly layers: readonly Layer[];
  readonly bounds: readonly Bound[];
}

/**
 * `modules` counts the files that were looked at, by layer; a layer without any was not checked.
 */
export interface Findings {
  readonly violations: readonly string[];
  readonly modules: ReadonlyMap<string, number>;
}

export function readRules(architecture: string): Rules {
  const layers = markdownTable(architecture, 'Folder').map(([folder = '', knows = '']) => ({
    folder: quoted(folder)[0] ?? '',
    knows: quoted(knows),
  }));
  const bounds = markdownTable(architecture, 'What').map(([what = '', within = '', only = '']) => ({
    terms: quoted(what),
    within: quoted(within),
    places: quoted(only),
  }));
  return { layers, bounds };
}

export function checkLayers({ layers, bounds }: Rules, files: readonly SourceFile[]): Findings {
  const modules = new Map(layers.map(({ folder }) => [folder, 0]));
  const violations: string[] = [];
  const folderOfCrate = crateFolders(files);
  for (const file of files) {
    const layer = layerOf(layers, file.path);
    if (layer === undefined) {
      violations.push(`${file.path}: its folder has no row in the table of layers`);
      continue;
    }
    modules.set(layer.folder, (modules.get(layer.folder) ?? 0) + 1);
    const known = knowledgeOf(file);
    for (const target of targetsOf(file, known, folderOfCrate)) {
      violations.push(...crossing({ layers, layer, file, target }));
    }
    violations.push(...bounds.flatMap((bound) => strayTerms(bound, file, known)));
  }
  return { violations, modules };
}

/** Folders that know each other in a circle, as "a/ → b/ → a/"; empty when the table is sound. */
export function circles(layers: readonly Layer[]): string[] {
  const walk = (folder: string, path: readonly string[]): string[] => {
    if (path.includes(folder)) return [[...path, folder].join(' → ')];
    const layer = layers.find((candidate) => candidate.folder === folder);
    return (layer?.knows ?? []).flatMap((next) => walk(next, [...path, folder]));
  };
  return layers.flatMap(({ folder }) => walk(folder, []));
}

function layerOf(layers: readonly Layer[], path: string): Layer | undefined {
  const fitting = layers.filter(({ folder }) => path.startsWith(folder));
  return fitting.sort((left, right) => right.folder.length - left.folder.length)[0];
}

/** Everything a file names: specifiers, crates or paths. */
function knowledgeOf(file: SourceFile): string[] {
  if (file.path.endsWith('Cargo.toml')) return crateDependencies(file.text);
  if (file.path.endsWith('.rs')) return rustPaths(file);
  return specifiersOf(file);
}

/** Files or folders of ours that a file reaches. */
function targetsOf(
  file: SourceFile,
  known: readonly string[],
  folderOfCrate: ReadonlyMap<string, string>,
): string[] {
  if (file.path.endsWith('.rs') || file.path.endsWith('Cargo.toml')) {
    const crates = known.map((name) => (name.split('::')[0] ?? '').replaceAll('-', '_'));
    return [...new Set(crates)].flatMap((name) => folderOfCrate.get(name) ?? []);
  }
  return known.flatMap((specifier) => resolved(file, specifier) ?? []);
}

function crateFolders(files: readonly SourceFile[]): Map<string, string> {
  const crates = files.filter(({ path }) => path.endsWith('/Cargo.toml'));
  return new Map(
    crates.map(({ path, text }) => [
      (crateName(text) ?? path).replaceAll('-', '_'),
      path.slice(0, -'Cargo.toml'.length),
    ]),
  );
}

function crossing(at: {
  layers: readonly Layer[];
  layer: Layer;
  file: SourceFile;
  target: string;
}): string[] {
  const reached = layerOf(at.layers, at.target);
  if (reached === undefined) {
    return [`${at.file.path} reaches ${at.target}, which is in no layer`];
  }
  if (reached.folder === at.layer.folder) return [];
  if (!at.layer.knows.includes(reached.folder)) {
    return [`${at.file.path} knows ${at.target}, but ${at.layer.folder} may not know it`];
  }
  const door = `${reached.folder}index.ts`;
  if (!/\.tsx?$/.test(at.target) || at.target === door || isTest(at.file.path)) return [];
  return [`${at.file.path} enters ${reached.folder} by ${at.target}; its door is ${door}`];
}

function strayTerms(bound: Bound, file: SourceFile, known: readonly string[]): string[] {
  const inside =
    bound.within.length === 0 || bound.within.some((folder) => file.path.startsWith(folder));
  const placed = bound.places.some((place) => file.path.startsWith(place));
  if (!inside || placed || isTest(file.path)) return [];
  const folder = folderOf(file.path);
  if (file.path.endsWith('Cargo.toml') && bound.places.some((place) => place.startsWith(folder))) {
    return [];
  }
  return bound.terms
    .filter((term) => namesTerm(term, file, known))
    .map((term) => `${file.path} knows ${term}, which only ${bound.places.join()} may know`);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function namesTerm(term: string, file: SourceFile, known: readonly string[]): boolean {
  if (term === '.node') {
    return /\.[mt]?[jt]s$/.test(file.path) && /\.node['"`]/.test(file.text);
  }
  if (file.path.endsWith('Cargo.toml')) {
    return known.some((name) => name.replaceAll('-', '_') === term);
  }
  const separator = file.path.endsWith('.rs') ? '::' : '/';
  return known.some((name) => name === term || name.startsWith(term + separator));
}
