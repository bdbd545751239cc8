// Frames to maps and back, in both encodings; the one file that knows an encoder. A frame is one
// map or an array of maps. Bytes are `bin` in MessagePack and {"b64": "…"} in JSON, so they arrive
// as Uint8Array either way. Nothing is decoded that the scan has not passed.
//
// What is decoded from MessagePack has views into the frame where it has bytes.

import { Decoder, Encoder } from '@msgpack/msgpack';
import { FoqError } from '../../index.js';
import { fromBase64, toBase64 } from './base64.js';
import type { Fault } from './fault.js';
import { FRAME_LIMITS, type FrameLimits } from './limits.js';
import { scanJson } from './scan-json.js';
import { scanMsgpack } from './scan-msgpack.js';

/** Names of the WebSocket subprotocols; a client offers what it speaks. */
export const SUBPROTOCOLS = ['foq.v1.msgpack', 'foq.v1.json'] as const;

export type Subprotocol = (typeof SUBPROTOCOLS)[number];

export type WireMap = Readonly<Record<string, unknown>>;

/** The client's first that is known; undefined: refuse the upgrade with 426. */
export function chooseSubprotocol(offered: Iterable<string>): Subprotocol | undefined {
  for (const name of offered) {
    const known = SUBPROTOCOLS.find((subprotocol) => subprotocol === name);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** Whether frames of this encoding are binary messages of the WebSocket, or text. */
export function isBinary(subprotocol: Subprotocol): boolean {
  return subprotocol === 'foq.v1.msgpack';
}

/**
 * The maps of a frame. Throws FOQ_TOO_LARGE {limit} over a limit of the frame, and
 * FOQ_INVALID_ARGUMENT {reason} for a frame that is malformed as a whole.
 */
export function decodeMaps(
  frame: Uint8Array,
  subprotocol: Subprotocol,
  limits: FrameLimits = FRAME_LIMITS,
): readonly WireMap[] {
  if (frame.length > limits.frameBytesMax) throw tooLarge('frameBytesMax');
  const fault = isBinary(subprotocol) ? scanMsgpack(frame, limits) : scanJson(frame, limits);
  if (fault !== undefined) throw refused(fault);
  const value = isBinary(subprotocol) ? fromMsgpack(frame) : fromJson(frame);
  const maps = Array.isArray(value) ? value : [value];
  if (maps.length > limits.mapsMax) throw tooLarge('mapsMax');
  if (maps.length === 0 || !maps.every(isMap)) throw refused('not-maps');
  return maps;
}

/** One map as a frame of its own. Fields that are undefined are left out. */
export function encodeMap(map: object, subprotocol: Subprotocol): Uint8Array {
  return isBinary(subprotocol) ? packer.encode(map) : utf8.encode(JSON.stringify(toJson(map)));
}

/** The same, with keys sorted: equal bytes for equal maps. What is stored or hashed is this. */
export function encodeSorted(map: object): Uint8Array {
  return sorter.encode(map);
}

/** Reads what `encodeSorted` wrote, and trusts it. */
export function decodeTrusted(bytes: Uint8Array): unknown {
  return unpacker.decode(bytes);
}

const packer = new Encoder({ ignoreUndefined: true, maxDepth: 16 });
const sorter = new Encoder({ ignoreUndefined: true, sortKeys: true, maxDepth: 16 });
const unpacker = new Decoder();
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function fromMsgpack(frame: Uint8Array): unknown {
  try {
    return unpacker.decode(frame);
  } catch (cause) {
    throw refused('key-not-allowed', cause);
  }
}

function fromJson(frame: Uint8Array): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(frame);
  } catch (cause) {
    throw refused('not-utf8', cause);
  }
  try {
    return withBytes(JSON.parse(text));
  } catch (cause) {
    throw cause instanceof FoqError ? cause : refused('malformed', cause);
  }
}

/** Replaces {"b64": "…"} by bytes, in place. What is no Base64 stays, and no schema takes it. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) value[index] = withBytes(member);
    return value;
  }
  if (!isMap(value)) return value;
  const keys = Object.keys(value);
  const { b64 } = value;
  if (keys.length === 1 && typeof b64 === 'string') return fromBase64(b64) ?? value;
  const map: Record<string, unknown> = value;
  for (const key of keys) {
    if (key === '__proto__') throw refused('key-not-allowed');
    map[key] = withBytes(map[key]);
  }
  return map;
}

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { b64: toBase64(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
}

function isMap(value: unknown): value is WireMap {
  return typeof value === 'object' && value !== null && !isListOrBytes(value);
}

function isListOrBytes(value: object): boolean {
  return Array.isArray(value) || value instanceof Uint8Array;
}

function refused(reason: Fault, cause?: unknown): FoqError {
  const message = `The frame is refused: ${reason}.`;
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, details: { reason }, cause });
}

function tooLarge(limit: keyof FrameLimits): FoqError {
  return new FoqError('FOQ_TOO_LARGE', { details: { limit } });
}
