// CPU time, the steadier figure on a machine that is shared.

import { readFileSync } from 'node:fs';

export interface Cpu {
  /** Microseconds of all threads of this process, user and system. */
  readonly process: number;
  /** Microseconds of the main thread; NaN where the system does not tell. */
  readonly thread: number;
}

export function cpuNow(): Cpu {
  const { user, system } = process.cpuUsage();
  return { process: user + system, thread: mainThread() };
}

export function cpuSince(before: Cpu): Cpu {
  const now = cpuNow();
  return { process: now.process - before.process, thread: now.thread - before.thread };
}

/** The main thread's number is the process's; the kernel counts its time in nanoseconds. */
function mainThread(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
  return Number(text.split(' ')[0]) / 1000;
}
