// A chat as docs/guarantees.md promises it, written without a look at the log: plain lists, nothing
// clever, no time. Whatever a queue says of a chat, this says too.

import type { ErrorCode, Keep } from '../../../../protocol/index.js';

export interface ModelCursor {
  joinSeq: number;
  received: number;
  delivered: number;
  read: number;
  leaveSeq?: number;
  /** Ranges it will not get, as it was not joined. */
  holes: (readonly [from: number, to: number])[];
}

export interface ModelRecord {
  readonly payload: string;
  readonly senderId: string;
  readonly kind: number;
}

interface Keyed {
  readonly key: string;
  readonly over: string;
  readonly seq: number;
}

/** The terms of an append as the model knows them. */
export interface ModelAppend {
  readonly payload: string;
  readonly as?: string | undefined;
  readonly senderId?: string | undefined;
  readonly dedupKey?: string | undefined;
  readonly dedupOver?: string | undefined;
  readonly guard?: { readonly expected: number; readonly next: number } | undefined;
  readonly ifHead?: number | undefined;
  readonly ifRoster?: number | undefined;
  readonly join?: readonly string[] | undefined;
  readonly leave?: readonly string[] | undefined;
  readonly pin?: boolean | undefined;
  readonly kind?: number | undefined;
}

/** What an operation answers: a value, or the code with which it is refused. */
export type Answer<Value> = { readonly value: Value } | { readonly code: ErrorCode };

const HOLES_MAX = 8;

export class ModelChat {
  readonly records: ModelRecord[] = [];
  readonly cursors = new Map<string, ModelCursor>();
  readonly deleted = new Set<number>();
  readonly #rings = new Map<string, Keyed[]>();
  readonly #dedupDepth: number;
  guard = 0;
  roster = 0;
  pinned: number | undefined;
  keep: Keep = 'until-received';
  #storedFloor = 1;
  #reason: 'expired' | 'trimmed' | 'deleted' = 'expired';

  constructor(dedupDepth: number) {
    this.#dedupDepth = dedupDepth;
  }

  get head(): number {
    return this.records.length;
  }

  get floor(): number {
    return Math.max(this.#storedFloor, this.#computedFloor());
  }

  get gapReason(): string {
    return this.#computedFloor() > this.#storedFloor ? 'expired' : this.#reason;
  }

  append(terms: ModelAppend): Answer<{ seq: number; duplicate: boolean }> {
    const first = this.#firstOf(terms);
    if (first !== undefined) return first;
    const refusal = this.#refusalOf(terms);
    if (refusal !== undefined) return { code: refusal };
    this.#storeFloor();
    const { payload, as, kind = 0, join = [], leave = [] } = terms;
    const senderId = as ?? terms.senderId ?? '';
    const seq = this.head + 1;
    for (const id of join) this.#joinAt(id, seq);
    const own = as === undefined ? undefined : this.joined(as);
    if (own?.received === seq - 1) own.received = seq;
    this.records.push({ payload, senderId, kind });
    if (terms.pin === true) this.pinned = seq;
    if (terms.guard !== undefined) this.guard = terms.guard.next;
    if (terms.dedupKey !== undefined) this.#remember(terms, seq);
    for (const id of leave) this.#leaveAt(id);
    return { value: { seq, duplicate: false } };
  }

  #firstOf(terms: ModelAppend): Answer<{ seq: number; duplicate: boolean }> | undefined {
    const { dedupKey: key } = terms;
    const ring = this.#rings.get(terms.as ?? terms.senderId ?? '') ?? [];
    const first = key === undefined ? undefined : ring.find((keyed) => keyed.key === key);
    if (first === undefined) return undefined;
    if (first.over !== (terms.dedupOver ?? terms.payload)) return { code: 'FOQ_DEDUP_CONFLICT' };
    return { value: { seq: first.seq, duplicate: true } };
  }

  #refusalOf({ guard, ifHead, ifRoster, as, join = [] }: ModelAppend): ErrorCode | undefined {
    if (guard !== undefined && guard.expected !== this.guard) return 'FOQ_GUARD_CONFLICT';
    if (ifHead !== undefined && ifHead !== this.head) return 'FOQ_HEAD_CONFLICT';
    if (ifRoster !== undefined && ifRoster !== this.roster) return 'FOQ_ROSTER_STALE';
    const isMember = as === undefined || this.joined(as) !== undefined || join.includes(as);
    if (!isMember) return 'FOQ_NOT_JOINED';
    return join.some((id) => this.#isTooOftenBack(id, this.head + 1)) ? 'FOQ_BUSY' : undefined;
  }

