// Ids as texts, and the id of a message, which is computed: `chatId.seq`. Checks take any string
// and never throw; they are what the schemas' formats call.

import { fitsUtf8 } from './codec/index.js';

const CHAT_ID_BYTES_MAX = 128;
const CLIENT_ID_BYTES_MAX = 128;
const TOKEN_BYTES_MAX = 4_096;

const PART = /^[A-Za-z0-9_.~:@-]{1,63}$/;
const ATTACHMENT = /^[A-Za-z0-9_-]{1,64}$/;
const EPOCH = /^[0-9a-f]{16}$/;
const SEQ = /^[1-9][0-9]{0,15}$/;

export function isUserId(text: string): boolean {
  return PART.test(text);
}

/** `-` stands for a user without devices, and is none. */
export function isDeviceId(text: string): boolean {
  return text !== '-' && PART.test(text);
}

export function isChatId(text: string): boolean {
  return text.length > 0 && fitsUtf8(text, CHAT_ID_BYTES_MAX);
}

/** What a client calls a message or chat of its own until it has an answer. */
export function isClientId(text: string): boolean {
  return text.length > 0 && fitsUtf8(text, CLIENT_ID_BYTES_MAX);
}

export function isAttachmentId(text: string): boolean {
  return ATTACHMENT.test(text);
}

export function isEpoch(text: string): boolean {
  return EPOCH.test(text);
}

export function isMessageId(text: string): boolean {
  return parseMessageId(text) !== undefined;
}

/** A token or cursor that only its maker reads. */
export function isToken(text: string): boolean {
  return text.length > 0 && text.length <= TOKEN_BYTES_MAX;
}

export function messageIdOf(chatId: string, seq: number): string {
  return `${chatId}.${seq}`;
}

/** Undefined for a text that is no message id. A chat id may have dots; a seq has none. */
export function parseMessageId(text: string): { chatId: string; seq: number } | undefined {
  const dot = text.lastIndexOf('.');
  const chatId = text.slice(0, Math.max(dot, 0));
  const digits = text.slice(dot + 1);
  const seq = Number(digits);
  if (!(SEQ.test(digits) && Number.isSafeInteger(seq) && isChatId(chatId))) return undefined;
  return { chatId, seq };
}

/** The engine's consumer of a device. */
export function consumerIdOf({ userId, deviceId }: { userId: string; deviceId: string }): string {
  return `${userId}/${deviceId}`;
}
