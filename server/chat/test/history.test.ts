// History: pages, gaps, and nothing outside of the reader's ranges.

import { type Rig, refused, withRig } from './rig.js';

/** eve is a member from 4 to 7, and from 10 on; the head is 12. */
async function aChatWithEve(rig: Rig): Promise<string> {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, 'm2', 'm3');
  await rig.update('ann/phone', { chatId, add: ['eve'] });
  await rig.say('ann/phone', chatId, 'm5', 'm6');
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  await rig.say('ann/phone', chatId, 'm8', 'm9');
  await rig.update('ann/phone', { chatId, add: ['eve'] });
  await rig.say('ann/phone', chatId, 'm11', 'm12');
  return chatId;
}

function seqsOf({ messages }: { messages: readonly { readonly seq: number }[] }): number[] {
  return messages.map(({ seq }) => seq);
}

withRig('a member reads forwards and backwards, page by page', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  await rig.say('ann/phone', chatId, ...Array.from({ length: 50 }, (_, index) => `${index}`));
  const newest = await rig.history('bob/phone', { chatId, limit: 20 });
  t.same([seqsOf(newest)[0], seqsOf(newest).at(-1), newest.headSeq], [32, 51, 51]);
  const before = await rig.history('bob/phone', { chatId, before: 32, limit: 20 });
  t.same([seqsOf(before)[0], seqsOf(before).at(-1)], [12, 31]);
  const first = await rig.history('bob/phone', { chatId, since: 0, limit: 3 });
  t.same(seqsOf(first), [1, 2, 3]);
  t.equal(first.gap, undefined);
  t.match(first.messages[1], { messageBody: '0', kind: 'message' });
  t.same(seqsOf(await rig.history('bob/phone', { chatId, since: 51 })), []);
  const beyond = rig.history('bob/phone', { chatId, since: 52 });
  t.match(await refused(t, beyond, 'FOQ_SEQ_OUT_OF_RANGE'), { headSeq: 51 });
});

withRig('a page has a bound of bytes and no hole', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const large = 'x'.repeat(50_000);
  await rig.say('ann/phone', chatId, large, large, large, large, 'last');
  const newest = await rig.history('bob/phone', { chatId });
  t.same(seqsOf(newest), [4, 5, 6], 'what fits in half a frame');
  const before = await rig.history('bob/phone', { chatId, before: 4 });
  t.same(seqsOf(before), [1, 2, 3]);
  t.same(seqsOf(await rig.history('bob/phone', { chatId, since: 1 })), [2, 3]);
});

withRig('who came back reads his ranges and not what was between', async (t, rig) => {
  const chatId = await aChatWithEve(rig);
  const page = (said: object) => rig.history('eve/phone', { chatId, ...said });
  const first = await page({ since: 0 });
  t.same(first.gap, { fromSeq: 1, toSeq: 3, reason: 'before-join' });
  t.same(seqsOf(first), [4, 5, 6, 7]);
  const second = await page({ since: 7 });
  t.same(second.gap, { fromSeq: 8, toSeq: 9, reason: 'before-join' });
  t.same(seqsOf(second), [10, 11, 12]);
  t.match(second, { firstSeq: 4, headSeq: 12 });
  t.same(seqsOf(await page({})), [10, 11, 12]);
  t.same(seqsOf(await page({ before: 10 })), [4, 5, 6, 7]);
  t.same(seqsOf(await page({ before: 9 })), [4, 5, 6, 7]);
  t.same(seqsOf(await page({ before: 6 })), [4, 5]);
  t.same(seqsOf(await page({ before: 4 })), []);
  t.same(seqsOf(await page({ since: 5, limit: 1 })), [6]);
});

withRig('a former member is told no more than his own', async (t, rig) => {
  const chatId = await aChatWithEve(rig);
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  await rig.say('ann/phone', chatId, 'm14', 'm15');
  const page = (said: object) => rig.history('eve/phone', { chatId, ...said });
  const newest = await page({});
  t.same(seqsOf(newest), [10, 11, 12, 13], 'the last is his removal');
  t.equal(newest.headSeq, 13);
  t.same(seqsOf(await page({ since: 12 })), [13]);
  t.same(seqsOf(await page({ since: 13 })), []);
  t.match(await refused(t, page({ since: 14 }), 'FOQ_SEQ_OUT_OF_RANGE'), { headSeq: 13 });
  t.same(seqsOf(await page({ before: 1_000 })), [10, 11, 12, 13]);
});

withRig('what retention took is a gap, within the ranges', async (t, rig) => {
  const chatId = await aChatWithEve(rig);
  await rig.queue.trim(chatId, 5);
  const page = (said: object) => rig.history('eve/phone', { chatId, ...said });
  const first = await page({ since: 0 });
  t.same(first.gap, { fromSeq: 1, toSeq: 5, reason: 'trimmed' });
  t.same(seqsOf(first), [6, 7]);
  const backwards = await page({ before: 8 });
  t.same(seqsOf(backwards), [6, 7]);
  t.same(backwards.gap, { fromSeq: 4, toSeq: 5, reason: 'trimmed' });
  await rig.queue.trim(chatId, 8);
  const gone = await page({ since: 0 });
  t.same([seqsOf(gone), gone.gap], [[], { fromSeq: 1, toSeq: 7, reason: 'trimmed' }]);
});

withRig('of minSeq it waits for that seq, or until patience ends', async (t, rig) => {
  const chatId = await rig.aGroup('ann/phone', ['bob']);
  const patience = new AbortController();
  rig.context = { ...rig.context, patience: () => patience.signal };
  const waiting = rig.history('bob/phone', { chatId, minSeq: 2 });
  await rig.say('ann/phone', chatId, 'there');
  t.same(seqsOf(await waiting), [1, 2]);
  const never = rig.history('bob/phone', { chatId, minSeq: 99 });
  patience.abort();
  t.same(seqsOf(await never), [1, 2], 'answered with what there is');
});
