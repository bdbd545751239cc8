// UTF-8 without allocating: whether bytes are UTF-8, and how many a string takes.

/** Whether `bytes` from `from` up to before `end` are UTF-8 as the standard has it (RFC 3629). */
export function isUtf8(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const width = widthOf(lead);
    if (width === 0 || at + width > end || !isSequence(bytes, at, width)) return false;
    at += width;
  }
  return true;
}

/** 0 for a byte that begins nothing; 0xc0 and 0xc1 would only write ASCII in two bytes. */
function widthOf(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function isSequence(bytes: Uint8Array, at: number, width: number): boolean {
  let point = (bytes[at] ?? 0) & (0x7f >> width);
  for (let index = 1; index < width; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & 0xc0) !== 0x80) return false;
    point = (point << 6) | (byte & 0x3f);
  }
  if (width === 3) return point >= 0x800 && !(point >= 0xd800 && point <= 0xdfff);
  return width === 2 || (point >= 0x10000 && point <= 0x10ffff);
}

/** Bytes of a string as UTF-8; half of a surrogate pair counts as U+FFFD, which replaces it. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (isPair(text, index)) {
      bytes += 2;
      index += 1;
    } else bytes += 2;
  }
  return bytes;
}

function isPair(text: string, index: number): boolean {
  const first = text.charCodeAt(index);
  if (first < 0xd800 || first > 0xdbff) return false;
  const second = text.charCodeAt(index + 1);
  return second >= 0xdc00 && second <= 0xdfff;
}

/** Whether a string is at most so many bytes of UTF-8; most need not be counted. */
export function fitsUtf8(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return false;
  return text.length * 3 <= bytesMax || utf8Bytes(text) <= bytesMax;
}
