// Opens and closes stores as often as told, does a little in between, and prints as JSON what of
// the process it measured on the way. Nothing ends it but its own last line.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openQueue } from '../index.js';

/** What may leak, at one moment. */
export interface Usage {
  readonly cycle: number;
  /** File descriptors. */
  readonly descriptors: number;
  readonly threads: number;
  /** Resident memory after a collection, in KiB. */
  readonly residentKib: number;
  /** What keeps the event loop alive. */
  readonly handles: number;
}

const cycles = Number(process.argv[2]);
const SAMPLES = 40;
/** A store replays its journal when it opens, so a fresh one now and then keeps that short. */
const CYCLES_PER_STORE = 100;
const folder = mkdtempSync(join(tmpdir(), 'foq-cycles-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const usages: Usage[] = [];
for (let cycle = 1; cycle <= cycles; cycle++) {
  await openAndClose(cycle);
  if (cycle % Math.ceil(cycles / SAMPLES) === 0) usages.push(await usageAt(cycle));
}
process.stdout.write(`${JSON.stringify(usages)}\n`);

async function openAndClose(cycle: number): Promise<void> {
  const dir = join(folder, String(Math.floor(cycle / CYCLES_PER_STORE)));
  const queue = await openQueue({ dir, journalFileBytes: 65_536 });
  const { seq } = await queue.append('chat', `cycle ${cycle}`, { senderId: 'ann/phone' });
  await queue.join('chat', 'bob/phone', { at: seq });
  for await (const delivery of queue.consume('bob/phone')) {
    if (delivery.kind === 'record') delivery.ack();
    if (delivery.kind === 'caught-up') break;
  }
  await queue.close();
  if (cycle % CYCLES_PER_STORE === CYCLES_PER_STORE - 1) rmSync(dir, { recursive: true });
}

async function usageAt(cycle: number): Promise<Usage> {
  globalThis.gc?.();
  // One more turn of the loop, in which closed handles go.
  await new Promise((resolve) => setImmediate(resolve));
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  const kept = process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate');
  return {
    cycle,
    descriptors: readdirSync('/proc/self/fd').length,
    threads: field('Threads'),
    residentKib: field('VmRSS'),
    handles: kept.length,
  };
}
