// The senders of the records of one answer. A chat has few, so most are known already: to compare
// a sender's bytes is much cheaper than to decode them.
//
// Invariant: a place remembers the latest sender that fell on it, so there are at most PLACES.

/** A power of two. */
const PLACES = 16;

interface Sender {
  readonly start: number;
  readonly length: number;
  readonly senderId: string;
}

export class Senders {
  readonly #bytes: Buffer;
  readonly #known: (Sender | undefined)[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The sender that so many bytes from `start` name. */
  at(start: number, length: number): string {
    if (length === 0) return '';
    const place = this.#placeOf(start, length);
    const known = this.#known[place];
    if (known?.length === length && this.#areSame(known.start, start, length)) {
      return known.senderId;
    }
    const senderId = this.#bytes.toString('utf8', start, start + length);
    this.#known[place] = { start, length, senderId };
    return senderId;
  }

  /** By the last two bytes, as ids that are counted up differ there. */
  #placeOf(start: number, length: number): number {
    const last = this.#bytes[start + length - 1] ?? 0;
    const before = this.#bytes[start + length - 2] ?? 0;
    return (last + before * 7) & (PLACES - 1);
  }

  #areSame(...[one, other, length]: [one: number, other: number, length: number]): boolean {
    for (let i = 0; i < length; i++) {
      if (this.#bytes[one + i] !== this.#bytes[other + i]) return false;
    }
    return true;
  }
}
