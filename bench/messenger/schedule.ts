// The open loop of a generator: arrivals are due on a schedule that no slowness moves, and what is
// still under way when it ends is waited for.

import { Histogram } from '../tools/index.js';

/** How often what is due is sent. */
const TICK_MS = 1;
/** After this an arrival is missing. */
const ANSWER_WITHIN_MS = 10_000;
/** From here on a generator is no measure of anything but itself. */
const LAG_MAX_MS = 2;
const BUSY_MAX = 0.7;

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly samples: number;
}

/** Milliseconds. */
export function percentilesOf(latency: Histogram): Percentiles {
  const at = (share: number) => latency.percentile(share);
  const [p50, p90, p99, p999, max] = [at(0.5), at(0.9), at(0.99), at(0.999), at(1)];
  return { p50, p90, p99, p999, max, samples: latency.total };
}

export interface OpenWindow {
  /** From when a message was due until it was there. */
  readonly latency: Percentiles;
  /** How late the generator's ticks were, at the 99th percentile. */
  readonly lagMs: number;
  /** Of one core, the generator's process. */
  readonly busy: number;
  readonly isSaturated: boolean;
}

export interface Course {
  /** Messages a second. */
  readonly rate: number;
  readonly windowMs: number;
}

/** What is sent, and where arrivals are noted: `arrived` is called so often for each of `send`. */
export interface Sending {
  readonly arrivalsEach: number;
  send(number: number, dueAt: number): void;
}

/** Latencies of what is under way, counted from when it was due. */
export class Arrivals {
  readonly latency = new Histogram();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  arrived(dueAt: number): void {
    this.#count += 1;
    this.latency.add(performance.now() - dueAt);
  }
}

export async function openLoop(
  { rate, windowMs }: Course,
  { send, arrivalsEach }: Sending,
  arrivals: Arrivals,
): Promise<OpenWindow> {
  const [lag, before] = [new Histogram(), process.cpuUsage()];
  const startAt = performance.now();
  const total = Math.floor((rate * windowMs) / 1000);
  const dueAt = (number: number) => startAt + (number * 1000) / rate;
  let sent = 0;
  let tickAt = startAt;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      lag.add(Math.max(0, now - tickAt - TICK_MS));
      tickAt = now;
      while (sent < total && dueAt(sent) <= now) send(sent, dueAt(sent++));
      if (sent < total) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  const elapsedUs = (performance.now() - startAt) * 1000;
  const { user, system } = process.cpuUsage(before);
  const isWhole = await until(() => arrivals.count >= total * arrivalsEach);
  const [lagMs, busy] = [lag.percentile(0.99), (user + system) / elapsedUs];
  const isSaturated = !isWhole || lagMs > LAG_MAX_MS || busy > BUSY_MAX;
  return { latency: percentilesOf(arrivals.latency), lagMs, busy, isSaturated };
}

/** False when it did not come in time. */
export async function until(holds: () => boolean, withinMs = ANSWER_WITHIN_MS): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return true;
}
