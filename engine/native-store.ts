// A handle on a store that this process has open: what is submitted, who hears the answers, and
// what can be looked at.
//
// Invariants: every submitted operation is answered exactly once, before `close` resolves. What is
// thrown and rejected is a `NativeError`, but RangeErrors of packing.

import type { JoinedRow, PendingRow } from '../protocol/index.js';
import {
  type AppendedRun,
  addon,
  type Hearer,
  NativeError,
  type NativeOptions,
  Side,
} from './native.js';
import type {
  Answers,
  CursorRow,
  NativeChatOptions,
  NativeHead,
  NativeJoined,
  NativeRecord,
  NativeStats,
  News,
  OperationPacker,
  PageRequest,
  Pages,
  PendingCursorRow,
  ReadAnswer,
  ReadRequest,
  StoreHandle,
} from './native-types.js';
import { HEAD_NUMBERS, KEEPS, Packer, QuestionPacker } from './packing.js';
import { type PageRow, unpackCursors, unpackPage, unpackReads } from './unpacking.js';

/** Which page; see `page` in native/binding/src/reads.rs. */
const PAGE = { pending: 0, chatsOf: 1, chatsOfAndClosing: 2, chats: 3 } as const;

/** See `StoreHandle` and native/binding/src/registry.rs. */
export class NativeStore implements StoreHandle, Hearer {
  readonly epoch: string;
  readonly #side: Side;
  readonly #handle: number;
  readonly #answers: Answers;
  readonly #questions = new QuestionPacker();
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

  heads(chatIds: readonly string[]): NativeHead[] {
    const questions = this.#heads(chatIds);
    return chatIds.map((_, i) => {
      const number = (field: number) => questions.number(i * HEAD_NUMBERS + field);
      return {
        firstSeq: number(0),
        headSeq: number(1),
        lastAt: number(2),
        guard: number(3),
        roster: number(4),
        marksVersion: number(5),
      };
    });
  }

  chatOptions(chatId: string): NativeChatOptions {
    const questions = this.#heads([chatId]);
    const keep = KEEPS[questions.number(6)];
    const [maxAgeMs, keepAtLeastMs] = [questions.number(7), questions.number(8)];
    return {
      ...(keep === undefined ? {} : { keep }),
      ...(maxAgeMs < 0 ? {} : { maxAgeMs }),
      ...(keepAtLeastMs < 0 ? {} : { keepAtLeastMs }),
    };
  }

  #heads(chatIds: readonly string[]): QuestionPacker {
    const questions = this.#questions;
    questions.ids(chatIds);
    const { buffer, used } = questions;
    thrown(() => addon.heads(this.#side.number, this.#handle, buffer, used));
    return questions;
  }

  async read(requests: readonly ReadRequest[], maxBytes: number): Promise<ReadAnswer[]> {
    const questions = this.#questions;
    questions.reads(requests);
    const { buffer, used } = questions;
    const answer = await this.#ask((side, handle) =>
      addon.read(side, handle, buffer, used, maxBytes),
    );
    return unpackReads(answer);
  }

  async pinned(chatId: string): Promise<NativeRecord | undefined> {
    const answer = await this.#ask((side, handle) => addon.pinned(side, handle, chatId));
    return unpackReads(answer)[0]?.records[0];
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

  attach(_consumerId: string): number {
    throw missing('attach');
  }

  watch(_chatId: string): number {
    throw missing('watch');
  }

  detach(_attachment: number): void {
    throw missing('detach');
  }

  takeNews(_attachment: number, _limit: number): News {
    throw missing('takeNews');
  }

  async flush(): Promise<void> {
    throw missing('.flush()');
  }

  stats(): NativeStats {
    return Object.fromEntries(thrown(() => addon.stats(this.#side.number, this.#handle)));
  }

  async close(): Promise<void> {
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    thrown(() => addon.close(this.#side.number, this.#handle));
    this.#side.stores.delete(this.#handle);
    await this.#side.wait(this.#handle);
  }

  /** The answer of a request, in memory of its own. */
  async #ask(start: (side: number, handle: number) => number): Promise<Buffer> {
    const side = this.#side;
    const request = thrown(() => start(side.number, this.#handle));
    const into = Buffer.allocUnsafeSlow(await side.wait(request));
    thrown(() => addon.takeAnswer(side.number, request, into));
    return into;
  }

  /** Only for the doorbell, as all that follow. */
  hear(run: AppendedRun): void {
    this.#answers.appended(run);
    this.#settle(run.seqs.length);
  }

  hearDone(first: number, count: number): void {
    for (let i = 0; i < count; i++) this.#answers.done(first + i);
    this.#settle(count);
  }

  hearJoined(ticket: number, joined: NativeJoined): void {
    this.#answers.joined(ticket, joined);
    this.#settle(1);
  }

  hearFailure(ticket: number, error: NativeError): void {
    this.#answers.failed(ticket, error);
    this.#settle(1);
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

function missing(what: string): NativeError {
  const message = `${what} is not there yet`;
  return new NativeError({ code: 'FOQ_UNAVAILABLE', message, fields: [] });
}
