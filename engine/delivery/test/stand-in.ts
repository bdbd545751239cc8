// A queue for the tests of delivery: chats and cursors in memory, answers when they are due or when
// a test says so, and a clock that a test moves.

import { type Degraded, FoqError, type Joined } from '../../../protocol/index.js';
import type { AckedMarks, DeliveryPort } from '../../delivery-port.js';
import type {
  CursorRow,
  NativeHead,
  News,
  NewsRow,
  PageRequest,
  Pages,
  PendingCursorRow,
  ReadAnswer,
  ReadRequest,
  StoreHandle,
} from '../../native-types.js';
import { DeliveryHub } from '../index.js';
import { ChatsModel } from './chats-model.js';

interface ModelCursor {
  joinSeq: number;
  received: number;
  leaveSeq: number | undefined;
  holes: (readonly [number, number])[];
  marksSeen: number;
}

interface Attachment {
  readonly consumerId: string;
  readonly changed: Set<string>;
  isRung: boolean;
  isFenced: boolean;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class StandIn implements DeliveryPort {
  readonly model = new ChatsModel();
  readonly hub: DeliveryHub;
  readonly store: StoreHandle;
  closed: boolean;
  readonly degradedBy: Degraded[] = [];
  /** Acks in the order in which they came. */
  readonly acks: string[] = [];
  readonly attachments = new Map<number, Attachment>();
  readonly timers = new Set<Timer>();
  /** Timers that were ever made. */
  timersMade = 0;
  /** Answers reads later. */
  readsLater: boolean;
  /** Chats whose reads fail. */
  readonly damaged = new Set<string>();
  /** Acks fail with it. */
  ackError: FoqError | undefined;
  /** Whether acks become durable by themselves. */
  settles: boolean;
  /** Called before a page of what is pending is answered. */
  beforePage: (() => void | Promise<void>) | undefined;
  readonly marksVersions = new Map<string, number>();
  readonly #cursors = new Map<string, Map<string, ModelCursor>>();
  readonly #unsettled: (() => void)[] = [];
  #lastAttachment = 0;
  #now = 1_000_000;

  constructor() {
    this.closed = false;
    this.readsLater = false;
    this.settles = true;
    this.store = this.#store() as unknown as StoreHandle;
    this.hub = new DeliveryHub(this, { later: (delayMs, run) => this.#later(delayMs, run) });
  }

  now(): number {
    return this.#now;
  }

  /** Lets time pass, timers too. */
  pass(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.timers]) {
      if (timer.at > this.#now) continue;
      this.timers.delete(timer);
      timer.run();
    }
  }

  /** Joins at the head, or after `received`. */
  member(chatId: string, consumerId: string, received?: number): void {
    const at = received ?? this.model.chat(chatId).headSeq;
    this.#cursorsOf(chatId).set(consumerId, {
      joinSeq: at + 1,
      received: at,
      leaveSeq: undefined,
      holes: [],
      marksSeen: this.marksVersions.get(chatId) ?? 0,
    });
    this.#note(chatId);
  }

  cursor(chatId: string, consumerId: string): ModelCursor {
    const cursor = this.#cursorsOf(chatId).get(consumerId);
    if (cursor === undefined) throw new Error(`${consumerId} is not joined in ${chatId}`);
    return cursor;
  }

  /** `later`: the news of it come later than whatever follows. */
  forget(chatId: string, consumerId: string, { later = false }: { later?: boolean } = {}): void {
    this.#cursorsOf(chatId).delete(consumerId);
    if (!later) this.#note(chatId);
  }

  append(chatId: string, { count = 1, as }: { count?: number; as?: string } = {}): void {
    if (as !== undefined) this.settle();
    const chat = this.model.chat(chatId);
    for (let step = 0; step < count; step += 1) {
      chat.headSeq += 1;
      const cursor = as === undefined ? undefined : this.cursor(chatId, as);
      if (cursor?.received === chat.headSeq - 1) cursor.received = chat.headSeq;
    }
    this.#note(chatId);
  }

  raiseMarks(chatId: string): void {
    this.marksVersions.set(chatId, (this.marksVersions.get(chatId) ?? 0) + 1);
    this.#note(chatId);
  }

  ack(
    chatId: string,
    consumerId: string,
    marks: AckedMarks,
    settled: (error: FoqError | undefined) => void,
  ): void {
    const { received, marksSeen } = marks;
    this.acks.push(
      received === undefined ? `${chatId} marks ${marksSeen}` : `${chatId} ${received}`,
    );
    const apply = () => {
      const error = this.#apply(chatId, consumerId, marks);
      setImmediate(settled, error);
    };
    this.#unsettled.push(apply);
    if (this.settles) setImmediate(() => this.settle());
  }

