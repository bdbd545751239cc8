// Frames of WebSocket with maps in them, header and all, as a server writes them: unmasked, whole,
// and one write each. Members of a group are mostly written the same maps in one turn, so what was
// packed lately is kept and given again.
//
// Invariant: what is kept is at most `KEPT_MAX` times `KEPT_BYTES_MAX`; maps and frames that are
// handed in and out are never changed.

import { isBinary, packMaps, type Subprotocol } from '../../protocol/wire/index.js';

/** Between members who are written the same come senders, who are written their own. */
const KEPT_MAX = 4;
const KEPT_BYTES_MAX = 64 * 1024;

/** Of a whole message, not a part of one. */
const FIN = 0x80;
const TEXT = 1;
const BINARY = 2;

interface Packed {
  readonly maps: readonly Uint8Array[];
  readonly subprotocol: Subprotocol;
  readonly frames: readonly Uint8Array[];
}

export class Frames {
  /** The newest first. */
  #kept: readonly Packed[] = [];

  /** In order; the maps are those of `packMaps`. */
  of(maps: readonly Uint8Array[], subprotocol: Subprotocol): readonly Uint8Array[] {
    for (const packed of this.#kept) if (isSame(packed, maps, subprotocol)) return packed.frames;
    const opcode = isBinary(subprotocol) ? BINARY : TEXT;
    const frames = packMaps(maps, subprotocol).map((payload) => frameOf(payload, opcode));
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    if (bytes > KEPT_BYTES_MAX) return frames;
    this.#kept = [{ maps, subprotocol, frames }, ...this.#kept.slice(0, KEPT_MAX - 1)];
    return frames;
  }
}

function isSame(packed: Packed, maps: readonly Uint8Array[], subprotocol: Subprotocol): boolean {
  return (
    packed.maps.length === maps.length &&
    packed.subprotocol === subprotocol &&
    maps.every((map, index) => map === packed.maps[index])
  );
}

/** Section 5.2 of RFC 6455: the length takes 7 bits, 16 or 64. */
function frameOf(payload: Uint8Array, opcode: number): Uint8Array {
  const { length } = payload;
  const headerBytes = headerBytesOf(length);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = FIN | opcode;
  if (headerBytes === 2) frame[1] = length;
  else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, headerBytes);
  return frame;
}

function headerBytesOf(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}
