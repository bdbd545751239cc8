// Every operation through the boundary, with every option, and every way to look at a store.

import { test } from 'tap';
import type { Pages } from '../native-types.js';
import { aStore, bytes } from './native-rig.js';

const ALL = 1024 * 1024;
const PAGE = { after: undefined, limit: 10 };

test('what is wrong with one operation fails it alone', async (t) => {
  const { store, act } = await aStore(t);
  const outcomes = await act((packer) => {
    packer.append('', 'no chat');
    packer.append('a', 'right');
    packer.append('a', 'x', { senderId: 'not allowed!' });
    packer.append('a', 'x', { isMember: true, senderId: 'ann' });
    packer.append('a', new Uint8Array(66_000), { join: ['ann'] });
    packer.append('a', 'x', { ifHead: -1 });
    packer.trim('a', 0.5);
    packer.join('a', 'ann', 0);
    packer.ack('a', 'ann', { received: 1 });
    packer.ack('a', 'ann', { marksSeen: 2 ** 40 });
    packer.append('a', 'right again');
  });
  const codes = outcomes.map((outcome) =>
    outcome.kind === 'failed' ? outcome.code : outcome.kind,
  );
  t.same(codes, [
    'FOQ_INVALID_ARGUMENT',
    'appended',
    'FOQ_INVALID_ARGUMENT',
    'FOQ_NOT_JOINED',
    'FOQ_TOO_LARGE',
    'FOQ_INVALID_ARGUMENT',
    'FOQ_INVALID_ARGUMENT',
    'FOQ_INVALID_ARGUMENT',
    'FOQ_NOT_JOINED',
    'FOQ_INVALID_ARGUMENT',
    'appended',
  ]);
  t.match(outcomes[3], { fields: { consumerId: 'ann' } });
  t.match(outcomes.at(-1), { seq: 2 });
  await store.close();
});

test('what cannot be packed throws and leaves the packer as it was', async (t) => {
  const { store, ear } = await aStore(t);
  const packer = store.packer(64);
  packer.append('a', 'first');
  const { used } = packer;
  const long = 'x'.repeat(256);
  t.throws(() => packer.append(long, 'x'), RangeError);
  t.throws(() => packer.append('a', 'x', { senderId: long }), RangeError);
  t.throws(() => packer.append('a', 'x', { join: ['ann', long] }), RangeError);
  t.throws(() => packer.append('a', 'x', { kind: 256 }), RangeError);
  t.throws(() => packer.append('a', 'x', { kind: 0.5 }), RangeError);
  t.throws(() => packer.join('a', 'é'.repeat(128), 'head'), RangeError);
  t.same([packer.count, packer.used], [1, used]);
  packer.append('a', 'second');
  t.match(await ear.answered(store.submit(packer), 2), [{ seq: 1 }, { seq: 2 }]);
  await store.close();
});

test('an append with every option does what each says', async (t) => {
  const { store, act } = await aStore(t);
  const all = () =>
    act((packer) =>
      packer.append('a', 'payload', {
        kind: 3,
        senderId: 'ann/phone',
        isMember: true,
        dedupKey: bytes('key'),
        dedupOver: bytes('what the client sent'),
        guard: { expected: 0, next: 5 },
        ifHead: 0,
        ifRoster: 0,
        join: ['ann/phone', 'bob'],
        leave: ['nobody'],
        pin: true,
      }),
    );
  t.match(await all(), [{ seq: 1, repeated: false }]);
  t.match(await all(), [{ seq: 1, repeated: true }]);
  t.match(await store.heads(['a']), [{ headSeq: 1, guard: 5, roster: 2 }]);
  t.match(await store.pinned('a'), { seq: 1, kind: 3, senderId: 'ann/phone' });
  t.equal(await store.pinned('b'), undefined);
  const refused = await act((packer) => {
    packer.append('a', 'x', { guard: { expected: 4, next: 6 } });
    packer.append('a', 'x', { ifHead: 0 });
    packer.append('a', 'x', { ifRoster: 1 });
    packer.append('a', 'x', { senderId: 'ann/phone', dedupKey: bytes('key') });
  });
  t.match(refused, [
    { code: 'FOQ_GUARD_CONFLICT', fields: { current: 5, headSeq: 1 } },
    { code: 'FOQ_HEAD_CONFLICT', fields: { headSeq: 1 } },
    { code: 'FOQ_ROSTER_STALE', fields: { roster: 2 } },
    { code: 'FOQ_DEDUP_CONFLICT', fields: { seq: 1 } },
  ]);
  await store.close();
});

