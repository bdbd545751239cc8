// The deliveries of one consumer as a machine without clock and input: rows of news, reads, acks
// and the time go in; what to read and what to hand over comes out.
//
// Invariants: what is in flight stays within the window, and that of one chat within a quarter of
// it; only a single record that is larger by itself goes beyond. A chat is delivered in seq order
// without a hole: each seq as a record or within a gap, up to the consumer's last there. Chats
// take turns. A chat that has nothing to deliver and nothing unacked is forgotten.

import type { Gap } from '../../protocol/index.js';
import type { NativeReadFrom, ReadAnswer, ReadRequest } from '../native-types.js';
import type { ReadRecord } from '../record.js';
import { Again } from './again.js';
import { Credit, type WindowLimits } from './credit.js';
import { type Hole, Lane, type Load } from './lane.js';

/** Where a consumer's cursor stands in a chat. What is absent has to be asked for. */
export interface Standing {
  readonly chatId: string;
  readonly received: number;
  readonly headSeq: number;
  readonly lastSeq?: number | undefined;
  readonly joinSeq?: number | undefined;
}

/** What `cursors` says of the consumer. */
export interface CursorStanding {
  readonly received: number;
  readonly joinSeq: number;
  readonly leaveSeq?: number | undefined;
  readonly holes: readonly Hole[];
}

/** Hears what is delivered, in order. It must not call the window back. */
export interface WindowSink {
  record(lane: Lane, record: ReadRecord, attempt: number): void;
  gap(lane: Lane, gap: Gap): void;
  /** Without a chat: of all. */
  caughtUp(chatId: string | undefined): void;
  /** What waits to be handed within these seqs is no longer to be handed. */
  withdraw(lane: Lane, fromSeq: number, toSeq: number): void;
}

/** A read that a lane wants. */
export interface Ask extends ReadRequest {
  readonly lane: Lane;
  readonly from: { readonly fromSeq: number } & NativeReadFrom;
  /** Credit that is kept for it until it is answered. */
  readonly reserved: Load | undefined;
  /** For the oldest unacked delivery. */
  readonly isAgain: boolean;
}

export class Window {
  readonly #credit: Credit;
  readonly #sink: WindowSink;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to deliver, the next in turn first. */
  readonly #wanting = new Set<Lane>();
  /** Lanes of which `cursors` has to be asked. */
  readonly #unknown = new Set<Lane>();
  readonly #again: Again;
  /** Chats whose backlog is not delivered yet. */
  #backlogs = 0;
  /** All backlogs are known. */
  #isListed: boolean;
  #isAwaitingRows: boolean;
  #isCaughtUp: boolean;

  constructor(limits: WindowLimits, sink: WindowSink) {
    this.#credit = new Credit(limits);
    this.#sink = sink;
    this.#again = new Again(sink);
    this.#isListed = false;
    this.#isAwaitingRows = false;
    this.#isCaughtUp = false;
  }

  /** Chats that are not forgotten. */
  get laneCount(): number {
    return this.#lanes.size;
  }

  get inFlight(): Readonly<Load> {
    return this.#credit.load;
  }

  /** Nothing is unacked and nothing is stopped, so that no time has to pass for it. */
  get isQuiet(): boolean {
    return this.#again.isQuiet;
  }

  find(chatId: string): Lane | undefined {
    return this.#lanes.get(chatId);
  }

