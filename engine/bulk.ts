// Many operations with one promise, packed as they are called.
//
// Invariants: a chat's operations land in the order of the calls. What a bulk holds is bounded in
// bytes. Nothing of it is submitted before `commit`.

import {
  type AppendFields,
  type Bulk,
  FoqError,
  type JoinOptions,
  type Marks,
  type Payload,
  type Waiting,
} from '../protocol/index.js';
import { changesRoster, packedFields } from './append-fields.js';
import { checkJoinAt, checkMarks } from './arguments.js';
import { BulkPart, type BulkResult, BulkResults } from './bulk-results.js';
import * as check from './ids.js';
import type { OperationPacker } from './native-types.js';
import { SURELY_FITTING_BYTES } from './operations.js';
import type { Parcel } from './parcel.js';
import type { Submitter } from './submitter.js';
import { signalOf, unknownOutcome } from './waiting.js';

export interface BulkOptions {
  readonly payloadBytesMax: number;
  /** Bytes that one bulk may hold. */
  readonly pendingBytesMax: number;
}

interface Part {
  readonly parcel: Parcel;
  readonly waiter: BulkPart;
}

export class QueueBulk implements Bulk {
  readonly #submitter: Submitter;
  readonly #options: BulkOptions;
  #parts: Part[] = [];
  /** Takes the next operation. */
  #last: Part | undefined;
  /** Operations and bytes of the parts before the last. */
  #fullCount = 0;
  #fullBytes = 0;

  constructor(submitter: Submitter, options: BulkOptions) {
    this.#submitter = submitter;
    this.#options = options;
  }

  get size(): number {
    return this.#fullCount + (this.#last?.parcel.count ?? 0);
  }

  append(chatId: string, payload: Payload, given?: AppendFields): this {
    check.checkChatId(chatId);
    check.checkPayload(payload);
    check.checkPayloadBytes(payload, this.#options.payloadBytesMax);
    const fields = given === undefined ? undefined : packedFields(given);
    const fits =
      payload.length * 3 <= SURELY_FITTING_BYTES &&
      !(fields !== undefined && changesRoster(fields));
    if (fits) {
      this.#packer().append(chatId, payload, fields);
      return this;
    }
    // See SURELY_FITTING_BYTES.
    this.#endPart();
    this.#packer().append(chatId, payload, fields);
    this.#endPart();
    return this;
  }

  ack(chatId: string, consumerId: string, marks: Marks): this {
    checkMarks(chatId, consumerId, marks);
    const { received, delivered, read } = marks;
    this.#packer().ack(chatId, consumerId, { received, delivered, read });
    return this;
  }

  join(
    chatId: string,
    consumerId: string,
    options: { readonly at?: JoinOptions['at'] } = {},
  ): this {
    check.checkChatId(chatId);
    check.checkConsumerId(consumerId);
    this.#packer().join(chatId, consumerId, checkJoinAt(options));
    return this;
  }

  leave(chatId: string, consumerId: string): this {
    check.checkChatId(chatId);
    check.checkConsumerId(consumerId);
    this.#packer().leave(chatId, consumerId);
    return this;
  }

  trim(chatId: string, upToSeq: number): this {
    check.checkChatId(chatId);
    check.checkCount(upToSeq, 'upToSeq');
    this.#packer().trim(chatId, upToSeq);
    return this;
  }

  /** Rejects with FOQ_BUSY or FOQ_CLOSED when nothing of it was taken; the bulk is then kept. */
  commit(options: Waiting = {}): Promise<BulkResult[]> {
    try {
      const signal = signalOf(options);
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      return this.#commit(signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #commit(signal: AbortSignal | undefined): Promise<BulkResult[]> {
    this.#endPart();
    const parts = this.#parts;
    const count = this.#fullCount;
    if (count === 0) return Promise.resolve([]);
    let settle: (() => void) | undefined;
    const results = new BulkResults(count, () => settle?.());
    for (const { waiter } of parts) waiter.commit(results);
    const committed = new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(giveUp(parts, signal));
      settle = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#submitter.addAll(parts.map(({ parcel }) => parcel));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#clear();
    });
    // Made when its caller runs, not while others are answered: so the garbage collector finds the
    // objects of one bulk alive, not those of all that one round has answered.
    return committed.then(() => results.toArray());
  }

  /** The packer of the part that takes the next operation. Throws FOQ_TOO_LARGE. */
  #packer(): OperationPacker {
    if (this.#last !== undefined && this.#submitter.isFull(this.#last.parcel)) this.#endPart();
    this.#last ??= this.#begin();
    return this.#last.parcel.packer;
  }

  #begin(): Part {
    const { pendingBytesMax } = this.#options;
    if (this.#fullBytes > pendingBytesMax) {
      const message = `a bulk holds at most ${pendingBytesMax} bytes; commit it`;
      throw new FoqError('FOQ_TOO_LARGE', { message, details: { limit: pendingBytesMax } });
    }
    const waiter = new BulkPart(this.#fullCount);
    return { waiter, parcel: this.#submitter.parcelFor(waiter) };
  }

  #endPart(): void {
    const part = this.#last;
    if (part === undefined || part.parcel.count === 0) return;
    this.#parts.push(part);
    this.#fullCount += part.parcel.count;
    this.#fullBytes += part.parcel.bytes;
    this.#last = undefined;
  }

  #clear(): void {
    this.#parts = [];
    this.#fullCount = 0;
    this.#fullBytes = 0;
  }
}

/** What a caller who gives up is told; what the store does not have it never gets. */
function giveUp(parts: readonly Part[], signal: AbortSignal | undefined): unknown {
  if (parts.some(({ parcel }) => parcel.isSubmitted)) return unknownOutcome(signal?.reason);
  for (const { parcel } of parts) parcel.drop();
  return signal?.reason;
}
