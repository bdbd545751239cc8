// Random lives of a chat: whatever happens to its members, each reads his ranges and nothing else,
// forwards and backwards, and every seq outside is a declared gap.

import fc from 'fast-check';
import { test } from 'tap';
import { openQueue } from '../../../engine/testing/index.js';
import { Rig } from './rig.js';

const USERS = ['bob', 'eve', 'dan'] as const;

type Step =
  | { readonly do: 'say' }
  | { readonly do: 'add' | 'remove'; readonly who: (typeof USERS)[number] };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: 'say' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('add' as const, 'remove' as const),
      who: fc.constantFrom(...USERS),
    }),
  },
);

/** Seqs that each may read. */
type Model = Map<string, { readonly seqs: number[]; isMember: boolean }>;

async function live(rig: Rig, steps: readonly Step[]): Promise<{ chatId: string; model: Model }> {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const model: Model = new Map(USERS.map((user) => [user, { seqs: [], isMember: false }]));
  model.set('bob', { seqs: [1], isMember: true });
  let head = 1;
  for (const one of steps) {
    if (one.do === 'say') await rig.say('ann/phone', chatId, 'x');
    else await rig.update('ann/phone', { chatId, [one.do]: [one.who] });
    const [{ headSeq = 0 } = {}] = await rig.queue.heads([chatId]);
    if (headSeq === head) continue;
    head = headSeq;
    for (const [user, known] of model) {
      const isHis = one.do !== 'say' && one.who === user;
      if (known.isMember || isHis) known.seqs.push(head);
      if (isHis) known.isMember = one.do === 'add';
    }
  }
  return { chatId, model };
}

const PAGES_MAX = 100;

async function forwards(rig: Rig, by: string, chatId: string): Promise<number[]> {
  const seqs: number[] = [];
  let since = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { messages, gap, headSeq } = await rig.history(by, { chatId, since, limit: 3 });
    const begin = gap === undefined ? since : gap.toSeq;
    if (gap !== undefined && gap.fromSeq !== since + 1) throw new Error('a hole before the gap');
    for (const [index, { seq }] of messages.entries()) {
      if (seq !== begin + 1 + index) throw new Error(`a hole before ${seq}`);
      seqs.push(seq);
    }
    since = messages.at(-1)?.seq ?? begin;
    if (since === headSeq) return seqs;
  }
  throw new Error('it does not end');
}

async function backwards(rig: Rig, by: string, chatId: string): Promise<number[]> {
  const seqs: number[] = [];
  let before: number | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const from = before === undefined ? {} : { before };
    const { messages } = await rig.history(by, { chatId, ...from, limit: 3 });
    if (messages.length === 0) return seqs;
    seqs.unshift(...messages.map(({ seq }) => seq));
    before = messages[0]?.seq;
  }
  throw new Error('it does not end');
}

test('each reads his ranges and nothing else', async (t) => {
  const lives = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const queue = await openQueue({ dir: ':memory:' });
    try {
      const rig = new Rig(queue).addUsers();
      rig.directory.add('dan', 'phone');
      const { chatId, model } = await live(rig, steps);
      for (const [user, { seqs }] of model) {
        if (seqs.length === 0) continue;
        const read = [
          await forwards(rig, `${user}/phone`, chatId),
          await backwards(rig, `${user}/phone`, chatId),
        ];
        if (read.some((one) => String(one) !== String(seqs))) {
          throw new Error(`${user} may read ${seqs}, and reads ${read.join(' and ')}`);
        }
      }
    } finally {
      await queue.close();
    }
  });
  // A failure prints its seed and its smallest life.
  await fc.assert(lives, { numRuns: 60 });
  t.pass('in all lives');
});
