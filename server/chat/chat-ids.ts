// Ids of chats are computed, so that creating one twice finds the first: of a direct chat from its
// two users, of a group from who creates it and what he calls it. Without the key nobody can tell
// an id, nor find out from one who talks to whom.
//
// Invariant: what the chat layer serves has an id of this form; the engine's other chats are none
// of its business, whatever is stored in them.

import { createHmac } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** 160 bits, which are 32 digits without padding. */
const DIGEST_BYTES = 20;
const CHAT_ID = /^~[dg][a-z2-7]{32}$/;

/** The order of the two does not matter. */
export function directChatId(key: Uint8Array, userIds: readonly string[]): string {
  return `~d${digest(key, ['direct', ...[...userIds].sort()])}`;
}

export function groupChatId(
  key: Uint8Array,
  group: { readonly creator: string; readonly clientChatId: string },
): string {
  return `~g${digest(key, ['group', group.creator, group.clientChatId])}`;
}

export function isChatLayerId(chatId: string): boolean {
  return CHAT_ID.test(chatId);
}

export function isDirectChatId(chatId: string): boolean {
  return chatId.startsWith('~d') && isChatLayerId(chatId);
}

/** User ids have no line feed, and what may have one comes last. */
function digest(key: Uint8Array, parts: readonly string[]): string {
  const bytes = createHmac('sha256', key).update(parts.join('\n')).digest();
  return base32(bytes.subarray(0, DIGEST_BYTES));
}

/** RFC 4648, in lower case; whole groups of 5 bytes. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31] ?? '';
    }
  }
  return text;
}
