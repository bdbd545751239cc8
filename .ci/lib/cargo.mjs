// Calls of cargo that need no network when every crate is already on this machine.

import { spawnSync } from 'node:child_process';
import { runCommand } from './command.mjs';

/** The compiler's version, or undefined when there is no usable cargo. */
export function rustVersion() {
  const found = spawnSync('cargo', ['--version', '--verbose'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/** Where cargo puts what it builds: CARGO_TARGET_DIR and cargo's own configuration are honoured. */
export function targetFolder(root) {
  const args = ['metadata', '--no-deps', '--offline', '--format-version', '1'];
  const found = spawnSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (found.status !== 0) throw new Error(`cargo metadata failed:\n${found.stderr}`);
  return JSON.parse(found.stdout).target_directory;
}

/** Runs cargo offline, and once more with the network when a crate has to be fetched. */
export async function runCargo([verb, ...args], options) {
  const offline = await runCommand('cargo', [verb, '--locked', '--offline', ...args], options);
  const crateMissing = offline.code !== 0 && offline.tail.some((line) => /--offline/.test(line));
  if (!crateMissing) return offline;
  return runCommand('cargo', [verb, '--locked', ...args], options);
}
