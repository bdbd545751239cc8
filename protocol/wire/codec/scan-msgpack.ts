// The structural scan of a MessagePack frame: whether decoding it is safe, without allocating for
// anything that it claims. Invariant: a frame without a fault is exactly one value, every length
// in it lies within it, and every string is UTF-8. Each byte is looked at once.

import type { Fault, ScanLimits } from './fault.js';
import { HEADERS } from './msgpack-headers.js';
import { isUtf8 } from './utf8.js';

export function scanMsgpack(frame: Uint8Array, limits: ScanLimits): Fault | undefined {
  const scan = new Scan(frame, limits);
  let fault = scan.value();
  while (fault === undefined && scan.isOpen()) fault = scan.member();
  if (fault !== undefined) return fault;
  return scan.isWhole() ? undefined : 'left-over';
}

class Scan {
  readonly #frame: Uint8Array;
  readonly #limits: ScanLimits;
  #at = 0;
  /** Elements that may still come. */
  #allowance: number;
  /** Of each open container, outermost first: how many keys and values are still to come. */
  readonly #left: number[] = [];
  readonly #isMap: boolean[] = [];

  constructor(frame: Uint8Array, limits: ScanLimits) {
    this.#frame = frame;
    this.#limits = limits;
    this.#allowance = limits.elementsMax - 1;
  }

  isOpen(): boolean {
    return this.#left.length > 0;
  }

  isWhole(): boolean {
    return this.#at === this.#frame.length;
  }

  /** The next key or value of the innermost container; closes it after the last. */
  member(): Fault | undefined {
    const top = this.#left.length - 1;
    const left = this.#left[top] ?? 0;
    if (left === 0) {
      this.#left.pop();
      this.#isMap.pop();
      return undefined;
    }
    this.#left[top] = left - 1;
    // Keys and values take turns, and the last is a value.
    return this.#isMap[top] && left % 2 === 0 ? this.#key() : this.value();
  }

  value(): Fault | undefined {
    const header = HEADERS[this.#frame[this.#at] ?? -1];
    if (header === undefined) return 'cut-short';
    const length = this.#length(header.lengthBytes, header.count);
    if (length === undefined) return 'cut-short';
    switch (header.kind) {
      case 'refused':
        return 'type-not-allowed';
      case 'array':
        return this.#open(length, false);
      case 'map':
        return this.#open(length, true);
      case 'text':
      case 'bytes':
        return this.#skip(length, header.kind === 'text');
    }
  }

  #key(): Fault | undefined {
    const header = HEADERS[this.#frame[this.#at] ?? -1];
    if (header === undefined) return 'cut-short';
    return header.kind === 'text' ? this.value() : 'key-not-allowed';
  }

  /** Takes the header; big-endian, as everything in MessagePack. */
  #length(lengthBytes: number, count: number): number | undefined {
    const end = this.#at + 1 + lengthBytes;
    if (end > this.#frame.length) return undefined;
    let length = count;
    for (let at = this.#at + 1; at < end; at += 1) length = length * 256 + (this.#frame[at] ?? 0);
    this.#at = end;
    return length;
  }

  #open(count: number, isMap: boolean): Fault | undefined {
    if (this.#left.length === this.#limits.depthMax) return 'too-deep';
    if (count > this.#allowance) return 'too-many-elements';
    this.#allowance -= count;
    this.#left.push(isMap ? count * 2 : count);
    this.#isMap.push(isMap);
    return undefined;
  }

  #skip(length: number, isText: boolean): Fault | undefined {
    const end = this.#at + length;
    if (end > this.#frame.length) return 'cut-short';
    if (isText && !isUtf8(this.#frame, this.#at, end)) return 'not-utf8';
    this.#at = end;
    return undefined;
  }
}
