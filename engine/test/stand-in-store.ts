// A store for tests: it keeps what it is given, answers only when it is told to, and can be full,
// fail, or be slow to close.

import type { Answers, NativeHead, OperationPacker, StoreHandle } from '../native-types.js';

/** What was packed: the call and its arguments. */
export type Packed = readonly [name: string, chatId: string, ...rest: unknown[]];

class StandInPacker implements OperationPacker {
  operations: Packed[] = [];
  used = 0;

  get count(): number {
    return this.operations.length;
  }

  clear(): void {
    this.operations = [];
    this.used = 0;
  }

  append(chatId: string, payload: Uint8Array | string, fields?: unknown): void {
    const kept = typeof payload === 'string' ? payload : payload.slice();
    this.#add(['append', chatId, kept, fields], payload.length);
  }
  ack(chatId: string, consumerId: string, marks: unknown): void {
    this.#add(['ack', chatId, consumerId, marks]);
  }
  join(chatId: string, consumerId: string, at: unknown): void {
    this.#add(['join', chatId, consumerId, at]);
  }
  leave(chatId: string, consumerId: string, joinSeq?: number): void {
    this.#add(['leave', chatId, consumerId, joinSeq]);
  }
  forget(chatId: string, consumerId: string): void {
    this.#add(['forget', chatId, consumerId]);
  }
  trim(chatId: string, upToSeq: number): void {
    this.#add(['trim', chatId, upToSeq]);
  }
  deleteRecords(chatId: string, ranges: unknown): void {
    this.#add(['deleteRecords', chatId, ranges]);
  }
  deleteChat(chatId: string): void {
    this.#add(['deleteChat', chatId]);
  }
  configure(chatId: string, options: unknown): void {
    this.#add(['configure', chatId, options]);
  }

  #add(packed: Packed, bytes = 0): void {
    this.operations.push(packed);
    this.used += 8 + packed[1].length + bytes;
  }
}

export class StandInStore implements StoreHandle {
  readonly epoch = '0123456789abcdef';
  /** In the order of their tickets. */
  readonly operations: Packed[] = [];
  /** Operations of each submission. */
  readonly submissions: number[] = [];
  /** Thrown by the next submissions. */
  refusal: Error | undefined;
  closed: 'no' | 'yes' = 'no';
  readonly detached: number[] = [];
  readonly #answers: Answers;
  readonly #heads = new Map<string, number>();
  readonly #watched = new Map<number, { chatId: string; told: number }>();
  #attachments = 0;
  #answered = 0;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  packer(): OperationPacker {
    return new StandInPacker();
  }

  submit(packer: OperationPacker): number {
    if (this.refusal !== undefined) throw this.refusal;
    if (!(packer instanceof StandInPacker)) throw new Error('a packer of another store');
    const first = this.operations.length;
    this.operations.push(...packer.operations);
    this.submissions.push(packer.count);
    packer.clear();
    return first;
  }

  /** Answers the next operations, all that were submitted if no number is given. */
  answer(count = this.operations.length - this.#answered): void {
    for (let step = 0; step < count; step += 1) {
      const ticket = this.#answered;
      const [name, chatId] = this.operations[ticket] ?? ['none', ''];
      this.#answered += 1;
      if (name === 'append') this.#append(ticket, chatId);
      else if (name === 'join') this.#answers.joined(ticket, JOINED);
      else this.#answers.done(ticket);
    }
  }

  /** Answers the next operation with a failure. */
  fail(error: unknown): void {
    const ticket = this.#answered;
    this.#answered += 1;
    this.#answers.failed(ticket, error as never);
  }

  #append(ticket: number, chatId: string): void {
    const seq = (this.#heads.get(chatId) ?? 0) + 1;
    this.#heads.set(chatId, seq);
    const seqs = Float64Array.of(seq);
    this.#answers.appended({ first: ticket, at: 1000, seqs, repeated: false });
    for (const [attachment, watched] of this.#watched) {
      if (watched.chatId === chatId) this.#answers.news(attachment);
    }
  }

  heads(chatIds: readonly string[]): NativeHead[] {
    return chatIds.map((chatId) => ({ ...NO_HEAD, headSeq: this.#heads.get(chatId) ?? 0 }));
  }

  watch(chatId: string): number {
    this.#attachments += 1;
    this.#watched.set(this.#attachments, { chatId, told: 0 });
    return this.#attachments;
  }

  backup(): { made: Promise<never>; end: () => void } {
    let end = (): void => undefined;
    const made = new Promise<never>((_, reject) => {
      end = () => reject(new Error('given up'));
    });
    return { made, end };
  }

  get watches(): number {
    return this.#watched.size;
  }

  detach(attachment: number): void {
    this.#watched.delete(attachment);
    this.detached.push(attachment);
  }

  takeNews(attachment: number) {
    const watched = this.#watched.get(attachment);
    const headSeq = this.#heads.get(watched?.chatId ?? '') ?? 0;
    if (watched === undefined || watched.told === headSeq) return { rows: [], fenced: false };
    watched.told = headSeq;
    const { chatId } = watched;
    const row = { chatId, firstSeq: 1, headSeq, received: 0, lastSeq: headSeq };
    return { rows: [{ ...row, marksVersion: 0, marks: false, gone: false }], fenced: false };
  }

  chatOptions() {
    return Promise.resolve({});
  }
  read() {
    return [{ firstSeq: 1, headSeq: 0, gap: undefined, records: [] }];
  }
  pinned() {
    return Promise.resolve(undefined);
  }
  cursors(chatId: string) {
    const names = this.joined.get(chatId) ?? [];
    return Promise.resolve(names.map((consumerId) => ({ ...CURSOR, consumerId })));
  }
  /** Consumers by chat. */
  readonly joined = new Map<string, string[]>();
  pending() {
    return Promise.resolve({ rows: [], next: undefined });
  }
  chatsOf() {
    return Promise.resolve({ rows: [], next: undefined });
  }
  chats() {
    return Promise.resolve({ rows: [], next: undefined });
  }
  attach(): number {
    this.#attachments += 1;
    return this.#attachments;
  }
  flush() {
    return Promise.resolve();
  }
  stats() {
    return {};
  }
  conditions() {
    return [];
  }
  close() {
    this.closed = 'yes';
    return Promise.resolve();
  }
}

const JOINED = { joinSeq: 1, received: 0, firstSeq: 1, headSeq: 0 };
const NO_HEAD = { firstSeq: 1, headSeq: 0, lastAt: 0, guard: 0, roster: 0, marksVersion: 0 };
const CURSOR = { joinSeq: 1, received: 0, delivered: 0, read: 0, marksSeen: 0, holes: [] };
