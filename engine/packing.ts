// The operations of one turn of the event loop, packed for the addon. The other side, which says
// how they lie, is native/binding/src/unpacking.rs.
//
// Invariants: what is given is copied before a method returns. A method that throws leaves the
// packer as it was, because `#used` moves last.

import type { JoinOptions, Keep } from '../protocol/index.js';
import type { NativeReadFrom, OperationPacker, PackedFields, ReadRequest } from './native-types.js';

const TAG = {
  append: 1,
  appendWith: 2,
  ack: 3,
  join: 4,
  leave: 5,
  forget: 6,
  trim: 7,
  deleteRecords: 8,
  deleteChat: 9,
  configure: 10,
} as const;

/** What precedes the payload of an `appendWith`. */
const FLAG = {
  member: 1,
  pin: 2,
  guard: 4,
  ifHead: 8,
  ifRoster: 16,
  dedupKey: 32,
  dedupOver: 64,
  join: 128,
  leave: 256,
} as const;

export const KEEPS = [undefined, 'until-received', 'window', 'forever'] as const;

const HEADER_BYTES = 8;
/** A number, and the length of a list or of bytes. */
const NUMBER_BYTES = 8;
const LENGTH_BYTES = 4;
/** What an ack may raise. */
const ACK_NUMBERS = 4;
/** UTF-8 of one UTF-16 unit. */
const UNIT_BYTES_MAX = 3;
const ID_BYTES_MAX = 255;
/** Texts up to this length are copied unit by unit, which is faster than a native call. */
const SHORT_TEXT = 64;
/** A buffer that grew beyond this is given up once it is empty. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** Bytes that grow; where something is written is where the next begins. */
class Growing {
  buffer: Buffer;
  view: DataView;
  readonly #initial: number;

  constructor(bytes: number) {
    this.#initial = bytes;
    this.buffer = Buffer.allocUnsafeSlow(bytes);
    this.view = viewOf(this.buffer);
  }

