// How often a session may send, or a gateway let devices in: a bucket that refills evenly. Pure:
// time is an argument.

const SECOND_MS = 1_000;

export class SendRate {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #filledAt: number;

  constructor(limits: { perSecond: number; burst: number }, now: number) {
    this.#perSecond = limits.perSecond;
    this.#burst = limits.burst;
    this.#left = limits.burst;
    this.#filledAt = now;
  }

  /** 0 when one more may, and is then counted; else ms until one may. */
  take(now: number): number {
    const passedMs = Math.max(now - this.#filledAt, 0);
    this.#left = Math.min(this.#left + (passedMs * this.#perSecond) / SECOND_MS, this.#burst);
    this.#filledAt = now;
    if (this.#left < 1) return Math.ceil(((1 - this.#left) * SECOND_MS) / this.#perSecond);
    this.#left -= 1;
    return 0;
  }
}
