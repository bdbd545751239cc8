// What the addon answers with, as objects. The other side, which says how it lies, is
// native/binding/src/packing.rs.
//
// Invariant: payloads are views of the answer's own memory, which nobody writes again.

import type { CursorRow, News, NewsRow, Pages, ReadAnswer } from './native-types.js';
import { ReadRecord } from './record.js';
import { Senders } from './senders.js';

const GAP_REASONS = [
  undefined,
  'expired',
  'trimmed',
  'deleted',
  'before-join',
  'quota',
  'damaged',
] as const;

/** Bytes of one record before its sender id and payload. */
const RECORD_HEADER_BYTES = 24;
/** Among the flags of a record. */
const DELETED = 2;

/** A row of any page; each kind of page uses some of it. */
export interface PageRow {
  readonly chatId: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly received: number;
  readonly lastSeq: number;
  readonly joinSeq: number;
  readonly lastAt: number;
  readonly marks: boolean;
}

/** Takes one after the other from the start of an answer. */
class Answer {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  number(): number {
    const number = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return number;
  }

  uint32(): number {
    const number = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return number;
  }

  uint16(): number {
    const number = this.#view.getUint16(this.#at, true);
    this.#at += 2;
    return number;
  }

  byte(): number {
    const byte = this.#view.getUint8(this.#at);
    this.#at += 1;
    return byte;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  text(bytes: number): string {
    if (bytes === 0) return '';
    const start = this.#at;
    this.#at += bytes;
    return this.#buffer.toString('utf8', start, this.#at);
  }

  /**
   * A backlog is read by the thousand, so this is one loop over numbers, and each record the only
   * object made besides its payload.
   */
  records(count: number): ReadRecord[] {
    const [bytes, view] = [this.#buffer, this.#view];
    const { buffer, byteOffset } = bytes;
    const senders = new Senders(bytes);
    const records: ReadRecord[] = [];
    let start = this.#at;
    for (let i = 0; i < count; i++) {
      const seq = view.getFloat64(start, true);
      const at = view.getFloat64(start + 8, true);
      const payloadBytes = view.getUint32(start + 16, true);
      const senderBytes = view.getUint16(start + 20, true);
      const kind = view.getUint8(start + 22);
      const deleted = (view.getUint8(start + 23) & DELETED) !== 0;
      start += RECORD_HEADER_BYTES;
      const senderId = senders.at(start, senderBytes);
      start += senderBytes;
      const payload = new Uint8Array(buffer, byteOffset + start, payloadBytes);
      start += payloadBytes;
      records.push(new ReadRecord({ seq, at, kind, senderId, payload, deleted }));
    }
    this.#at = start;
    return records;
  }
}

/** The answers to so many reads: first what is said of each, then all records. */
export function unpackReads(buffer: Buffer, count: number): ReadAnswer[] {
  const answer = new Answer(buffer);
  const heads = Array.from({ length: count }, () => {
    const [firstSeq, headSeq] = [answer.number(), answer.number()];
    const [fromSeq, toSeq] = [answer.number(), answer.number()];
    const recordCount = answer.uint32();
    const reason = GAP_REASONS[answer.byte()];
    answer.skip(3);
    return { firstSeq, headSeq, gap: reason && { fromSeq, toSeq, reason }, recordCount };
  });
  return heads.map(({ firstSeq, headSeq, gap, recordCount }) => {
    return { firstSeq, headSeq, gap, records: answer.records(recordCount) };
  });
}

export function unpackNews(buffer: Buffer): News {
  const answer = new Answer(buffer);
  const fenced = answer.byte() !== 0;
  const rows: NewsRow[] = [];
  while (!answer.isAtEnd) {
    const [firstSeq, headSeq] = [answer.number(), answer.number()];
    const [received, lastSeq] = [answer.number(), answer.number()];
    const [joinSeq, marksVersion] = [answer.number(), answer.number()];
    const flags = answer.number();
    const [marks, gone] = [(flags & 1) !== 0, (flags & 2) !== 0];
    const chatId = answer.text(answer.byte());
    const place = { chatId, firstSeq, headSeq, received, lastSeq, joinSeq };
    rows.push({ ...place, marksVersion, marks, gone });
  }
  return { rows, fenced };
}

export function unpackCursors(buffer: Buffer): CursorRow[] {
  const answer = new Answer(buffer);
  const cursors: CursorRow[] = [];
  while (!answer.isAtEnd) {
    const joinSeq = answer.number();
    const received = answer.number();
    const delivered = answer.number();
    const read = answer.number();
    const marksSeen = answer.number();
    const closing = answer.number() === 0 ? {} : { leaveSeq: answer.number() };
    const holes: [number, number][] = [];
    for (let left = answer.number(); left > 0; left--) {
      holes.push([answer.number(), answer.number()]);
    }
    const consumerId = answer.text(answer.byte());
    cursors.push({
      consumerId,
      joinSeq,
      received,
      delivered,
      read,
      marksSeen,
      holes,
      ...closing,
    });
  }
  return cursors;
}

export function unpackPage<Row>(buffer: Buffer, rowOf: (row: PageRow) => Row): Pages<Row> {
  const answer = new Answer(buffer);
  const next = answer.text(answer.byte());
  const rows: Row[] = [];
  while (!answer.isAtEnd) {
    const firstSeq = answer.number();
    const headSeq = answer.number();
    const received = answer.number();
    const lastSeq = answer.number();
    const joinSeq = answer.number();
    const lastAt = answer.number();
    const marks = answer.number() !== 0;
    const chatId = answer.text(answer.byte());
    rows.push(rowOf({ chatId, firstSeq, headSeq, received, lastSeq, joinSeq, lastAt, marks }));
  }
  return { rows, next: next === '' ? undefined : next };
}