  /** Sees to it that there are so many bytes, of which the first `used` keep what they hold. */
  reserve(needed: number, used: number): void {
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.buffer.subarray(0, used));
    this.buffer = larger;
    this.view = viewOf(larger);
  }

  shrink(): void {
    if (this.buffer.length <= Math.max(KEPT_BYTES_MAX, this.#initial)) return;
    this.buffer = Buffer.allocUnsafeSlow(this.#initial);
    this.view = viewOf(this.buffer);
  }

  /** All methods that write return where they ended. */
  number(at: number, value: number): number {
    this.view.setFloat64(at, value, true);
    return at + NUMBER_BYTES;
  }

  text(at: number, text: string): number {
    const { buffer } = this;
    const units = text.length;
    if (units > SHORT_TEXT) return at + buffer.write(text, at);
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return at + buffer.write(text, at);
      buffer[at + i] = unit;
    }
    return at + units;
  }

  /** A text of which one byte in front says how long it is. */
  id(at: number, id: string): number {
    const end = this.text(at + 1, id);
    this.buffer[at] = checkedId(end - at - 1);
    return end;
  }

  ids(at: number, ids: readonly string[]): number {
    this.view.setUint32(at, ids.length, true);
    let end = at + LENGTH_BYTES;
    for (const id of ids) end = this.id(end, id);
    return end;
  }

  raw(at: number, bytes: Uint8Array): number {
    this.buffer.set(bytes, at);
    return at + bytes.length;
  }

  bytes(at: number, bytes: Uint8Array): number {
    this.view.setUint32(at, bytes.length, true);
    return this.raw(at + LENGTH_BYTES, bytes);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

function checkedId(bytes: number): number {
  if (bytes > ID_BYTES_MAX) throw new RangeError(`an id is longer than ${ID_BYTES_MAX} bytes`);
  return bytes;
}

/** See `OperationPacker`. */
export class Packer implements OperationPacker {
  readonly #out: Growing;
  #used = 0;
  #count = 0;

  constructor(bytes: number) {
    this.#out = new Growing(bytes);
  }

  get count(): number {
    return this.#count;
  }

  get used(): number {
    return this.#used;
  }

  /** What is packed lies at its start. */
  get buffer(): Uint8Array {
    return this.#out.buffer;
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
    this.#out.shrink();
  }

  append(chatId: string, payload: Uint8Array | string, fields?: PackedFields): void {
    const kind = fields?.kind ?? 0;
    if ((kind & 0xff) !== kind) throw new RangeError('kind must be a whole number from 0 to 255');
    const flags = fields === undefined ? 0 : flagsOf(fields);
    const isText = typeof payload === 'string';
    const payloadBytes = isText ? UNIT_BYTES_MAX * payload.length : payload.length;
    const more = fields !== undefined && flags !== 0 ? fieldBytesMax(fields) : 0;
    const tag = flags === 0 ? TAG.append : TAG.appendWith;
    const body = this.#begin(tag, kind, chatId, fields?.senderId ?? '', more + payloadBytes);
    const at = fields !== undefined && flags !== 0 ? this.#fields(body, flags, fields) : body;
    this.#end(body, isText ? this.#out.text(at, payload) : this.#out.raw(at, payload));
  }

  ack(chatId: string, consumerId: string, marks: Parameters<OperationPacker['ack']>[2]): void {
    const { received, delivered, read, marksSeen, durable } = marks;
    const out = this.#out;
    // Acks are as many as deliveries: no list is made of what one says.
    const body = this.#begin(TAG.ack, 0, chatId, consumerId, ACK_NUMBERS * NUMBER_BYTES);
    let flags = durable === true ? 1 << ACK_NUMBERS : 0;
    let end = body;
    if (received !== undefined) {
      flags |= 1;
      end = out.number(end, received);
    }
    if (delivered !== undefined) {
      flags |= 2;
      end = out.number(end, delivered);
    }
    if (read !== undefined) {
      flags |= 4;
      end = out.number(end, read);
    }
    if (marksSeen !== undefined) {
      flags |= 8;
      end = out.number(end, marksSeen);
    }
    out.buffer[this.#used + 1] = flags;
    this.#end(body, end);
  }

  join(chatId: string, consumerId: string, at: NonNullable<JoinOptions['at']>): void {
    if (typeof at === 'number') this.#pack(TAG.join, 2, chatId, consumerId, [at]);
    else this.#pack(TAG.join, at === 'head' ? 0 : 1, chatId, consumerId, []);
  }

  leave(chatId: string, consumerId: string, joinSeq?: number): void {
    this.#pack(TAG.leave, joinSeq === undefined ? 0 : 1, chatId, consumerId, [joinSeq]);
  }

  forget(chatId: string, consumerId: string): void {
    this.#pack(TAG.forget, 0, chatId, consumerId, []);
  }

  trim(chatId: string, upToSeq: number): void {
    this.#pack(TAG.trim, 0, chatId, '', [upToSeq]);
  }

  deleteRecords(chatId: string, ranges: readonly (readonly [number, number])[]): void {
    this.#pack(TAG.deleteRecords, 0, chatId, '', ranges.flat());
  }

  deleteChat(chatId: string): void {
    this.#pack(TAG.deleteChat, 0, chatId, '', []);
  }

  configure(
    chatId: string,
    options: {
      readonly keep?: Keep | undefined;
      readonly maxAgeMs?: number | undefined;
      readonly keepAtLeastMs?: number | undefined;
      readonly maxBytes?: number | undefined;
    },
  ): void {
    const { keep, maxAgeMs, keepAtLeastMs, maxBytes } = options;
    const keepBits = KEEPS.indexOf(keep);
    if (keepBits < 0) throw new RangeError('keep must be until-received, window or forever');
    const limits = [maxAgeMs, keepAtLeastMs, maxBytes];
    const flags = limits.map((limit, i) => (limit === undefined ? 0 : 4 << i));
    const small = flags.reduce((all, flag) => all | flag, keepBits);
    this.#pack(TAG.configure, small, chatId, '', limits);
  }

  /** An operation whose body is numbers; those that are undefined are left out. */
  #pack(
    ...[tag, small, chatId, id, numbers]: [
      tag: number,
      small: number,
      chatId: string,
      id: string,
      numbers: readonly (number | undefined)[],
    ]
  ): void {
    const body = this.#begin(tag, small, chatId, id, NUMBER_BYTES * numbers.length);
    let end = body;
    for (const value of numbers) if (value !== undefined) end = this.#out.number(end, value);
    this.#end(body, end);
  }

  /** Writes a header and the ids; where the body begins, of which there is room for so much. */
  #begin(
    ...[tag, small, chatId, id, bodyBytesMax]: [
      tag: number,
      small: number,
      chatId: string,
      id: string,
      bodyBytesMax: number,
    ]
  ): number {
    const out = this.#out;
    const start = this.#used;
    const idBytesMax = UNIT_BYTES_MAX * (chatId.length + id.length);
    out.reserve(start + HEADER_BYTES + idBytesMax + bodyBytesMax, start);
    const chat = start + HEADER_BYTES;
    const second = out.text(chat, chatId);
    const body = id === '' ? second : out.text(second, id);
    const { buffer } = out;
    buffer[start] = tag;
    buffer[start + 1] = small;
    buffer[start + 2] = checkedId(second - chat);
    buffer[start + 3] = checkedId(body - second);
    return body;
  }

  #end(body: number, end: number): void {
    this.#out.view.setUint32(this.#used + 4, end - body, true);
    this.#used = end;
    this.#count += 1;
  }

  /** Writes what precedes the payload; where that begins. */
  #fields(at: number, flags: number, fields: PackedFields): number {
    const out = this.#out;
    out.view.setUint32(at, flags, true);
    let end = at + LENGTH_BYTES;
    const { guard, ifHead, ifRoster, dedupKey, dedupOver, join, leave } = fields;
    if (guard !== undefined) end = out.number(out.number(end, guard.expected), guard.next);
    if (ifHead !== undefined) end = out.number(end, ifHead);
    if (ifRoster !== undefined) end = out.number(end, ifRoster);
    if (dedupKey !== undefined) end = out.bytes(end, dedupKey);
    if (dedupOver !== undefined) end = out.bytes(end, dedupOver);
    if (join !== undefined) end = out.ids(end, join);
    if (leave !== undefined) end = out.ids(end, leave);
    return end;
  }
}

