// Many encoded maps as few frames, without encoding anything again: what is sent to many is encoded
// once, and what one socket gets in one turn is written once.

import { isBinary, type Subprotocol } from './codec.js';
import { FRAME_LIMITS, type FrameLimits } from './limits.js';

/** The longest header of an array in MessagePack; more than brackets and commas take in JSON. */
const ARRAY_BYTES = 5;

/** In order, each frame within the limits; a map that is alone too large is a frame of its own. */
export function packMaps(
  encoded: readonly Uint8Array[],
  subprotocol: Subprotocol,
  limits: FrameLimits = FRAME_LIMITS,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let together: Uint8Array[] = [];
  let bytes = ARRAY_BYTES;
  for (const map of encoded) {
    const fits = bytes + map.length < limits.frameBytesMax && together.length < limits.mapsMax;
    if (!fits && together.length > 0) {
      frames.push(join(together, subprotocol));
      together = [];
      bytes = ARRAY_BYTES;
    }
    together.push(map);
    bytes += map.length + 1;
  }
  if (together.length > 0) frames.push(join(together, subprotocol));
  return frames;
}

function join(maps: readonly Uint8Array[], subprotocol: Subprotocol): Uint8Array {
  const [first] = maps;
  if (first !== undefined && maps.length === 1) return first;
  return isBinary(subprotocol) ? joinMsgpack(maps) : joinJson(maps);
}

function joinMsgpack(maps: readonly Uint8Array[]): Uint8Array {
  const count = maps.length;
  const header = count < 16 ? [0x90 | count] : [0xdc, count >> 8, count & 0xff];
  return concatenated([Uint8Array.from(header), ...maps]);
}

const OPEN = Uint8Array.of(0x5b);
const COMMA = Uint8Array.of(0x2c);
const CLOSE = Uint8Array.of(0x5d);

function joinJson(maps: readonly Uint8Array[]): Uint8Array {
  const parts = maps.flatMap((map, index) => [index === 0 ? OPEN : COMMA, map]);
  return concatenated([...parts, CLOSE]);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
