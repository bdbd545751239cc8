// One of each command, reply and event, and more where bytes, lists or options make a difference.
// The golden frames are these, encoded; the published documents show them as examples.

import type { Command, CommandName, ReplyOf, WireEvent } from '../index.js';
import { LIMITS } from '../index.js';

const direct = '~dmh3kqzc2w7xq';
const group = '~g5tq2j4fya6ne';
const epoch = '00c0ffee00c0ffee';
const body = Uint8Array.of(0, 1, 127, 128, 255);
const at = 1_790_000_000_000;

/** Names end up as file names; `-2` and so on are further samples of the same. */
export const COMMAND_SAMPLES: Readonly<Record<string, Command>> = {
  hello: { t: 'hello', id: 1, token: 'eyJ.token.sig', client: 'web 1.0', capabilities: [] },
  auth: { t: 'auth', id: 2, token: 'eyJ.newer.sig' },
  ping: { t: 'ping', id: 3 },
  'ping-2': { t: 'ping' },
  flow: { t: 'flow', messages: 512, bytes: 4_194_304 },
  bye: { t: 'bye' },
  createChat: { t: 'createChat', id: 4, participants: ['bob'] },
  'createChat-2': {
    t: 'createChat',
    id: 5,
    participants: ['bob', 'cleo'],
    type: 'group',
    name: 'Grüße',
    clientChatId: 'g-1',
    e2ee: true,
  },
  updateChat: { t: 'updateChat', id: 6, chatId: group, add: ['dan'], remove: ['bob'] },
  'updateChat-2': {
    t: 'updateChat',
    id: 7,
    chatId: group,
    role: { userId: 'cleo', role: 'admin' },
    name: 'New name',
    clientMsgId: 'u-1',
    messageBody: body,
    envelopes: [{ userId: 'cleo', deviceId: 'phone', type: 1, body }],
    e2ee: { protocol: 'mls', epoch: 4, contentType: 'commit' },
    guard: { expected: 4, next: 5 },
    roster: 3,
  },
  'updateChat-3': { t: 'updateChat', id: 8, chatId: group, leave: true },
  sendMessage: {
    t: 'sendMessage',
    id: 9,
    chatId: direct,
    clientMsgId: 'm-1',
    messageBody: 'hello 👋',
    sentAt: at,
  },
  'sendMessage-2': {
    t: 'sendMessage',
    id: 10,
    chatId: group,
    clientMsgId: 'm-2',
    messageBody: body,
    envelopes: [
      { userId: 'bob', deviceId: 'phone', type: 3, body },
      { userId: 'bob', deviceId: 'laptop', type: 1, body: Uint8Array.of() },
    ],
    attachments: ['att_1', 'att_2'],
    e2ee: { protocol: 'signal', contentType: 'text' },
    guard: { expected: 0, next: 1 },
    roster: 7,
    sentAt: at,
    urgent: true,
    resendOf: `${group}.41`,
  },
  messageAck: { t: 'messageAck', id: 11, chatId: direct, status: 'RECEIVED', upToSeq: 42 },
  'messageAck-2': { t: 'messageAck', chatId: direct, status: 'READ', messageId: `${direct}.42` },
  syncState: { t: 'syncState', id: 12, limit: 50 },
  'syncState-2': {
    t: 'syncState',
    id: 13,
    lastKnownSeqPerChat: [{ chatId: direct, seq: 41, epoch }],
    after: 'bmV4dA',
    limit: 200,
  },
  history: { t: 'history', id: 14, chatId: direct, since: 40, limit: 100, minSeq: 42 },
  'history-2': { t: 'history', id: 15, chatId: direct, before: 40 },
  getChat: { t: 'getChat', id: 16, chatId: group },
  listChats: { t: 'listChats', id: 17, after: 'bmV4dA', limit: 100 },
  getReceipts: { t: 'getReceipts', id: 18, chatId: direct, seq: 42 },
};

const message = {
  chatId: direct,
  seq: 42,
  messageId: `${direct}.42`,
  epoch,
  senderId: 'ann',
  senderDeviceId: 'phone',
  at,
  sentAt: at - 1,
  kind: 'message',
  messageBody: 'hello 👋',
  clientMsgId: 'm-1',
} as const;

const membership = {
  type: 'group',
  name: 'Grüße',
  createdAt: at,
  createdBy: 'ann',
  e2ee: false,
  members: [
    { userId: 'ann', role: 'owner' },
    { userId: 'bob', role: 'member' },
  ],
} as const;

