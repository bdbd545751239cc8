// What `npm test` runs, in order. A step has a name and `run(tally)`, which fills the tally; a
// new kind of test is a new line in `testSteps`.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { logFolder, root, tapPath } from './build-steps.mjs';
import { runCargo } from './lib/cargo.mjs';
import { runCommand } from './lib/command.mjs';
import { cargoReader, tapReader } from './lib/tally.mjs';
import { slices } from './simulations.mjs';

/** Node lines beside the one that runs this; `.ci/run` installs them into an ignored folder. */
const NODE_LINES = [22, 24];
/** What ships, and so is tested on each of them; the rest of the tests reads the checkout. */
const SHIPPED = ['engine', 'protocol', 'server'];

export function testSteps() {
  return [
    { name: 'Rust tests', run: rustTests },
    ...slices(),
    { name: 'TypeScript tests', run: (tally) => tapTests(tally, process.execPath) },
    ...NODE_LINES.map((line) => ({
      name: `TypeScript tests of ${SHIPPED.join(', ')} on Node ${line}`,
      run: (tally) => tapTestsOnLine(tally, line),
    })),
  ];
}

/**
 * The crates of addons are left out: they link only inside Node, where the TypeScript tests and a
 * benchmark drive them.
 */
async function rustTests(tally) {
  const startedAt = Date.now();
  const args = ['test', '--workspace', '--exclude', 'foq-node', '--exclude', 'foq-naive'];
  const compileLog = join(logFolder, 'test-rust-compile.log');
  const compiled = await runCargo([...args, '--no-run'], { cwd: root, logFile: compileLog });
  if (compiled.code !== 0) return { ...compiled, logFile: compileLog };
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const logFile = join(logFolder, 'test-rust.log');
  const options = { cwd: root, logFile, onLine: cargoReader(tally) };
  const result = await runCargo([...args, '--no-fail-fast'], options);
  return { ...result, logFile, note: `, of it ${seconds} s compiling` };
}

async function tapTests(tally, node, logName = 'test-typescript', files = []) {
  const logFile = join(logFolder, `${logName}.log`);
  const options = { cwd: root, logFile, onLine: tapReader(tally) };
  const result = await runCommand(node, [tapPath, '-Rtap', ...files], options);
  return { ...result, logFile };
}

function tapTestsOnLine(tally, line) {
  const node = join(root, '.cache', 'nodes', 'node_modules', `node${line}`, 'bin', 'node');
  if (existsSync(node)) {
    const files = SHIPPED.flatMap((folder) => testFiles(join('dist', folder)));
    return tapTests(tally, node, `test-typescript-node${line}`, files);
  }
  const reason = `Node ${line} is not in .cache/nodes; .ci/run installs it`;
  tally.skips.push({ name: `TypeScript tests on Node ${line}`, reason });
  return { code: 0, tail: [] };
}

function testFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => join(folder, path));
}
