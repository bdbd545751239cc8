// What one session is sent, and what of it is unacked. Pure of engine and clock.
//
// Invariants: per chat `sentUpTo` only grows while it is known, and everything up to it was sent or
// was there before. Chats with something unacked are bounded by the window, those without by
// `ACKED_MAX`: of others it is forgotten that they were sent, and the cursor knows.

import type { DeviceSink, SentEvent } from './types.js';

/** Without an ack for so long, with something to ack, a session is closed. */
export const STALLED_MS = 60_000;

/** Chats whose last ack is remembered. */
const ACKED_MAX = 256;

interface Unacked {
  sentUpTo: number;
  ackedUpTo: number;
}

export class DeviceStream {
  readonly consumerId: string;
  readonly userId: string;
  readonly #sink: DeviceSink;
  readonly #unacked = new Map<string, Unacked>();
  /** Of chats without anything unacked, those acked last. */
  readonly #acked = new Map<string, number>();
  #outgoing: SentEvent[] = [];
  /** Since when nothing was acked. */
  #quietSince = 0;

  constructor(consumerId: string, sink: DeviceSink) {
    this.consumerId = consumerId;
    this.userId = consumerId.split('/', 1)[0] ?? '';
    this.#sink = sink;
  }

  push(event: SentEvent): void {
    this.#outgoing.push(event);
  }

  /** Sends what was pushed; false when the session is over its buffer. */
  write(): boolean {
    if (this.#outgoing.length === 0) return true;
    const events = this.#outgoing;
    this.#outgoing = [];
    return this.#sink.send(events);
  }

  close(code: number, reason: string): void {
    this.#sink.close(code, reason);
  }

  sentUpTo(chatId: string): number {
    return this.#unacked.get(chatId)?.sentUpTo ?? this.#acked.get(chatId) ?? 0;
  }

  /**
   * The engine hands this out, per chat without a hole, so the last is the greatest. False where
   * the device has acked it: an ack that is not durable yet is not known to a new window.
   */
  sends(
    chatId: string,
    { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
    now: number,
  ): boolean {
    const row = this.#unacked.get(chatId);
    const ackedUpTo = row?.ackedUpTo ?? this.#acked.get(chatId) ?? fromSeq - 1;
    if (toSeq <= ackedUpTo) return false;
    if (this.#unacked.size === 0) this.#quietSince = now;
    this.#acked.delete(chatId);
    if (row === undefined) this.#unacked.set(chatId, { sentUpTo: toSeq, ackedUpTo });
    else row.sentUpTo = Math.max(row.sentUpTo, toSeq);
    return true;
  }

  /** Only the next counts: with a hole before it, the stream will bring it once more. */
  serverAcked(chatId: string, seq: number): void {
    if (this.sentUpTo(chatId) !== seq - 1) return;
    const row = this.#unacked.get(chatId);
    if (row !== undefined) row.sentUpTo = seq;
    else if (this.#acked.has(chatId)) this.#acked.set(chatId, seq);
  }

  /** The seq to be acked; undefined where the ack says nothing new. */
  acked(chatId: string, upToSeq: number, now: number): number | undefined {
    const row = this.#unacked.get(chatId);
    if (row === undefined) return undefined;
    const upTo = Math.min(upToSeq, row.sentUpTo);
    if (upTo <= row.ackedUpTo) return undefined;
    row.ackedUpTo = upTo;
    if (upTo === row.sentUpTo) this.#settle(chatId, upTo);
    this.#quietSince = now;
    return upTo;
  }

  #settle(chatId: string, ackedUpTo: number): void {
    this.#unacked.delete(chatId);
    this.#acked.set(chatId, ackedUpTo);
    if (this.#acked.size <= ACKED_MAX) return;
    const [oldest] = this.#acked.keys();
    if (oldest !== undefined) this.#acked.delete(oldest);
  }

  isStalled(now: number): boolean {
    return this.#unacked.size > 0 && now - this.#quietSince >= STALLED_MS;
  }
}
