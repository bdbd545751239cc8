// One consumer that is attached to the store: what it wants, what it has heard, and its window.
//
// Invariants: it attaches before it asks what is pending, so that nothing falls between; it keeps
// chats only while they have something to deliver or to ack, and at most `LANES_MAX` of them: what
// does not fit is found again by asking what is pending.

import type { Gap } from '../../protocol/index.js';
import type { DeliveryPort } from '../delivery-port.js';
import { foqErrorOf, invalidArgument } from '../errors.js';
import type { NewsRow, ReadAnswer } from '../native-types.js';
import type { ReadRecord } from '../record.js';
import { HandedGap, type HandedMarks, HandedRecord, type Hander } from './handed.js';
import { type Lane, NEVER } from './lane.js';
import { Listing } from './listing.js';
import { MarksNews } from './marks-news.js';
import { type AttachSettings, delayOf } from './options.js';
import type { Outlet } from './outlet.js';
import { type Ask, type Standing, Window, type WindowSink } from './window.js';

/** Chats that are kept at once where all joined ones are wanted. */
const LANES_MAX = 4096;
const NEWS_ROWS = 256;
/** Calls of `takeNews` in one turn. */
const NEWS_CALLS = 16;
/** Joins, and cursors, that are asked for at once. */
const ASKED_MAX = 256;
/** After it a full window is noticed, and what is not acked is offered again. */
const WAKE_MS = 10_000;

/** How soon an ack is tried again that the queue had no place for. */
const RETRY_MS = 5;

/** What an attached consumer needs of its hub. */
export interface AttachedHub {
  readonly port: DeliveryPort;
  /** Milliseconds, of this turn. */
  now(): number;
  /** `turn` is called soon. */
  want(attached: Attached): void;
  /** `wake` is called at this time at the latest. */
  wakeBy(attached: Attached, at: number): void;
  /** `sendAck` is called at the end of this turn. */
  holdAck(attached: Attached, lane: Lane): void;
  later(delayMs: number, callback: () => void): void;
  left(attached: Attached): void;
}

/** Whose it is. */
export interface AttachedBy {
  readonly settings: AttachSettings;
  readonly outlet: Outlet;
  /** A newer session took over, and that is in the outlet. */
  readonly fenced: () => void;
}

export class Attached implements Hander, WindowSink {
  readonly consumerId: string;
  readonly attachment: number;
  readonly outlet: Outlet;
  readonly window: Window;
  /** Only for the hub: it may have to be woken. */
  isTimed: boolean;
  readonly #hub: AttachedHub;
  readonly #fenced: () => void;
  readonly #join: 'first' | 'head';
  /** The chats that are wanted; undefined for all that the consumer is joined in. */
  readonly #wanted: Set<string> | undefined;
  readonly #listing: Listing;
  readonly #marks: MarksNews;
  #hasNews: boolean;
  #isDetached: boolean;
  #cursorsAsked = 0;

