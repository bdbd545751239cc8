// How many messages may be sent now. A little below what the broker allows, so that it has nothing
// to refuse: a refused message would be overtaken by the next.

export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at = 0;

  constructor({ perSecond, burst }: { perSecond: number; burst: number }) {
    this.#perMs = (perSecond * 0.95) / 1_000;
    this.#burst = Math.max(1, burst * 0.95);
    this.#left = this.#burst;
  }

  /** 0 when one was taken; else the ms until there is one. */
  take(now: number): number {
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return (1 - this.#left) / this.#perMs;
    this.#left -= 1;
    return 0;
  }
}
