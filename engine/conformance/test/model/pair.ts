// A queue and its model, side by side: each operation is done to both, and their answers are
// compared. A difference throws.

import { deepStrictEqual } from 'node:assert/strict';
import {
  type AppendFields,
  FoqError,
  type JoinOptions,
  type Marks,
  type Queue,
  type Result,
} from '../../../../protocol/index.js';
import { type Answer, type ModelAppend, ModelChat } from './chat.js';
import {
  type AckOperation,
  type AppendOperation,
  CHATS,
  CONSUMERS,
  type Operation,
  type SmallOperation,
} from './operation.js';
import { checkConsumed, checkEverything } from './views.js';

export const DEDUP_DEPTH = 4;

/** One operation in the words of the queue. */
type Call =
  | { readonly kind: 'append'; readonly payload: string; readonly fields: AppendFields }
  | { readonly kind: 'join'; readonly id: string; readonly at: NonNullable<JoinOptions['at']> }
  | { readonly kind: 'leave'; readonly id: string }
  | {
      readonly kind: 'ack';
      readonly id: string;
      readonly marks: Marks;
      readonly durable: boolean;
    }
  | { readonly kind: 'trim'; readonly seq: number };

export class Pair {
  queue: Queue;
  readonly chatIds: readonly string[];
  readonly consumerIds: readonly string[];
  readonly #chats: ReadonlyMap<string, ModelChat>;
  readonly #reopen: (queue: Queue) => Promise<Queue>;

  /** `run` keeps the names of runs apart that share a store. */
  constructor(queue: Queue, run: number, reopen: (queue: Queue) => Promise<Queue>) {
    this.queue = queue;
    this.#reopen = reopen;
    this.chatIds = Array.from({ length: CHATS }, (_, n) => `chat ${n} of run ${run}`);
    this.consumerIds = Array.from({ length: CONSUMERS }, (_, n) => `user${n}/run${run}`);
    this.#chats = new Map(this.chatIds.map((id) => [id, new ModelChat(DEDUP_DEPTH)]));
  }

  model(chatId: string): ModelChat {
    const chat = this.#chats.get(chatId);
    if (chat === undefined) throw new Error(`no chat ${chatId}`);
    return chat;
  }

  async do(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'bulk':
        return await this.#bulk(operation.operations);
      case 'at-once':
        return await this.#atOnce(operation.operations);
      case 'leave-older':
        return await this.#leaveOlder(operation.chat, this.#consumerId(operation.consumer));
      case 'join-many':
        return await this.#joinMany(this.#consumerId(operation.consumer), operation.chats);
      case 'forget':
        return await this.#forget(this.#consumerId(operation.consumer));
      case 'delete-records':
        return await this.#deleteRecords(operation.chat, operation.ranges);
      case 'delete-chat':
        this.model(this.#chatId(operation.chat)).deleteChat();
        return await this.queue.deleteChat(this.#chatId(operation.chat));
      case 'configure':
        this.model(this.#chatId(operation.chat)).configure(operation.keep);
        return await this.queue.configure(this.#chatId(operation.chat), { keep: operation.keep });
      case 'read':
        return await this.#read(operation);
      case 'consume':
        return await this.#consume(operation);
      case 'check':
        return await checkEverything(this);
      case 'reopen':
        this.queue = await this.#reopen(this.queue);
        return await checkEverything(this);
      default:
        return await this.#atOnce([operation]);
    }
  }

  async #bulk(operations: readonly SmallOperation[]): Promise<void> {
    const heads = this.#heads();
    const bulk = this.queue.bulk();
    const answers: Answer<unknown>[] = [];
    for (const operation of operations) {
      const chatId = this.#chatId(operation.chat);
      const call = this.#callOf(operation, heads);
      if (call.kind === 'append') bulk.append(chatId, call.payload, call.fields);
      else if (call.kind === 'join') bulk.join(chatId, call.id, { at: call.at });
      else if (call.kind === 'leave') bulk.leave(chatId, call.id);
      else if (call.kind === 'ack') bulk.ack(chatId, call.id, call.marks);
      else bulk.trim(chatId, call.seq);
      answers.push(this.#expected(chatId, call, heads));
    }
    const results = await bulk.commit();
    deepStrictEqual(results.map(answerOf), answers);
    await this.#settle();
  }

  async #atOnce(operations: readonly SmallOperation[]): Promise<void> {
    const heads = this.#heads();
    const answers: Answer<unknown>[] = [];
    const calls = operations.map((operation) => {
      const chatId = this.#chatId(operation.chat);
      const call = this.#callOf(operation, heads);
      answers.push(this.#expected(chatId, call, heads));
      return this.#submit(chatId, call).then(
        (value): Result<unknown> => ({ ok: true, value }),
        (error: Error): Result<unknown> => ({ ok: false, error }),
      );
    });
    deepStrictEqual((await Promise.all(calls)).map(answerOf), answers);
    await this.#settle();
  }

  #submit(chatId: string, call: Call): Promise<unknown> {
    const { queue } = this;
    if (call.kind === 'append') return queue.append(chatId, call.payload, call.fields);
    if (call.kind === 'join') return queue.join(chatId, call.id, { at: call.at });
    if (call.kind === 'leave') return queue.leave(chatId, call.id);
    if (call.kind === 'trim') return queue.trim(chatId, call.seq);
    return queue.ack(chatId, call.id, call.marks, { durable: call.durable });
  }

  /** The heads before anything of this step: acks are judged by what is durable. */
  #heads(): ReadonlyMap<string, number> {
    return new Map(this.chatIds.map((id) => [id, this.model(id).head]));
  }

