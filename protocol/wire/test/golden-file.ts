// Golden files: a block for each sample, its name and then what it is in each encoding. Blocks are
// added, and never changed: who has to change one has made a new version of the wire or of the
// stored form, and gives it a folder and a number of its own. `FOQ_WRITE=1` adds what is missing.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Block = Readonly<Partial<Record<string, string>>>;

/** This module runs from `dist/protocol/wire/test/`. */
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../protocol/golden');

/** Blocks by name, after those that are missing were added where that was asked for. */
export function goldenBlocks(
  file: string,
  samples: Readonly<Record<string, Block>>,
): Map<string, Block> {
  const path = join(folder, file);
  const blocks = existsSync(path) ? parsed(readFileSync(path, 'utf8')) : new Map<string, Block>();
  if (process.env['FOQ_WRITE'] !== '1') return blocks;
  mkdirSync(dirname(path), { recursive: true });
  for (const [name, block] of Object.entries(samples)) {
    if (blocks.has(name)) continue;
    const lines = Object.entries(block).map(([key, value]) => `  ${key} ${value}\n`);
    appendFileSync(path, `${name}\n${lines.join('')}`);
    blocks.set(name, block);
  }
  return blocks;
}

function parsed(text: string): Map<string, Block> {
  const blocks = new Map<string, Record<string, string>>();
  let block: Record<string, string> = {};
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const field = /^ {2}(\S+) (.*)$/.exec(line);
    if (field === null) {
      block = {};
      blocks.set(line, block);
    } else block[field[1] ?? ''] = field[2] ?? '';
  }
  return blocks;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
