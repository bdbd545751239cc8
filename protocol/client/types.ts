// What an application gives to the client and gets from it.

import type { FoqError } from '../index.js';
import type { CommandName, CommandOf, EventOf, PartOf, ReplyOf } from '../wire/index.js';
import type { Encoding } from './codec.js';

/**
 * Where a client keeps what must outlive it: messages without a serverAck, and up to where it has
 * each chat. One storage belongs to one device, and to one client at a time.
 */
export interface ClientStorage {
  /** All that is kept, at the start. */
  load(): Promise<Iterable<readonly [string, Uint8Array]>>;
  /** All or nothing; durable when it resolves; undefined removes. Never called twice at once. */
  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
}

/** What the client uses of a WebSocket, as browsers and the package `ws` have it. */
export interface Socket {
  binaryType: string;
  readonly protocol: string;
  /** These four are set by the client. */
  onopen: ((event: never) => void) | null;
  /** With the frame as `data`. */
  onmessage: ((event: never) => void) | null;
  /** With the close code as `code`. */
  onclose: ((event: never) => void) | null;
  /** `onclose` follows. */
  onerror: ((event: never) => void) | null;
  /** Text of the JSON subprotocol, else bytes. */
  send(frame: string | Uint8Array): void;
  /** `onclose` follows. */
  close(code?: number, reason?: string): void;
}

/** Makes a socket; `globalThis.WebSocket` is one. */
export type SocketClass = new (url: string, subprotocols: string[]) => Socket;

/** What `connect` takes. */
export interface ConnectOptions {
  /** `ws://127.0.0.1:7420/chat` */
  readonly url: string;
  /** Called for every connection and when a token is about to expire. */
  readonly token: () => string | Promise<string>;
  /** In memory when it is missing: then a message without a serverAck is lost with the client. */
  readonly storage?: ClientStorage | undefined;
  /** `globalThis.WebSocket` when it is missing; Node 20 has none. */
  readonly WebSocket?: SocketClass | undefined;
  readonly encoding?: Encoding | undefined;
  /** Name and version of the application, for the broker's log. */
  readonly client?: string | undefined;
  /** Messages that wait for their serverAck; one more is FOQ_BUSY. */
  readonly outboxMax?: number | undefined;
  /** For tests. */
  readonly now?: (() => number) | undefined;
  /** For tests; from 0 to 1, as `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Fields of a command beside its `t` and `id`. */
export type FieldsOf<Name extends CommandName> = Loose<Omit<CommandOf<Name>, 't' | 'id'>>;

/** Optional fields may be undefined, and are then left out. */
type Loose<Fields> = {
  readonly [Key in keyof Fields]: Record<never, never> extends Pick<Fields, Key>
    ? Fields[Key] | undefined
    : Fields[Key];
};

type SendFields = FieldsOf<'sendMessage'>;

/** `clientMsgId` is chosen where it is missing, `sentAt` is now. */
export type NewMessage = Omit<SendFields, 'clientMsgId'> & Partial<Pick<SendFields, 'clientMsgId'>>;

/** A message of the outbox, to be shown. */
export type WaitingMessage = Pick<SendFields, 'chatId' | 'clientMsgId' | 'messageBody' | 'sentAt'>;

/** A message as this device sees it. */
export type Message = PartOf<'Message'>;
/** The message is durable at the broker: its id, seq and time. */
export type ServerAck = PartOf<'ServerAck'>;
/** What the broker says of a session: whose it is, and its limits. */
export type Welcome = ReplyOf<'hello'>;
/** A chat with something new, as `syncState` lists it. */
export type ChatNews = PartOf<'ChatNews'>;
/** A range of seqs that will not come, and why. */
export type Gap = PartOf<'Gap'>;

/** `online` once messages are streamed; after `closed` the client does nothing more. */
export type State = 'connecting' | 'online' | 'waiting' | 'closed';

/** What a client tells, by the name that `on` takes. */
export interface Notices {
  /**
   * The next message of a chat, in order of `seq` and without a hole that is not told as `gap`.
   * It is acked as RECEIVED when the handler has returned, or what it returned has resolved; when
   * it throws, the connection is made anew and the message comes again.
   */
  readonly message: Message;
  /** A range that will not come. */
  readonly gap: EventOf<'gap'>;
  readonly caughtUp: EventOf<'caughtUp'>;
  readonly receipt: EventOf<'receipt'>;
  readonly chatUpdated: EventOf<'chatUpdated'>;
  readonly removed: EventOf<'removed'>;
  readonly epochChanged: EventOf<'epochChanged'>;
  /** Chats with news, as a connection found them. */
  readonly news: readonly ChatNews[];
  /** A message of the outbox is durable at the broker. */
  readonly sent: { readonly clientMsgId: string; readonly serverAck: ServerAck };
  /** A message of the outbox was refused, and has left it. */
  readonly refused: {
    readonly clientMsgId: string;
    readonly chatId: string;
    readonly error: FoqError;
  };
  readonly state: State;
  /** What went wrong and had no caller; the client goes on. */
  readonly error: Error;
}

/** What a client knows of its own deliveries in one chat, since it was made. */
export interface ChatAudit {
  readonly chatId: string;
  /** First and last seq that were handed to the application; 0 where none was. */
  readonly first: number;
  readonly last: number;
  /** Ranges that were passed over and that nobody declared. Always empty, or something is wrong. */
  readonly gaps: readonly { readonly fromSeq: number; readonly toSeq: number }[];
  /** Ranges that the broker declared. */
  readonly declaredGaps: readonly Gap[];
  /** Messages that came again and were dropped. */
  readonly duplicates: number;
}
