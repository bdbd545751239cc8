// Frames to maps and back, in both encodings. The broker's codec does the same with bounds for
// strangers; this one trusts its broker, and needs no package.

import { FoqError } from '../index.js';
import { decodeMsgpack, encodeMsgpack } from './msgpack.js';

/** How frames are written; MessagePack is smaller, JSON can be read. */
export type Encoding = 'msgpack' | 'json';

export type WireMap = Readonly<Record<string, unknown>>;

export function subprotocolOf(encoding: Encoding): string {
  return `foq.v1.${encoding}`;
}

export function encodeCommand(map: object, encoding: Encoding): Uint8Array {
  if (encoding === 'msgpack') return encodeMsgpack(map);
  return utf8.encode(JSON.stringify(map, base64For));
}

/** As a WebSocket takes it: text or binary. */
export function frameOf(bytes: Uint8Array, encoding: Encoding): string | Uint8Array {
  return encoding === 'msgpack' ? bytes : text.decode(bytes);
}

/** The maps of a frame, one or many. FOQ_INVALID_ARGUMENT for anything else. */
export function decodeFrame(frame: unknown, encoding: Encoding): readonly WireMap[] {
  const value = encoding === 'msgpack' ? fromBinary(frame) : fromText(frame);
  const maps = Array.isArray(value) ? value : [value];
  if (maps.every(isMap)) return maps;
  throw new FoqError('FOQ_INVALID_ARGUMENT', { details: { reason: 'not-maps' } });
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

function fromBinary(frame: unknown): unknown {
  if (frame instanceof ArrayBuffer) return decodeMsgpack(new Uint8Array(frame));
  if (frame instanceof Uint8Array) return decodeMsgpack(frame);
  throw new FoqError('FOQ_INVALID_ARGUMENT', { details: { reason: 'not-maps' } });
}

function fromText(frame: unknown): unknown {
  const json = typeof frame === 'string' ? frame : text.decode(frame as Uint8Array);
  return JSON.parse(json, bytesFor);
}

/** Bytes are {"b64": "…"} in JSON. Asks the holder, because a Buffer turns itself into a list. */
function base64For(this: unknown, key: string, value: unknown): unknown {
  const bytes = (this as WireMap)[key];
  if (!(bytes instanceof Uint8Array)) return value;
  return { b64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) };
}

function bytesFor(_key: string, value: unknown): unknown {
  if (!isMap(value)) return value;
  const { b64 } = value;
  if (typeof b64 !== 'string' || Object.keys(value).length !== 1) return value;
  return Uint8Array.from(atob(b64), (character) => character.charCodeAt(0));
}

function isMap(value: unknown): value is WireMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
