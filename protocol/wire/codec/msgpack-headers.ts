// What each of the 256 header bytes of MessagePack begins, by the table "Formats" of its spec
// (https://github.com/msgpack/msgpack/blob/master/spec.md). Extension types are refused: a decoder
// makes objects of its own from them.

export interface Header {
  /** Numbers, booleans and nil are bytes here: so many to skip. */
  readonly kind: 'text' | 'bytes' | 'array' | 'map' | 'refused';
  /** Bytes of the length that follow the header; 0 where `count` is the length. */
  readonly lengthBytes: number;
  readonly count: number;
}

const REFUSED: Header = { kind: 'refused', lengthBytes: 0, count: 0 };

/** From 0xc0 to 0xdf, in order. */
const WIDE: readonly Header[] = [
  skip(0), // nil
  REFUSED, // never used
  skip(0), // false
  skip(0), // true
  lengthOf('bytes', 1),
  lengthOf('bytes', 2),
  lengthOf('bytes', 4),
  REFUSED, // ext 8
  REFUSED, // ext 16
  REFUSED, // ext 32
  skip(4), // float 32
  skip(8), // float 64
  skip(1), // uint 8
  skip(2),
  skip(4),
  skip(8),
  skip(1), // int 8
  skip(2),
  skip(4),
  skip(8),
  REFUSED, // fixext 1
  REFUSED,
  REFUSED,
  REFUSED,
  REFUSED, // fixext 16
  lengthOf('text', 1),
  lengthOf('text', 2),
  lengthOf('text', 4),
  lengthOf('array', 2),
  lengthOf('array', 4),
  lengthOf('map', 2),
  lengthOf('map', 4),
];

/** By byte. */
export const HEADERS: readonly Header[] = Array.from({ length: 256 }, (_, byte) => headerOf(byte));

function headerOf(byte: number): Header {
  if (byte < 0x80 || byte >= 0xe0) return skip(0); // small integers
  if (byte < 0x90) return { kind: 'map', lengthBytes: 0, count: byte & 0x0f };
  if (byte < 0xa0) return { kind: 'array', lengthBytes: 0, count: byte & 0x0f };
  if (byte < 0xc0) return { kind: 'text', lengthBytes: 0, count: byte & 0x1f };
  return WIDE[byte - 0xc0] ?? REFUSED;
}

function skip(count: number): Header {
  return { kind: 'bytes', lengthBytes: 0, count };
}

function lengthOf(kind: Header['kind'], lengthBytes: number): Header {
  return { kind, lengthBytes, count: 0 };
}
