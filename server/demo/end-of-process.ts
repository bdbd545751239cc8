// How the processes of the demo end: as by a crash.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** SIGKILL: nothing is finished, and nothing is said goodbye to. Resolves when it has ended. */
export async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
