// The targets of the scenario, one function each; a row is the median of its rounds. The raw sync,
// the echo and the broker take turns in every round (A B B A), each alone with its machine.

import type { Closed, Generator, OpenWindow, Server } from '../messenger/index.js';
import { type Baseline, estimate, mean, median, type Row } from '../tools/index.js';

export interface Bench {
  readonly broker: Server;
  readonly plain: Server;
  readonly generator: Generator;
  readonly baseline: Baseline;
  readonly rounds: number;
  readonly windowMs: number;
}

const SECOND_MS = 1_000;

interface Spent extends Closed {
  /** Microseconds per message and per delivery, all threads of the server; of its main thread. */
  readonly perMessage: number;
  readonly perDelivery: number;
  readonly mainShare: number;
}

/** What a closed loop gets done, and what it costs the server. */
async function spentBy(server: Server, load: () => Promise<Closed>): Promise<Spent> {
  const before = { all: server.cpu(), main: server.mainCpu() };
  const closed = await load();
  const all = server.cpu() - before.all;
  const perMessage = all / closed.messages;
  const perDelivery = all / closed.deliveries;
  return { ...closed, perMessage, perDelivery, mainShare: (server.mainCpu() - before.main) / all };
}

function perSecond(count: number, { elapsedMs }: Closed): number {
  return (count * SECOND_MS) / elapsedMs;
}

/** Printed, and what the rates of the other rows are taken from. */
export async function maximumRow(bench: Bench): Promise<Row & { readonly rate: number }> {
  const { generator, broker, windowMs } = bench;
  const maximum = () => generator.ask<Closed>('maximum', { windowMs });
  await warm(async () => perSecond((await maximum()).messages, { elapsedMs: windowMs } as Closed));
  const [windows, busy] = [[] as Spent[], [] as number[]];
  for (let round = 0; round < bench.rounds; round++) {
    const before = generator.cpu();
    const window = await spentBy(broker, maximum);
    windows.push(window);
    busy.push((generator.cpu() - before) / (window.elapsedMs * SECOND_MS));
  }
  const value = estimate(windows.map((window) => perSecond(window.messages, window)));
  return {
    target: '',
    title: 'sends/s, acked and delivered to 3 devices, a message under way per chat',
    value,
    rate: value.median,
    beside: {
      'broker cpu us/send': median(windows.map(({ perMessage }) => perMessage)),
      'of it main thread': median(windows.map(({ mainShare }) => mainShare)),
      'generator busy': median(busy),
    },
  };
}

/** Until the last three figures are within 10 % of each other, or 12 were seen. */
async function warm(figureOf: () => Promise<number>): Promise<void> {
  const figures: number[] = [];
  while (figures.length < 12) {
    figures.push(await figureOf());
    const last = figures.slice(-3);
    if (last.length === 3 && Math.min(...last) >= Math.max(...last) * 0.9) return;
  }
}

interface Pair {
  readonly sync: number;
  readonly echo: OpenWindow;
  readonly ours: OpenWindow;
}

/** Target 18. */
export async function halfLoad(bench: Bench, maximum: number): Promise<Row> {
  const { generator, baseline, windowMs } = bench;
  const course = { rate: maximum / 2, windowMs };
  const sync = () => baseline.pageP99(windowMs / 2);
  const echo = () => generator.ask<OpenWindow>('echoes', course);
  const ours = () => generator.ask<OpenWindow>('atRate', course);
  const [pairs, costs] = [[] as Pair[], [] as number[]];
  await ours();
  for (let round = 0; round < bench.rounds; round++) {
    const [firstSync, firstEcho] = [await sync(), await echo()];
    const before = bench.broker.cpu();
    const [firstOurs, secondOurs] = [await ours(), await ours()];
    costs.push((bench.broker.cpu() - before) / ((course.rate * windowMs * 2) / SECOND_MS));
    const [secondEcho, secondSync] = [await echo(), await sync()];
    pairs.push({ sync: firstSync, echo: firstEcho, ours: firstOurs });
    pairs.push({ sync: secondSync, echo: secondEcho, ours: secondOurs });
  }
  const good = pairs.filter((pair) => !(pair.ours.isSaturated || pair.echo.isSaturated));
  const counted = good.length > 0 ? good : pairs;
  const rate = Math.round(course.rate).toLocaleString('en');
  const marked = good.length > 0 ? '' : ', SATURATED';
  return {
    target: '18',
    title: `p99 of send, sync, deliver / (sync p99 + echo p99), ${rate}/s${marked}`,
    value: estimate(counted.map((it) => it.ours.latency.p99 / (it.sync + it.echo.latency.p99))),
    must: 1.6,
    aim: 1.2,
    lessIsBetter: true,
    beside: {
      ...latencyOf(counted.map((pair) => pair.ours)),
      'echo p50 ms': median(counted.map((pair) => pair.echo.latency.p50)),
      'echo p99': median(counted.map((pair) => pair.echo.latency.p99)),
      'raw sync p99': median(counted.map((pair) => pair.sync)),
      'broker cpu us/send': median(costs),
      ...generatorOf(pairs.map((pair) => pair.ours)),
    },
  };
}

