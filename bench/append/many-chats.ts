// Targets that ask whether numbers of chats, devices and cursors cost anything. The generator makes
// the text of each chat id as it draws it, on both sides of a ratio: a list of ten million texts
// would itself be what is measured.

import type { Queue } from '../../engine/index.js';
import {
  countersOf,
  dice,
  estimate,
  inBulks,
  lookAtBoth,
  mean,
  median,
  type Row,
  zipf,
} from '../tools/index.js';
import { atRate, type Load, maximum, type Window } from './load.js';

/** What these rows are given: queues of their own, one for each side. */
export interface ManyBench {
  readonly rounds: number;
  readonly windowMs: number;
  readonly manyChats: number;
  /** A new and empty queue with a name for its directory; closed and removed by `discard`. */
  fresh(name: string): Promise<Queue>;
  discard(queue: Queue): Promise<void>;
}

const FEW_CHATS = 1_000;
const KIBIBYTE = 1024;
const SMALL = 128;
/** Of the maximum of the side with few chats, for latency. */
const RATE_SHARE = 0.5;

const chatIdOf = (chat: number) => `c${chat}`;

function drawing(chats: number, popular: boolean): () => string {
  const draw = dice(chats);
  const number = popular ? zipf(chats, draw) : () => Math.floor(draw() * chats);
  return () => chatIdOf(number());
}

interface Side {
  readonly queue: Queue;
  readonly draw: () => string;
}

interface Seen {
  readonly rates: number[];
  readonly p99: number[];
  readonly few: Window[];
  readonly many: Window[];
}

/** Target 7: 1 KiB and 128 B, uniform with bars and Zipf beside them. */
export async function manyChats(bench: ManyBench): Promise<Row[]> {
  const queues = { few: await bench.fresh('few'), many: await bench.fresh('many') };
  try {
    await inBulks(queues.few, FEW_CHATS, (bulk, chat) => bulk.append(chatIdOf(chat), 'first'));
    await inBulks(queues.many, bench.manyChats, (bulk, chat) =>
      bulk.append(chatIdOf(chat), 'first'),
    );
    const rows: Row[] = [];
    for (const payloadBytes of [KIBIBYTE, SMALL]) {
      for (const popular of [false, true]) {
        const few = { queue: queues.few, draw: drawing(FEW_CHATS, popular) };
        const many = { queue: queues.many, draw: drawing(bench.manyChats, popular) };
        const seen = await compare(bench, payloadBytes, { few, many });
        rows.push(...chatRows({ bench, payloadBytes, popular, seen }));
      }
    }
    return rows;
  } finally {
    await bench.discard(queues.few);
    await bench.discard(queues.many);
  }
}

async function compare(
  { rounds, windowMs }: ManyBench,
  payloadBytes: number,
  sides: { readonly few: Side; readonly many: Side },
): Promise<Seen> {
  const load = (side: Side): Load => ({ ...side, chatIds: [], payloadBytes, windowMs });
  const [few, many] = [load(sides.few), load(sides.many)];
  const seen: Seen = { rates: [], p99: [], few: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    const [ofFew, ofMany] = await lookAtBoth(round, [few, many], maximum);
    const rate = mean(ofFew.map((window) => window.rate));
    seen.rates.push(mean(ofMany.map((window) => window.rate)) / rate);
    seen.few.push(...ofFew);
    seen.many.push(...ofMany);
    const p99 = async (side: Load) =>
      (await atRate(side, rate * RATE_SHARE)).latency.percentile(0.99);
    const [lateFew, lateMany] = await lookAtBoth(round, [few, many], p99);
    seen.p99.push(mean(lateMany) / mean(lateFew));
  }
  return seen;
}

function chatRows(given: {
  readonly bench: ManyBench;
  readonly payloadBytes: number;
  readonly popular: boolean;
  readonly seen: Seen;
}): Row[] {
  const { bench, payloadBytes, popular, seen } = given;
  const many = bench.manyChats.toLocaleString('en');
  const how = popular ? 'Zipf' : 'uniform';
  const what = `${payloadBytes} B, ${many} chats / ${FEW_CHATS}, ${how}`;
  const bars = payloadBytes === KIBIBYTE ? { must: 0.75, aim: 0.88 } : { must: 0.5, aim: 0.7 };
  const rate = (windows: readonly Window[]) => median(windows.map((window) => window.rate));
  return [
    {
      target: '7',
      title: `appends/s, ${what}`,
      value: estimate(seen.rates),
      ...(popular ? {} : bars),
      beside: { 'appends/s': rate(seen.many), 'with few chats': rate(seen.few) },
    },
    {
      target: '7',
      title: `p99 at half of it, ${what}`,
      value: estimate(seen.p99),
      ...(popular ? {} : { must: 1.5, aim: 1.15 }),
      lessIsBetter: true,
    },
  ];
}