test('joins, acks and leaves move cursors, and are answered in runs', async (t) => {
  const { store, act } = await aStore(t);
  await act((packer) => {
    for (let i = 0; i < 5; i++) packer.append('a', `record ${i}`);
  });
  const joins = await act((packer) => {
    packer.join('a', 'ann', 'first');
    packer.join('a', 'bob', 'head');
    packer.join('a', 'cid', 4);
  });
  t.match(joins, [
    { joined: { joinSeq: 1, received: 0, firstSeq: 1, headSeq: 5 } },
    { joined: { joinSeq: 6, received: 5 } },
    { joined: { joinSeq: 4, received: 3 } },
  ]);
  const done = await act((packer) => {
    packer.ack('a', 'ann', { received: 3, delivered: 4, read: 2, durable: true });
    packer.ack('a', 'bob', { marksSeen: 1 });
    packer.leave('a', 'cid');
    packer.leave('a', 'bob', 1);
    packer.leave('a', 'dan');
  });
  t.same(
    done.map(({ kind }) => kind),
    ['done', 'done', 'done', 'done', 'done'],
  );
  t.match(await store.cursors('a'), [
    { consumerId: 'ann', joinSeq: 1, received: 3, delivered: 4, read: 2, holes: [] },
    { consumerId: 'bob', joinSeq: 6, received: 5, marksSeen: 1 },
    { consumerId: 'cid', joinSeq: 4, received: 3, leaveSeq: 5 },
  ]);
  t.notOk('leaveSeq' in ((await store.cursors('a'))[0] ?? {}));
  await act((packer) => {
    packer.append('a', 'while cid is away');
    packer.join('a', 'cid', 'head');
  });
  const [, , cid] = await store.cursors('a');
  t.match(cid, { consumerId: 'cid', joinSeq: 7, received: 3, holes: [[6, 6]] });
  t.same(await store.cursors('never seen'), []);
  await store.close();
});

test('a consumer is forgotten, also where it was leaving, and work is counted', async (t) => {
  const { store, act } = await aStore(t);
  await act((packer) => {
    packer.join('a', 'ann', 'head');
    packer.join('a', 'bob', 'head');
    packer.append('a', 'seven b');
  });
  t.match(
    await act((packer) => {
      packer.leave('a', 'ann');
      packer.forget('a', 'ann');
      packer.forget('never seen', 'ann');
    }),
    [{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }],
  );
  t.match(await store.cursors('a'), [{ consumerId: 'bob' }]);
  const { syncMicros, roundOperations, ...counts } = store.stats();
  t.match(counts, { appends: 1, payloadBytes: 7, chats: 1, refused: 0, poisoned: 0 });
  t.ok(Number(counts['rounds']) >= 2 && Number(counts['syncs']) >= 1);
  t.ok(Array.isArray(syncMicros) && Array.isArray(roundOperations));
  await store.close();
});

test('retention is configured, and what it removes is a gap', async (t) => {
  const { store, act } = await aStore(t);
  const day = 24 * 60 * 60 * 1000;
  t.same(await store.chatOptions('a'), {});
  await act((packer) => {
    for (let i = 0; i < 9; i++) packer.append('a', 'x'.repeat(100));
    packer.configure('a', { keep: 'window', maxAgeMs: day });
  });
  t.same(await store.chatOptions('a'), { keep: 'window', maxAgeMs: day });
  await act((packer) => packer.configure('a', { keepAtLeastMs: 2 * day, keep: 'forever' }));
  t.same(await store.chatOptions('a'), { keep: 'forever', keepAtLeastMs: 2 * day });
  await act((packer) => packer.configure('a', { maxBytes: 9000 }));
  t.same(await store.chatOptions('a'), { maxBytes: 9000 });
  await act((packer) => packer.configure('a', {}));
  t.same(await store.chatOptions('a'), {});
  await act((packer) => {
    packer.trim('a', 3);
    packer.deleteRecords('a', [
      [5, 5],
      [7, 8],
    ]);
  });
  const from = { fromSeq: 2 };
  const [answer] = await store.read([{ chatId: 'a', from, limit: 10 }], ALL);
  t.same(answer?.gap, { fromSeq: 2, toSeq: 3, reason: 'trimmed' });
  t.same(
    answer?.records.filter(({ deleted }) => deleted).map(({ seq }) => seq),
    [5, 7, 8],
  );
  await act((packer) => packer.deleteChat('a'));
  t.match(await store.heads(['a']), [{ firstSeq: 10, headSeq: 9 }]);
  await store.close();
});

