// Opening and closing leak nothing (I52): no descriptor, no thread, no handle, no memory. The whole
// size runs with FOQ_CYCLES=10000, as `.ci/run` does.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import type { Usage } from './cycles-process.js';

const CYCLES = Number(process.env['FOQ_CYCLES'] ?? 200);
/** Noise of an allocator: more per cycle, from the second quarter to the last, is a leak. */
const SLOPE_BYTES_MAX = 512;
/**
 * One heap for all threads: each of several keeps what some thread once needed, and which thread
 * uses which is chance; so resident memory would wander by tens of megabytes.
 */
const ONE_HEAP = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072' };
/** Of a short run, whose memory still settles. */
const GROWTH_KIB_MAX = 8192;

/** The least of a quarter's figures: what collections have not freed yet is no leak. */
function residentKib(usages: readonly Usage[], quarter: number): number {
  const part = usages.slice((quarter * usages.length) / 4, ((quarter + 1) * usages.length) / 4);
  return Math.min(...part.map((usage) => usage.residentKib));
}

const options = { skip: process.platform === 'linux' ? false : 'it reads /proc' };

test(
  `${CYCLES} times opened, used and closed: nothing stays, and it ends by itself`,
  options,
  (t) => {
    const path = fileURLToPath(new URL('./cycles-process.js', import.meta.url));
    const args = ['--expose-gc', path, String(CYCLES)];
    // Far above what it takes: a process that does not end by itself is killed, and fails.
    const limits = { encoding: 'utf8', timeout: 60_000 + CYCLES * 100 } as const;
    const env = { ...process.env, ...ONE_HEAP };
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { ...limits, env });
    t.equal(stderr, '');
    t.equal(status, 0, 'it ends by itself');
    const usages: readonly Usage[] = JSON.parse(stdout || '[]');
    const [first, middle, last] = [usages[0], usages[usages.length >> 1], usages.at(-1)];
    if (first === undefined || middle === undefined || last === undefined) {
      t.fail('it measured nothing');
      t.end();
      return;
    }
    t.comment(`first ${JSON.stringify(first)}, last ${JSON.stringify(last)}`);
    t.ok(last.descriptors <= first.descriptors, 'descriptors');
    t.ok(last.threads <= first.threads, 'threads');
    t.ok(last.handles <= first.handles, 'handles');
    const grown = residentKib(usages, 3) - residentKib(usages, 1);
    const slope = (grown * 1024) / (CYCLES / 2);
    t.comment(`resident memory grew ${grown} KiB in half of them, ${slope.toFixed(0)} B a cycle`);
    t.ok(slope <= SLOPE_BYTES_MAX || grown <= GROWTH_KIB_MAX, 'memory');
    t.end();
  },
);