const DEVICES_MANY = 100;
const DEVICE_CHATS = 200;
const DEVICE_MESSAGES = 20_000;

/** Target 8: what a message and what an ack take in the journal. */
export async function manyDevices(bench: ManyBench): Promise<Row[]> {
  const [ratios, acks, single] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < Math.min(bench.rounds, 3); round++) {
    const one = await deviceBytes(bench, 1);
    const many = await deviceBytes(bench, DEVICES_MANY);
    ratios.push(many.message / one.message);
    acks.push(many.ack);
    single.push(one.ack);
  }
  return [
    {
      target: '8',
      title: `journal bytes a message of 1 KiB, ${DEVICES_MANY} devices a chat / 1, no acks`,
      value: estimate(ratios),
      must: 1.02,
      aim: 1,
      lessIsBetter: true,
    },
    {
      target: '8',
      title: `journal bytes of an ack, ${DEVICES_MANY} devices a chat`,
      value: estimate(acks),
      must: 24,
      aim: 10,
      lessIsBetter: true,
      beside: { 'with 1 device': median(single) },
    },
  ];
}

async function deviceBytes(
  bench: ManyBench,
  devices: number,
): Promise<{ readonly message: number; readonly ack: number }> {
  const queue = await bench.fresh(`devices-${devices}`);
  try {
    await inBulks(queue, DEVICE_CHATS * devices, (bulk, index) => {
      bulk.join(chatIdOf(index % DEVICE_CHATS), `d${Math.floor(index / DEVICE_CHATS)}/d`);
    });
    const payload = new Uint8Array(KIBIBYTE).fill(0x5a);
    const before = await countersOf(queue);
    await inBulks(queue, DEVICE_MESSAGES, (bulk, index) => {
      bulk.append(chatIdOf(index % DEVICE_CHATS), payload);
    });
    const written = await countersOf(queue);
    // One ack of each device in each chat, those of a chat together, as its members hear together.
    const deliveries = DEVICE_CHATS * devices;
    await inBulks(queue, deliveries, (bulk, index) => {
      const [chat, device] = [Math.floor(index / devices), index % devices];
      bulk.ack(chatIdOf(chat), `d${device}/d`, { received: DEVICE_MESSAGES / DEVICE_CHATS });
    });
    await queue.flush();
    const acked = await countersOf(queue);
    return {
      message: (written.journalBytes - before.journalBytes) / DEVICE_MESSAGES,
      ack: (acked.journalBytes - written.journalBytes) / deliveries,
    };
  } finally {
    await bench.discard(queue);
  }
}

const CURSOR_CHATS = 10_000;
const CURSORS_EACH = 100;

/** Target 15: every cursor of a million is raised once a round. */
export async function manyCursors(bench: ManyBench): Promise<Row[]> {
  const queue = await bench.fresh('cursors');
  const acks = CURSOR_CHATS * CURSORS_EACH;
  const consumerIds = Array.from({ length: CURSORS_EACH }, (_, device) => `d${device}/d`);
  const each = (index: number): [string, string] => {
    const chat = Math.floor(index / CURSORS_EACH);
    return [chatIdOf(chat), consumerIds[index % CURSORS_EACH] ?? ''];
  };
  try {
    await inBulks(queue, acks, (bulk, index) => bulk.join(...each(index)));
    const rates: number[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      await inBulks(queue, CURSOR_CHATS, (bulk, chat) => bulk.append(chatIdOf(chat), 'x'));
      const startAt = performance.now();
      await inBulks(queue, acks, (bulk, index) => {
        bulk.ack(...each(index), { received: round + 1 });
      });
      await queue.flush();
      rates.push(acks / (performance.now() - startAt) / 1000);
    }
    const title = `M durable acks/s over ${acks.toLocaleString('en')} cursors`;
    return [{ target: '15', title, value: estimate(rates), must: 1, aim: 3 }];
  } finally {
    await bench.discard(queue);
  }
}