test('a page ends where it was told to, and the next goes on there', async (t) => {
  const { store, act } = await aStore(t);
  const chats = ['d', 'b', 'a', 'c', 'e'];
  await act((packer) => {
    for (const chat of chats) packer.join(chat, 'ann', 'head');
    for (const chat of chats) packer.append(chat, 'x');
  });
  await act((packer) => packer.ack('c', 'ann', { received: 1, durable: true }));
  const [{ marksVersion = 0 } = {}] = await store.heads(['c']);
  await act((packer) => packer.ack('c', 'ann', { marksSeen: marksVersion }));
  const all = async <Row extends { chatId: string }>(
    page: (request: { after: string | undefined; limit: number }) => Promise<{
      rows: readonly Row[];
      next: string | undefined;
    }>,
  ) => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const { rows, next } = await page({ after, limit: 2 });
      t.ok(rows.length === 2 || next === undefined);
      found.push(...rows.map(({ chatId }) => chatId));
      after = next;
    } while (after !== undefined);
    return found;
  };
  t.same((await all((request) => store.chats(request))).sort(), ['a', 'b', 'c', 'd', 'e']);
  t.same(await all((request) => store.chatsOf('ann', request)), ['a', 'b', 'c', 'd', 'e']);
  t.same((await all((request) => store.pending('ann', request))).sort(), ['a', 'b', 'd', 'e']);
  const { rows } = await store.pending('ann', PAGE);
  t.match(rows[0], { firstSeq: 1, headSeq: 1, received: 0, lastSeq: 1, joinSeq: 1 });
  await act((packer) => packer.leave('d', 'ann'));
  const joined = ({ rows }: Pages<{ chatId: string }>) => rows.map(({ chatId }) => chatId);
  t.same(joined(await store.chatsOf('ann', PAGE)), ['a', 'b', 'c', 'e']);
  t.same(joined(await store.chatsOf('ann', { ...PAGE, closing: true })), ['a', 'b', 'c', 'd', 'e']);
  t.same((await store.chatsOf('nobody', PAGE)).rows, []);
  await t.rejects(store.pending('ann', { after: 'no place', limit: 1 }), {
    code: 'FOQ_INVALID_ARGUMENT',
  });
  await t.rejects(store.chats({ after: undefined, limit: 0 }), { code: 'FOQ_INVALID_ARGUMENT' });
  await store.close();
});

test('reads share what they may take; who got nothing is known by it', async (t) => {
  const { store, act } = await aStore(t);
  await act((packer) => {
    for (let i = 0; i < 10; i++) {
      packer.append('a', new Uint8Array(1000));
      packer.append('b', new Uint8Array(1000));
    }
  });
  const request = (chatId: string, fromSeq: number) => ({ chatId, from: { fromSeq }, limit: 100 });
  const counts = async (maxBytes: number, ...requests: ReturnType<typeof request>[]) =>
    (await store.read(requests, maxBytes)).map(({ records }) => records.length);
  t.same(await counts(ALL, request('a', 1), request('b', 6)), [10, 5]);
  t.same(await counts(1, request('a', 1), request('b', 1)), [1, 0]);
  const few = await counts(8000, request('a', 1), request('b', 1));
  t.ok((few[0] ?? 0) < 9 && few[1] === 0, `${few}`);
  t.match(await store.read([request('a', 1), request('b', 1)], 1), [{}, { headSeq: 10 }]);
  await t.rejects(counts(ALL, request('a', 99)), {
    code: 'FOQ_SEQ_OUT_OF_RANGE',
    fields: { headSeq: 10 },
  });
  t.same(
    await counts(ALL, request('a', 10), request('a', 99)),
    [1, 0],
    'the second is not reached',
  );
  await store.close();
});
