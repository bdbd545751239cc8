// Who attached hears of what changed, once, until it asked and found nothing more; and what waits
// for the disk waits without holding up this thread.

import { test } from 'tap';
import { aStore } from './native-rig.js';

const ALL = 1024 * 1024;

test('an attachment is rung once, and tells each chat as it stands', async (t) => {
  const { store, ear, act } = await aStore(t);
  const ann = store.attach('ann');
  t.same(store.takeNews(ann, 10), { rows: [], fenced: false });
  await act((packer) => {
    packer.join('a', 'ann', 'head');
    packer.join('b', 'bob', 'head');
    packer.append('a', 'x');
    packer.append('b', 'x');
  });
  await act((packer) => packer.append('a', 'y'));
  await ear.until(() => ear.rung.length > 0);
  const { rows } = store.takeNews(ann, 10);
  t.match(rows, [
    { chatId: 'a', firstSeq: 1, headSeq: 2, received: 0, lastSeq: 2, joinSeq: 1, gone: false },
  ]);
  t.equal(rows.length, 1);
  t.same(store.takeNews(ann, 10).rows, []);
  const rung = ear.rung.length;
  await act((packer) => packer.append('a', 'z'));
  await ear.until(() => ear.rung.length > rung);
  await act((packer) => packer.append('a', 'z'));
  t.equal(ear.rung.length, rung + 1, 'and not again before it asked');
  store.detach(ann);
  await act((packer) => packer.append('a', 'z'));
  t.equal(ear.rung.length, rung + 1);
  t.same(store.takeNews(ann, 10), { rows: [], fenced: false });
  await store.close();
});

test('a page of news has at most its limit, and the rest is on the next', async (t) => {
  const { store, ear, act } = await aStore(t);
  const ann = store.attach('ann');
  await act((packer) => {
    for (let i = 0; i < 5; i++) packer.join(`chat ${i}`, 'ann', 'head');
  });
  await ear.until(() => ear.rung.length > 0);
  const counts = [3, 3, 3].map((limit) => store.takeNews(ann, limit).rows.length);
  t.same(counts, [3, 2, 0]);
  await store.close();
});

test('a newer attachment of a consumer fences the older, in another handle too', async (t) => {
  const one = await aStore(t);
  const two = await aStore(t, { dir: one.dir });
  const older = one.store.attach('ann');
  const newer = two.store.attach('ann');
  await one.ear.until(() => one.ear.rung.includes(older));
  t.equal(one.store.takeNews(older, 10).fenced, true);
  await one.act((packer) => packer.join('a', 'ann', 'head'));
  await two.ear.until(() => two.ear.rung.includes(newer));
  t.match(two.store.takeNews(newer, 10), { rows: [{ chatId: 'a' }], fenced: false });
  t.same(one.store.takeNews(newer, 10).rows, [], "another handle's attachment is found nowhere");
  await Promise.all([one.store.close(), two.store.close()]);
});

test('a watch hears of a chat that nobody has seen yet', async (t) => {
  const { store, ear, act } = await aStore(t);
  const watch = store.watch('a');
  await act((packer) => {
    packer.append('b', 'x');
    packer.append('a', 'x');
  });
  await ear.until(() => ear.rung.includes(watch));
  t.match(store.takeNews(watch, 10).rows, [{ chatId: 'a', headSeq: 1, received: 0, joinSeq: 0 }]);
  await store.close();
});

test('a barrier resolves when the acks before it are durable', async (t) => {
  const { dir, store, act } = await aStore(t, { options: { ackFlushMs: 3_600_000 } });
  await act((packer) => {
    packer.join('a', 'ann', 'head');
    packer.append('a', 'x');
  });
  await act((packer) => packer.ack('a', 'ann', { received: 1 }));
  const [received] = (await store.cursors('a')).map((cursor) => cursor.received);
  t.equal(received, 0, 'what is not durable is not visible');
  await store.flush();
  t.match(await store.cursors('a'), [{ received: 1 }]);
  await Promise.all([store.flush(), store.flush(), store.close()]);
  await t.rejects(store.flush(), { code: 'FOQ_CLOSED' });
  t.ok(dir);
});

test('what lies in the page cache is read within the call (I50)', async (t) => {
  const { store, act } = await aStore(t);
  await act((packer) => {
    for (let i = 0; i < 10; i++) packer.append('a', `record ${i}`);
  });
  const request = { chatId: 'a', from: { fromSeq: 1 }, limit: 100 };
  const answer = store.read([request], ALL);
  if (answer instanceof Promise) t.fail('the answer had to be waited for');
  else t.equal(answer[0]?.records.length, 10);
  const large = store.read([request], 64 * ALL);
  t.type(large, Promise, 'much is read by another thread');
  t.same(await large, await answer);
  await store.close();
});
