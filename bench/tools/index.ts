// The door of what scenarios share: raw baselines, processes, counters of the kernel, queues that
// seal, figures and their report.

export { Baseline } from './baseline.js';
export {
  Child,
  type ChildOptions,
  collectGarbage,
  sayToParent,
  serveCalls,
  withChild,
} from './child.js';
export { type Cpu, cpuNow, cpuSince } from './cpu.js';
export { inBulks, isRefused, pause, type QueueBulk } from './filling.js';
export { JournalFiles } from './journal-files.js';
export {
  bytesOnDisk,
  cpuByThread,
  deviceBytesWritten,
  durabilityOf,
  freeBytes,
  machineOf,
  residentBytes,
  storeBytes,
} from './kernel.js';
export { COMMON_OPTIONS } from './options.js';
export { figure, publish, type Report, type Row, toText, verdict } from './report.js';
export { inRounds, lookAtBoth, roundsOf } from './rounds.js';
export { type Scenario, scenario } from './scenario.js';
export {
  affordable,
  besideOf,
  type Counters,
  counted,
  countersOf,
  rest,
  type SealingOptions,
  sealAll,
  untilInWindow,
} from './sealing.js';
export { dice, type Estimate, estimate, Histogram, mean, median, slope } from './statistics.js';
export { zipf } from './zipf.js';
