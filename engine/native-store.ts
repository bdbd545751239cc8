// A handle on a store that this process has open: what is submitted, who hears the answers, and
// what can be looked at.
//
// Invariants: every submitted operation is answered exactly once, before `close` resolves. What is
// thrown and rejected is a `NativeError`, but RangeErrors of packing.

import type { JoinedRow, PendingRow } from '../protocol/index.js';
import {
  type AppendedRun,
  addon,
  type BackupMade,
  type Hearer,
  NativeError,
  type NativeOptions,
  Side,
} from './native.js';
import {
  type Answers,
  CONDITIONS,
  type CursorRow,
  type NativeChatOptions,
  type NativeCondition,
  type NativeHead,
  type NativeJoined,
  type NativeStats,
  type News,
  type OperationPacker,
  type PageRequest,
  type Pages,
  type PendingCursorRow,
  type ReadAnswer,
  type ReadRequest,
  type StoreHandle,
} from './native-types.js';
import { HEAD_NUMBERS, KEEPS, Packer, QuestionPacker } from './packing.js';
import type { ReadRecord } from './record.js';
import { type PageRow, unpackCursors, unpackNews, unpackPage, unpackReads } from './unpacking.js';

/** Which page; see `page` in native/binding/src/reads.rs. */
const PAGE = { pending: 0, chatsOf: 1, chatsOfAndClosing: 2, chats: 3 } as const;

const NO_NEWS: News = { rows: [], fenced: false };

/** Who waits until all before it is durable. */
interface Barrier {
  resolve(): void;
  reject(error: NativeError): void;
}

/** The i-th number of an answer about heads; of a shared buffer until the next question. */
type HeadNumbers = (i: number) => number;

function headOf(number: HeadNumbers, nth: number): NativeHead {
  const at = nth * HEAD_NUMBERS;
  return {
    firstSeq: number(at),
    headSeq: number(at + 1),
    lastAt: number(at + 2),
    guard: number(at + 3),
    roster: number(at + 4),
    marksVersion: number(at + 5),
  };
}

/** See `StoreHandle` and native/binding/src/registry.rs. */
export class NativeStore implements StoreHandle, Hearer {
  readonly epoch: string;
  readonly #side: Side;
  readonly #handle: number;
  readonly #answers: Answers;
  readonly #questions = new QuestionPacker();
  readonly #attachments = new Set<number>();
  /** By ticket. */
  readonly #barriers = new Map<number, Barrier>();
  #pending = 0;
  #whenIdle: (() => void) | undefined;

  /** Only for `open`. */
  private constructor(side: Side, handle: number, answers: Answers) {
    this.#side = side;
    this.#handle = handle;
    this.#answers = answers;
    this.epoch = addon.epoch(side.number, handle);
  }

  static open(dir: string, options: NativeOptions, answers: Answers): Promise<NativeStore> {
    return NativeStore.openBy((side) => addon.open(side, dir, options), answers);
  }

  /** As `open`; `start` begins it and gives the handle. */
  static async openBy(start: (side: number) => number, answers: Answers): Promise<NativeStore> {
    const side = Side.get();
    const handle = thrown(() => start(side.number));
    await side.wait(handle);
    const store = new NativeStore(side, handle, answers);
    side.stores.set(handle, store);
    return store;
  }

  packer(bytes: number): Packer {
    return new Packer(bytes);
  }

