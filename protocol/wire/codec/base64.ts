// Base64 as RFC 4648 has it, with padding and nothing left to chance: one text per bytes. Written
// out because `Buffer` is not in browsers and `atob` forgives.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const NOT_A_DIGIT = 64;

const DIGITS = new Uint8Array(128).fill(NOT_A_DIGIT);
for (let value = 0; value < ALPHABET.length; value += 1) DIGITS[ALPHABET.charCodeAt(value)] = value;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text += digit(word >> 18) + digit(word >> 12);
    text += left > 1 ? digit(word >> 6) : '=';
    text += left > 2 ? digit(word) : '=';
  }
  return text;
}

function digit(word: number): string {
  return ALPHABET.charAt(word & 63);
}

/** Undefined for a text that `toBase64` would not have written. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const digits = text.endsWith('==') ? text.length - 2 : text.length - Number(text.endsWith('='));
  const bytes = new Uint8Array(Math.floor((digits * 6) / 8));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < digits; index += 1) {
    const value = DIGITS[text.charCodeAt(index)] ?? NOT_A_DIGIT;
    if (value === NOT_A_DIGIT) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (word >> bits) & 0xff;
    at += 1;
  }
  const rest = word & ((1 << bits) - 1);
  return rest === 0 ? bytes : undefined;
}
