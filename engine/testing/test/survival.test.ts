// What the whole is for: a client that repeats what it is unsure of loses nothing and stores
// nothing twice, however often the power is cut.

import { type Test, test } from 'tap';
import { FoqError, openQueue, type SimulatedQueue } from '../index.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 32);
const WORLDS = 40;
const CRASHES = 5;
/** Calls to the disk within which the power is cut; an append takes about three. */
const CALLS_MAX = 24;
const MESSAGES_PER_LIFE = 10;

/** Sends messages one after another, and goes on where it is unsure. */
class Client {
  /** Seqs by message. */
  readonly acked = new Map<number, number>();
  #next = 1;

  /** Sends so many more, until the machine stops; the code of what stopped it. */
  async send(queue: SimulatedQueue, count: number): Promise<string | undefined> {
    for (const end = this.#next + count; this.#next < end; this.#next += 1) {
      try {
        const { seq } = await this.sendOne(queue, this.#next);
        this.acked.set(this.#next, seq);
      } catch (error) {
        if (error instanceof FoqError) return error.code;
        throw error;
      }
    }
    return undefined;
  }

  sendOne(queue: SimulatedQueue, message: number) {
    const fields = { senderId: 'ann/phone', dedupKey: String(message) };
    return queue.append('chat', textOf(message), fields);
  }
}

function textOf(message: number): string {
  return `message ${message} ${'x'.repeat((message * 97) % 1500)}`;
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Each message is stored once, in order, and every acked one at its seq. */
async function verify(t: Test, queue: SimulatedQueue, client: Client): Promise<void> {
  const seed = `(SEED=${queue.seed})`;
  const { records } = await queue.read('chat');
  const texts = records.map((record) => record.text());
  t.same(
    texts,
    texts.map((_, index) => textOf(index + 1)),
    `each once and in order ${seed}`,
  );
  const lost = [...client.acked].filter(([message, seq]) => texts[seq - 1] !== textOf(message));
  t.same(lost, [], `nothing acked is lost ${seed}`);
}

test(`${WORLDS * CRASHES} power cuts lose nothing that was acked (SEED=${SEED})`, async (t) => {
  let cuts = 0;
  for (let world = 0; world < WORLDS; world += 1) {
    const below = random(SEED + world);
    let queue = await openQueue({ dir: ':memory:', seed: SEED + world });
    const client = new Client();
    for (let crash = 0; crash < CRASHES; crash += 1) {
      queue.faults.cutAfter(below(CALLS_MAX));
      const code = await client.send(queue, MESSAGES_PER_LIFE);
      if (code === undefined) await queue.faults.crash();
      else t.match(code, /^FOQ_(UNKNOWN_OUTCOME|CLOSED)$/);
      cuts += code === undefined ? 0 : 1;
      queue = await queue.reopen();
      await verify(t, queue, client);
    }
    const last = [...client.acked].at(-1);
    if (last !== undefined) {
      const again = await client.sendOne(queue, last[0]);
      t.same([again.seq, again.duplicate], [last[1], true], 'a repeat gets the first seq');
    }
    await queue.close();
  }
  t.ok(cuts > WORLDS, `${cuts} cuts met an append`);
});