  /** Takes in a row. Of a backlog, its chat is caught up at the row's last seq. */
  stand(row: Standing, { isBacklog, now }: { isBacklog: boolean; now: number }): void {
    const { chatId, received, headSeq, lastSeq = headSeq, joinSeq } = row;
    let lane = this.#lanes.get(chatId);
    if (lane === undefined) {
      if (lastSeq <= received && !isBacklog) return;
      lane = new Lane(chatId, { received, load: this.#credit.load });
      lane.isUnknown = joinSeq === undefined;
      this.#lanes.set(chatId, lane);
    }
    if (row.lastSeq === undefined && headSeq > lane.lastSeq) lane.isUnknown = true;
    // A hole ends below the seq at which the consumer joined last.
    if (joinSeq !== undefined && joinSeq > received + 1 && joinSeq !== lane.joinSeq) {
      lane.isUnknown = true;
    }
    if (joinSeq !== undefined && !lane.isUnknown) lane.joinSeq = joinSeq;
    lane.lastSeq = Math.max(lane.lastSeq, lastSeq);
    lane.durable = Math.max(lane.durable, received);
    if (isBacklog && lane.backlogSeq === undefined) {
      lane.backlogSeq = lastSeq;
      this.#backlogs += 1;
    }
    if (lane.isUnknown) this.#unknown.add(lane);
    this.#cover(lane, received, now);
    this.#place(lane);
  }

  /** At most so many chats of which `resolve` wants to know the cursor; each is named once. */
  takeUnknown(most: number): Lane[] {
    if (this.#unknown.size === 0) return [];
    const lanes = [...this.#unknown].slice(0, most);
    for (const lane of lanes) this.#unknown.delete(lane);
    return lanes;
  }

  resolve(lane: Lane, cursor: CursorStanding | undefined, now: number): void {
    if (lane.isEnded) return;
    if (cursor === undefined) {
      this.gone(lane);
      return;
    }
    lane.isUnknown = false;
    lane.joinSeq = cursor.joinSeq;
    lane.holes = cursor.holes;
    const { leaveSeq } = cursor;
    if (leaveSeq !== undefined) {
      lane.lastSeq = Math.min(lane.lastSeq, leaveSeq);
      if (lane.backlogSeq !== undefined) lane.backlogSeq = Math.min(lane.backlogSeq, leaveSeq);
    }
    lane.durable = Math.max(lane.durable, cursor.received);
    this.#cover(lane, cursor.received, now);
    this.#place(lane);
  }

  /** The consumer has no cursor in this chat any more. */
  gone(lane: Lane): void {
    lane.isGone = true;
    if (!lane.isEnded) this.remove(lane.chatId);
  }

  /** Delivers nothing more of this chat. */
  remove(chatId: string): void {
    const lane = this.#lanes.get(chatId);
    if (lane === undefined) return;
    if (lane.unhanded > 0) this.#sink.withdraw(lane, 0, Number.MAX_SAFE_INTEGER);
    lane.rewind(0);
    if (lane.backlogSeq !== undefined) this.#backlogs -= 1;
    lane.backlogSeq = undefined;
    this.#forget(lane);
    this.#sayCaughtUp();
  }

  /** Nothing more is delivered; what is in flight may still be acked. */
  end(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.unhanded > 0) this.#sink.withdraw(lane, 0, Number.MAX_SAFE_INTEGER);
      lane.rewind(0);
      this.#forget(lane);
    }
  }

  /**
   * While it is told that rows are on their way that may be older than what is acked meanwhile, no
   * chat is forgotten: it would be delivered again.
   */
  set isAwaitingRows(isAwaiting: boolean) {
    this.#isAwaitingRows = isAwaiting;
    if (isAwaiting) return;
    for (const lane of this.#lanes.values()) if (lane.isIdle) this.#forget(lane);
  }

  /** Every backlog has been told by `stand`. */
  listed(): void {
    this.#isListed = true;
    this.#sayCaughtUp();
  }

  /** At most `most` reads for which there is credit. Gaps that need no read are delivered. */
  plan(most: number, now: number): Ask[] {
    const asks: Ask[] = this.#again.plan(most);
    const served: Lane[] = [];
    for (const lane of this.#wanting) {
      if (asks.length >= most) break;
      if (lane.isReading || lane.isUnknown || this.#again.isPaused(lane, now)) continue;
      const refusal = this.#credit.refusal(lane);
      if (refusal === 'lane') this.#again.refuse(lane, now);
      else if (refusal !== undefined) {
        if (refusal === 'window') this.#again.refuse(undefined, now);
        break;
      } else if (this.#passHoles(lane)) asks.push(this.#ask(lane));
      else served.push(lane);
    }
    for (const lane of served) this.#endTurn(lane);
    return asks;
  }

  /** Takes in the answer to an ask, and delivers what there is credit for. */
  accept(ask: Ask, answer: ReadAnswer, now: number): void {
    const { lane } = ask;
    if (ask.isAgain) {
      this.#again.accept(lane, ask.from.fromSeq, answer);
      return;
    }
    this.release(ask);
    if (lane.isEnded || lane.nextSeq !== ask.from.fromSeq) return;
    if (this.#again.isPaused(lane, now)) return;
    const { gap } = answer;
    if (gap !== undefined && gap.toSeq >= lane.nextSeq) {
      if (this.#credit.refusal(lane) !== undefined) return;
      this.#deliverGap(lane, { ...gap, toSeq: Math.min(gap.toSeq, lane.lastSeq) });
    }
    for (const record of answer.records) {
      // Below a floor that rose, as many records as were asked for reach into the next hole.
      const isBeyond =
        record.seq > lane.lastSeq || record.seq >= (lane.hole?.[0] ?? Number.POSITIVE_INFINITY);
      if (isBeyond || !this.#deliver(lane, record)) break;
    }
    // Who was not reached keeps its turn.
    if (lane.nextSeq !== ask.from.fromSeq) this.#endTurn(lane);
  }

  /** Gives back the credit of an ask, whose answer will not come if `accept` is not called. */
  release(ask: Ask): void {
    if (ask.isAgain) {
      this.#again.release(ask.lane);
      return;
    }
    ask.lane.isReading = false;
    if (ask.reserved !== undefined) this.#credit.release(ask.reserved);
    if (!ask.lane.isEnded) this.#place(ask.lane);
  }

  /** Whether the store has to be told. A seq beyond the last known is left to the store. */
  ack(lane: Lane, { upToSeq, now }: { upToSeq: number; now: number }): boolean {
    if (lane.isGone || upToSeq <= lane.received) return false;
    if (lane.isEnded) lane.received = upToSeq;
    if (lane.isEnded || upToSeq > lane.lastSeq) return true;
    this.#cover(lane, upToSeq, now);
    if (lane.nextSeq > lane.lastSeq) this.#place(lane);
    return true;
  }

  /** The store has an ack durably. */
  acked(lane: Lane, upToSeq: number): void {
    lane.durable = Math.max(lane.durable, upToSeq);
    if (!lane.isEnded) this.#place(lane);
  }

  /** Stops the chat until then, and offers again from there. What is acked stays acked. */
  nack(lane: Lane, fromSeq: number, { until }: { until: number }): void {
    if (lane.isEnded || fromSeq <= lane.received) return;
    if (lane.unhanded > 0) this.#sink.withdraw(lane, fromSeq, Number.MAX_SAFE_INTEGER);
    lane.rewind(fromSeq);
    this.#again.pause(lane, { fromSeq, until });
    this.#again.changed(lane);
    this.#place(lane);
  }

  /** Some time has passed; whether the window has long been full, which is said once. */
  wake(now: number): boolean {
    return this.#again.wake(now);
  }

  /** When `wake` is to be called next; infinite while nothing is unacked. */
  nextDue(): number {
    return this.#again.nextDue();
  }

  #ask(lane: Lane): Ask {
    const last = Math.min(lane.lastSeq, (lane.hole?.[0] ?? Number.POSITIVE_INFINITY) - 1);
    const reserved = this.#credit.reserve(lane, last - lane.nextSeq + 1);
    lane.isReading = true;
    const from = { fromSeq: lane.nextSeq };
    return { chatId: lane.chatId, from, limit: reserved.records, lane, reserved, isAgain: false };
  }

  /**
   * Delivers the holes before which the lane stands; whether there is something to read after
   * them, and credit for it. Nothing else would ask for it: a hole needs no answer of the store.
   */
  #passHoles(lane: Lane): boolean {
    while (lane.nextSeq <= lane.lastSeq && this.#credit.refusal(lane) === undefined) {
      const { hole } = lane;
      if (hole === undefined || hole[0] > lane.nextSeq) return true;
      const toSeq = Math.min(hole[1], lane.lastSeq);
      this.#deliverGap(lane, { fromSeq: lane.nextSeq, toSeq, reason: 'before-join' });
    }
    return false;
  }

  #deliverGap(lane: Lane, gap: Gap): void {
    lane.admit(gap.toSeq, 0, gap.reason);
    this.#again.changed(lane);
    this.#sink.gap(lane, gap);
    this.#progress(lane);
  }

  /** Whether there was credit for the record. */
  #deliver(lane: Lane, record: ReadRecord): boolean {
    if (record.seq < lane.nextSeq) return true;
    if (record.seq > lane.nextSeq) {
      // Only damage leaves out a seq within an answer, and it has to be declared.
      if (this.#credit.refusal(lane) !== undefined) return false;
      const toSeq = record.seq - 1;
      this.#deliverGap(lane, { fromSeq: lane.nextSeq, toSeq, reason: 'damaged' });
    }
    const bytes = record.payload.length;
    lane.neededBytes = bytes;
    if (this.#credit.refusal(lane) !== undefined) return false;
    this.#credit.weigh(bytes);
    const attempt = lane.admit(record.seq, bytes);
    this.#again.changed(lane);
    this.#sink.record(lane, record, attempt);
    if (lane.backlogSeq !== undefined) this.#progress(lane);
    return true;
  }

  #cover(lane: Lane, upToSeq: number, now: number): void {
    if (upToSeq <= lane.received) return;
    const fromSeq = lane.received + 1;
    if (lane.cover(upToSeq, now)) this.#sink.withdraw(lane, fromSeq, upToSeq);
    this.#again.covered(lane);
    this.#progress(lane);
  }

  /** Says once that the backlog of a chat is delivered. */
  #progress(lane: Lane): void {
    if (lane.backlogSeq === undefined || lane.nextSeq <= lane.backlogSeq) return;
    lane.backlogSeq = undefined;
    this.#backlogs -= 1;
    this.#sink.caughtUp(lane.chatId);
    this.#sayCaughtUp();
  }

  #sayCaughtUp(): void {
    if (this.#isCaughtUp || !this.#isListed || this.#backlogs > 0) return;
    this.#isCaughtUp = true;
    this.#sink.caughtUp(undefined);
  }

  /** Puts the lane among those that want something, where it keeps its turn, or forgets it. */
  #place(lane: Lane): void {
    if (lane.isUnknown) return;
    this.#progress(lane);
    if (lane.nextSeq <= lane.lastSeq) {
      this.#wanting.add(lane);
      return;
    }
    this.#wanting.delete(lane);
    if (!this.#isAwaitingRows && lane.isIdle) this.#forget(lane);
  }

  #endTurn(lane: Lane): void {
    this.#wanting.delete(lane);
    this.#place(lane);
  }

  #forget(lane: Lane): void {
    lane.isEnded = true;
    this.#wanting.delete(lane);
    this.#unknown.delete(lane);
    this.#again.forget(lane);
    this.#lanes.delete(lane.chatId);
  }
}
