// The load that is killed: keyed appends at a rate and acks, told to the parent when they are
// durable. After a start it sends the last records of each chat again, as a client does that has
// not heard: their keys must be known.

import { openQueue, type Queue } from '../../engine/index.js';
import {
  type Counters,
  countersOf,
  residentBytes,
  sayToParent,
  serveCalls,
} from '../tools/index.js';
import { complaints, type Told } from './checks.js';

export interface Given {
  readonly dir: string;
  readonly windowBytes: number;
  /** Appends a second over all chats; 0 is as fast as it can. */
  readonly rate: number;
  readonly ms: number;
}

/** Numbers by chat since the last report. */
export type Progress = readonly (readonly [chat: number, told: Told])[];

export interface Checked {
  readonly complaints: readonly string[];
  readonly liveBytes: number;
  readonly records: number;
}

export const CHATS = 256;
const CONSUMER = 'device/d';
const PAYLOAD_BYTES = 256;
/** Sent again after a start; less than the keys that a chat remembers. */
const AGAIN = 8;
/** Appends of one chat in flight, and its unacked records. */
const IN_FLIGHT = 4;
const ACK_EVERY = 16;
const REPORT_MS = 200;
const COMPLAINTS_MAX = 20;

const chatIdOf = (chat: number) => `chat-${chat}`;

function open({ dir, windowBytes }: Given): Promise<Queue> {
  return openQueue({ dir, journalFileBytes: 4 << 20, journalWindowBytes: windowBytes });
}

class Writer {
  readonly #queue: Queue;
  readonly #chat: number;
  #next = 1;
  #acked = 0;
  #told: Told = { appended: 0, acked: 0 };
  changed = false;
  duplicates = 0;

  constructor(queue: Queue, chat: number) {
    this.#queue = queue;
    this.#chat = chat;
  }

  get told(): Told {
    return this.#told;
  }

  async start(): Promise<void> {
    const chatId = chatIdOf(this.#chat);
    await this.#queue.join(chatId, CONSUMER, { at: 'first' });
    const [head] = await this.#queue.heads([chatId]);
    this.#next = Math.max(1, (head?.headSeq ?? 0) - AGAIN + 1);
  }

  /** A few appends together; their numbers must become their seqs. */
  async step(): Promise<number> {
    const numbers = Array.from({ length: IN_FLIGHT }, () => this.#next++);
    await Promise.all(numbers.map((number) => this.#append(number)));
    const { appended } = this.#told;
    if (appended - this.#acked >= ACK_EVERY) await this.#ack(appended);
    return numbers.length;
  }

  async #append(number: number): Promise<void> {
    const payload = `${number} `.padEnd(PAYLOAD_BYTES, 'x');
    const options = { senderId: 'sender', dedupKey: `key-${number}` };
    const { seq, duplicate } = await this.#queue.append(chatIdOf(this.#chat), payload, options);
    if (seq !== number) throw new Error(`chat ${this.#chat}: number ${number} got seq ${seq}`);
    if (duplicate) this.duplicates += 1;
    this.#told = { ...this.#told, appended: Math.max(this.#told.appended, number) };
    this.changed = true;
  }

  async #ack(received: number): Promise<void> {
    this.#acked = received;
    await this.#queue.ack(chatIdOf(this.#chat), CONSUMER, { received }, { durable: true });
    this.#told = { ...this.#told, acked: Math.max(this.#told.acked, received) };
    this.changed = true;
  }
}

export interface Ran {
  readonly rate: number;
  /** Repeats whose keys were known. */
  readonly duplicates: number;
  readonly counters: Counters;
  /** Seconds and resident bytes. */
  readonly resident: readonly (readonly [seconds: number, bytes: number])[];
}

/** Until the time is over, or the process. */
async function run(given: Given): Promise<Ran> {
  const queue = await open(given);
  const writers = Array.from({ length: CHATS }, (_, chat) => new Writer(queue, chat));
  await Promise.all(writers.map((writer) => writer.start()));
  const resident: [number, number][] = [];
  const report = () => {
    const changed = writers.flatMap((writer, chat): Progress => {
      if (!writer.changed) return [];
      writer.changed = false;
      return [[chat, writer.told]];
    });
    sayToParent(changed satisfies Progress);
  };
  const startAt = performance.now();
  const timer = setInterval(() => {
    report();
    resident.push([(performance.now() - startAt) / 1000, residentBytes()]);
  }, REPORT_MS);
  let appended = 0;
  const endAt = startAt + given.ms;
  const lane = async (writer: Writer): Promise<void> => {
    while (performance.now() < endAt) {
      const due =
        given.rate === 0
          ? Number.POSITIVE_INFINITY
          : ((performance.now() - startAt) * given.rate) / 1000;
      if (appended >= due) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        continue;
      }
      // Not `+= await`: that reads the sum before other lanes have added to it.
      const done = await writer.step();
      appended += done;
    }
  };
  await Promise.all(writers.map(lane));
  clearInterval(timer);
  report();
  const counters = await countersOf(queue);
  const rate = (appended * 1000) / (performance.now() - startAt);
  const duplicates = writers.reduce((sum, writer) => sum + writer.duplicates, 0);
  await queue.close();
  return { rate, duplicates, counters, resident };
}

/** Reads everything, and holds it against what was told. */
async function check(given: Given & { readonly told: Progress }): Promise<Checked> {
  const queue = await open(given);
  const told = new Map(given.told);
  const found: string[] = [];
  let [liveBytes, records] = [0, 0];
  for (let chat = 0; chat < CHATS; chat++) {
    const chatId = chatIdOf(chat);
    const read = await queue.read(chatId, { last: 1 });
    const all: (typeof read.records)[number][] = [];
    for (let fromSeq = read.firstSeq; fromSeq <= read.headSeq; ) {
      const page = await queue.read(chatId, { fromSeq });
      if (page.records.length === 0) break;
      all.push(...page.records);
      fromSeq = (page.records.at(-1)?.seq ?? fromSeq) + 1;
    }
    const cursor = (await queue.cursors(chatId)).find((it) => it.consumerId === CONSUMER);
    const known = told.get(chat) ?? { appended: 0, acked: 0 };
    if (known.appended > 0)
      found.push(...complaints(chatId, known, { read, records: all, cursor }));
    liveBytes += all.reduce((sum, { payload }) => sum + payload.length, 0);
    records += all.length;
  }
  await queue.close();
  return { complaints: found.slice(0, COMPLAINTS_MAX), liveBytes, records };
}

serveCalls({ run, check });
