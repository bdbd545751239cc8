// The process of the doorbell test: many workers, a few at a time, each with a store; then it ends
// by itself. Run with the number of workers, and `loaded` or `unloaded`: whether the main thread
// has the addon too. Prints what it held before and after, as JSON.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Promised } from './doorbell-check.js';
import type { Ending, WorkerReport, WorkerTask } from './doorbell-worker.js';

export interface ProcessReport {
  /** Workers by how they ended. */
  readonly ended: Readonly<Record<string, number>>;
  /** Workers that were told of durable appends; all of these were found again. */
  readonly promised: number;
  /** Descriptors and threads, before and after; zeros where the system does not tell. */
  readonly files: readonly [before: number, after: number];
  readonly threads: readonly [before: number, after: number];
}

const AT_A_TIME = 4;

/** Half of the workers are terminated, half of these under load. */
const ENDINGS: readonly Ending[] = [
  'closed',
  'under load',
  'closed',
  'opening',
  'exiting',
  'under load',
  'closed',
  'closing',
];

const count = Number(process.argv[2]);
const root = mkdtempSync(join(tmpdir(), 'foq-doorbell-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
const ended: Record<string, number> = {};
const promised: Promised[] = [];

function held(): [files: number, threads: number] {
  if (!existsSync('/proc/self')) return [0, 0];
  return [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
}

/** Every other worker opens the one store that they share. */
function taskOf(number: number): WorkerTask {
  const dir = join(root, number % 2 < 1 ? 'shared' : `own-${number}`);
  const ending = ENDINGS[Math.floor(number / 2) % ENDINGS.length] ?? 'closed';
  return { dir, chatId: `chat-${number}`, ending };
}

function runWorker(task: WorkerTask): Promise<void> {
  const worker = new Worker(new URL('./doorbell-worker.js', import.meta.url), { workerData: task });
  const endsByItself = task.ending === 'closed' || task.ending === 'exiting';
  let last: WorkerReport | undefined;
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (report: WorkerReport) => {
      if (last === undefined && !endsByItself) worker.terminate().catch(reject);
      last = report;
    });
    worker.on('exit', (code) => {
      ended[task.ending] = (ended[task.ending] ?? 0) + 1;
      if (last !== undefined && last.durable > 0) promised.push({ ...task, durable: last.durable });
      const isRight = code === (endsByItself ? 0 : 1) || last?.stage === 'closed';
      if (isRight) resolve();
      else reject(new Error(`worker "${task.ending}" ended with ${code}, ${last?.stage}`));
    });
  });
}

function check(): Promise<void> {
  const script = new URL('./doorbell-check.js', import.meta.url);
  const worker = new Worker(script, { workerData: promised });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

async function runLane(tasks: Iterator<WorkerTask>): Promise<void> {
  for (let next = tasks.next(); !next.done; next = tasks.next()) await runWorker(next.value);
}

if (process.argv[3] === 'loaded') await import('../native.js');
// The first worker starts what a process has only once.
await runWorker(taskOf(0));
const [filesBefore, threadsBefore] = held();
const tasks = Array.from({ length: count - 1 }, (_, i) => taskOf(i + 1)).values();
await Promise.all(Array.from({ length: AT_A_TIME }, () => runLane(tasks)));
await check();
const [filesAfter, threadsAfter] = held();
const report: ProcessReport = {
  ended,
  promised: promised.length,
  files: [filesBefore, filesAfter],
  threads: [threadsBefore, threadsAfter],
};
process.stdout.write(`${JSON.stringify(report)}\n`);
