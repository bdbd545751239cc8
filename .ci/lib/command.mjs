// Runs a command, keeps all it prints in a log file and its end in memory, and hands lines to a
// reader.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** Enough to show what failed; the log file has the rest. */
const TAIL_LINES_MAX = 150;

/**
 * Resolves to { code, tail } when the command ends, whatever its exit code; a command that cannot
 * be started has code 127. `onLine` gets each line of both streams.
 */
export function runCommand(command, args, { cwd, env = process.env, logFile, onLine }) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile);
  const tail = [];
  const keep = (line) => {
    log.write(`${line}\n`);
    tail.push(line);
    if (tail.length > TAIL_LINES_MAX) tail.shift();
    onLine?.(line);
  };
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: child.stdout }).on('line', keep);
    createInterface({ input: child.stderr }).on('line', keep);
    child.on('error', (error) => {
      keep(`${command}: ${error.message}`);
      log.end(() => resolve({ code: 127, tail }));
    });
    child.on('close', (code, signal) => {
      if (signal) keep(`${command} was ended by ${signal}`);
      log.end(() => resolve({ code: code ?? 1, tail }));
    });
  });
}
