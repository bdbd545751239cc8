// How far this device has received and read, as the broker is told: coalesced, and never before it
// is kept here. Marks survive a lost connection; RECEIVED need not, because a new one begins with
// it.

import type { ChatCursor } from './chat-cursor.js';
import type { Keeper } from './keeper.js';
import { encodeMsgpack } from './msgpack.js';
import { ConnectionLost } from './wire-failure.js';

export interface AckCarrier {
  post(t: 'messageAck', fields: object): void;
  call(t: 'messageAck', fields: object): Promise<unknown>;
}

export interface AcksPort {
  readonly keeper: Keeper;
  /** Undefined while offline. */
  session(): AckCarrier | undefined;
  failed(error: unknown): void;
}

/** What others are shown of a message. */
export type MarkStatus = 'DELIVERED' | 'READ';

/** All of a chat up to a seq is delivered, or read. */
export interface MarkUpTo {
  readonly chatId: string;
  readonly status: MarkStatus;
  readonly upToSeq: number;
}

export const CURSOR_PREFIX = 'cursor/';

/** A message is acked this long after it was handed, or when so many are. */
const WITHIN_MS = 50;
/** An eighth of the window, so that the broker never waits for the timer. */
const MESSAGES_MAX = 32;

export class Acks {
  readonly #port: AcksPort;
  readonly #moved = new Set<ChatCursor>();
  readonly #received = new Map<string, number>();
  readonly #marks = new Map<string, MarkUpTo>();
  readonly #underWay = new Map<string, MarkUpTo>();
  #isOver: boolean;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: AcksPort) {
    this.#port = port;
    this.#isOver = false;
  }

  /** `ackable`: up to where this session was sent the chat and the application has it. */
  moved(cursor: ChatCursor, ackable?: number): void {
    this.#moved.add(cursor);
    if (ackable !== undefined) {
      const known = this.#received.get(cursor.chatId) ?? 0;
      this.#received.set(cursor.chatId, Math.max(known, ackable));
    }
    this.#count += 1;
    this.#schedule();
  }

  mark(mark: MarkUpTo): void {
    const key = `${mark.status} ${mark.chatId}`;
    if ((this.#marks.get(key)?.upToSeq ?? 0) >= mark.upToSeq) return;
    this.#marks.set(key, mark);
    this.#schedule();
  }

  /** A new session: it was sent nothing yet. */
  start(): void {
    this.#received.clear();
    this.#schedule();
  }

  /** Keeps what is to be kept, and tells the broker. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#count = 0;
    const cursors = [...this.#moved];
    const received = [...this.#received];
    this.#moved.clear();
    this.#received.clear();
    await this.#port.keeper.keep(cursors.flatMap(rowOf));
    const session = this.#port.session();
    if (session === undefined) return;
    for (const [chatId, upToSeq] of received) {
      session.post('messageAck', { chatId, status: 'RECEIVED', upToSeq });
    }
    for (const [key, mark] of this.#marks) {
      this.#sendMark(key, mark, session).catch(this.#port.failed);
    }
  }

  /** Nothing is kept or told any more. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** It stays until it is answered, and goes again with the next session where it is not. */
  async #sendMark(key: string, mark: MarkUpTo, session: AckCarrier): Promise<void> {
    if (this.#underWay.get(key) === mark) return;
    this.#underWay.set(key, mark);
    try {
      await session.call('messageAck', mark);
    } catch (error) {
      if (error instanceof ConnectionLost) return;
      this.#port.failed(error);
    } finally {
      if (this.#underWay.get(key) === mark) this.#underWay.delete(key);
    }
    if (this.#marks.get(key) === mark) this.#marks.delete(key);
  }

  #schedule(): void {
    if (this.#isOver) return;
    if (this.#count === MESSAGES_MAX) this.flush().catch(this.#port.failed);
    this.#timer ??= setTimeout(() => this.flush().catch(this.#port.failed), WITHIN_MS);
  }
}

function rowOf({ chatId, last, epoch }: ChatCursor): [string, Uint8Array | undefined][] {
  const value = last === undefined ? undefined : encodeMsgpack({ seq: last, epoch });
  return [[CURSOR_PREFIX + chatId, value]];
}