const news = {
  chatId: direct,
  headSeq: 42,
  firstSeq: 1,
  epoch,
  roster: 2,
  received: 40,
  read: 38,
  unread: 2,
  marks: [{ userId: 'bob', delivered: 41, read: 39 }],
};

/** Fields beside `t` and `id`. */
export const REPLY_SAMPLES: { readonly [Name in CommandName]: ReplyOf<Name> } = {
  hello: {
    sessionId: 's-1',
    userId: 'ann',
    deviceId: 'phone',
    serverTime: at,
    heartbeatMs: 25_000,
    limits: LIMITS,
    durability: 'fsync',
    capabilities: [],
    linking: { done: 256, total: 1_000 },
  },
  auth: { expiresAt: at + 3_600_000 },
  ping: {},
  flow: {},
  bye: {},
  createChat: { chatId: direct, seq: 1, created: true },
  updateChat: { seq: 43, roster: 8 },
  sendMessage: {
    serverAck: { messageId: `${direct}.42`, chatId: direct, seq: 42, at, duplicate: false },
  },
  messageAck: {},
  syncState: { chats: [news, { ...news, preview: [message] }], next: 'bmV4dA' },
  history: {
    messages: [message],
    firstSeq: 30,
    headSeq: 42,
    epoch,
    gap: { fromSeq: 20, toSeq: 29, reason: 'expired' },
  },
  getChat: {
    chat: {
      chatId: group,
      ...membership,
      roster: 2,
      guard: 0,
      pinnedSeq: 1,
      firstSeq: 1,
      headSeq: 42,
      epoch,
    },
  },
  listChats: {
    chats: [
      {
        chatId: group,
        type: 'group',
        name: 'Grüße',
        firstSeq: 1,
        headSeq: 42,
        received: 40,
        lastAt: at,
      },
    ],
    next: null,
  },
  getReceipts: { status: 'DELIVERED', users: [{ userId: 'bob', delivered: 42, read: 39 }] },
};

export const EVENT_SAMPLES: Readonly<Record<string, WireEvent>> = {
  message: { t: 'message', ...message, attempt: 1 },
  'message-2': {
    t: 'message',
    chatId: group,
    seq: 43,
    messageId: `${group}.43`,
    epoch,
    senderId: 'bob',
    senderDeviceId: 'laptop',
    at,
    kind: 'message',
    envelope: { type: 3, body },
    attachments: ['att_1'],
    e2ee: { protocol: 'signal', contentType: 'text' },
    resendOf: `${group}.41`,
    attempt: 2,
  },
  'message-3': {
    t: 'message',
    chatId: group,
    seq: 1,
    messageId: `${group}.1`,
    epoch,
    senderId: 'ann',
    at,
    kind: 'membership',
    membership: membership,
    attempt: 1,
  },
  'message-4': {
    t: 'message',
    chatId: group,
    seq: 44,
    messageId: `${group}.44`,
    epoch,
    at,
    kind: 'empty',
    attempt: 1,
  },
  caughtUp: { t: 'caughtUp', chatId: direct, headSeq: 42 },
  'caughtUp-2': { t: 'caughtUp' },
  gap: { t: 'gap', chatId: direct, fromSeq: 1, toSeq: 29, reason: 'before-join' },
  epochChanged: { t: 'epochChanged', chatId: direct, epoch, firstSeq: 1, headSeq: 42 },
  receipt: { t: 'receipt', chatId: direct, userId: 'bob', delivered: 42, read: 41, at },
  'receipt-2': { t: 'receipt', chatId: direct, userId: 'ann', deviceId: 'phone', read: 42, at },
  chatUpdated: { t: 'chatUpdated', chatId: group, roster: 8, pinnedSeq: 43 },
  removed: { t: 'removed', chatId: group, seq: 43 },
  ping: { t: 'ping' },
  authExpiring: { t: 'authExpiring', expiresAt: at },
  goAway: { t: 'goAway', reason: 'SHUTDOWN', retryAfterMs: 1_000 },
  error: {
    t: 'error',
    id: 9,
    code: 1410,
    name: 'ROSTER_STALE',
    message: 'The roster is 8.',
    retry: 'after-change',
    details: { roster: 8, missing: ['dan/phone'], extra: [] },
  },
  'error-2': {
    t: 'error',
    code: 1003,
    name: 'BUSY',
    message: 'A bounded queue is full.',
    retry: 'later',
    retryAfterMs: 250,
  },
};