function flagsOf(fields: PackedFields): number {
  let flags = fields.isMember === true ? FLAG.member : 0;
  if (fields.pin === true) flags |= FLAG.pin;
  if (fields.guard !== undefined) flags |= FLAG.guard;
  if (fields.ifHead !== undefined) flags |= FLAG.ifHead;
  if (fields.ifRoster !== undefined) flags |= FLAG.ifRoster;
  if (fields.dedupKey !== undefined) flags |= FLAG.dedupKey;
  if (fields.dedupOver !== undefined) flags |= FLAG.dedupOver;
  if (fields.join !== undefined) flags |= FLAG.join;
  if (fields.leave !== undefined) flags |= FLAG.leave;
  return flags;
}

/** Most bytes that `#fields` writes. */
function fieldBytesMax(fields: PackedFields): number {
  const { dedupKey, dedupOver, join = [], leave = [] } = fields;
  // The flags, four numbers, and four lengths.
  let bytes = LENGTH_BYTES + 4 * NUMBER_BYTES + 4 * LENGTH_BYTES;
  bytes += (dedupKey?.length ?? 0) + (dedupOver?.length ?? 0);
  for (const id of join) bytes += 1 + UNIT_BYTES_MAX * id.length;
  for (const id of leave) bytes += 1 + UNIT_BYTES_MAX * id.length;
  return bytes;
}

/** Numbers of a head; see `head_numbers` in native/binding/src/reads.rs. */
export const HEAD_NUMBERS = 10;

const READ_HEADER_BYTES = 2 + 2 * NUMBER_BYTES;

/** Questions about many chats, packed into a buffer that is used again and again. */
export class QuestionPacker {
  readonly #out = new Growing(4096);
  #used = 0;

  /** What is packed lies at its start. */
  get buffer(): Uint8Array {
    return this.#out.buffer;
  }

  get used(): number {
    return this.#used;
  }

  /** Leaves room for the heads, which are written over the ids. */
  ids(ids: readonly string[]): void {
    const answerBytes = HEAD_NUMBERS * NUMBER_BYTES * ids.length;
    this.#fill(ids, answerBytes, (at, id) => {
      this.#out.reserve(at + 1 + UNIT_BYTES_MAX * id.length, at);
      return this.#out.id(at, id);
    });
  }

  reads(requests: readonly ReadRequest[]): void {
    this.#fill(requests, 0, (at, { chatId, from, limit }) => {
      const out = this.#out;
      out.reserve(at + READ_HEADER_BYTES + UNIT_BYTES_MAX * chatId.length, at);
      const [mode, seq] = modeOf(from);
      const chat = out.number(out.number(at + 2, limit), seq);
      const end = out.text(chat, chatId);
      out.buffer[at] = mode;
      out.buffer[at + 1] = checkedId(end - chat);
      return end;
    });
  }

  /** The i-th number of the heads that were written over the ids. */
  number(i: number): number {
    return this.#out.view.getFloat64(i * NUMBER_BYTES, true);
  }

  #fill<Part>(
    parts: readonly Part[],
    answerBytes: number,
    write: (at: number, part: Part) => number,
  ): void {
    this.#out.shrink();
    let end = 0;
    for (const part of parts) end = write(end, part);
    this.#out.reserve(answerBytes, end);
    this.#used = end;
  }
}

function modeOf(from: NativeReadFrom): [mode: number, seq: number] {
  if ('fromSeq' in from) return [0, from.fromSeq];
  if ('before' in from) return [1, from.before];
  return [2, 0];
}
