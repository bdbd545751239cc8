// The chat ids of a load, drawn at random as a server gets them: with a frame that was decoded just
// before, so that the text is near the processor when the queue reads it. A text drawn from 100,000
// that were made long ago is not, and fetching it took as long as the append; that is a cost of the
// generator. It draws a block at a time and touches its texts in one loop, where fetches overlap.

import { dice } from '../tools/index.js';

const BLOCK = 512;

/** Flat texts, as a decoder makes them, not ropes of their parts. */
export function chatIdsOf(count: number): string[] {
  const id = (index: number) => `chat-${index.toString(36)}-${index * 7919}`;
  return Array.from({ length: count }, (_, index) => Buffer.from(id(index)).toString('latin1'));
}

export class ChatIds {
  readonly #all: readonly string[];
  readonly #draw: () => number;
  readonly #block: string[];
  #next = BLOCK;
  /** Keeps the loop that touches from being left out. */
  touched = 0;

  constructor(all: readonly string[], seed: number) {
    this.#all = all;
    this.#draw = dice(seed);
    this.#block = Array.from({ length: BLOCK }, () => '');
  }

  next(): string {
    if (this.#next === BLOCK) this.#drawBlock();
    this.#next += 1;
    return this.#block[this.#next - 1] ?? '';
  }

  #drawBlock(): void {
    const all = this.#all;
    const block = this.#block;
    for (let index = 0; index < BLOCK; index++) {
      block[index] = all[Math.floor(this.#draw() * all.length)] ?? '';
    }
    let touched = 0;
    for (let index = 0; index < BLOCK; index++) touched += block[index]?.charCodeAt(0) ?? 0;
    this.touched += touched;
    this.#next = 0;
  }
}
