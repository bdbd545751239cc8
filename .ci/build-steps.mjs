// What a checkout has to build before anything of it runs: each step with its inputs and outputs.

import { chmodSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rustVersion } from './lib/cargo.mjs';
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
  return [npmPackages(), testRunner(), typeScript()];
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

export const tapPath = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');

function typeScript() {
  return {
    name: 'TypeScript',
    inputs: ['tsconfig.json', 'package-lock.json', ...typeScriptFolders()],
    outputs: ['dist'],
    run: async () => {
      await must('typescript', process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
      removeOrphans('dist');
      linkCommand();
    },
  };
}

function typeScriptFolders() {
  return ['.ci/test', 'docs/test', 'engine', 'server'].filter((path) =>
    existsSync(join(root, path)),
  );
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
  const { code, tail } = await runCommand(command, args, { cwd: root, logFile });
  if (code !== 0) throw new Error(`${tail.join('\n')}\n(exit ${code}; whole log: ${logFile})`);
}
