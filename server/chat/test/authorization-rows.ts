// The authorization matrix: for every command of the wire, what each kind of caller is answered.
//
// The chat is a group of ann and bob. eve was removed from it, fay never was in it, ann's laptop is
// revoked, and one caller has no token. What a cell says holds for all that its row says of the
// command; a code means that nothing has changed by it.

import type { FoqError } from '../../../protocol/index.js';
import type { CommandName } from '../../../protocol/wire/index.js';

export type CallerKind = 'member' | 'former' | 'stranger' | 'revoked' | 'no token';

/**
 * `ok`: carried out. `own`: carried out, with nothing in it of the chat. `ranges`: carried out,
 * with what was said while the caller was a member, and nothing else.
 */
export type Verdict = 'ok' | 'own' | 'ranges' | FoqError['code'];

type Fields = Readonly<Record<string, unknown>>;

export interface Row {
  /** Who answers: the session, before any chat is looked at, or the chat layer. */
  readonly by: 'session' | 'chat';
  readonly says: (chatId: string) => readonly Fields[];
  readonly cells: Readonly<Record<CallerKind, Verdict>>;
}

const closed = { revoked: 'FOQ_UNAUTHORIZED', 'no token': 'FOQ_UNAUTHORIZED' } as const;

/** For commands of the session alone. */
const session: Row = {
  by: 'session',
  says: () => [{}],
  cells: { member: 'own', former: 'own', stranger: 'own', ...closed },
};

/** For what only members may. */
const members = {
  member: 'ok',
  former: 'FOQ_CHAT_NOT_FOUND',
  stranger: 'FOQ_CHAT_NOT_FOUND',
  ...closed,
} as const;

const body = { clientMsgId: 'own-1', messageBody: 'x' };

export const ROWS: Readonly<Record<CommandName, Row>> = {
  hello: { ...session, says: () => [{ token: 'no token at all' }] },
  auth: { ...session, says: () => [{ token: 'no token at all' }] },
  ping: session,
  flow: { ...session, says: () => [{ messages: 1, bytes: 1 }] },
  bye: session,
  createChat: {
    by: 'chat',
    says: () => [
      { participants: ['bob'], type: 'group', clientChatId: 'mine' },
      { participants: ['ann'], type: 'direct' },
    ],
    cells: { member: 'own', former: 'own', stranger: 'own', ...closed },
  },
  updateChat: {
    by: 'chat',
    says: (chatId) => [
      { chatId, add: ['fay'] },
      { chatId, remove: ['ann'] },
      { chatId, add: ['nobody'] },
      { chatId, role: { userId: 'bob', role: 'owner' } },
      { chatId, name: 'Ours', roster: 1 },
      { chatId, name: 'Ours', guard: { expected: 7, next: 8 } },
      { chatId, leave: true, messageBody: 'x' },
    ],
    // A plain member may do none of this but leave; update-chat.test.ts has who may what.
    cells: { ...members, member: 'FOQ_FORBIDDEN' },
  },
  sendMessage: {
    by: 'chat',
    says: (chatId) => [
      { chatId, ...body },
      { chatId, ...body, clientMsgId: 'own-2', envelopes: [] },
    ],
    cells: members,
  },
  messageAck: {
    by: 'chat',
    says: (chatId) => [
      { chatId, status: 'READ', upToSeq: 2 },
      { chatId, status: 'DELIVERED', upToSeq: 2 },
      { chatId, status: 'READ', messageId: `${chatId}.1` },
    ],
    cells: members,
  },
  syncState: {
    by: 'chat',
    says: (chatId) => [
      {},
      { lastKnownSeqPerChat: [{ chatId, seq: 9, epoch: '0123456789abcdef' }] },
    ],
    cells: { member: 'ok', former: 'ranges', stranger: 'own', ...closed },
  },
  history: {
    by: 'chat',
    says: (chatId) => [{ chatId }, { chatId, since: 0 }, { chatId, before: 3 }],
    cells: { ...members, former: 'ranges' },
  },
  getChat: { by: 'chat', says: (chatId) => [{ chatId }], cells: members },
  listChats: {
    by: 'chat',
    says: () => [{}],
    cells: { member: 'ok', former: 'own', stranger: 'own', ...closed },
  },
  getReceipts: {
    by: 'chat',
    says: (chatId) => [{ chatId }, { chatId, seq: 2 }],
    cells: members,
  },
};

/** Conditions and numbers that a member is told about, and nobody else. */
export const PROBES: readonly { readonly t: CommandName; readonly says: Row['says'] }[] = [
  {
    t: 'sendMessage',
    says: (chatId) => [
      { chatId, ...body, roster: 99 },
      { chatId, ...body, guard: { expected: 7, next: 8 } },
      { chatId, ...body, guard: { expected: 0, next: 1 }, roster: 0 },
    ],
  },
  {
    t: 'messageAck',
    says: (chatId) => [
      { chatId, status: 'RECEIVED', upToSeq: 1_000 },
      { chatId, status: 'READ', upToSeq: 1_000 },
      { chatId, status: 'DELIVERED', upToSeq: 1_000 },
    ],
  },
  { t: 'getReceipts', says: (chatId) => [{ chatId, seq: 1_000 }] },
];
