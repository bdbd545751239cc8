// What no store could take: each call, each argument, each wrong value, and the code for it. The
// message names the argument, so that a caller need not guess.

import type { ErrorCode, Queue } from '../../protocol/index.js';
import type { Case } from './case.js';
import { bytes, headSeqOf } from './verbs.js';

/** A call with one argument replaced; `as never` lets the wrong types of a JavaScript user in. */
interface Row {
  readonly call: string;
  /** Matches the message. */
  readonly argument: RegExp;
  readonly wrong: readonly unknown[];
  readonly code: ErrorCode;
  run(queue: Queue, value: never): Promise<unknown>;
}

const NO_TEXT = [undefined, null, 7, {}, [], Symbol('x'), true];
const CHAT_IDS = [...NO_TEXT, '', 'x'.repeat(129), 'ä'.repeat(65)];
const CONSUMER_IDS = [
  ...NO_TEXT,
  '',
  '/',
  'a/',
  '/a',
  'a/b/c',
  'a b',
  'ä',
  'x'.repeat(64),
  `a/${'x'.repeat(64)}`,
  'a\0',
];
const NO_SEQS = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, {}, 1n];
const NO_LISTS = [7, 'chat', {}, null];
const INVALID = 'FOQ_INVALID_ARGUMENT';
const marks = { received: 1 };

const chatIdRows: readonly Row[] = [
  row('append', (queue, id) => queue.append(id, 'x')),
  row('read', (queue, id) => queue.read(id)),
  row('pinned', (queue, id) => queue.pinned(id)),
  row('heads', (queue, id) => queue.heads([id])),
  row('join', (queue, id) => queue.join(id, 'ann')),
  row('leave', (queue, id) => queue.leave(id, 'ann')),
  row('joinMany', (queue, id) => queue.joinMany('ann', [{ chatId: id }])),
  row('ack', (queue, id) => queue.ack(id, 'ann', marks)),
  row('cursors', (queue, id) => queue.cursors(id)),
  row('configure', (queue, id) => queue.configure(id, { keep: 'forever' })),
  row('trim', (queue, id) => queue.trim(id, 1)),
  row('deleteRecords', (queue, id) => queue.deleteRecords(id, [[1, 1]])),
  row('deleteChat', (queue, id) => queue.deleteChat(id)),
  row('waitFor', (queue, id) => queue.waitFor(id, 1)),
  row('why', (queue, id) => queue.why(id, 1)),
];

function row(call: string, run: (queue: Queue, id: never) => Promise<unknown>): Row {
  return { call, argument: /chat ?id/i, wrong: CHAT_IDS, code: INVALID, run };
}

const consumerIdRows: readonly Row[] = [
  consumerRow('join', (queue, id) => queue.join('chat', id)),
  consumerRow('leave', (queue, id) => queue.leave('chat', id)),
  consumerRow('joinMany', (queue, id) => queue.joinMany(id, [{ chatId: 'chat' }])),
  consumerRow('forget', (queue, id) => queue.forget(id)),
  consumerRow('ack', (queue, id) => queue.ack('chat', id, marks)),
  consumerRow('pending', (queue, id) => queue.pending(id)),
  consumerRow('chatsOf', (queue, id) => queue.chatsOf(id)),
  consumerRow('consume', async (queue, id) => {
    for await (const one of queue.consume(id)) return one;
    return undefined;
  }),
  consumerRow('attach', async (queue, id) => {
    const deliveries = queue.deliveries();
    try {
      return await deliveries.attach(id);
    } finally {
      deliveries.close();
    }
  }),
];

function consumerRow(call: string, run: (queue: Queue, id: never) => Promise<unknown>): Row {
  return { call, argument: /consumer ?id/i, wrong: CONSUMER_IDS, code: INVALID, run };
}

