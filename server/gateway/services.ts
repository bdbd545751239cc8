// What the gateway is given: who sends, what a command does, where messages come from. It knows
// neither chats nor the queue.

import type { CommandName, CommandOf, Subprotocol, WireEvent } from '../../protocol/wire/index.js';

/** A device of a user; from its token, never from a command. */
export interface Caller {
  readonly userId: string;
  readonly deviceId: string;
}

export interface Authenticated extends Caller {
  /** Instant, ms since epoch. */
  readonly expiresAt: number;
}

/** Unacked messages and their bytes that a session may be sent. */
export interface Window {
  readonly messages: number;
  readonly bytes: number;
}

/** Commands that are about the session itself, and go no further. */
export type SessionCommandName = 'hello' | 'auth' | 'ping' | 'flow' | 'bye';
export type ChatCommandName = Exclude<CommandName, SessionCommandName>;
export type ChatCommand = { [Name in ChatCommandName]: CommandOf<Name> }[ChatCommandName];

/** One event, encoded once however many sessions it goes to. */
export interface StreamEvent {
  readonly event: WireEvent;
  encoded(subprotocol: Subprotocol): Uint8Array;
}

/** Where the events of one device go. */
export interface StreamSink {
  /** False: the session holds as much as it may, and is closed. */
  send(events: readonly StreamEvent[]): boolean;
  /** `code` is one of `CLOSE_CODES`. */
  close(code: number, reason: string): void;
}

/** The stream of one device, from its first page of `syncState` on. */
export interface Stream {
  /** Up to here the session was sent the chat without a hole. */
  sentUpTo(chatId: string): number;
  /** The session was sent the serverAck of its own message. */
  serverAcked(chatId: string, seq: number): void;
  /** A RECEIVED was applied: the window opens. */
  received(chatId: string, upToSeq: number): void;
  flow(window: Window): Promise<void>;
  detach(): void;
}

export interface Answer {
  /** Of the reply. */
  readonly fields: object;
  /** To be sent after the reply, and before what the command makes possible. */
  readonly events?: readonly WireEvent[];
}

/** For the check of RECEIVED, and where a RECEIVED goes. */
export type Sent = Pick<Stream, 'sentUpTo' | 'received'>;

export interface Services {
  /** FOQ_UNAUTHORIZED; FOQ_FORBIDDEN for a token that is not of a device. */
  authenticate(token: string): Promise<Authenticated>;
  /** From memory; asked at every hello and once a second. */
  isRevoked(caller: Caller): boolean;
  /** `stream` is there as soon as the session has one. */
  run(caller: Caller & { readonly stream?: Sent }, command: ChatCommand): Promise<Answer>;
  /** A RECEIVED that comes when the token has expired and the stream is gone. */
  received(caller: Caller, chatId: string, upToSeq: number): void;
  attach(caller: Caller, sink: StreamSink, window: Window): Promise<Stream>;
  /** A mistake of ours, which no client is told about. */
  report(error: unknown): void;
}
