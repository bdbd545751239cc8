// The addon to compare with: one call with a buffer per record, one call back, one promise.

import { cpuNow, cpuSince } from '../tools/index.js';

interface NaiveAddon {
  start(answer: (ticket: number) => void): void;
  append(ticket: number, chatId: string, payload: Uint8Array): void;
}

/** Appends of the naive addon, which stores nothing: its cost is that of the crossing alone. */
export class Naive {
  readonly #addon: NaiveAddon;
  readonly #waiting = new Map<number, () => void>();
  #next = 0;

  constructor(library: string) {
    const loaded = { exports: {} };
    process.dlopen(loaded, library);
    this.#addon = loaded.exports as NaiveAddon;
    this.#addon.start((ticket) => {
      const settle = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      settle?.();
    });
  }

  append(chatId: string, payload: Uint8Array): Promise<void> {
    const ticket = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      this.#addon.append(ticket, chatId, Buffer.from(payload));
    });
  }

  /** Microseconds of the main thread per record, with so many promises in flight. */
  async costs(load: {
    chatId: () => string;
    payloadBytes: number;
    records: number;
    inFlight: number;
  }): Promise<number> {
    const payload = new Uint8Array(load.payloadBytes);
    const before = cpuNow();
    let submitted = 0;
    const lane = async (): Promise<void> => {
      while (submitted < load.records) {
        submitted += 1;
        await this.append(load.chatId(), payload);
      }
    };
    await Promise.all(Array.from({ length: load.inFlight }, lane));
    return cpuSince(before).thread / submitted;
  }
}
