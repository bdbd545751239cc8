// `npm run bench -- SCENARIO [options]`: builds what the scenario runs, runs it alone, and keeps
// what it saw in bench/results/. Figures mean something only on a machine that does nothing else.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'bench', 'results');
const scratch = join(results, 'tmp');

/** Modules that run in processes of their own, by the name of the option that says where. */
const messenger = {
  broker: 'dist/server/cli/main.js',
  plain: 'dist/bench/messenger/plain-server.js',
  generator: 'dist/bench/messenger/generator.js',
};

/**
 * Each scenario: what it measures, the crates it needs, and the programs that run one after the
 * other: `program` is one of cargo's, `script` one of ours, which gets the paths of what it `needs`
 * of cargo and of the modules that it `starts`.
 */
const scenarios = {
  log: {
    about: 'the log alone, without JavaScript, against the bare device (targets 1 to 6)',
    crates: ['foq-baselines'],
    runs: [{ program: 'foq-bench-log' }],
  },
  append: {
    about: 'an embedded queue through its public interface (targets 1 to 8, 13, 15, 16)',
    crates: ['foq-baselines', 'foq-naive'],
    runs: [
      {
        script: 'dist/bench/append/main.js',
        needs: { baseline: 'foq-bench-baseline', naive: library('foq_naive') },
      },
      {
        title:
          'Latency has a native generator, and so is measured below JavaScript (targets 4 and 5)',
        program: 'foq-bench-log',
        args: ['--targets', '4,5'],
      },
    ],
  },
  'end-to-end': {
    about: 'devices over WebSockets to a broker that syncs before each ack (targets 17, 18, 24)',
    crates: ['foq-baselines'],
    runs: [
      {
        script: 'dist/bench/end-to-end/main.js',
        needs: { baseline: 'foq-bench-baseline' },
        starts: messenger,
      },
    ],
  },
  'idle-connections': {
    about: 'memory of devices that are connected and say nothing (target 19)',
    crates: [],
    runs: [
      {
        script: 'dist/bench/idle-connections/main.js',
        starts: { ...messenger, collector: 'dist/bench/messenger/collect.js' },
      },
    ],
  },
  idle: {
    about: 'memory of chats, cursors and remembered appends, in use and sealed (targets 9, 10)',
    crates: [],
    runs: [
      {
        script: 'dist/bench/idle/main.js',
        starts: { child: 'dist/bench/idle/child.js' },
      },
    ],
  },
  recovery: {
    about: 'a kill under load, and the first ack after it, by size of the store (target 11)',
    crates: [],
    runs: [
      {
        script: 'dist/bench/recovery/main.js',
        starts: { child: 'dist/bench/recovery/child.js' },
      },
    ],
  },
  reconnect: {
    about: 'a device that asks what is new in many sealed chats (target 23)',
    crates: [],
    runs: [
      {
        script: 'dist/bench/reconnect/main.js',
      },
    ],
  },
  retention: {
    about: 'bytes written, CPU of sealing and space by what outlives the journal (targets 12, 25)',
    crates: [],
    runs: [
      {
        script: 'dist/bench/retention/main.js',
        starts: { child: 'dist/bench/retention/child.js' },
      },
    ],
  },
  replay: {
    about: 'backlogs of 1,000 records into JavaScript, against lmdb and Redis (target 14)',
    crates: [],
    runs: [{ script: 'dist/bench/replay/main.js' }],
  },
  soak: {
    about: 'kills under load, and what must hold after each; npm run soak',
    crates: [],
    runs: [
      {
        script: 'dist/bench/soak/main.js',
        starts: { child: 'dist/bench/soak/child.js', foq: 'dist/server/cli/main.js' },
      },
    ],
  },
};

/** What cargo calls a library that Node loads. */
function library(name) {
  const names = { darwin: `lib${name}.dylib`, win32: `${name}.dll` };
  return names[process.platform] ?? `lib${name}.so`;
}

function usage() {
  const lines = Object.entries(scenarios).map(
    ([name, { about }]) => `  ${name.padEnd(18)}${about}`,
  );
  return [
    'usage: npm run bench -- SCENARIO… [--quick] [--rounds N] [options of the scenario]',
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
function build(crates) {
  if (crates.length === 0) return true;
  console.error(`building ${crates.join(', ')} (release) …`);
  const args = ['build', '--release', '--locked', ...crates.flatMap((crate) => ['-p', crate])];
  const offline = spawnSync('cargo', [...args, '--offline'], { cwd: root, stdio: 'pipe' });
  if (offline.status === 0) return true;
  const online = spawnSync('cargo', args, { cwd: root, stdio: 'inherit' });
  if (online.error) console.error(`cargo cannot be run: ${online.error.message}`);
  return online.status === 0;
}

/** The addon and the compiled TypeScript, as for every other use of the checkout. */
function setUp() {
  const found = spawnSync(process.execPath, [join(root, '.ci', 'setup.mjs')], { stdio: 'inherit' });
  return found.status === 0;
}

/** Where cargo puts what it builds, whatever its configuration says. */
function targetFolder() {
  const args = ['metadata', '--no-deps', '--offline', '--format-version', '1'];
  const found = spawnSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return JSON.parse(found.stdout).target_directory;
}

/** By a terminal or whoever started this: nothing more is begun. */
let interrupted = false;

/** Runs one program to its end, and removes its files also when it is interrupted. */
function measure(run, { json, args }) {
  if (run.title) console.log(`\n${run.title}`);
  const release = join(targetFolder(), 'release');
  const own = ['--folder', scratch, '--json', json, '--commit', commit(), ...(run.args ?? [])];
  const needs = Object.entries(run.needs ?? {}).flatMap(([name, file]) => [
    `--${name}`,
    join(release, file),
  ]);
  const starts = Object.entries(run.starts ?? {}).flatMap(([name, file]) => [
    `--${name}`,
    join(root, file),
  ]);
  const [path, ...first] = run.script
    ? [process.execPath, join(root, run.script)]
    : [join(release, run.program)];
  const child = spawn(path, [...first, ...needs, ...starts, ...own, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // A terminal interrupts the program too; this one only waits for it, to clean up after it.
  const stop = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${path}: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
      rmSync(scratch, { recursive: true, force: true });
      if (code === 0) console.log(`\nThe same as JSON: ${json}`);
      resolve(code ?? 1);
    });
  });
}

async function runScenario(name, args) {
  const { crates, runs } = scenarios[name];
  if (!build(crates) || (runs.some(({ script }) => script) && !setUp())) return 1;
  const folder = join(results, name);
  mkdirSync(folder, { recursive: true });
  for (const [index, run] of runs.entries()) {
    const json = join(folder, index === 0 ? 'result.json' : `result-${index + 1}.json`);
    const code = await measure(run, { json, args });
    if (code !== 0) return code;
  }
  return 0;
}

/** The scenarios, one or several, come first; what follows is an option for all of them. */
async function main(words) {
  const end = words.findIndex((word) => word.startsWith('-'));
  const names = end === -1 ? words : words.slice(0, end);
  const unknown = names.find((name) => !Object.hasOwn(scenarios, name));
  if (names.length === 0 || unknown !== undefined) {
    console.error(
      unknown === undefined ? usage() : `there is no scenario "${unknown}"\n${usage()}`,
    );
    return 2;
  }
  // One that fails costs the others nothing: some of them take an hour.
  const failed = [];
  for (const name of names) {
    const code = await runScenario(name, words.slice(names.length));
    if (code !== 0) failed.push(name);
    if (interrupted) break;
  }
  if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
