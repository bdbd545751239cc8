// Brings what is built up to date: each step has inputs, outputs and a command, and runs only
// when the content of its inputs or outputs is not what its stamp says.
//
// Invariants: a stamp is removed before its step runs and written only after it succeeded, so an
// interrupted build is never taken for a finished one; steps run under one lock, so parallel
// callers build once; a caller that finds everything in order takes no lock and writes nothing.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash } from './content.mjs';
import { withLock } from './lock.mjs';

/**
 * A step: { name, inputs, outputs, salt?, run }. `inputs` and `outputs` are paths under `root`,
 * `salt` is a string that joins the inputs (a compiler's version), `run` is async and throws when
 * it fails. Returns the names of the steps that ran.
 */
export async function ensureBuilt({ root, steps, report }) {
  const stampFolder = join(root, '.cache', 'setup');
  mkdirSync(stampFolder, { recursive: true });
  if (steps.every((step) => isFresh({ root, stampFolder, step }))) return [];
  return withLock(join(stampFolder, 'lock'), {
    onWait: (owner) => report(`waiting for the set-up of process ${owner.pid}`),
    action: () => runStale({ root, stampFolder, steps, report }),
  });
}

async function runStale({ root, stampFolder, steps, report }) {
  const ran = [];
  for (const step of steps) {
    if (isFresh({ root, stampFolder, step })) continue;
    const startedAt = Date.now();
    rmSync(stampPath(stampFolder, step), { force: true });
    // Hashed before the run: a file saved while it is being compiled leaves the step stale.
    const inputs = inputsHash(root, step);
    await step.run();
    const outputs = contentHash(root, step.outputs);
    if (outputs === undefined) throw new Error(`${step.name} made no ${step.outputs.join(', ')}`);
    writeStamp(stampPath(stampFolder, step), { inputs, outputs });
    ran.push(step.name);
    report(`${step.name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  }
  return ran;
}

function isFresh({ root, stampFolder, step }) {
  const stamp = readStamp(stampPath(stampFolder, step));
  if (stamp === undefined) return false;
  return (
    stamp.inputs === inputsHash(root, step) && stamp.outputs === contentHash(root, step.outputs)
  );
}

function inputsHash(root, step) {
  const content = contentHash(root, step.inputs);
  if (content === undefined) throw new Error(`${step.name} needs ${step.inputs.join(', ')}`);
  return `${content} ${step.salt ?? ''}`;
}

function stampPath(stampFolder, step) {
  return join(stampFolder, `${step.name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.json`);
}

function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // absent, or cut short by a kill: either way the step runs again
  }
}

function writeStamp(path, stamp) {
  writeFileSync(`${path}.new`, JSON.stringify(stamp));
  renameSync(`${path}.new`, path);
}