  #remember(terms: ModelAppend, seq: number): void {
    const sender = terms.as ?? terms.senderId ?? '';
    const keyed = { key: terms.dedupKey ?? '', over: terms.dedupOver ?? terms.payload, seq };
    const ring = [...(this.#rings.get(sender) ?? []), keyed];
    this.#rings.set(sender, ring.slice(-this.#dedupDepth));
  }

  joined(id: string): ModelCursor | undefined {
    const cursor = this.cursors.get(id);
    return cursor?.leaveSeq === undefined ? cursor : undefined;
  }

  join(id: string, at: 'head' | 'first' | number): Answer<{ joinSeq: number; received: number }> {
    const cursor = this.joined(id);
    if (cursor !== undefined) {
      return { value: { joinSeq: cursor.joinSeq, received: cursor.received } };
    }
    const named = at === 'first' ? this.floor : at;
    const joinSeq = named === 'head' ? this.head + 1 : named;
    if (joinSeq > this.head + 1) return { code: 'FOQ_SEQ_OUT_OF_RANGE' };
    if (this.#isTooOftenBack(id, joinSeq)) return { code: 'FOQ_BUSY' };
    this.#storeFloor();
    this.#joinAt(id, joinSeq);
    return { value: { joinSeq, received: this.joined(id)?.received ?? 0 } };
  }

  #isTooOftenBack(id: string, joinSeq: number): boolean {
    const cursor = this.cursors.get(id);
    if (cursor?.leaveSeq === undefined || joinSeq <= cursor.leaveSeq + 1) return false;
    return cursor.holes.filter(([, to]) => to > cursor.received).length >= HOLES_MAX;
  }

  #joinAt(id: string, joinSeq: number): void {
    const cursor = this.cursors.get(id);
    if (cursor !== undefined && cursor.leaveSeq === undefined) return;
    this.roster += 1;
    if (cursor?.leaveSeq === undefined) {
      const fresh = { joinSeq, received: joinSeq - 1, delivered: 0, read: 0, holes: [] };
      this.cursors.set(id, fresh);
      return;
    }
    const { leaveSeq, ...rest } = cursor;
    const hole = [leaveSeq + 1, joinSeq - 1] as const;
    const holes = joinSeq > leaveSeq + 1 ? [...cursor.holes, hole] : cursor.holes;
    const open = holes.filter(([, to]) => to > cursor.received);
    this.cursors.set(id, { ...rest, joinSeq, holes: open });
  }

  leave(id: string, joinSeq?: number): void {
    const cursor = this.joined(id);
    if (cursor === undefined || (joinSeq !== undefined && cursor.joinSeq > joinSeq)) return;
    this.#storeFloor();
    this.#leaveAt(id);
  }

  #leaveAt(id: string): void {
    const cursor = this.joined(id);
    if (cursor === undefined) return;
    this.roster += 1;
    cursor.leaveSeq = this.head;
    this.#dropFinished(id);
  }

  #dropFinished(id: string): void {
    const cursor = this.cursors.get(id);
    if (cursor?.leaveSeq !== undefined && cursor.received >= cursor.leaveSeq) {
      this.#storeFloor();
      this.cursors.delete(id);
    }
  }

  /** Leaves and keeps no cursor. */
  forget(id: string): void {
    if (!this.cursors.has(id)) return;
    this.#storeFloor();
    if (this.joined(id) !== undefined) this.roster += 1;
    this.cursors.delete(id);
  }

  /** `durableHead` is the head when the ack was judged. */
  ack(
    id: string,
    marks: Partial<Record<'received' | 'delivered' | 'read', number | undefined>>,
    durableHead: number = this.head,
  ): Answer<undefined> {
    const cursor = this.cursors.get(id);
    if (cursor === undefined) return { code: 'FOQ_NOT_JOINED' };
    const { received = 0, delivered = 0, read = 0 } = marks;
    const last = cursor.leaveSeq ?? durableHead;
    if (Math.max(received, delivered, read) > last) return { code: 'FOQ_SEQ_OUT_OF_RANGE' };
    cursor.received = Math.max(cursor.received, received);
    cursor.delivered = Math.max(cursor.delivered, delivered);
    cursor.read = Math.max(cursor.read, read);
    this.#dropFinished(id);
    return { value: undefined };
  }

  trim(upToSeq: number): void {
    this.#storeFloor();
    const floor = Math.min(upToSeq, this.head) + 1;
    if (floor <= this.#storedFloor) return;
    this.#storedFloor = floor;
    this.#reason = 'trimmed';
  }

  deleteRecords(ranges: readonly (readonly [number, number])[]): Answer<undefined> {
    if (ranges.some(([, to]) => to > this.head)) return { code: 'FOQ_SEQ_OUT_OF_RANGE' };
    this.#storeFloor();
    for (const [from, to] of ranges) {
      for (let seq = from; seq <= to; seq += 1) this.deleted.add(seq);
    }
    return { value: undefined };
  }

  deleteChat(): void {
    this.#storeFloor();
    if ([...this.cursors.keys()].some((id) => this.joined(id) !== undefined)) this.roster += 1;
    this.cursors.clear();
    this.pinned = undefined;
    if (this.#storedFloor > this.head) return;
    this.#storedFloor = this.head + 1;
    this.#reason = 'deleted';
  }

  configure(keep: Keep): void {
    this.#storeFloor();
    this.keep = keep;
  }

  /** The last seq that this cursor gets. */
  lastOf(id: string): number {
    return this.cursors.get(id)?.leaveSeq ?? this.head;
  }

  #computedFloor(): number {
    if (this.keep !== 'until-received' || this.cursors.size === 0) return 1;
    return Math.min(...[...this.cursors.values()].map(({ received }) => received)) + 1;
  }

  /** No join, return or other rule after this lowers the floor. */
  #storeFloor(): void {
    const floor = this.#computedFloor();
    if (floor <= this.#storedFloor) return;
    this.#storedFloor = floor;
    this.#reason = 'expired';
  }
}