  submit(packer: OperationPacker): number {
    if (!(packer instanceof Packer)) throw new TypeError('a packer of another make');
    const { buffer, used, count } = packer;
    const first = thrown(() => addon.submit(this.#side.number, this.#handle, buffer, used));
    packer.clear();
    this.#pending += count;
    this.#side.expect(count);
    return first;
  }

  heads(chatIds: readonly string[]): NativeHead[] | Promise<NativeHead[]> {
    const numbers = this.#heads(chatIds);
    const all = (number: HeadNumbers) => chatIds.map((_, i) => headOf(number, i));
    return numbers instanceof Promise ? numbers.then(all) : all(numbers);
  }

  async chatOptions(chatId: string): Promise<NativeChatOptions> {
    const number = await this.#heads([chatId]);
    const keep = KEEPS[number(6)];
    const [maxAgeMs, keepAtLeastMs, maxBytes] = [number(7), number(8), number(9)];
    return {
      ...(keep === undefined ? {} : { keep }),
      ...(maxAgeMs < 0 ? {} : { maxAgeMs }),
      ...(keepAtLeastMs < 0 ? {} : { keepAtLeastMs }),
      ...(maxBytes < 0 ? {} : { maxBytes }),
    };
  }

  #heads(chatIds: readonly string[]): HeadNumbers | Promise<HeadNumbers> {
    const questions = this.#questions;
    questions.ids(chatIds);
    const { buffer, used } = questions;
    const request = thrown(() => addon.heads(this.#side.number, this.#handle, buffer, used));
    if (request === 0) return (i) => questions.number(i);
    return this.#answerOf(request).then((bytes) => (i) => bytes.readDoubleLE(i * 8));
  }

  read(requests: readonly ReadRequest[], maxBytes: number): ReadAnswer[] | Promise<ReadAnswer[]> {
    const questions = this.#questions;
    questions.reads(requests);
    const { buffer, used } = questions;
    const [side, handle] = [this.#side.number, this.#handle];
    const answer = thrown(() => addon.read(side, handle, buffer, used, maxBytes));
    const { length } = requests;
    if (answer <= 0) return unpackReads(this.#takeReady(-answer), length);
    return this.#answerOf(answer).then((bytes) => unpackReads(bytes, length));
  }

  async pinned(chatId: string): Promise<ReadRecord | undefined> {
    const answer = await this.#ask((side, handle) => addon.pinned(side, handle, chatId));
    return unpackReads(answer, 1)[0]?.records[0];
  }

  async cursors(chatId: string): Promise<CursorRow[]> {
    return unpackCursors(await this.#ask((side, handle) => addon.cursors(side, handle, chatId)));
  }

  pending(consumerId: string, page: PageRequest): Promise<Pages<PendingCursorRow>> {
    return this.#page(PAGE.pending, consumerId, page, (row) => row);
  }

  chatsOf(
    consumerId: string,
    page: PageRequest & { readonly closing?: boolean },
  ): Promise<Pages<JoinedRow>> {
    const which = page.closing === true ? PAGE.chatsOfAndClosing : PAGE.chatsOf;
    return this.#page(which, consumerId, page, ({ marks: _marks, lastSeq: _last, ...row }) => row);
  }

  chats(page: PageRequest): Promise<Pages<Omit<PendingRow, 'received' | 'marks'>>> {
    const rowOf = ({ chatId, firstSeq, headSeq, lastAt }: PageRow) => ({
      chatId,
      firstSeq,
      headSeq,
      lastAt,
    });
    return this.#page(PAGE.chats, '', page, rowOf);
  }

  async #page<Row>(
    ...[which, consumerId, { after = '', limit }, rowOf]: [
      which: number,
      consumerId: string,
      page: PageRequest,
      rowOf: (row: PageRow) => Row,
    ]
  ): Promise<Pages<Row>> {
    const answer = await this.#ask((side, handle) =>
      addon.page(side, handle, which, consumerId, after, limit),
    );
    return unpackPage(answer, rowOf);
  }

  attach(consumerId: string): number {
    return this.#attached(
      thrown(() => addon.attachConsumer(this.#side.number, this.#handle, consumerId)),
    );
  }

  watch(chatId: string): number {
    return this.#attached(thrown(() => addon.watchChat(this.#side.number, this.#handle, chatId)));
  }

  /** Who waits for news keeps the thread alive. */
  #attached(attachment: number): number {
    this.#attachments.add(attachment);
    this.#side.expect(1);
    return attachment;
  }

  detach(attachment: number): void {
    if (!this.#attachments.delete(attachment)) return;
    this.#side.settle(1);
    thrown(() => addon.detachAttachment(this.#side.number, this.#handle, attachment));
  }

  takeNews(attachment: number, limit: number): News {
    const bytes = thrown(() => addon.takeNews(this.#side.number, this.#handle, attachment, limit));
    return bytes === 0 ? NO_NEWS : unpackNews(this.#takeReady(bytes));
  }

  async flush(): Promise<void> {
    const ticket = thrown(() => addon.barrier(this.#side.number, this.#handle));
    this.#pending += 1;
    this.#side.expect(1);
    await new Promise<void>((resolve, reject) => {
      this.#barriers.set(ticket, { resolve, reject });
    });
  }

  conditions(): NativeCondition[] {
    const found = thrown(() => addon.conditions(this.#side.number, this.#handle));
    return found.map(([kind, message]) => ({ kind, message }));
  }

  stats(): NativeStats {
    return Object.fromEntries(thrown(() => addon.stats(this.#side.number, this.#handle)));
  }

  backup(dir: string): { made: Promise<BackupMade>; end: () => void } {
    const side = this.#side;
    const request = thrown(() => addon.backup(side.number, this.#handle, dir));
    const end = () => addon.backupEnd(side.number, request);
    const answered = async () => {
      try {
        await side.wait(request);
        return addon.takeBackup(side.number, request);
      } finally {
        end();
      }
    };
    return { made: answered(), end };
  }

  async close(): Promise<void> {
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    thrown(() => addon.close(this.#side.number, this.#handle));
    this.#side.settle(this.#attachments.size);
    this.#attachments.clear();
    this.#side.stores.delete(this.#handle);
    await this.#side.wait(this.#handle);
  }

  /** The answer of a request, in memory of its own. */
  async #ask(start: (side: number, handle: number) => number): Promise<Buffer> {
    return this.#answerOf(thrown(() => start(this.#side.number, this.#handle)));
  }

  async #answerOf(request: number): Promise<Buffer> {
    const side = this.#side;
    const into = Buffer.allocUnsafeSlow(await side.wait(request));
    thrown(() => addon.takeAnswer(side.number, request, into));
    return into;
  }

  /** What the call just before has ready, in memory of its own. */
  #takeReady(bytes: number): Buffer {
    const into = Buffer.allocUnsafeSlow(bytes);
    thrown(() => addon.takeReady(this.#side.number, into));
    return into;
  }

  /** Only for the doorbell, as all that follow. */
  hear(run: AppendedRun): void {
    this.#answers.appended(run);
    this.#settle(run.seqs.length);
  }

  hearDone(first: number, count: number): void {
    for (let ticket = first; ticket < first + count; ticket++) {
      const barrier = this.#takeBarrier(ticket);
      if (barrier === undefined) this.#answers.done(ticket);
      else barrier.resolve();
    }
    this.#settle(count);
  }

  hearJoined(ticket: number, joined: NativeJoined): void {
    this.#answers.joined(ticket, joined);
    this.#settle(1);
  }

  hearFailure(ticket: number, error: NativeError): void {
    const barrier = this.#takeBarrier(ticket);
    if (barrier === undefined) this.#answers.failed(ticket, error);
    else barrier.reject(error);
    this.#settle(1);
  }

  hearNews(attachment: number): void {
    if (attachment === CONDITIONS || this.#attachments.has(attachment)) {
      this.#answers.news(attachment);
    }
  }

  #takeBarrier(ticket: number): Barrier | undefined {
    if (this.#barriers.size === 0) return;
    const barrier = this.#barriers.get(ticket);
    this.#barriers.delete(ticket);
    return barrier;
  }

  #settle(count: number): void {
    this.#side.settle(count);
    this.#pending -= count;
    if (this.#pending === 0) this.#whenIdle?.();
  }
}

/** Calls the addon; what it throws becomes a NativeError with its fields. */
function thrown<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const failure = addon.takeThrown();
    if (failure === null) throw error;
    throw new NativeError(failure, { cause: error });
  }
}
