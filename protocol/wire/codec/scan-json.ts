// The structural scan of a JSON frame: depth, elements and tokens are bounded before a parser
// builds anything. It does not check the grammar, which the parser does; it never refuses what is
// JSON and within the limits. Each byte is looked at once.

import type { Fault, ScanLimits } from './fault.js';

/** No number that is sent takes more; the longest word is `false`. */
const TOKEN_BYTES_MAX = 32;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** By byte; -1 for what is no hexadecimal digit. */
const HEX_DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_DIGITS[digit.charCodeAt(0)] = value;
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

export function scanJson(frame: Uint8Array, limits: ScanLimits): Fault | undefined {
  let depth = 0;
  let elements = 1;
  let tokenBytes = 0;
  for (let at = 0; at < frame.length; at += 1) {
    const byte = frame[at] ?? 0;
    tokenBytes = isToken(byte) ? tokenBytes + 1 : 0;
    if (byte === QUOTE) {
      const end = stringEnd(frame, at + 1);
      if (typeof end === 'string') return end;
      at = end;
    } else if (isOpening(byte)) {
      depth += 1;
      if (!isClosing(nextByte(frame, at + 1))) elements += 1;
    } else if (isClosing(byte)) depth -= 1;
    else if (byte === COMMA) elements += 1;
    if (depth < 0) return 'malformed';
    if (depth > limits.depthMax) return 'too-deep';
    if (elements > limits.elementsMax) return 'too-many-elements';
    if (tokenBytes > TOKEN_BYTES_MAX) return 'token-too-long';
  }
  return depth === 0 ? undefined : 'cut-short';
}

/** Where the string that begins at `from` has its closing quote. */
function stringEnd(frame: Uint8Array, from: number): number | Fault {
  let at = from;
  while (at < frame.length) {
    const byte = frame[at];
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) at += 1;
    else if (frame[at + 1] !== LOWER_U) at += 2;
    else {
      const units = escapedUnits(frame, at);
      if (units === 0) return 'not-utf8';
      at += units * 6;
    }
  }
  return 'cut-short';
}

/** How many of `\uXXXX` make one character here: 1, 2, or 0 for half of a surrogate pair. */
function escapedUnits(frame: Uint8Array, at: number): number {
  const unit = escapedUnit(frame, at);
  if (unit < 0xd800 || unit > 0xdfff) return 1;
  const next = escapedUnit(frame, at + 6);
  return unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff ? 2 : 0;
}

/** -1 where there is none; the parser refuses what looks like one and is not. */
function escapedUnit(frame: Uint8Array, at: number): number {
  if (frame[at] !== BACKSLASH || frame[at + 1] !== LOWER_U) return -1;
  let unit = 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const value = HEX_DIGITS[frame[digit] ?? 0] ?? -1;
    if (value < 0) return -1;
    unit = unit * 16 + value;
  }
  return unit;
}

function nextByte(frame: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(frame[at] ?? 0)) at += 1;
  return frame[at] ?? 0;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** `[` or `{`. */
function isOpening(byte: number): boolean {
  return byte === 0x5b || byte === 0x7b;
}

/** `]` or `}`. */
function isClosing(byte: number): boolean {
  return byte === 0x5d || byte === 0x7d;
}

/** Digits, letters, `.`, `+` and `-`: what numbers and words are made of. */
function isToken(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return (
    isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e
  );
}
