// Waits for heads to grow: one watch per chat, whatever the number of those who wait for it.
//
// Invariants: a chat is watched exactly while somebody waits. The head is asked after the watch
// began, so that no growth falls between.

import { FoqError } from '../protocol/index.js';
import { closedError, foqErrorOf } from './errors.js';
import type { StoreHandle } from './native-types.js';

/** A watch has one chat, so one row says all. */
const ROWS_MAX = 16;
/** Calls that may wait for one chat. */
const WAITERS_MAX = 100_000;
/** The longest that a timer takes, about 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

interface HeadWaiter {
  readonly seq: number;
  /** Ends the wait: normally, or with an error. */
  end(error?: FoqError): void;
}

interface Watch {
  readonly chatId: string;
  readonly attachment: number;
  readonly waiters: Set<HeadWaiter>;
}

export class Watches {
  readonly #store: Pick<StoreHandle, 'heads' | 'watch' | 'detach' | 'takeNews'>;
  readonly #byChat = new Map<string, Watch>();
  readonly #byAttachment = new Map<number, Watch>();
  /** Who waits keeps the process alive: a watch itself does not. */
  #alive: NodeJS.Timeout | undefined;

  constructor(store: Pick<StoreHandle, 'heads' | 'watch' | 'detach' | 'takeNews'>) {
    this.#store = store;
  }

  /** Resolves when the head of the chat is at least `seq`; `signal` only ends the wait. */
  reach(chatId: string, seq: number, signal?: AbortSignal | undefined): Promise<void> {
    const known = this.#headOf(chatId);
    if (typeof known === 'number' && known >= seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const watch = this.#watch(chatId);
      if (watch.waiters.size >= WAITERS_MAX) {
        throw new FoqError('FOQ_BUSY', { message: `${WAITERS_MAX} calls wait for ${chatId}` });
      }
      const onAbort = () => this.#forget(watch, waiter);
      const end = (error?: FoqError) => {
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: HeadWaiter = { seq, end };
      watch.waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      const head = this.#headOf(chatId);
      if (typeof head === 'number') this.#settle(watch, head);
      else
        head.then(
          (read) => this.#settle(watch, read),
          (error) => end(foqErrorOf(error)),
        );
    });
  }

  /** Whether the attachment is a watch of ours; its news is then dealt with. */
  news(attachment: number): boolean {
    const watch = this.#byAttachment.get(attachment);
    if (watch === undefined) return false;
    for (;;) {
      const { rows } = this.#store.takeNews(attachment, ROWS_MAX);
      if (rows.length === 0) return true;
      const heads = rows.map(({ headSeq }) => headSeq);
      this.#settle(watch, Math.max(...heads));
      if (!this.#byAttachment.has(attachment)) return true;
    }
  }

  /** Everybody who waits is rejected with FOQ_CLOSED. */
  close(): void {
    for (const watch of [...this.#byChat.values()]) {
      for (const waiter of watch.waiters) waiter.end(closedError());
      watch.waiters.clear();
      this.#endUnused(watch);
    }
  }

  #headOf(chatId: string): number | Promise<number> {
    const heads = this.#store.heads([chatId]);
    if (heads instanceof Promise) return heads.then(([head]) => head?.headSeq ?? 0);
    return heads[0]?.headSeq ?? 0;
  }

  #watch(chatId: string): Watch {
    const known = this.#byChat.get(chatId);
    if (known !== undefined) return known;
    const attachment = this.#store.watch(chatId);
    const watch = { chatId, attachment, waiters: new Set<HeadWaiter>() };
    this.#byChat.set(chatId, watch);
    this.#byAttachment.set(attachment, watch);
    this.#alive ??= setInterval(() => undefined, TIMER_MAX_MS);
    return watch;
  }

  #settle(watch: Watch, headSeq: number): void {
    for (const waiter of watch.waiters) {
      if (waiter.seq > headSeq) continue;
      watch.waiters.delete(waiter);
      waiter.end();
    }
    this.#endUnused(watch);
  }

  #forget(watch: Watch, waiter: HeadWaiter): void {
    if (watch.waiters.delete(waiter)) this.#endUnused(watch);
  }

  #endUnused({ chatId, attachment, waiters }: Watch): void {
    if (waiters.size > 0 || !this.#byAttachment.has(attachment)) return;
    this.#byChat.delete(chatId);
    this.#byAttachment.delete(attachment);
    this.#store.detach(attachment);
    if (this.#byChat.size > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
  }
}
