// The bytes that cross the boundary to the addon: operations out, records in. Little-endian,
// unaligned; the other side is native/binding/src/packing.rs.

const APPEND = 1;
const APPEND_HEADER_BYTES = 8;
const READ_HEADER_BYTES = 40;
const RECORD_HEADER_BYTES = 24;
const GAP_REASONS = ['expired', 'trimmed', 'deleted', 'before-join'] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The longest chat or sender id that a packed append can carry, in bytes of UTF-8. */
export const ID_BYTES_MAX = 255;

export interface PackedAppend {
  readonly chatId: string;
  readonly payload: Uint8Array;
  readonly kind?: number;
  readonly senderId?: string;
}

export interface Gap {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: (typeof GAP_REASONS)[number];
}

export interface NativeRecord {
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  readonly senderId: string;
  readonly payload: Uint8Array;
  readonly pin: boolean;
  readonly deleted: boolean;
}

export interface ReadAnswer {
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly gap: Gap | undefined;
  readonly records: readonly NativeRecord[];
}

/** The appends of one turn of the event loop, packed into a buffer that is used again and again. */
export class AppendPacker {
  #buffer: Uint8Array;
  #used = 0;
  #count = 0;

  constructor(bytes: number) {
    this.#buffer = new Uint8Array(bytes);
  }

  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Bytes packed. */
  get used(): number {
    return this.#used;
  }

  /** Appends packed. */
  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
  }

  add({ chatId, payload, kind = 0, senderId = '' }: PackedAppend): void {
    // A UTF-16 unit takes at most 3 bytes of UTF-8.
    this.#reserve(APPEND_HEADER_BYTES + 3 * (chatId.length + senderId.length) + payload.length);
    const buffer = this.#buffer;
    const start = this.#used;
    let end = start + APPEND_HEADER_BYTES;
    const chatBytes = encoder.encodeInto(chatId, buffer.subarray(end)).written;
    end += chatBytes;
    const senderBytes = encoder.encodeInto(senderId, buffer.subarray(end)).written;
    end += senderBytes;
    if (chatBytes > ID_BYTES_MAX || senderBytes > ID_BYTES_MAX) {
      throw new RangeError(`an id is longer than ${ID_BYTES_MAX} bytes`);
    }
    buffer[start] = APPEND;
    buffer[start + 1] = kind;
    buffer[start + 2] = chatBytes;
    buffer[start + 3] = senderBytes;
    writeUint32(buffer, start + 4, payload.length);
    buffer.set(payload, end);
    this.#used = end + payload.length;
    this.#count += 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }
}

function writeUint32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

/** The answer to a read. Payloads are views of `bytes`. */
export function unpackRead(bytes: Uint8Array): ReadAnswer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (at: number) => view.getFloat64(at, true);
  const reason = GAP_REASONS[view.getUint8(32) - 1];
  const gap = reason && { fromSeq: number(16), toSeq: number(24), reason };
  const records: NativeRecord[] = [];
  let at = READ_HEADER_BYTES;
  while (at < bytes.length) {
    const sender = at + RECORD_HEADER_BYTES;
    const payload = sender + view.getUint16(at + 20, true);
    const end = payload + view.getUint32(at + 16, true);
    const flags = view.getUint8(at + 23);
    records.push({
      seq: number(at),
      at: number(at + 8),
      kind: view.getUint8(at + 22),
      senderId: decoder.decode(bytes.subarray(sender, payload)),
      payload: bytes.subarray(payload, end),
      pin: (flags & 1) !== 0,
      deleted: (flags & 2) !== 0,
    });
    at = end;
  }
  return { firstSeq: number(0), headSeq: number(8), gap, records };
}