const appendRows: readonly Row[] = [
  option('payload', [undefined, null, 7, {}, [1, 2], new ArrayBuffer(8)], (queue, payload) =>
    queue.append('chat', payload),
  ),
  option('as', CONSUMER_IDS.slice(1), (queue, as) => queue.append('chat', 'x', { as })),
  option('senderId', [7, {}, '', 'x'.repeat(129)], (queue, senderId) =>
    queue.append('chat', 'x', { senderId }),
  ),
  option('senderId', ['ann'], (queue, id) =>
    queue.append('chat', 'x', { as: 'ann', senderId: id }),
  ),
  option('dedupKey', [7, {}], (queue, dedupKey) =>
    queue.append('chat', 'x', { senderId: 'ann', dedupKey }),
  ),
  option('dedupKey', ['key'], (queue, dedupKey) => queue.append('chat', 'x', { dedupKey })),
  option('dedupOver', [7, {}], (queue, dedupOver) =>
    queue.append('chat', 'x', { senderId: 'ann', dedupKey: 'key', dedupOver }),
  ),
  option('guard', [7, {}, null, { expected: 1 }, { expected: -1, next: 0 }], (queue, guard) =>
    queue.append('chat', 'x', { guard }),
  ),
  option('guard', NO_SEQS, (queue, next) =>
    queue.append('chat', 'x', { guard: { expected: 0, next } }),
  ),
  option('ifHead', NO_SEQS, (queue, ifHead) => queue.append('chat', 'x', { ifHead })),
  option('ifRoster', NO_SEQS, (queue, ifRoster) => queue.append('chat', 'x', { ifRoster })),
  option('join', NO_LISTS, (queue, join) => queue.append('chat', 'x', { join })),
  option('join', CONSUMER_IDS, (queue, id) => queue.append('chat', 'x', { join: [id] })),
  option('leave', CONSUMER_IDS, (queue, id) => queue.append('chat', 'x', { leave: [id] })),
  option('pin', [1, 'yes', {}], (queue, pin) => queue.append('chat', 'x', { pin })),
  option('kind', [-1, 256, 1.5, '1', Number.NaN], (queue, kind) =>
    queue.append('chat', 'x', { kind }),
  ),
  option('signal', [7, {}, 'signal'], (queue, signal) => queue.append('chat', 'x', { signal })),
  option('options', [7, 'x'], (queue, options) => queue.append('chat', 'x', options)),
];

const otherRows: readonly Row[] = [
  option('fromSeq', NO_SEQS, (queue, fromSeq) => queue.read('chat', { fromSeq })),
  option('before', NO_SEQS, (queue, before) => queue.read('chat', { before })),
  option('last', NO_SEQS, (queue, last) => queue.read('chat', { last })),
  option('limit', [...NO_SEQS, 0, 10_001], (queue, limit) => queue.read('chat', { limit })),
  option('maxBytes', [...NO_SEQS, 0], (queue, maxBytes) => queue.read('chat', { maxBytes })),
  option('fromSeq', [1], (queue, fromSeq) => queue.read('chat', { fromSeq, last: 1 })),
  option('chatIds', NO_LISTS, (queue, ids) => queue.heads(ids)),
  option('at', [...NO_SEQS, 'tail', 0], (queue, at) => queue.join('chat', 'ann', { at })),
  option('joinSeq', NO_SEQS, (queue, joinSeq) => queue.leave('chat', 'ann', { joinSeq })),
  option('chats', NO_LISTS, (queue, chats) => queue.joinMany('ann', chats)),
  option('received', NO_SEQS, (queue, received) => queue.ack('chat', 'ann', { received })),
  option('delivered', NO_SEQS, (queue, delivered) => queue.ack('chat', 'ann', { delivered })),
  option('read', NO_SEQS, (queue, read) => queue.ack('chat', 'ann', { read })),
  option('marks', [undefined, null, 7, 'x', {}], (queue, given) => queue.ack('chat', 'ann', given)),
  option('limit', [0, 10_001, 1.5, '1'], (queue, limit) => queue.pending('ann', { limit })),
  option('limit', [0, 10_001, 1.5, '1'], (queue, limit) => queue.chatsOf('ann', { limit })),
  option('limit', [0, 10_001, 1.5, '1'], (queue, limit) => queue.chats({ limit })),
  option('after', [7, {}], (queue, after) => queue.pending('ann', { after })),
  option('after', [7, {}], (queue, after) => queue.chatsOf('ann', { after })),
  option('after', [7, {}], (queue, after) => queue.chats({ after })),
  option('keep', ['always', 7, null], (queue, keep) => queue.configure('chat', { keep })),
  option('maxAge', [-1, '30', 'month', 59_999, {}, Number.NaN], (queue, maxAge) =>
    queue.configure('chat', { maxAge }),
  ),
  option('keepAtLeast', [-1, '30', 'month', 1, {}], (queue, keepAtLeast) =>
    queue.configure('chat', { keepAtLeast }),
  ),
  option('maxBytes', [-1, 1, 65_535, '1', 65_536.5, null], (queue, maxBytes) =>
    queue.configure('chat', { maxBytes }),
  ),
  option('upToSeq', NO_SEQS, (queue, seq) => queue.trim('chat', seq)),
  option('ranges', NO_LISTS, (queue, ranges) => queue.deleteRecords('chat', ranges)),
  option('ranges', [7, [], [1]], (queue, one) => queue.deleteRecords('chat', [one])),
  option(
    'fromSeq',
    [
      [2, 1],
      [0, 1],
      [1.5, 2],
    ],
    (queue, one) => queue.deleteRecords('chat', [one]),
  ),
  option('seq', NO_SEQS, (queue, seq) => queue.waitFor('chat', seq)),
  option('seq', NO_SEQS, (queue, seq) => queue.why('chat', seq)),
  option('window', [7, { records: 0 }, { bytes: -1 }, { records: 1.5 }], async (queue, window) => {
    for await (const one of queue.consume('ann', { window })) return one;
    return undefined;
  }),
  option('chats', NO_LISTS, async (queue, chats) => {
    for await (const one of queue.consume('ann', { chats })) return one;
    return undefined;
  }),
  option('join', ['tail', 7], async (queue, join) => {
    for await (const one of queue.consume('ann', { chats: ['chat'], join })) return one;
    return undefined;
  }),
];

