// The door of what scenarios share: raw baselines, CPU time, figures and their report.

export { Baseline } from './baseline.js';
export { type Cpu, cpuNow, cpuSince } from './cpu.js';
export { JournalFiles } from './journal-files.js';
export { COMMON_OPTIONS } from './options.js';
export { figure, publish, type Report, type Row, toText, verdict } from './report.js';
export { dice, type Estimate, estimate, Histogram, mean, median } from './statistics.js';
