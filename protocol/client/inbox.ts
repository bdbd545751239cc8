// What arrives, in order: every message of a chat is handed to the application once, in the order
// of seq. The next one is handed; a later one waits until `history` has brought what is between; an
// earlier one is dropped. One thing is done at a time, and the next when the application is done.
//
// A message of our own is handed at its serverAck where it is the next; otherwise the stream brings
// it.

import { FoqError } from '../index.js';
import type { EventOf, ReplyOf } from '../wire/index.js';
import { ChatCursor, type CursorState } from './chat-cursor.js';
import type { ChatAudit, Gap, Message } from './types.js';

export interface InboxPort {
  /** The application has it when this resolves. */
  hand(message: Message): Promise<void>;
  gap(gap: EventOf<'gap'>): void;
  history(chatId: string, since: number): Promise<ReplyOf<'history'>>;
  /** The cursor of a chat moved; with `ackable` where the broker should hear of it. */
  moved(cursor: ChatCursor, ackable?: number): void;
  /** Something could not be handed: the connection is made anew, and it comes again. */
  failed(error: unknown): void;
}

/** Our own message with the seq that the broker gave it. */
export type OwnMessage = Omit<Message, 'epoch'>;

/** More than the window that a broker has by itself; one more and the connection is made anew. */
const WAITING_MAX = 8_192;

type Work = () => Promise<void> | void;

export class Inbox {
  readonly #port: InboxPort;
  readonly #cursors = new Map<string, ChatCursor>();
  #work: Work[] = [];
  #isBusy: boolean;
  /** Of the connection; what a former one sent is not acked on the next. */
  #generation = 0;

  constructor(port: InboxPort) {
    this.#port = port;
    this.#isBusy = false;
  }

  restore(chatId: string, state: CursorState): void {
    this.#cursors.set(chatId, new ChatCursor(chatId, state));
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0;
  }

  /** Of chats with a known place, to be listed in `syncState`. */
  known(): { chatId: string; seq: number; epoch: string }[] {
    return [...this.#cursors.values()].flatMap(({ chatId, last, epoch }) => {
      return last === undefined || epoch === undefined ? [] : [{ chatId, seq: last, epoch }];
    });
  }

  /** Where the broker has this device, for chats that nothing is known of. */
  begin(chatId: string, { seq, epoch }: CursorState): void {
    const cursor = this.#cursorOf(chatId);
    cursor.epoch ??= epoch;
    if (cursor.last !== undefined) return;
    cursor.begin(seq);
    this.#port.moved(cursor);
  }

  /** The stream begins after this: what is missing up to here, only `history` has. */
  catchUp(chatId: string, seq: number): void {
    this.#then(() => this.#repair(this.#cursorOf(chatId), seq));
  }

  /** A chat that this device made: it has all of it, from the first seq to this one. */
  created(chatId: string, seq: number): void {
    this.begin(chatId, { seq: 0, epoch: undefined });
    this.catchUp(chatId, seq);
  }

  message(message: Message): void {
    this.#then(() => this.#take(message));
  }

  own(message: OwnMessage): void {
    this.#then(() => this.#takeOwn(message));
  }

  gap(gap: EventOf<'gap'>): void {
    this.#then(() => this.#takeGap(gap));
  }

  epochChanged({ chatId, epoch }: EventOf<'epochChanged'>): void {
    this.#then(() => this.#cursorOf(chatId).restart(epoch));
  }

  /** Something to be done when all before it is. */
  after(work: Work): void {
    this.#then(work);
  }

  /** The connection is over: what it brought and was not handed will come again. */
  clear(): void {
    this.#work = [];
    this.#generation += 1;
  }

  audit(): ChatAudit[] {
    return [...this.#cursors.values()].map((cursor) => cursor.audit());
  }

  #cursorOf(chatId: string): ChatCursor {
    const cursor = this.#cursors.get(chatId) ?? new ChatCursor(chatId);
    this.#cursors.set(chatId, cursor);
    return cursor;
  }

  #then(work: Work): void {
    if (this.#work.length >= WAITING_MAX) {
      this.#port.failed(new FoqError('FOQ_BUSY', { details: { limit: WAITING_MAX } }));
      return;
    }
    this.#work.push(work);
    if (!this.#isBusy) this.#run().catch((error: unknown) => this.#port.failed(error));
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    try {
      for (let work = this.#work.shift(); work !== undefined; work = this.#work.shift()) {
        await work();
      }
    } catch (error) {
      this.#work = [];
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  async #take(message: Message): Promise<void> {
    const { chatId, seq, epoch } = message;
    const cursor = this.#cursorOf(chatId);
    const generation = this.#generation;
    cursor.epoch = epoch;
    cursor.begin(seq - 1);
    if (isBehind(cursor, seq)) cursor.cameAgain();
    else {
      await this.#repair(cursor, seq - 1);
      await this.#hand(cursor, message);
    }
    this.#port.moved(cursor, generation === this.#generation ? seq : undefined);
  }

  /** Where nothing is known of the chat, the stream brings it with all before it. */
  async #takeOwn(message: OwnMessage): Promise<void> {
    const cursor = this.#cursorOf(message.chatId);
    if (cursor.last === undefined || message.seq !== cursor.last + 1) return;
    const { epoch } = cursor;
    if (epoch === undefined) await this.#repair(cursor, message.seq);
    else await this.#hand(cursor, { ...message, epoch });
  }

  async #takeGap(gap: EventOf<'gap'>): Promise<void> {
    const cursor = this.#cursorOf(gap.chatId);
    cursor.begin(gap.fromSeq - 1);
    if (!isBehind(cursor, gap.toSeq)) {
      await this.#repair(cursor, gap.fromSeq - 1);
      this.#declare(cursor, gap);
    }
    this.#port.moved(cursor, gap.toSeq);
  }

  /** Hands what is up to `toSeq`, as `history` has it. Every page moves the cursor on. */
  async #repair(cursor: ChatCursor, toSeq: number): Promise<void> {
    while (!isBehind(cursor, toSeq)) {
      const { messages, gap, epoch } = await this.#port.history(cursor.chatId, cursor.last ?? 0);
      cursor.epoch = epoch;
      if (gap !== undefined && !isBehind(cursor, gap.toSeq)) this.#declare(cursor, gap);
      for (const message of messages) await this.#handPassing(cursor, message);
      const isAll = messages.length === 0;
      if (isAll && !isBehind(cursor, toSeq)) cursor.passOver(toSeq);
    }
  }

  async #handPassing(cursor: ChatCursor, message: Message): Promise<void> {
    if (isBehind(cursor, message.seq)) return;
    if (!isBehind(cursor, message.seq - 1)) cursor.passOver(message.seq - 1);
    await this.#hand(cursor, message);
  }

  async #hand(cursor: ChatCursor, message: Message): Promise<void> {
    if (isBehind(cursor, message.seq)) return;
    await this.#port.hand(message);
    cursor.handed(message.seq);
    this.#port.moved(cursor);
  }

  #declare(cursor: ChatCursor, gap: Gap): void {
    cursor.declare(gap);
    this.#port.gap({ t: 'gap', chatId: cursor.chatId, ...gap });
    this.#port.moved(cursor);
  }
}

function isBehind({ last }: ChatCursor, seq: number): boolean {
  return last !== undefined && seq <= last;
}