function option(
  name: string,
  wrong: readonly unknown[],
  run: (queue: Queue, value: never) => Promise<unknown>,
): Row {
  return { call: name, argument: new RegExp(name, 'i'), wrong, code: INVALID, run };
}

const tooLarge: readonly Row[] = [
  {
    ...option('payload', [bytes(1024 * 1024 + 1)], (queue, payload) =>
      queue.append('chat', payload),
    ),
    code: 'FOQ_TOO_LARGE',
  },
  {
    ...option('dedupKey', [bytes(129), 'ä'.repeat(65)], (queue, dedupKey) =>
      queue.append('chat', 'x', { senderId: 'ann', dedupKey }),
    ),
    code: 'FOQ_TOO_LARGE',
  },
  {
    ...option('ranges', [Array.from({ length: 1001 }, () => [1, 1])], (queue, ranges) =>
      queue.deleteRecords('chat', ranges),
    ),
    code: 'FOQ_TOO_LARGE',
  },
];

function table(title: string, rows: readonly Row[]): Case {
  return {
    title,
    guarantees: ['I49'],
    async run(t, world) {
      const queue = await world.open();
      await queue.append('chat', '1', { join: ['ann'] });
      const complaints: string[] = [];
      for (const { call, argument, wrong, code, run } of rows) {
        for (const value of wrong) {
          const said = `${call}(${argument}: ${shown(value)})`;
          try {
            const error = await t.rejects(() => run(queue, value as never), code);
            if (!argument.test(error.message)) complaints.push(`${said} says "${error.message}"`);
          } catch (error) {
            complaints.push(`${said}: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      }
      t.equal(complaints.join('\n'), '');
      t.equal(await headSeqOf(queue, 'chat'), 1, 'nothing was written');
      t.equal((await queue.append('chat', '2')).seq, 2, 'and the queue works');
    },
  };
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'object') {
    return JSON.stringify(value).slice(0, 40);
  }
  return String(value);
}

export const badInput: readonly Case[] = [
  table('a wrong chatId is refused by every call, and named', chatIdRows),
  table('a wrong consumerId is refused by every call, and named', consumerIdRows),
  table('a wrong option of append is refused and named', appendRows),
  table('a wrong argument of any other call is refused and named', otherRows),
  table('what is over a limit is refused and named', tooLarge),
];
