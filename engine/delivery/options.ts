// Judges what a caller says about a consumer, before anything is attached.

import type { AttachOptions } from '../../protocol/index.js';
import { invalidArgument } from '../errors.js';
import { checkChatId, checkObject, limitOf } from '../ids.js';
import type { WindowLimits } from './credit.js';

export interface AttachSettings {
  readonly chats: readonly string[] | undefined;
  readonly join: 'first' | 'head';
  readonly window: WindowLimits;
}

const WINDOW = { records: 256, bytes: 1024 * 1024 } as const;
const CHATS_MAX = 100_000;
/** The longest that a timer of the platform waits. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export function attachSettings(options: AttachOptions): AttachSettings {
  checkObject(options, 'the options');
  const { chats, join = 'first', window = {} } = options;
  checkObject(window, 'window');
  if (chats !== undefined) checkChats(chats);
  if (join !== 'first' && join !== 'head') {
    throw invalidArgument('join', "'first' or 'head'", join);
  }
  return {
    chats,
    join,
    window: {
      records: limitOf(window.records, {
        argument: 'window.records',
        most: 1_000_000,
        fallback: WINDOW.records,
      }),
      bytes: limitOf(window.bytes, {
        argument: 'window.bytes',
        most: 1024 * 1024 * 1024,
        fallback: WINDOW.bytes,
      }),
    },
  };
}

export function checkChats(chats: readonly string[]): void {
  if (!Array.isArray(chats) || chats.length > CHATS_MAX) {
    throw invalidArgument('chats', `an array of at most ${CHATS_MAX} chatIds`, chats);
  }
  for (const chatId of chats) checkChatId(chatId, 'each of chats');
}

export function delayOf(options: { readonly delayMs?: number | undefined } | undefined): number {
  const { delayMs = 0 } = options ?? {};
  if (delayMs >= 0 && delayMs <= DELAY_MS_MAX) return delayMs;
  throw invalidArgument('delayMs', `ms, from 0 to ${DELAY_MS_MAX}`, delayMs);
}
