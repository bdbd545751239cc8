// MessagePack as the wire uses it: no extension types, keys are strings, fields that are undefined
// are left out. Small, and without a package, so that a browser can load the client as it is.
//
// What is decoded has views into its input where it has bytes.

import { FoqError } from '../index.js';

/** Maps and lists within each other; the deepest frame of the wire has 8. */
const DEPTH_MAX = 16;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeMsgpack(value: object): Uint8Array {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.written();
}

/** FOQ_INVALID_ARGUMENT {reason} where the bytes are not exactly one value. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.left > 0) throw malformed('left-over');
  return value;
}

function malformed(reason: string): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { details: { reason } });
}

/** First bytes of strings, bytes, lists and maps, by the width of their length. */
interface Heads {
  readonly short: number;
  readonly shortMax: number;
  readonly byWidth: readonly [number | undefined, number, number];
}

const STRING: Heads = { short: 0xa0, shortMax: 31, byWidth: [0xd9, 0xda, 0xdb] };
const BYTES: Heads = { short: 0, shortMax: -1, byWidth: [0xc4, 0xc5, 0xc6] };
const LIST: Heads = { short: 0x90, shortMax: 15, byWidth: [undefined, 0xdc, 0xdd] };
const MAP: Heads = { short: 0x80, shortMax: 15, byWidth: [undefined, 0xde, 0xdf] };

class Writer {
  #bytes = new Uint8Array(512);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  written(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  value(value: unknown, depth: number): void {
    if (depth > DEPTH_MAX) throw malformed('too-deep');
    if (value === null || value === undefined) this.#byte(0xc0);
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#raw(STRING, utf8.encode(value));
    else if (value instanceof Uint8Array) this.#raw(BYTES, value);
    else if (Array.isArray(value)) this.#list(value, depth);
    else if (typeof value === 'object') this.#map(value, depth);
    else throw malformed(`a ${typeof value}`);
  }

  #list(list: readonly unknown[], depth: number): void {
    this.#head(LIST, list.length);
    for (const member of list) this.value(member, depth + 1);
  }

  #map(map: object, depth: number): void {
    const fields = Object.entries(map).filter(([, field]) => field !== undefined);
    this.#head(MAP, fields.length);
    for (const [key, field] of fields) {
      this.#raw(STRING, utf8.encode(key));
      this.value(field, depth + 1);
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) this.#wide(0xcb, 8, (at) => this.#view.setFloat64(at, value));
    else if (value >= 0) this.#whole(value);
    else if (value >= -32) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#wide(0xd0, 1, (at) => this.#view.setInt8(at, value));
    else if (value >= -0x8000) this.#wide(0xd1, 2, (at) => this.#view.setInt16(at, value));
    else if (value >= -0x80000000) this.#wide(0xd2, 4, (at) => this.#view.setInt32(at, value));
    else this.#wide(0xd3, 8, (at) => this.#view.setBigInt64(at, BigInt(value)));
  }

  #whole(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#wide(0xcc, 1, (at) => this.#view.setUint8(at, value));
    else if (value < 0x10000) this.#wide(0xcd, 2, (at) => this.#view.setUint16(at, value));
    else if (value < 0x100000000) this.#wide(0xce, 4, (at) => this.#view.setUint32(at, value));
    else this.#wide(0xcf, 8, (at) => this.#view.setBigUint64(at, BigInt(value)));
  }

  #head({ short, shortMax, byWidth }: Heads, length: number): void {
    const [one, two, four] = byWidth;
    if (length <= shortMax) this.#byte(short | length);
    else if (length < 0x100 && one !== undefined) {
      this.#wide(one, 1, (at) => this.#view.setUint8(at, length));
    } else if (length < 0x10000) this.#wide(two, 2, (at) => this.#view.setUint16(at, length));
    else this.#wide(four, 4, (at) => this.#view.setUint32(at, length));
  }

  #raw(heads: Heads, bytes: Uint8Array): void {
    this.#head(heads, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = byte;
    this.#at += 1;
  }

  #wide(head: number, width: number, set: (at: number) => void): void {
    this.#byte(head);
    this.#reserve(width);
    set(this.#at);
    this.#at += width;
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  value(depth: number): unknown {
    if (depth > DEPTH_MAX) throw malformed('too-deep');
    const head = this.#view.getUint8(this.#take(1));
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 15, depth);
    if (head < 0xa0) return this.#list(head & 15, depth);
    if (head < 0xc0) return this.#string(head & 31);
    if (head >= 0xe0) return head - 0x100;
    if (head >= 0xca && head <= 0xd3) return this.#number(head);
    return this.#long(head, depth);
  }

  #long(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return head === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#raw(this.#length(head - 0xc4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#length(head - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#length(head - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(head - 0xdd), depth);
      default:
        throw malformed('type-not-allowed');
    }
  }

  #number(head: number): number {
    const view = this.#view;
    if (head === 0xca) return view.getFloat32(this.#take(4));
    if (head === 0xcb) return view.getFloat64(this.#take(8));
    if (head === 0xcf) return Number(view.getBigUint64(this.#take(8)));
    if (head === 0xd3) return Number(view.getBigInt64(this.#take(8)));
    if (head < 0xcf) return this.#length(head - 0xcc);
    if (head === 0xd0) return view.getInt8(this.#take(1));
    return head === 0xd1 ? view.getInt16(this.#take(2)) : view.getInt32(this.#take(4));
  }

  /** Of 1, 2 or 4 bytes for a power of 0, 1 or 2. */
  #length(power: number): number {
    if (power === 0) return this.#view.getUint8(this.#take(1));
    return power === 1 ? this.#view.getUint16(this.#take(2)) : this.#view.getUint32(this.#take(4));
  }

  #list(length: number, depth: number): unknown[] {
    this.#expect(length);
    return Array.from({ length }, () => this.value(depth + 1));
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#expect(length * 2);
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index += 1) {
      const key = this.value(DEPTH_MAX);
      if (typeof key !== 'string' || key === '__proto__') throw malformed('key-not-allowed');
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  #string(length: number): string {
    try {
      return strictUtf8.decode(this.#raw(length));
    } catch (cause) {
      throw cause instanceof FoqError ? cause : malformed('not-utf8');
    }
  }

  #raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Where the next so many bytes begin. */
  #take(length: number): number {
    this.#expect(length);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  #expect(bytes: number): void {
    if (bytes > this.left) throw malformed('cut-short');
  }
}
