// Content hashes of files and folders: how the set-up sees that an input changed or an output is
// gone. Times of files are never looked at: a checkout, a copy or a clock may set them to
// anything.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Never inputs: they are made by tools. */
const SKIPPED = new Set(['node_modules', 'target', 'dist', '.cache', '.tap', '.git']);

/**
 * One hash over the named files and folders under `root`; undefined when one of them does not
 * exist.
 */
export function contentHash(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const files = filesUnder(root, path);
    if (files === undefined) return undefined;
    for (const file of files) {
      hash.update(`${file}\0`);
      hash.update(
        createHash('sha256')
          .update(readFileSync(join(root, file)))
          .digest(),
      );
    }
  }
  return hash.digest('hex');
}

/**
 * Files at or under `path`, sorted, relative to `root`; undefined when there is nothing at
 * `path`.
 */
export function filesUnder(root, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((found) => !(SKIPPED.has(found.name) || found.name.endsWith('.node')))
    .filter((found) => found.isDirectory() || found.isFile())
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((found) => filesUnder(root, join(path, found.name)) ?? []);
}
