// The window against a simple model, by random histories of news, reads, acks, nacks and time.
// `SEED=` repeats a run.

import fc from 'fast-check';
import { test } from 'tap';
import type { Gap } from '../../../protocol/index.js';
import type { ReadAnswer } from '../../native-types.js';
import type { Lane } from '../lane.js';
import { type Ask, Window } from '../window.js';
import { ChatsModel } from './chats-model.js';

const RUNS = 3000;
const CHATS = ['a', 'b', 'c', 'd', 'e'] as const;

interface Waiting {
  readonly lane: Lane;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** 0 for a gap. */
  readonly attempt: number;
}

/** What a chat's consumer must have been given, told by simple means. */
class ModelChat {
  /** As the store has it. */
  received = 0;
  /** Everything up to here was handed, acked, or taken as received by the store. */
  covered = 0;
  acked = 0;
  /** How often each seq was handed as a record. */
  readonly handed = new Map<number, number>();
}

class Run {
  readonly #limits: { readonly records: number; readonly bytes: number };
  readonly #store = new ChatsModel();
  readonly #model = new Map<string, ModelChat>();
  readonly #window: Window;
  readonly #asked: { readonly ask: Ask; readonly answer: ReadAnswer }[] = [];
  #waiting: Waiting[] = [];
  #now = 0;

  constructor(limits: { readonly records: number; readonly bytes: number }) {
    this.#limits = limits;
    this.#window = new Window(limits, {
      record: (lane, { seq }, attempt) => {
        this.#waiting.push({ lane, fromSeq: seq, toSeq: seq, attempt });
      },
      gap: (lane, { fromSeq, toSeq, reason }: Gap) => {
        const isBelow = toSeq < this.#store.chat(lane.chatId).firstSeq;
        if (reason !== 'expired' || !isBelow) throw new Error(`${fromSeq}-${toSeq} ${reason}`);
        this.#waiting.push({ lane, fromSeq, toSeq, attempt: 0 });
      },
      caughtUp: () => undefined,
      withdraw: (lane, fromSeq, toSeq) => {
        this.#waiting = this.#waiting.filter(
          (it) => it.lane !== lane || it.toSeq < fromSeq || it.toSeq > toSeq,
        );
      },
    });
    this.#window.listed();
  }

  append(chatId: string, { count, bytes, own }: { count: number; bytes: number; own: boolean }) {
    const chat = this.#store.chat(chatId);
    const model = this.#chat(chatId);
    for (let step = 0; step < count; step += 1) {
      chat.headSeq += 1;
      chat.sizes.set(chat.headSeq, bytes);
      if (own && model.received === chat.headSeq - 1) {
        model.received = chat.headSeq;
        model.covered = Math.max(model.covered, chat.headSeq);
      }
    }
    this.#news(chatId);
  }

  trim(chatId: string, upToShare: number) {
    const chat = this.#store.chat(chatId);
    chat.firstSeq = Math.max(chat.firstSeq, Math.floor(chat.headSeq * upToShare) + 1);
  }

  /** Asks, or answers one of what was asked: reads and all else mix. */
  read(maxBytes: number) {
    const asks = this.#window.plan(8, this.#now);
    const answers = asks.length === 0 ? [] : this.#store.read(asks, maxBytes);
    for (const [index, ask] of asks.entries()) {
      const answer = answers[index];
      if (answer !== undefined) this.#asked.push({ ask, answer });
    }
    this.#check();
  }

  answer() {
    const next = this.#asked.shift();
    if (next !== undefined) this.#window.accept(next.ask, next.answer, this.#now);
    this.#check();
  }

  hand(count: number) {
    for (const { lane, fromSeq, toSeq, attempt } of this.#waiting.splice(0, count)) {
      const model = this.#chat(lane.chatId);
      lane.hand(toSeq, this.#now);
      if (fromSeq > model.covered + 1) {
        throw new Error(`${lane.chatId} ${fromSeq} came after ${model.covered}`);
      }
      if (attempt > 0) {
        const times = (model.handed.get(toSeq) ?? 0) + 1;
        model.handed.set(toSeq, times);
        if (times !== attempt) throw new Error(`${toSeq} is handed ${times} times, not ${attempt}`);
        if (attempt === 1 && toSeq <= model.covered && !this.#wasGap(lane.chatId, toSeq)) {
          throw new Error(`${lane.chatId} ${toSeq} is handed again as if for the first time`);
        }
      }
      model.covered = Math.max(model.covered, toSeq);
    }
  }

  ack(chatId: string, share: number) {
    const model = this.#chat(chatId);
    const lane = this.#window.find(chatId);
    const upToSeq = model.acked + Math.ceil((model.covered - model.acked) * share);
    if (lane === undefined || upToSeq <= model.acked) return;
    model.acked = upToSeq;
    this.#window.ack(lane, { upToSeq, now: this.#now });
    this.#check();
  }

  durable(chatId: string) {
    const model = this.#chat(chatId);
    model.received = Math.max(model.received, model.acked);
    const lane = this.#window.find(chatId);
    if (lane !== undefined) this.#window.acked(lane, model.received);
  }

  nack(chatId: string, share: number, delayMs: number) {
    const model = this.#chat(chatId);
    const lane = this.#window.find(chatId);
    const fromSeq = model.acked + Math.ceil((model.covered - model.acked) * share);
    if (lane !== undefined) this.#window.nack(lane, fromSeq, { until: this.#now + delayMs });
    this.#check();
  }

  pass(ms: number) {
    this.#now += ms;
    this.#window.wake(this.#now);
  }

  /** Everything that was appended comes, once acks go on coming. */
  finish() {
    for (let round = 0; round < 5000; round += 1) {
      this.pass(1_000);
      this.read(1_000_000);
      while (this.#asked.length > 0) this.answer();
      this.hand(1_000_000);
      for (const chatId of this.#model.keys()) {
        this.ack(chatId, 1);
        this.durable(chatId);
      }
      if (this.#window.laneCount === 0 && this.#isComplete()) return;
    }
    throw new Error('something was not delivered, or is not forgotten');
  }

  #isComplete(): boolean {
    return [...this.#model].every(
      ([chatId, { covered }]) => covered >= this.#store.chat(chatId).headSeq,
    );
  }

  /** A seq that retention turned into a gap after it was delivered is not counted. */
  #wasGap(chatId: string, seq: number): boolean {
    return seq < this.#store.chat(chatId).firstSeq;
  }

  #news(chatId: string) {
    const { headSeq } = this.#store.chat(chatId);
    const { received } = this.#chat(chatId);
    const row = { chatId, received, headSeq, lastSeq: headSeq, joinSeq: 1 };
    this.#window.stand(row, { isBacklog: false, now: this.#now });
    this.#check();
  }

  #chat(chatId: string): ModelChat {
    let model = this.#model.get(chatId);
    if (model === undefined) {
      model = new ModelChat();
      this.#model.set(chatId, model);
    }
    return model;
  }

  #check() {
    const { records, bytes } = this.#window.inFlight;
    const { records: recordsMax, bytes: bytesMax } = this.#limits;
    if (records > recordsMax) throw new Error(`${records} records in flight`);
    if (bytes > bytesMax && records > 1) throw new Error(`${bytes} bytes in flight`);
    let [sum, sumBytes] = [0, 0];
    for (const chatId of CHATS) {
      const lane = this.#window.find(chatId);
      if (lane === undefined) continue;
      sum += lane.records;
      sumBytes += lane.bytes;
      const isOver = lane.records > Math.max(1, Math.floor(recordsMax / 4));
      const isLarge = lane.bytes > Math.max(1, Math.floor(bytesMax / 4)) && lane.records > 1;
      if (isOver || isLarge) throw new Error(`${chatId}: ${lane.records}, ${lane.bytes} bytes`);
    }
    if (sum !== records || sumBytes !== bytes) throw new Error('the window miscounts');
  }
}

