// What a handler is given: the engine, the directory, the clock, and who asks.
//
// Invariant: a caller is who the token says he is; nothing in a command makes him another.

import type { Queue } from '../../protocol/index.js';
import type { Command, LIMITS } from '../../protocol/wire/index.js';
import type { Directory } from '../directory/index.js';

/** What the caller's session was sent; without it the session has no stream yet. */
export interface Stream {
  /** Up to here this session was sent the chat without a hole; 0 for nothing. */
  sentUpTo(chatId: string): number;
  /** The device has stored everything up to here. */
  received(chatId: string, upToSeq: number): void;
}

export interface Caller {
  readonly userId: string;
  readonly deviceId: string;
  readonly stream?: Stream | undefined;
}

/** Throws a `FoqError` for what is not allowed. Called before anything is read or written. */
export type PolicyHook = (command: Command, caller: Caller) => Promise<void> | void;

export interface AttachmentsOf {
  readonly caller: Caller;
  readonly chatId: string;
  readonly attachmentIds: readonly string[];
}

export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

export interface ChatContext {
  readonly queue: Queue;
  readonly directory: Pick<Directory, 'users' | 'devicesOf'>;
  /** The cluster's key: ids of chats are computed with it. */
  readonly key: Uint8Array;
  /** Ms since epoch. */
  readonly now: () => number;
  readonly limits: Limits;
  readonly policy?: PolicyHook | undefined;
  /** Rejects unless all are uploaded and may be listed here; without it none may be. */
  readonly attachments?: ((of: AttachmentsOf) => Promise<void>) | undefined;
  /** Aborts when `history` has waited long enough for `minSeq`; without it, it does not wait. */
  readonly patience?: (() => AbortSignal) | undefined;
}

export type Handler<Asked, Answer> = (
  context: ChatContext,
  caller: Caller,
  command: Asked,
) => Promise<Answer>;