/** Target 24. */
export async function nearMaximum(bench: Bench, maximum: number): Promise<Row> {
  const course = { rate: maximum * 0.7, windowMs: bench.windowMs * 2 };
  const windows: OpenWindow[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    windows.push(await bench.generator.ask<OpenWindow>('atRate', course));
  }
  const good = windows.filter((window) => !window.isSaturated);
  const counted = good.length > 0 ? good : windows;
  const rate = Math.round(course.rate).toLocaleString('en');
  const marked = good.length > 0 ? '' : ', SATURATED';
  return {
    target: '24',
    title: `p99 from send to delivery at 70 % of maximum, ${rate}/s${marked}; ms`,
    value: estimate(counted.map(({ latency }) => latency.p99)),
    must: 500,
    aim: 50,
    lessIsBetter: true,
    beside: { ...latencyOf(counted), ...generatorOf(windows) },
  };
}

/** Target 17: what a delivery costs the server is what a core can do of them. */
export async function groupBursts(bench: Bench, messages: number): Promise<Row> {
  const { generator, broker, plain, windowMs } = bench;
  const given = { windowMs, messages };
  const ours = () => spentBy(broker, () => generator.ask<Closed>('bursts', given));
  const theirs = () => spentBy(plain, () => generator.ask<Closed>('plainBursts', given));
  const seen = { ratios: [] as number[], ours: [] as Spent[], plain: [] as Spent[] };
  await warm(async () => perSecond(1, { elapsedMs: (await ours()).perDelivery } as Closed));
  await theirs();
  for (let round = 0; round < bench.rounds; round++) {
    const first = await theirs();
    const both = [await ours(), await ours()];
    const around = [first, await theirs()];
    const cost = (windows: readonly Spent[]) => mean(windows.map(({ perDelivery }) => perDelivery));
    seen.ratios.push(cost(around) / cost(both));
    seen.ours.push(...both);
    seen.plain.push(...around);
  }
  const wall = (windows: readonly Spent[]) =>
    median(windows.map((window) => perSecond(window.deliveries, window)));
  return {
    target: '17',
    title: `deliveries/s/core, bursts of ${messages} to groups / plain sends`,
    value: estimate(seen.ratios),
    must: 4,
    aim: 10,
    beside: {
      'cpu us/delivery': median(seen.ours.map(({ perDelivery }) => perDelivery)),
      plain: median(seen.plain.map(({ perDelivery }) => perDelivery)),
      'of ours main thread': median(seen.ours.map(({ mainShare }) => mainShare)),
      'deliveries/s': wall(seen.ours),
      'plain deliveries/s': wall(seen.plain),
    },
  };
}

function latencyOf(windows: readonly OpenWindow[]): Record<string, number> {
  const at = (pick: (window: OpenWindow) => number) => median(windows.map(pick));
  return {
    'p50 ms': at(({ latency }) => latency.p50),
    p90: at(({ latency }) => latency.p90),
    p99: at(({ latency }) => latency.p99),
    'p99.9': at(({ latency }) => latency.p999),
    max: Math.max(...windows.map(({ latency }) => latency.max)),
    samples: windows.reduce((sum, { latency }) => sum + latency.samples, 0),
  };
}

function generatorOf(windows: readonly OpenWindow[]): Record<string, number | string> {
  const saturated = windows.filter(({ isSaturated }) => isSaturated).length;
  return {
    'generator lag p99 ms': median(windows.map(({ lagMs }) => lagMs)),
    'generator busy': median(windows.map(({ busy }) => busy)),
    saturated: `${saturated} of ${windows.length}`,
  };
}