const chat = fc.constantFrom(...CHATS);
const share = fc.double({ min: 0, max: 1, noNaN: true });
type Step = (run: Run) => void;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      chatId: chat,
      count: fc.integer({ min: 1, max: 9 }),
      bytes: fc.constantFrom(0, 1, 10, 60, 300),
      own: fc.boolean(),
    })
    .map(
      ({ chatId, ...append }) =>
        (run: Run) =>
          run.append(chatId, append),
    ),
  fc.constantFrom(1, 100, 100_000).map((maxBytes) => (run: Run) => run.read(maxBytes)),
  fc.constant((run: Run) => run.answer()),
  fc.integer({ min: 1, max: 20 }).map((count) => (run: Run) => run.hand(count)),
  fc.tuple(chat, share).map(
    ([chatId, part]) =>
      (run: Run) =>
        run.ack(chatId, part),
  ),
  chat.map((chatId) => (run: Run) => run.durable(chatId)),
  fc.tuple(chat, share, fc.constantFrom(0, 700)).map(
    ([chatId, part, delayMs]) =>
      (run: Run) =>
        run.nack(chatId, part, delayMs),
  ),
  fc.constantFrom(1, 500, 10_000, 60_000).map((ms) => (run: Run) => run.pass(ms)),
  {
    arbitrary: fc.tuple(chat, share).map(
      ([id, part]) =>
        (run: Run) =>
          run.trim(id, part),
    ),
    weight: 1,
  },
);

const limits = fc.record({
  records: fc.integer({ min: 1, max: 20 }),
  bytes: fc.constantFrom(1, 100, 400, 10_000),
});

test(`${RUNS} histories deliver every seq in order, within the window`, (t) => {
  const given = process.env['SEED'];
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  t.comment(`SEED=${seed}`);
  const property = fc.property(
    limits,
    fc.array(step, { maxLength: 80, size: 'max' }),
    (window, steps) => {
      const run = new Run(window);
      for (const each of steps) each(run);
      run.finish();
    },
  );
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns: RUNS }));
  t.end();
});
