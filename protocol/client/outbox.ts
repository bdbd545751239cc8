// Messages until the broker has them. A message is kept as the bytes of its command, and every
// attempt sends these bytes, so that the broker knows a repeat by itself.
//
// The span: a chat's n-th message is sent only when the one `sendSpan` before it has left the
// storage, because the broker remembers so many of a device and no more. What was there when the
// client was made is sent first. With that, no message is ever twice in a chat.

import { FoqError } from '../index.js';
import { backoffMs } from './backoff.js';
import { decodeFrame, type Encoding, encodeCommand } from './codec.js';
import type { Keeper } from './keeper.js';
import { decodeMsgpack, encodeMsgpack } from './msgpack.js';
import { TokenBucket } from './token-bucket.js';
import type { Message, ServerAck } from './types.js';
import { ConnectionLost, retryAfterMs } from './wire-failure.js';

/** Where the outbox sends to; a session. */
export interface Carrier {
  readonly free: number;
  send(id: number, command: Uint8Array): Promise<Readonly<Record<string, unknown>>>;
}

export interface OutboxPort {
  readonly encoding: Encoding;
  readonly keeper: Keeper;
  readonly max: number;
  now(): number;
  random(): number;
  /** In the order of replies, before the promise of `add` resolves. */
  acked(message: OutgoingMessage, serverAck: ServerAck): void;
  refused(message: OutgoingMessage, error: FoqError): void;
  failed(error: unknown): void;
}

export interface OutgoingMessage {
  readonly chatId: string;
  readonly clientMsgId: string;
  readonly command: Uint8Array;
}

/** Places for commands that the outbox leaves to others. */
const LEFT_FREE = 8;

export const OUTBOX_PREFIX = 'outbox/';

/** `new`: not in the storage yet. `acked` also when it was refused: it only has to leave. */
type Status = 'new' | 'kept' | 'sent' | 'acked';

interface Outgoing extends OutgoingMessage {
  readonly key: string;
  readonly id: number;
  /** Within its chat. */
  readonly number: number;
  status: Status;
  attempts: number;
  readonly waiters: { resolve(ack: ServerAck): void; reject(error: FoqError): void }[];
}

/** In order of sending; `next` is the number of the message that is added next. */
interface OutgoingChat {
  readonly messages: Outgoing[];
  next: number;
  /** Nothing of this chat is sent before. */
  notBefore: number;
}

