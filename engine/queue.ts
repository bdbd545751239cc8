// A queue over a store of this process: gives every call of the interface to the part that knows
// how, and ends all of them together.
//
// Invariants: a call that returns a promise never throws; every promise is settled once, at the
// latest by `close`. After `close` every call is FOQ_CLOSED and no handle is left.

import type * as type from '../protocol/index.js';
import type { Backups } from './backing-up.js';
import { QueueBulk } from './bulk.js';
import { ChatHandle } from './chat.js';
import { type Closable, checkTimeout, close } from './closing.js';
import type { Delivering } from './delivering.js';
import { closedError, foqErrorOf } from './errors.js';
import * as check from './ids.js';
import { cursorsOf, explained, headsOf, pinnedOf, whyHeld } from './lookups.js';
import { forget, joinMany } from './membership.js';
import type { StoreHandle } from './native-types.js';
import type { Notices } from './notices.js';
import type { Operations } from './operations.js';
import type { CheckedOptions } from './options.js';
import { pageOf, pageRequest, pendingPageOf } from './paging.js';
import { read } from './reading.js';
import { statsOf } from './stats.js';
import { signalOf } from './waiting.js';

/** What `openQueue` puts together. */
export interface QueueParts extends Closable {
  readonly store: StoreHandle;
  readonly options: CheckedOptions;
  readonly operations: Operations;
  readonly notices: Notices;
  readonly delivering: Delivering;
  readonly backups: Backups;
}