  #callOf(operation: SmallOperation, heads: ReadonlyMap<string, number>): Call {
    const chatId = this.#chatId(operation.chat);
    const chat = this.model(chatId);
    switch (operation.kind) {
      case 'append':
        return { kind: 'append', ...this.#appendOf(operation, chat) };
      case 'join': {
        const { at } = operation;
        const seq = typeof at === 'number' ? 1 + (at % (chat.head + 2)) : at;
        return { kind: 'join', id: this.#consumerId(operation.consumer), at: seq };
      }
      case 'leave':
        return { kind: 'leave', id: this.#consumerId(operation.consumer) };
      case 'ack':
        return this.#ackOf(operation, heads.get(chatId) ?? 0);
      case 'trim':
        return { kind: 'trim', seq: operation.seq % (chat.head + 2) };
    }
  }

  /** Of 12 marks about one is above the head. */
  #ackOf(operation: AckOperation, head: number): Call {
    const seqOf = (choice: number | undefined) => {
      if (choice === undefined) return undefined;
      return choice % 12 === 11 ? head + 1_000 : choice % (head + 1);
    };
    const given = {
      received: seqOf(operation.received),
      delivered: seqOf(operation.delivered),
      read: seqOf(operation.read),
    };
    const isEmpty = Object.values(given).every((mark) => mark === undefined);
    const marks = isEmpty ? { received: 0 } : given;
    const { durable } = operation;
    return { kind: 'ack', id: this.#consumerId(operation.consumer), marks, durable };
  }

  #appendOf(
    operation: AppendOperation,
    chat: ModelChat,
  ): { payload: string; fields: AppendFields } {
    const { sender, guard, ifHead, ifRoster, byte } = operation;
    const id = this.#consumerId(sender.consumer);
    const isKeyed = operation.key !== undefined && sender.by !== 'nobody';
    const guessed = (right: number, guess: 'right' | 'wrong' | undefined) => {
      if (guess === undefined) return undefined;
      return guess === 'right' ? right : right + 1;
    };
    const expected = guessed(chat.guard, guard);
    const fields: AppendFields = {
      as: sender.by === 'as' ? id : undefined,
      senderId: sender.by === 'senderId' ? id : undefined,
      dedupKey: isKeyed ? `key ${operation.key}` : undefined,
      dedupOver: isKeyed && operation.over !== undefined ? `over ${operation.over}` : undefined,
      guard: expected === undefined ? undefined : { expected, next: expected + 3 },
      ifHead: guessed(chat.head, ifHead),
      ifRoster: guessed(chat.roster, ifRoster),
      join: operation.join.map((n) => this.#consumerId(n)),
      leave: operation.leave.map((n) => this.#consumerId(n)),
      pin: operation.pin,
      kind: byte,
    };
    return { payload: `${operation.payload} `.repeat(1 + operation.payload * 50), fields };
  }

  #expected(chatId: string, call: Call, heads: ReadonlyMap<string, number>): Answer<unknown> {
    const chat = this.model(chatId);
    if (call.kind === 'append') {
      return chat.append({ ...call.fields, payload: call.payload } as ModelAppend);
    }
    if (call.kind === 'ack') return chat.ack(call.id, call.marks, heads.get(chatId) ?? 0);
    if (call.kind === 'join') {
      const found = { firstSeq: chat.floor, headSeq: chat.head };
      const answer = chat.join(call.id, call.at);
      return 'code' in answer ? answer : { value: { ...answer.value, ...found } };
    }
    if (call.kind === 'leave') chat.leave(call.id);
    else chat.trim(call.seq);
    return { value: undefined };
  }

  /** Acks of nobody's waiting count for what follows only when they are durable. */
  async #settle(): Promise<void> {
    await this.queue.flush();
  }

  async #leaveOlder(chat: number, id: string): Promise<void> {
    const model = this.model(this.#chatId(chat));
    const joinSeq = model.joined(id)?.joinSeq ?? 1;
    const older = Math.max(1, joinSeq - 1);
    model.leave(id, older);
    await this.queue.leave(this.#chatId(chat), id, { joinSeq: older });
  }

  async #joinMany(id: string, chats: readonly number[]): Promise<void> {
    const wanted = [...new Set(chats)].map((chat) => ({ chatId: this.#chatId(chat) }));
    const answers = wanted.map(({ chatId }) => {
      const chat = this.model(chatId);
      const found = { firstSeq: chat.floor, headSeq: chat.head };
      const answer = chat.join(id, 'head');
      return 'code' in answer ? answer : { value: { ...answer.value, ...found } };
    });
    deepStrictEqual((await this.queue.joinMany(id, wanted)).map(answerOf), answers);
  }

  async #forget(id: string): Promise<void> {
    for (const chatId of this.chatIds) this.model(chatId).forget(id);
    await this.queue.forget(id);
  }

  async #deleteRecords(
    chat: number,
    choices: readonly (readonly [number, number])[],
  ): Promise<void> {
    const chatId = this.#chatId(chat);
    const model = this.model(chatId);
    const ranges = choices.map(([one, other]): [number, number] => {
      const [from, to] = [1 + (one % (model.head + 1)), 1 + (other % (model.head + 1))];
      return [Math.min(from, to), Math.max(from, to)];
    });
    const answer = model.deleteRecords(ranges);
    const result = await this.queue.deleteRecords(chatId, ranges).then(
      (value): Result<unknown> => ({ ok: true, value }),
      (error: Error): Result<unknown> => ({ ok: false, error }),
    );
    deepStrictEqual(answerOf(result), answer);
  }

  async #read(operation: Extract<Operation, { kind: 'read' }>): Promise<void> {
    const chatId = this.#chatId(operation.chat);
    const { head, floor } = this.model(chatId);
    const { by, limit } = operation;
    const seq = 1 + (operation.seq % (head + 1));
    const end = by === 'before' ? seq : head + 1;
    const first = by === 'fromSeq' ? seq : end - limit;
    const from = Math.max(floor, first);
    const to = by === 'fromSeq' ? Math.min(head, from + limit - 1) : end - 1;
    const range = by === 'last' ? { last: limit } : { [by]: seq, limit };
    const { records } = await this.queue.read(chatId, range);
    const seqs = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
    deepStrictEqual(
      records.map((record) => record.seq),
      seqs,
      `read ${JSON.stringify(range)} of a chat from ${floor} to ${head}`,
    );
  }

  async #consume({ consumer, take, acks }: Extract<Operation, { kind: 'consume' }>): Promise<void> {
    await checkConsumed(this, this.#consumerId(consumer), { take, acks });
    await this.#settle();
  }

  #chatId(chat: number): string {
    return this.chatIds[chat] ?? '';
  }

  #consumerId(consumer: number): string {
    return this.consumerIds[consumer] ?? '';
  }
}

/** In the words of the model; times are left out. */
function answerOf(result: Result<unknown>): Answer<unknown> {
  if (!result.ok) {
    if (result.error instanceof FoqError) return { code: result.error.code };
    throw result.error;
  }
  const { value } = result;
  if (typeof value !== 'object' || value === null || !('seq' in value)) return { value };
  const { seq, duplicate } = value as { seq: number; duplicate: boolean };
  return { value: { seq, duplicate } };
}
