// What a checkout has to build before anything of it runs: each step with its inputs and outputs.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCargo, rustVersion, targetFolder } from './lib/cargo.mjs';
import { runCommand } from './lib/command.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const logFolder = join(root, '.cache', 'logs');

const NODE_MINIMUM = [20, 19];

/** Lines that say what this machine lacks and how to get it; empty when nothing is missing. */
export function missingTools() {
  const missing = [];
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor < NODE_MINIMUM[1])) {
    const wanted = NODE_MINIMUM.join('.');
    missing.push(`Node ${wanted} or newer is needed, this is ${process.versions.node}.`);
  }
  if (rustVersion() === undefined) {
    missing.push(
      'cargo is missing: the log is written in Rust and a checkout compiles it. ' +
        'Get Rust from https://rustup.rs, open a new shell, and run this again.',
    );
  }
  return missing;
}

export function buildSteps() {
  return [npmPackages(), testRunner(), addon(), simulator(), typeScript(), webPage()];
}

function npmPackages() {
  return {
    name: 'npm packages',
    inputs: ['package-lock.json', '.npmrc'],
    outputs: ['node_modules/.package-lock.json'],
    salt: `${process.platform} ${process.arch}`,
    run: () => must('npm-packages', 'npm', ['ci', '--ignore-scripts', '--prefer-offline']),
  };
}

/**
 * tap builds itself around its plugins once; done here, so that parallel test runs never race for
 * it.
 */
function testRunner() {
  return {
    name: 'test runner',
    inputs: ['.taprc', 'package-lock.json'],
    outputs: ['.tap/plugins/package.json'],
    run: () => must('test-runner', process.execPath, [tapPath, 'build']),
  };
}

/** The name that `engine/native.ts` loads. */
const libc = process.platform === 'linux' ? '-gnu' : '';
const addonPath = `native/binding/foq.${process.platform}-${process.arch}${libc}.node`;

function addon() {
  const library = { darwin: 'libfoq_node.dylib', win32: 'foq_node.dll' }[process.platform];
  return {
    name: 'addon',
    inputs: ['Cargo.toml', 'Cargo.lock', 'native/log', 'native/binding'],
    outputs: [addonPath],
    salt: rustSalt(),
    run: async () => {
      await mustCargo('addon', ['build', '--release', '-p', 'foq-node']);
      takeBuilt(library ?? 'libfoq_node.so', addonPath);
    },
  };
}

/** Where the verbs find the simulator; copied, because other builds share cargo's folder. */
export const simulatorPath = '.cache/bin/foq-sim';
/** What kills processes that use a store. */
export const killerPath = '.cache/bin/foq-crash';

/**
 * Built by a call of its own: in one call with the addon, cargo would compile the planted bugs
 * that the simulator needs into the addon too.
 */
function simulator() {
  return {
    name: 'simulator',
    inputs: ['Cargo.toml', 'Cargo.lock', 'native/log', 'native/sim'],
    outputs: [simulatorPath, killerPath],
    salt: rustSalt(),
    run: async () => {
      await mustCargo('simulator', [
        'build',
        '--release',
        '-p',
        'foq-sim',
        '--features',
        'planted',
      ]);
      takeBuilt('foq-sim', simulatorPath);
      takeBuilt('foq-crash', killerPath);
    },
  };
}

function rustSalt() {
  return `${rustVersion()} ${process.env.RUSTFLAGS ?? ''}`;
}

/**
 * Renamed into place: a process that runs the old file keeps it, one that starts gets a whole
 * one.
 */
function takeBuilt(name, path) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(targetFolder(root), 'release', name), `${target}.new`);
  renameSync(`${target}.new`, target);
}

async function mustCargo(logName, args) {
  const logFile = join(logFolder, `setup-${logName}.log`);
  complain(await runCargo(args, { cwd: root, logFile }), logFile);
}

export const tapPath = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');

function typeScript() {
  return {
    name: 'TypeScript',
    inputs: ['tsconfig.json', 'package-lock.json', ...typeScriptFolders()],
    outputs: ['dist'],
    run: async () => {
      const compiler = 'node_modules/typescript/bin/tsc';
      await must('typescript', process.execPath, [compiler, '-p', '.']);
      // What browsers load of the client is written again without comments; declarations keep them.
      await must('typescript-client', process.execPath, [compiler, '-p', 'protocol/client']);
      removeOrphans('dist');
      linkCommand();
    },
  };
}

function typeScriptFolders() {
  return ['.ci/test', 'bench', 'docs/test', 'engine', 'protocol', 'server'].filter((path) =>
    existsSync(join(root, path)),
  );
}

/**
 * The page that the broker serves. In a folder of its own, because all that is in `dist/` belongs
 * to the step before.
 */
function webPage() {
  const source = 'server/web';
  const built = `${source}/dist`;
  return {
    name: 'web page',
    inputs: [source, 'protocol', 'tsconfig.json', 'package-lock.json'],
    outputs: [built],
    run: async () => {
      rmSync(join(root, built), { recursive: true, force: true });
      const options = ['--minify', '--format', 'esm', '--platform', 'browser'];
      const files = [`${source}/main.tsx`, '--file', `${built}/app.js`];
      const rolldown = 'node_modules/rolldown/bin/cli.mjs';
      await must('web-page', process.execPath, [rolldown, ...files, ...options]);
      for (const name of ['index.html', 'style.css', 'icon.svg']) {
        copyFileSync(join(root, source, name), join(root, built, name));
      }
    },
  };
}

/** A test whose source is gone must not run from what an earlier build left. */
function removeOrphans(folder) {
  for (const found of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, found.name);
    if (found.isDirectory()) removeOrphans(path);
    else {
      const source = path.slice('dist/'.length).replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts');
      if (!existsSync(join(root, source))) rmSync(join(root, path));
    }
  }
}

/** Lets `npx foq` find the command in a checkout, where npm links only what dependencies bring. */
function linkCommand() {
  const main = join(root, 'dist', 'server', 'cli', 'main.js');
  if (!existsSync(main)) return;
  chmodSync(main, 0o755);
  const link = join(root, 'node_modules', '.bin', 'foq');
  rmSync(link, { force: true });
  symlinkSync('../../dist/server/cli/main.js', link);
}

async function must(logName, command, args) {
  const logFile = join(logFolder, `setup-${logName}.log`);
  complain(await runCommand(command, args, { cwd: root, logFile }), logFile);
}

function complain({ code, tail }, logFile) {
  if (code !== 0) throw new Error(`${tail.join('\n')}\n(exit ${code}; whole log: ${logFile})`);
}
