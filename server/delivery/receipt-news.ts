// Receipts: of a chat whose marks changed, how far its users are, to the devices that the engine
// named. In direct chats both users are told of each other; in groups a device hears of its own
// user alone, and asks for the others.
//
// Invariants: a chat is looked at at most once a second, whatever changes meanwhile and whoever
// waits for it. A device is told only what it was not told before, and only while it is joined.

import type { CursorView, Queue } from '../../protocol/index.js';
import { type EventOf, eventOf, type PartOf } from '../../protocol/wire/index.js';
import { ownerMarks } from '../receipts/index.js';
import type { DeviceStream } from './device-stream.js';
import { sentEvent } from './sent-events.js';
import type { Later } from './types.js';

type Mark = PartOf<'Mark'>;

const INTERVAL_MS = 1_000;
/** Chats that a device's last marks are kept of; of others it is told again. */
const TOLD_MAX = 256;
/** Chats that wait for their second; with more, some are looked at sooner. */
const WAITING_MAX = 4_096;
const CURSORS_AT_ONCE = 16;

interface Waiting {
  readonly dueAt: number;
  readonly streams: Set<DeviceStream>;
}

export interface ReceiptParts {
  readonly queue: Queue;
  readonly now: () => number;
  readonly later: Later;
  readonly write: (streams: Iterable<DeviceStream>) => void;
  readonly failed: (error: unknown) => void;
}

export class ReceiptNews {
  readonly #parts: ReceiptParts;
  readonly #waiting = new Map<string, Waiting>();
  /** When a chat was last looked at; only of the last second. */
  readonly #lookedAt = new Map<string, number>();
  /** By chat and user. */
  readonly #told = new WeakMap<DeviceStream, Map<string, Map<string, Mark>>>();
  #cancel: (() => void) | undefined;
  /** When `#cancel`'s call comes. */
  #armedAt = Number.POSITIVE_INFINITY;
  #isLooking: boolean;

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
    this.#isLooking = false;
  }

  changed(chatId: string, stream: DeviceStream): void {
    const waiting = this.#waiting.get(chatId);
    if (waiting !== undefined) {
      waiting.streams.add(stream);
      return;
    }
    const lookedAt = this.#lookedAt.get(chatId) ?? Number.NEGATIVE_INFINITY;
    const dueAt = this.#waiting.size < WAITING_MAX ? lookedAt + INTERVAL_MS : 0;
    this.#waiting.set(chatId, { dueAt, streams: new Set([stream]) });
    this.#arm(dueAt);
  }

  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  /** Looks at this time at the latest; while it looks, what comes next is found afterwards. */
  #arm(dueAt: number): void {
    if (this.#isLooking || dueAt >= this.#armedAt) return;
    this.#cancel?.();
    this.#armedAt = dueAt;
    const delayMs = Math.min(INTERVAL_MS, Math.max(0, dueAt - this.#parts.now()));
    this.#cancel = this.#parts.later(delayMs, () => {
      this.#cancel = undefined;
      this.#armedAt = Number.POSITIVE_INFINITY;
      this.#isLooking = true;
      this.#lookAtDue()
        .catch((error: unknown) => this.#parts.failed(error))
        .finally(() => {
          this.#isLooking = false;
          this.#arm(this.#nextDue());
        });
    });
  }

  #nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#waiting.values()) next = Math.min(next, dueAt);
    return next;
  }

  async #lookAtDue(): Promise<void> {
    const now = this.#parts.now();
    for (const [chatId, at] of this.#lookedAt) {
      if (at + INTERVAL_MS <= now) this.#lookedAt.delete(chatId);
    }
    const due = [...this.#waiting].filter(([, { dueAt }]) => dueAt <= now);
    for (const [chatId] of due) {
      this.#waiting.delete(chatId);
      this.#lookedAt.set(chatId, now);
    }
    for (let begin = 0; begin < due.length; begin += CURSORS_AT_ONCE) {
      const part = due.slice(begin, begin + CURSORS_AT_ONCE);
      await Promise.all(part.map(([chatId, { streams }]) => this.#look(chatId, streams)));
    }
  }

  async #look(chatId: string, streams: ReadonlySet<DeviceStream>): Promise<void> {
    const cursors = await this.#parts.queue.cursors(chatId);
    const marks = ownerMarks(cursors);
    for (const stream of streams) {
      if (!isJoined(cursors, stream)) continue;
      for (const event of this.#newsFor(stream, chatId, marks)) stream.push(sentEvent(event));
    }
    this.#parts.write(streams);
  }

  #newsFor(
    stream: DeviceStream,
    chatId: string,
    marks: ReadonlyMap<string, Mark>,
  ): EventOf<'receipt'>[] {
    const told = this.#toldOf(stream, chatId);
    const isDirect = chatId.startsWith('~d');
    const shown = [...marks.values()].filter(({ userId }) => isDirect || userId === stream.userId);
    const at = this.#parts.now();
    return shown.flatMap((mark): EventOf<'receipt'>[] => {
      const { userId } = mark;
      const before = told.get(userId) ?? { delivered: 0, read: 0 };
      told.set(userId, mark);
      const delivered = mark.delivered > before.delivered ? mark.delivered : undefined;
      const read = mark.read > before.read ? mark.read : undefined;
      if (delivered === undefined && read === undefined) return [];
      return [eventOf('receipt', { chatId, userId, delivered, read, at })];
    });
  }

  #toldOf(stream: DeviceStream, chatId: string): Map<string, Mark> {
    let chats = this.#told.get(stream);
    if (chats === undefined) {
      chats = new Map();
      this.#told.set(stream, chats);
    }
    const told = chats.get(chatId) ?? new Map<string, Mark>();
    chats.delete(chatId);
    chats.set(chatId, told);
    if (chats.size > TOLD_MAX) {
      const [oldest] = chats.keys();
      if (oldest !== undefined) chats.delete(oldest);
    }
    return told;
  }
}

function isJoined(cursors: readonly CursorView[], { consumerId }: DeviceStream): boolean {
  return cursors.some((one) => one.consumerId === consumerId && one.leaveSeq === undefined);
}