  constructor(hub: AttachedHub, consumerId: string, { settings, outlet, fenced }: AttachedBy) {
    this.#hub = hub;
    this.consumerId = consumerId;
    this.outlet = outlet;
    this.#fenced = fenced;
    this.isTimed = false;
    this.#join = settings.join;
    this.#wanted = settings.chats && new Set();
    this.window = new Window(settings.window, this);
    this.#marks = new MarksNews(this, hub.port);
    this.#listing = new Listing(hub.port.store, consumerId, {
      take: (row, isBacklog) => this.#takeRow(row, isBacklog),
      asking: (isAsking) => {
        this.window.isAwaitingRows = isAsking;
      },
    });
    this.#hasNews = false;
    this.#isDetached = false;
    this.attachment = hub.port.store.attach(consumerId);
  }

  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** Finds the backlog; resolves when the chats that were named are joined. */
  async start(chats: readonly string[] | undefined): Promise<void> {
    if (chats === undefined) {
      this.#list({ isBacklog: true });
      return;
    }
    await this.#joinAll(chats);
    this.window.listed();
  }

  async add(chatIds: readonly string[]): Promise<void> {
    if (this.#wanted === undefined) throw allDelivered();
    await this.#joinAll(chatIds);
  }

  remove(chatIds: readonly string[]): void {
    if (this.#wanted === undefined) throw allDelivered();
    for (const chatId of chatIds) {
      this.#wanted.delete(chatId);
      this.window.remove(chatId);
    }
    this.#hub.want(this);
  }

  /** Nothing more is delivered. What is in flight can still be acked. */
  detach(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    this.window.end();
    this.#hub.left(this);
  }

  /** `takeNews` has something. */
  news(): void {
    this.#hasNews = true;
    this.#hub.want(this);
  }

  /** What there is credit for, at most `most` reads. */
  turn(most: number): Ask[] {
    if (this.#isDetached) return [];
    if (this.#hasNews) this.#takeNews();
    this.#askCursors();
    this.#marks.push();
    if (this.#listing.wantsMore(this.window.laneCount)) this.#list({ isBacklog: false });
    if (this.#isDetached || this.outlet.isFull) return [];
    const now = this.#hub.now();
    const asks = this.window.plan(most, now);
    if (!this.window.isQuiet) this.#hub.wakeBy(this, now + WAKE_MS);
    return asks;
  }

  accept(ask: Ask, answer: ReadAnswer): void {
    this.window.accept(ask, answer, this.#hub.now());
  }

  /** Time has passed; when it wants to be woken next. */
  wake(now: number): number {
    if (this.window.wake(now)) this.#tellFull();
    this.#hub.want(this);
    return this.window.nextDue();
  }

  handed(lane: Lane, toSeq: number): void {
    const now = this.#hub.now();
    lane.hand(toSeq, now);
    this.#hub.wakeBy(this, now + WAKE_MS);
  }

  marksHanded(marks: HandedMarks): void {
    this.#marks.handed(marks);
  }

  ack(lane: Lane, upToSeq: number): void {
    if (!this.window.ack(lane, { upToSeq, now: this.#hub.now() })) return;
    this.#holdAck(lane, upToSeq);
  }

  /** Acks by chat: also one of which nothing is in flight. */
  ackChat(chatId: string, upToSeq: number): void {
    const lane = this.window.find(chatId);
    if (lane !== undefined) this.ack(lane, upToSeq);
    else {
      this.#hub.port.ack(chatId, this.consumerId, { received: upToSeq }, (error) => {
        // Who has left meanwhile has nothing to ack, and the others of this outlet go on.
        if (error !== undefined && error.code !== 'FOQ_NOT_JOINED') this.failed(error);
      });
    }
  }

  sendAck(lane: Lane): void {
    const received = lane.toSend;
    lane.toSend = NEVER;
    this.#hub.port.ack(lane.chatId, this.consumerId, { received }, (error) => {
      if (error === undefined) {
        this.window.acked(lane, received);
        if (this.#listing.isBehind) this.#hub.want(this);
      } else if (error.code === 'FOQ_NOT_JOINED') this.window.gone(lane);
      else if (error.code === 'FOQ_BUSY')
        this.#hub.later(RETRY_MS, () => this.#holdAck(lane, received));
      else this.failed(error);
    });
  }

  async ackDurable(lane: Lane, upToSeq: number): Promise<void> {
    this.window.ack(lane, { upToSeq, now: this.#hub.now() });
    this.#hub.want(this);
    await this.#hub.port.ackDurable(lane.chatId, this.consumerId, { received: upToSeq });
    this.window.acked(lane, upToSeq);
  }

  nack(lane: Lane, fromSeq: number, options?: { readonly delayMs?: number | undefined }): void {
    const until = this.#hub.now() + delayOf(options);
    this.window.nack(lane, fromSeq, { until });
    this.#hub.wakeBy(this, until);
    this.#hub.want(this);
  }

  /** Ends the iteration with an error. */
  failed(error: unknown): void {
    if (this.#isDetached) return;
    this.outlet.fail(foqErrorOf(error));
    this.detach();
  }

  record(lane: Lane, record: ReadRecord, attempt: number): void {
    this.outlet.push(new HandedRecord(this, { lane, record, attempt }));
  }

  gap(lane: Lane, gap: Gap): void {
    this.outlet.push(new HandedGap(this, lane, gap));
  }

  caughtUp(chatId: string | undefined): void {
    const { consumerId } = this;
    const chat = chatId === undefined ? {} : { chatId };
    this.outlet.push({ kind: 'caught-up', consumerId, ...chat });
  }

  withdraw(lane: Lane, fromSeq: number, toSeq: number): void {
    this.outlet.withdraw({ lane, fromSeq, toSeq });
  }

  #holdAck(lane: Lane, upToSeq: number): void {
    // Also an ack that joins one that is held already makes place, or goes past what was stopped.
    if (lane.toSend === NEVER) this.#hub.holdAck(this, lane);
    else this.#hub.want(this);
    lane.toSend = Math.max(lane.toSend, upToSeq);
  }

  #takeNews(): void {
    for (let calls = 0; calls < NEWS_CALLS; calls += 1) {
      const { rows, fenced } = this.#hub.port.store.takeNews(this.attachment, NEWS_ROWS);
      for (const row of rows) this.#takeNewsRow(row);
      if (fenced) {
        this.#fence();
        return;
      }
      // Fewer than were asked for are all, and a later change rings again.
      if (rows.length < NEWS_ROWS) {
        this.#hasNews = false;
        return;
      }
    }
    this.#hub.want(this);
  }

  #takeNewsRow(row: NewsRow): void {
    const { chatId } = row;
    if (this.#wanted !== undefined && !this.#wanted.has(chatId)) return;
    if (row.gone) {
      const lane = this.window.find(chatId);
      if (lane !== undefined) this.window.gone(lane);
      return;
    }
    if (row.marks) this.#marks.take(chatId, row.marksVersion);
    const isKnown = this.#wanted !== undefined || this.window.find(chatId) !== undefined;
    if (!isKnown && this.window.laneCount >= LANES_MAX) this.#listing.missed();
    else this.window.stand(row, { isBacklog: false, now: this.#hub.now() });
  }

  #fence(): void {
    const { consumerId } = this;
    this.outlet.push({ kind: 'fenced', consumerId });
    this.detach();
    this.#fenced();
  }

  #list({ isBacklog }: { isBacklog: boolean }): void {
    this.#listing.run({ isBacklog }).then(
      () => {
        this.window.listed();
        this.#hub.want(this);
      },
      (error: unknown) => this.failed(error),
    );
  }

  #takeRow(row: Standing & { readonly marks: boolean }, isBacklog: boolean): void {
    if (this.#isDetached) return;
    if (row.marks) this.#marks.takeNewest(row.chatId);
    // What is listed for its marks alone has no backlog.
    if (row.headSeq > row.received) {
      this.window.stand(row, { isBacklog, now: this.#hub.now() });
    }
    this.#hub.want(this);
  }

  async #joinAll(chatIds: readonly string[]): Promise<void> {
    const missing = [...new Set(chatIds)].filter((chatId) => !this.#wanted?.has(chatId));
    for (let begin = 0; begin < missing.length; begin += ASKED_MAX) {
      await Promise.all(missing.slice(begin, begin + ASKED_MAX).map((id) => this.#joinOne(id)));
    }
  }

  async #joinOne(chatId: string): Promise<void> {
    // Wanted from now on: its news may come before the answer.
    this.#wanted?.add(chatId);
    const joined = await this.#hub.port.join(chatId, this.consumerId, this.#join);
    if (this.#isDetached || !this.#wanted?.has(chatId)) return;
    const { received, headSeq, joinSeq } = joined;
    const standing = { chatId, received, headSeq, lastSeq: headSeq, joinSeq };
    this.window.stand(standing, { isBacklog: true, now: this.#hub.now() });
    this.#hub.want(this);
  }

  #askCursors(): void {
    for (const lane of this.window.takeUnknown(ASKED_MAX - this.#cursorsAsked)) {
      this.#cursorsAsked += 1;
      this.#askCursor(lane).catch((error: unknown) => this.failed(error));
    }
  }

  async #askCursor(lane: Lane): Promise<void> {
    const cursors = await this.#hub.port.store.cursors(lane.chatId);
    this.#cursorsAsked -= 1;
    if (this.#isDetached) return;
    const cursor = cursors.find(({ consumerId }) => consumerId === this.consumerId);
    this.window.resolve(lane, cursor, this.#hub.now());
    this.#hub.want(this);
  }

  #tellFull(): void {
    const { consumerId } = this;
    const { records, bytes } = this.window.inFlight;
    const message =
      `${consumerId} has not acked ${records} deliveries of ${bytes} bytes for 10 s, and gets ` +
      'nothing more of those chats. Ack what was handled with delivery.ack(), or let autoAck do ' +
      'it; nack what is to be delivered again.';
    this.#hub.port.degraded({ kind: 'window-full', consumerId, message });
  }
}

export function allDelivered(): Error {
  return invalidArgument('chats', 'given to be added to or removed from');
}