export class Outbox {
  readonly #port: OutboxPort;
  readonly #chats = new Map<string, OutgoingChat>();
  readonly #byClientMsgId = new Map<string, Outgoing>();
  #nextId = 1;
  #span = 16;
  #carrier: Carrier | undefined;
  #bucket = new TokenBucket({ perSecond: 20, burst: 100 });
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: OutboxPort) {
    this.#port = port;
  }

  /** Messages without a serverAck. */
  get size(): number {
    return [...this.#byClientMsgId.values()].filter((outgoing) => !hasLeft(outgoing)).length;
  }

  /** Those messages, in the order of sending. */
  waiting(): readonly OutgoingMessage[] {
    const waiting = [...this.#byClientMsgId.values()].filter((outgoing) => !hasLeft(outgoing));
    return waiting.sort((left, right) => left.id - right.id);
  }

  /** What a storage had. Called once, before anything is added. */
  restore(kept: Iterable<readonly [string, Uint8Array]>): void {
    const restored = [...kept].map(([key, value]) => this.#restored(key, value));
    restored.sort((left, right) => left.id - right.id);
    for (const outgoing of restored) {
      this.#insert(outgoing);
      const chat = this.#chatOf(outgoing.chatId);
      const [oldest] = chat.messages;
      chat.next = Math.max(outgoing.number + 1, (oldest?.number ?? 0) + this.#span);
      this.#nextId = outgoing.id + 2;
    }
  }

  /** Resolves with the serverAck. The message is kept before it is sent. */
  async add(fields: { chatId: string; clientMsgId: string }): Promise<ServerAck> {
    const { chatId, clientMsgId } = fields;
    const there = this.#byClientMsgId.get(clientMsgId);
    if (there === undefined && this.#byClientMsgId.size >= this.#port.max) {
      throw new FoqError('FOQ_BUSY', { details: { limit: this.#port.max } });
    }
    const outgoing = there ?? this.#outgoing(fields, { chatId, clientMsgId });
    const ack = new Promise<ServerAck>((resolve, reject) => {
      outgoing.waiters.push({ resolve, reject });
    });
    if (there === undefined) this.#keep(outgoing).catch(this.#port.failed);
    return await ack;
  }

  /** With a new session; everything without a serverAck is sent again, in order. */
  start(carrier: Carrier, limits: { span: number; perSecond: number; burst: number }): void {
    this.#carrier = carrier;
    this.#span = Math.max(1, limits.span);
    this.#bucket = new TokenBucket(limits);
    this.pump();
  }

  stop(): void {
    this.#carrier = undefined;
    clearTimeout(this.#timer);
    for (const outgoing of this.#byClientMsgId.values()) {
      if (outgoing.status === 'sent') outgoing.status = 'kept';
    }
  }

  /** Nobody will hear of what is still here; it stays in the storage. */
  end(): void {
    this.stop();
    for (const { attempts, waiters } of this.#byClientMsgId.values()) {
      const code = attempts === 0 ? 'FOQ_CLOSED' : 'FOQ_UNKNOWN_OUTCOME';
      for (const { reject } of waiters.splice(0)) reject(new FoqError(code));
    }
  }

  /** One of these came back in the stream: it is durable, whether or not its reply comes. */
  seen(message: Message): void {
    const { clientMsgId = '', messageId, chatId, seq, at } = message;
    const outgoing = this.#byClientMsgId.get(clientMsgId);
    if (outgoing?.chatId !== chatId) return;
    this.#settle(outgoing, { messageId, chatId, seq, at, duplicate: false });
  }

  /** Sends what may be sent. */
  pump(): void {
    clearTimeout(this.#timer);
    const now = this.#port.now();
    let wait = Number.POSITIVE_INFINITY;
    for (const chat of this.#chats.values()) wait = Math.min(wait, this.#pumpChat(chat, now));
    if (this.#carrier === undefined || !Number.isFinite(wait)) return;
    this.#timer = setTimeout(() => this.pump(), Math.max(1, wait));
  }

  /** Ms until this chat may go on; infinite where that needs a reply. */
  #pumpChat({ messages, notBefore }: OutgoingChat, now: number): number {
    const first = messages[0]?.number ?? 0;
    for (const outgoing of messages) {
      if (outgoing.number >= first + this.#span || outgoing.status === 'new') break;
      if (outgoing.status !== 'kept') continue;
      const carrier = this.#carrier;
      if (carrier === undefined || carrier.free <= LEFT_FREE) break;
      if (notBefore > now) return notBefore - now;
      const wait = this.#bucket.take(now);
      if (wait > 0) return wait;
      this.#send(outgoing, carrier).catch(this.#port.failed);
    }
    return Number.POSITIVE_INFINITY;
  }

  async #send(outgoing: Outgoing, carrier: Carrier): Promise<void> {
    outgoing.status = 'sent';
    outgoing.attempts += 1;
    try {
      const { serverAck } = await carrier.send(outgoing.id, outgoing.command);
      this.#settle(outgoing, serverAck as ServerAck);
    } catch (error) {
      if (!(error instanceof FoqError)) throw error;
      if (carrier !== this.#carrier || hasLeft(outgoing)) return;
      outgoing.status = 'kept';
      if (error instanceof ConnectionLost) return;
      if (isFinal(error)) this.#refuse(outgoing, error);
      else this.#later(outgoing, error);
    }
  }

  #later({ chatId, attempts }: Outgoing, error: FoqError): void {
    const { now, random } = { now: this.#port.now(), random: this.#port.random() };
    const wait = Math.max(retryAfterMs(error), backoffMs({ attempt: attempts - 1, random }));
    const chat = this.#chatOf(chatId);
    chat.notBefore = Math.max(chat.notBefore, now + wait);
    this.pump();
  }

  #settle(outgoing: Outgoing, serverAck: ServerAck): void {
    if (hasLeft(outgoing)) return;
    outgoing.status = 'acked';
    this.#port.acked(outgoing, serverAck);
    for (const { resolve } of outgoing.waiters.splice(0)) resolve(serverAck);
    this.#drop(outgoing);
  }

  #refuse(outgoing: Outgoing, error: FoqError): void {
    outgoing.status = 'acked';
    this.#port.refused(outgoing, error);
    for (const { reject } of outgoing.waiters.splice(0)) reject(error);
    this.#drop(outgoing);
  }

  /** The span moves on once the message has left the storage, and would not be sent again. */
  #drop(outgoing: Outgoing): void {
    const left = this.#port.keeper.keep([[outgoing.key, undefined]]);
    left.then(() => this.#forget(outgoing)).catch(this.#port.failed);
  }

  #forget(outgoing: Outgoing): void {
    const chat = this.#chatOf(outgoing.chatId);
    chat.messages.splice(chat.messages.indexOf(outgoing), 1);
    if (chat.messages.length === 0) this.#chats.delete(outgoing.chatId);
    this.#byClientMsgId.delete(outgoing.clientMsgId);
    this.pump();
  }

  async #keep(outgoing: Outgoing): Promise<void> {
    this.#insert(outgoing);
    const { key, id, number, chatId, clientMsgId, command } = outgoing;
    const { encoding, keeper } = this.#port;
    const value = encodeMsgpack({ id, number, chatId, clientMsgId, encoding, command });
    try {
      await keeper.keep([[key, value]]);
      outgoing.status = 'kept';
      this.pump();
    } catch (cause) {
      const error = new FoqError('FOQ_UNAVAILABLE', { cause });
      for (const { reject } of outgoing.waiters.splice(0)) reject(error);
      this.#forget(outgoing);
    }
  }

  #insert(outgoing: Outgoing): void {
    this.#byClientMsgId.set(outgoing.clientMsgId, outgoing);
    this.#chatOf(outgoing.chatId).messages.push(outgoing);
  }

  #chatOf(chatId: string): OutgoingChat {
    const chat = this.#chats.get(chatId) ?? { messages: [], next: 1, notBefore: 0 };
    this.#chats.set(chatId, chat);
    return chat;
  }

  #outgoing(fields: object, ids: { chatId: string; clientMsgId: string }): Outgoing {
    const id = this.#nextId;
    this.#nextId += 2;
    const chat = this.#chatOf(ids.chatId);
    const number = chat.next;
    chat.next += 1;
    const command = encodeCommand({ t: 'sendMessage', id, ...fields }, this.#port.encoding);
    return { ...ids, ...fresh(), status: 'new', key: keyOf(id), id, number, command };
  }

  /** Another encoding than that of the connection is a repeat all the same: it says the same. */
  #restored(key: string, value: Uint8Array): Outgoing {
    const kept = decodeMsgpack(value) as Omit<Outgoing, 'key'> & { readonly encoding: Encoding };
    const { encoding, command, id, number, chatId, clientMsgId } = kept;
    const isSame = encoding === this.#port.encoding;
    const [fields = {}] = isSame ? [] : decodeFrame(command, encoding);
    const same = isSame ? command.slice() : encodeCommand(fields, this.#port.encoding);
    return { ...fresh(), key, id, number, chatId, clientMsgId, command: same };
  }
}

function fresh(): Pick<Outgoing, 'status' | 'attempts' | 'waiters'> {
  return { status: 'kept', attempts: 0, waiters: [] };
}

function hasLeft({ status }: Outgoing): boolean {
  return status === 'acked';
}

function keyOf(id: number): string {
  return `${OUTBOX_PREFIX}${id}`;
}

/** About the message itself; anything else is about the broker or the session, and passes. */
function isFinal({ code, retry }: FoqError): boolean {
  const isPassing = retry === 'later' || retry === 'same' || ABOUT_THE_SESSION.includes(code);
  return !isPassing;
}

const ABOUT_THE_SESSION: readonly string[] = [
  'FOQ_UNAUTHORIZED',
  'FOQ_FENCED',
  'FOQ_POISONED',
  'FOQ_CLOSED',
];
