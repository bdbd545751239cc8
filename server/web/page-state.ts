// What the page shows, as values that are never changed, and pure functions over them.

import type { State } from '../../protocol/client/index.js';
import type { DeviceCursor } from './broker-calls.js';
import type { Shown } from './kept-messages.js';

/** Up to where a user has a chat, on any of his devices. */
export interface UserMark {
  readonly delivered: number;
  readonly read: number;
}

/** A message of this tab that was not handed back yet. */
export interface Waiting {
  readonly clientMsgId: string;
  readonly chatId: string;
  readonly text: string;
  readonly sentAt: number;
  /** Known once it is durable. */
  readonly seq?: number | undefined;
}

export interface Chat {
  readonly chatId: string;
  /** Its other members. */
  readonly peers: readonly string[];
  /** By seq. */
  readonly messages: readonly Shown[];
  readonly headSeq: number;
  /** Of others, by user. */
  readonly marks: Readonly<Record<string, UserMark>>;
  /** What this tab has received, and what was read here. */
  readonly received: number;
  readonly read: number;
}

export interface PageState {
  readonly userId: string;
  readonly deviceId: string;
  readonly connection: State;
  readonly isOffline: boolean;
  readonly chats: readonly Chat[];
  readonly openId: string | undefined;
  readonly waiting: readonly Waiting[];
  /** Of the open chat, as the broker last said. */
  readonly cursors: readonly DeviceCursor[];
  readonly problem: string | undefined;
}

export function emptyChat(chatId: string): Chat {
  const nothing = { headSeq: 0, received: 0, read: 0 };
  return { chatId, peers: [], messages: [], marks: {}, ...nothing };
}

export function openChatOf({ chats, openId }: PageState): Chat | undefined {
  return chats.find(({ chatId }) => chatId === openId);
}

/** With the message in its place; one that is there already stays. */
export function withMessage(chat: Chat, shown: Shown): Chat {
  const { messages } = chat;
  const place = messages.findLastIndex(({ seq }) => seq <= shown.seq);
  if (messages[place]?.seq === shown.seq) return chat;
  const headSeq = Math.max(chat.headSeq, shown.seq);
  return { ...chat, headSeq, messages: messages.toSpliced(place + 1, 0, shown) };
}

/** Marks only grow; what is missing in a receipt is as before. */
export function withMark(
  chat: Chat,
  userId: string,
  mark: { readonly [Name in keyof UserMark]?: number | undefined },
): Chat {
  const before = chat.marks[userId] ?? { delivered: 0, read: 0 };
  const read = Math.max(before.read, mark.read ?? 0);
  const delivered = Math.max(before.delivered, mark.delivered ?? 0, read);
  return { ...chat, marks: { ...chat.marks, [userId]: { delivered, read } } };
}

/** Messages of others that were not read here. */
export function unreadOf({ userId }: PageState, { messages, read }: Chat): number {
  return messages.filter(({ kind, seq, senderId }) => {
    return kind === 'message' && seq > read && senderId !== userId;
  }).length;
}

export type Tick = 'waiting' | 'durable' | 'delivered' | 'read';

/** What became of an own message: delivered and read when all others have it so far. */
export function tickOf({ peers, marks }: Chat, seq: number | undefined): Tick {
  if (seq === undefined) return 'waiting';
  const others = peers.map((userId) => marks[userId] ?? { delivered: 0, read: 0 });
  if (others.length === 0) return 'durable';
  if (others.every(({ read }) => read >= seq)) return 'read';
  return others.every(({ delivered }) => delivered >= seq) ? 'delivered' : 'durable';
}

/** A device's way through a chat. */
export interface DeviceLane {
  readonly userId: string;
  readonly deviceId: string;
  readonly isHere: boolean;
  readonly received: number;
  readonly read: number;
}

/** This tab first, then its user's other devices, then those of others. */
export function lanesOf({ userId, deviceId, cursors }: PageState, chat: Chat): DeviceLane[] {
  const here = { userId, deviceId, isHere: true, received: chat.received, read: chat.read };
  const known = new Set(cursors.map((cursor) => cursor.userId));
  const rest = cursors
    .filter((cursor) => !(cursor.userId === userId && cursor.deviceId === deviceId))
    .map((cursor) => ({ ...cursor, isHere: false }));
  const unseen = chat.peers
    .filter((peer) => !known.has(peer))
    .map((peer) => {
      const { delivered = 0, read = 0 } = chat.marks[peer] ?? {};
      return { userId: peer, deviceId: '', isHere: false, received: delivered, read };
    });
  const rank = (lane: DeviceLane) => (lane.userId === userId ? 0 : 1);
  const others = [...rest, ...unseen].sort((left, right) => {
    if (rank(left) !== rank(right)) return rank(left) - rank(right);
    return nameOf(left) < nameOf(right) ? -1 : 1;
  });
  return [here, ...others];
}

export function nameOf({ userId, deviceId }: Pick<DeviceLane, 'userId' | 'deviceId'>): string {
  return deviceId === '' ? userId : `${userId}/${deviceId}`;
}
