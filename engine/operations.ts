// Every operation on a chat, with a promise of its own: judges the arguments, packs it, and says
// what it is answered.
//
// Invariants: the order of the calls is the order of the operations. What was aborted before it was
// submitted never is.

import type {
  AckOptions,
  Appended,
  AppendOptions,
  ChatOptions,
  Joined,
  JoinOptions,
  Marks,
  Payload,
  Waiting,
} from '../protocol/index.js';
import { changesRoster, packedFields } from './append-fields.js';
import { checkConfiguration, checkJoinAt, checkMarks, checkRanges } from './arguments.js';
import type { AckedMarks } from './delivery-port.js';
import * as check from './ids.js';
import type { OperationPacker, PackedFields } from './native-types.js';
import type { Parcel } from './parcel.js';
import type { Listener } from './promises.js';
import type { Submitter } from './submitter.js';
import { signalOf, unknownOutcome } from './waiting.js';

/**
 * An append with more than this, or that changes the roster, has a parcel of its own: it would make
 * that of others much larger than one submission should be.
 */
export const SURELY_FITTING_BYTES = 32 * 1024;

export class Operations {
  readonly #submitter: Submitter;
  readonly #payloadBytesMax: number;
  #beforeMember: (() => void) | undefined;

  constructor(submitter: Submitter, { payloadBytesMax }: { readonly payloadBytesMax: number }) {
    this.#submitter = submitter;
    this.#payloadBytesMax = payloadBytesMax;
  }

  /**
   * Called before an append `as` a consumer is packed: what that consumer has acked must be ahead
   * of it, as the append may raise the same cursor.
   */
  onMemberAppend(before: () => void): void {
    this.#beforeMember = before;
  }

  /** All methods throw FOQ_INVALID_ARGUMENT, FOQ_TOO_LARGE, FOQ_BUSY and FOQ_CLOSED at once. */
  append(chatId: string, payload: Payload, options?: AppendOptions): Promise<Appended> {
    check.checkChatId(chatId);
    check.checkPayload(payload);
    check.checkPayloadBytes(payload, this.#payloadBytesMax);
    const fields = options === undefined ? undefined : packedFields(options);
    const signal = options === undefined ? undefined : signalOf(options);
    if (fields?.isMember === true) this.#beforeMember?.();
    if (signal !== undefined || !surelyFits(payload, fields)) {
      return this.#alone((packer) => packer.append(chatId, payload, fields), signal);
    }
    // The hot path: nothing is allocated here but the promise.
    const { parcel, promises } = this.#submitter.take();
    parcel.packer.append(chatId, payload, fields);
    const appended = promises.promise<Appended>();
    this.#submitter.packed(parcel);
    return appended;
  }

  ack(chatId: string, consumerId: string, given: Marks, options: AckOptions = {}): Promise<void> {
    checkMarks(chatId, consumerId, given);
    check.checkObject(options, 'the options of ack');
    const { durable = false } = options;
    check.checkFlag(durable, 'durable');
    const { received, delivered, read } = given;
    const marks = { received, delivered, read, durable };
    return this.#run((packer) => packer.ack(chatId, consumerId, marks), signalOf(options));
  }

  /** The same for delivery, whose arguments were judged when its consumer attached. */
  ackMarks(
    chatId: string,
    consumerId: string,
    marks: AckedMarks & { readonly durable?: boolean },
  ): Promise<void> {
    return this.#run((packer) => packer.ack(chatId, consumerId, marks));
  }

  /** Without a promise; `listener` hears that the ack was applied, or why not. */
  ackQuietly(chatId: string, consumerId: string, marks: AckedMarks, listener: Listener): void {
    const { parcel, promises } = this.#submitter.take();
    parcel.packer.ack(chatId, consumerId, marks);
    promises.listen(listener);
    this.#submitter.packed(parcel);
  }

  join(chatId: string, consumerId: string, options: JoinOptions = {}): Promise<Joined> {
    check.checkChatId(chatId);
    check.checkConsumerId(consumerId);
    const at = checkJoinAt(options);
    return this.#run((packer) => packer.join(chatId, consumerId, at), signalOf(options));
  }

  leave(
    chatId: string,
    consumerId: string,
    options: Waiting & { readonly joinSeq?: number | undefined } = {},
  ): Promise<void> {
    check.checkChatId(chatId);
    check.checkConsumerId(consumerId);
    check.checkObject(options, 'the options of leave');
    const { joinSeq } = options;
    if (joinSeq !== undefined) check.checkSeq(joinSeq, 'joinSeq');
    return this.#run((packer) => packer.leave(chatId, consumerId, joinSeq), signalOf(options));
  }

  /** Erases the cursor in one chat. */
  forget(chatId: string, consumerId: string): Promise<void> {
    return this.#run((packer) => packer.forget(chatId, consumerId));
  }

  trim(chatId: string, upToSeq: number, options: Waiting = {}): Promise<void> {
    check.checkChatId(chatId);
    check.checkCount(upToSeq, 'upToSeq');
    return this.#run((packer) => packer.trim(chatId, upToSeq), signalOf(options));
  }

  deleteRecords(
    chatId: string,
    ranges: readonly (readonly [number, number])[],
    options: Waiting = {},
  ): Promise<void> {
    check.checkChatId(chatId);
    checkRanges(ranges);
    return this.#alone((packer) => packer.deleteRecords(chatId, ranges), signalOf(options));
  }

  deleteChat(chatId: string, options: Waiting = {}): Promise<void> {
    check.checkChatId(chatId);
    return this.#run((packer) => packer.deleteChat(chatId), signalOf(options));
  }

  configure(chatId: string, options: ChatOptions & Waiting): Promise<void> {
    check.checkChatId(chatId);
    const configuration = checkConfiguration(options);
    return this.#run((packer) => packer.configure(chatId, configuration), signalOf(options));
  }

  #run<Value>(
    pack: (packer: OperationPacker) => void,
    signal?: AbortSignal | undefined,
  ): Promise<Value> {
    if (signal !== undefined) return this.#alone(pack, signal);
    const { parcel, promises } = this.#submitter.take();
    pack(parcel.packer);
    const answer = promises.promise<Value>();
    this.#submitter.packed(parcel);
    return answer;
  }

  /** In a parcel of its own, which can be dropped as long as the store does not have it. */
  #alone<Value>(
    pack: (packer: OperationPacker) => void,
    signal?: AbortSignal | undefined,
  ): Promise<Value> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const { parcel, promises } = this.#submitter.takeAlone();
    pack(parcel.packer);
    const answer = promises.promise<Value>();
    this.#submitter.add(parcel);
    return signal === undefined ? answer : untilAborted(answer, { parcel, signal });
  }
}

function surelyFits(payload: Payload, fields?: PackedFields): boolean {
  if (payload.length * 3 > SURELY_FITTING_BYTES) return false;
  return fields === undefined || !changesRoster(fields);
}

async function untilAborted<Value>(
  answer: Promise<Value>,
  { parcel, signal }: { parcel: Parcel; signal: AbortSignal },
): Promise<Value> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      if (parcel.isSubmitted) return reject(unknownOutcome(signal.reason));
      parcel.drop();
      reject(signal.reason);
    };
  });
  if (onAbort !== undefined) signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
