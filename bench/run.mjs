// `npm run bench -- SCENARIO [options]`: builds what the scenario runs, runs it alone, and keeps
// what it saw in bench/results/. Figures mean something only on a machine that does nothing else.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'bench', 'results');
const scratch = join(results, 'tmp');

/** Each scenario: what it measures, the crate and the program. */
const scenarios = {
  log: {
    about: 'the log alone, without JavaScript, against the bare device (targets 1 to 6)',
    crate: 'foq-baselines',
    program: 'foq-bench-log',
  },
};

function usage() {
  const lines = Object.entries(scenarios).map(
    ([name, { about }]) => `  ${name.padEnd(10)}${about}`,
  );
  return [
    'usage: npm run bench -- SCENARIO [--quick] [--rounds N] [options of the scenario]',
    ...lines,
    'docs/benchmarks.md says what is measured, and how.',
  ].join('\n');
}

/** The commit, and whether the files differ from it. */
function commit() {
  const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  const found = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : 'unknown';
}

/** Builds offline where every crate is on this machine, else with the network. */
function build(crate) {
  const args = ['build', '--release', '--locked', '-p', crate];
  const offline = spawnSync('cargo', [...args, '--offline'], { cwd: root, stdio: 'pipe' });
  if (offline.status === 0) return true;
  const online = spawnSync('cargo', args, { cwd: root, stdio: 'inherit' });
  if (online.error) console.error(`cargo cannot be run: ${online.error.message}`);
  return online.status === 0;
}

/** Where cargo puts what it builds, whatever its configuration says. */
function targetFolder() {
  const args = ['metadata', '--no-deps', '--offline', '--format-version', '1'];
  const found = spawnSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return JSON.parse(found.stdout).target_directory;
}

/** Runs the program to its end, and removes its files also when it is interrupted. */
function measure(name, program, args) {
  const folder = join(results, name);
  mkdirSync(folder, { recursive: true });
  const json = join(folder, 'result.json');
  const own = ['--folder', scratch, '--json', json, '--commit', commit()];
  const path = join(targetFolder(), 'release', program);
  const child = spawn(path, [...own, ...args], { cwd: root, stdio: 'inherit' });
  // A terminal interrupts the program too; this one only waits for it, to clean up after it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`${path}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (code) => {
    rmSync(scratch, { recursive: true, force: true });
    if (code === 0) console.log(`\nThe same as JSON: ${json}`);
    else process.exitCode = code ?? 1;
  });
}

const [name = '', ...rest] = process.argv.slice(2);
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
if (scenario === undefined) {
  console.error(name === '' ? usage() : `there is no scenario "${name}"\n${usage()}`);
  process.exitCode = 2;
} else {
  console.error(`building ${scenario.crate} (release) …`);
  if (build(scenario.crate)) measure(name, scenario.program, rest);
  else process.exitCode = 1;
}