  /** Makes durable what was acked so far. */
  settle(): void {
    for (const apply of this.#unsettled.splice(0)) apply();
  }

  async ackDurable(chatId: string, consumerId: string, marks: AckedMarks): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.ack(chatId, consumerId, marks, (error) =>
        error === undefined ? resolve() : reject(error),
      );
    });
  }

  async join(chatId: string, consumerId: string, at: unknown): Promise<Joined> {
    await Promise.resolve();
    const { firstSeq, headSeq } = this.model.chat(chatId);
    if (!this.#cursorsOf(chatId).has(consumerId)) {
      this.member(chatId, consumerId, at === 'first' ? firstSeq - 1 : headSeq);
    }
    const { joinSeq, received } = this.cursor(chatId, consumerId);
    return { joinSeq, received, firstSeq, headSeq };
  }

  degraded(notice: Degraded): void {
    this.degradedBy.push(notice);
  }

  #apply(
    chatId: string,
    consumerId: string,
    { received = 0, marksSeen = 0 }: AckedMarks,
  ): FoqError | undefined {
    const cursor = this.#cursorsOf(chatId).get(consumerId);
    if (cursor === undefined) return new FoqError('FOQ_NOT_JOINED');
    const error = this.#refusal(chatId, received);
    if (error !== undefined) return error;
    cursor.received = Math.max(cursor.received, received);
    cursor.marksSeen = Math.max(cursor.marksSeen, marksSeen);
    return undefined;
  }

  #refusal(chatId: string, received: number): FoqError | undefined {
    if (received <= this.model.chat(chatId).headSeq) return this.ackError;
    return new FoqError('FOQ_SEQ_OUT_OF_RANGE');
  }

  #cursorsOf(chatId: string): Map<string, ModelCursor> {
    let cursors = this.#cursors.get(chatId);
    if (cursors === undefined) {
      cursors = new Map();
      this.#cursors.set(chatId, cursors);
    }
    return cursors;
  }

  #later(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.timers.add(timer);
    this.timersMade += 1;
    return () => this.timers.delete(timer);
  }

  #note(chatId: string): void {
    for (const [number, attachment] of this.attachments) {
      attachment.changed.add(chatId);
      if (attachment.isRung) continue;
      attachment.isRung = true;
      this.hub.news(number);
    }
  }

  #store(): Partial<StoreHandle> {
    return {
      attach: (consumerId) => this.#attach(consumerId),
      detach: (attachment) => {
        this.attachments.delete(attachment);
      },
      takeNews: (attachment, limit) => this.#takeNews(attachment, limit),
      read: (requests, maxBytes) => this.#read(requests, maxBytes),
      pending: (consumerId, page) => this.#pending(consumerId, page),
      cursors: (chatId) => Promise.resolve(this.#rows(chatId)),
      heads: (chatIds) => chatIds.map((chatId) => this.#head(chatId)),
    };
  }

  #attach(consumerId: string): number {
    for (const [number, attachment] of this.attachments) {
      if (attachment.consumerId !== consumerId) continue;
      attachment.isFenced = true;
      if (!attachment.isRung) this.hub.news(number);
    }
    this.#lastAttachment += 1;
    const attachment = { consumerId, changed: new Set<string>(), isRung: false, isFenced: false };
    this.attachments.set(this.#lastAttachment, attachment);
    return this.#lastAttachment;
  }

  #takeNews(number: number, limit: number): News {
    const attachment = this.attachments.get(number);
    if (attachment === undefined) return { rows: [], fenced: false };
    const chatIds = [...attachment.changed].slice(0, limit);
    for (const chatId of chatIds) attachment.changed.delete(chatId);
    if (attachment.changed.size === 0) attachment.isRung = false;
    const rows = chatIds.map((chatId) => this.#row(chatId, attachment.consumerId));
    return { rows, fenced: attachment.isFenced };
  }

  #row(chatId: string, consumerId: string): NewsRow {
    const { firstSeq, headSeq } = this.model.chat(chatId);
    const marksVersion = this.marksVersions.get(chatId) ?? 0;
    const cursor = this.#cursorsOf(chatId).get(consumerId);
    const { received = 0, joinSeq = 0, marksSeen = marksVersion, leaveSeq } = cursor ?? {};
    const gone = cursor === undefined;
    const marks = marksVersion > marksSeen;
    const lastSeq = leaveSeq ?? headSeq;
    return { chatId, firstSeq, headSeq, received, joinSeq, lastSeq, marksVersion, marks, gone };
  }

  #read(requests: readonly ReadRequest[], maxBytes: number): ReadAnswer[] | Promise<ReadAnswer[]> {
    if (requests.some(({ chatId }) => this.damaged.has(chatId))) throw new FoqError('FOQ_CORRUPT');
    const answers = this.model.read(requests, maxBytes);
    if (!this.readsLater) return answers;
    return new Promise((resolve) => {
      setImmediate(resolve, answers);
    });
  }

  async #pending(
    consumerId: string,
    { after, limit }: PageRequest,
  ): Promise<Pages<PendingCursorRow>> {
    const rows = [...this.#cursors.keys()]
      .filter((chatId) => after === undefined || chatId > after)
      .map((chatId) => ({ ...this.#row(chatId, consumerId), lastAt: 0 }))
      .filter(({ gone, received, lastSeq, marks }) => !gone && (received < lastSeq || marks))
      .sort((one, other) => (one.chatId < other.chatId ? -1 : 1));
    await this.beforePage?.();
    const page = rows.slice(0, limit);
    return { rows: page, next: rows.length > limit ? page.at(-1)?.chatId : undefined };
  }

  #rows(chatId: string): CursorRow[] {
    return [...this.#cursorsOf(chatId)].map(([consumerId, { leaveSeq, ...cursor }]) => ({
      ...cursor,
      consumerId,
      delivered: 0,
      read: 0,
      ...(leaveSeq !== undefined && { leaveSeq }),
    }));
  }

  #head(chatId: string): NativeHead {
    const { firstSeq, headSeq } = this.model.chat(chatId);
    const marksVersion = this.marksVersions.get(chatId) ?? 0;
    return { firstSeq, headSeq, lastAt: 0, guard: 0, roster: 0, marksVersion };
  }
}

/** Waits until it is so, for at most so many turns of the event loop. */
export async function until(isSo: () => boolean, turns = 1000): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    if (isSo()) return;
    await aTurn();
  }
  throw new Error(`not so after ${turns} turns`);
}

export function aTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