export class LocalQueue implements type.Queue {
  readonly epoch: string;
  readonly durability: type.Queue['durability'];
  readonly #parts: QueueParts;
  #closing: Promise<void> | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.epoch = parts.store.epoch;
    this.durability = parts.options.durability;
  }

  append(
    chatId: string,
    payload: type.Payload,
    options?: type.AppendOptions,
  ): Promise<type.Appended> {
    try {
      return this.#parts.operations.append(chatId, payload, options);
    } catch (error) {
      return Promise.reject(foqErrorOf(error));
    }
  }

  bulk(): type.Bulk {
    if (this.#closing !== undefined) throw closedError();
    return new QueueBulk(this.#parts.submitter, this.#parts.options);
  }

  read(chatId: string, range: type.ReadRange = {}): Promise<type.ReadResult> {
    return this.#call(range, ({ store }) => read(store, chatId, range));
  }

  pinned(chatId: string, options: type.Waiting = {}): Promise<type.QueueRecord | null> {
    return this.#call(options, ({ store }) => pinnedOf(store, chatId));
  }

  heads(chatIds: readonly string[]): Promise<type.Head[]> {
    return this.#call({}, ({ store }) => headsOf(store, chatIds));
  }

  join(chatId: string, consumerId: string, options?: type.JoinOptions): Promise<type.Joined> {
    return this.#operate((operations) => operations.join(chatId, consumerId, options));
  }

  leave(
    chatId: string,
    consumerId: string,
    options?: type.Waiting & { readonly joinSeq?: number | undefined },
  ): Promise<void> {
    return this.#operate((operations) => operations.leave(chatId, consumerId, options));
  }

  async joinMany(
    consumerId: string,
    chats: readonly { readonly chatId: string; readonly at?: type.JoinOptions['at'] }[],
    options: type.Waiting = {},
  ): Promise<type.Result<type.Joined>[]> {
    return joinMany(this.bulk(), { consumerId, chats, options });
  }

  async forget(consumerId: string, options: type.Waiting = {}): Promise<void> {
    const { store, operations } = this.#parts;
    try {
      await forget({ store, operations, settled: () => this.flush() }, consumerId, options);
    } catch (error) {
      throw isReason(error, options) ? error : foqErrorOf(error);
    }
  }

  async ack(
    chatId: string,
    consumerId: string,
    marks: type.Marks,
    options?: type.AckOptions,
  ): Promise<void> {
    try {
      await this.#parts.operations.ack(chatId, consumerId, marks, options);
    } catch (error) {
      if (options !== undefined && isReason(error, options)) throw error;
      const { store } = this.#parts;
      throw await explained(foqErrorOf(error), { store, chatId, consumerId });
    }
  }

  cursors(chatId: string, options: type.Waiting = {}): Promise<type.CursorView[]> {
    return this.#call(options, ({ store }) => cursorsOf(store, chatId));
  }

  pending(consumerId: string, options: type.PageOptions = {}): Promise<type.Page<type.PendingRow>> {
    return this.#call(options, async ({ store }) => {
      check.checkConsumerId(consumerId);
      return pendingPageOf(await store.pending(consumerId, pageRequest(options)));
    });
  }

  chatsOf(consumerId: string, options: type.PageOptions = {}): Promise<type.Page<type.JoinedRow>> {
    return this.#call(options, async ({ store }) => {
      check.checkConsumerId(consumerId);
      return pageOf(await store.chatsOf(consumerId, pageRequest(options)));
    });
  }

  chats(options: type.PageOptions = {}): Promise<type.Page<Omit<type.ChatRow, 'received'>>> {
    return this.#call(options, async ({ store }) => {
      return pageOf(await store.chats(pageRequest(options)));
    });
  }

  configure(chatId: string, options: type.ChatOptions & type.Waiting): Promise<void> {
    return this.#operate((operations) => operations.configure(chatId, options));
  }

  trim(chatId: string, upToSeq: number, options?: type.Waiting): Promise<void> {
    return this.#operate((operations) => operations.trim(chatId, upToSeq, options));
  }

  deleteRecords(
    chatId: string,
    ranges: readonly (readonly [fromSeq: number, toSeq: number])[],
    options?: type.Waiting,
  ): Promise<void> {
    return this.#operate((operations) => operations.deleteRecords(chatId, ranges, options));
  }

  deleteChat(chatId: string, options?: type.Waiting): Promise<void> {
    return this.#operate((operations) => operations.deleteChat(chatId, options));
  }

  consume(consumerId: string, options?: type.ConsumeOptions): type.Consumer {
    if (this.#closing !== undefined) throw closedError();
    return this.#parts.delivering.consume(consumerId, options);
  }

  deliveries(): type.Deliveries {
    if (this.#closing !== undefined) throw closedError();
    return this.#parts.delivering.deliveries();
  }

  waitFor(chatId: string, seq: number, options: type.Waiting = {}): Promise<void> {
    return this.#call(options, ({ watches }) => {
      check.checkChatId(chatId);
      check.checkCount(seq, 'seq');
      return watches.reach(chatId, seq, signalOf(options));
    });
  }

  flush(options: type.Waiting = {}): Promise<void> {
    return this.#call(options, async ({ store, submitter, delivering }) => {
      delivering.sendAcks();
      await submitter.whenSubmitted();
      await store.flush();
    });
  }

  stats(): Promise<type.Stats> {
    return this.#call({}, ({ store }) => statsOf(store.stats()));
  }

  why(chatId: string, seq: number, waiting: type.Waiting = {}): Promise<type.Why> {
    return this.#call(waiting, ({ store, options }) => whyHeld(store, { chatId, seq, options }));
  }

  backup(dir: string, waiting: type.Waiting = {}): Promise<type.Backup> {
    return this.#call(waiting, ({ store, backups }) => {
      return backups.make(store, dir, signalOf(waiting));
    });
  }

  chat(chatId: string): type.Chat {
    check.checkChatId(chatId);
    return new ChatHandle(this, chatId);
  }

  on<Name extends keyof type.QueueNotices>(name: Name, listener: type.QueueNotices[Name]): this {
    this.#parts.notices.on(name, listener);
    return this;
  }

  off<Name extends keyof type.QueueNotices>(name: Name, listener: type.QueueNotices[Name]): this {
    this.#parts.notices.off(name, listener);
    return this;
  }

  /** Only for the store: `takeNews` of this attachment has something. */
  news(attachment: number): void {
    const { watches, delivering } = this.#parts;
    if (!watches.news(attachment)) delivering.news(attachment);
  }

  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close({ timeoutMs }: { readonly timeoutMs?: number | undefined }): Promise<void> {
    try {
      await close(this.#parts, checkTimeout(timeoutMs));
    } catch (error) {
      throw foqErrorOf(error);
    } finally {
      this.#parts.notices.closed();
    }
  }

  #operate<Value>(start: (operations: Operations) => Promise<Value>): Promise<Value> {
    try {
      return start(this.#parts.operations);
    } catch (error) {
      return Promise.reject(foqErrorOf(error));
    }
  }

  #call<Value>(
    waiting: type.Waiting,
    start: (parts: QueueParts) => Value | Promise<Value>,
  ): Promise<Value> {
    try {
      check.checkObject(waiting, 'options');
      return this.#parts.calls.run(() => start(this.#parts), signalOf(waiting));
    } catch (error) {
      return Promise.reject(foqErrorOf(error));
    }
  }
}

/** What the caller's own signal gave is not an error of ours. */
function isReason(error: unknown, { signal }: type.Waiting): boolean {
  return signal?.aborted === true && error === signal.reason;
}
