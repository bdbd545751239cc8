// Figures of rounds, told as a median and how far it would move had other rounds been drawn.

const RESAMPLES = 2_000;

export interface Estimate {
  readonly median: number;
  /** Ends of the 95 % bootstrap interval of the median. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** Seeded, so that one set of figures gives one interval; zeros when there are none. */
export function estimate(figures: readonly number[]): Estimate {
  const rounds = figures.length;
  if (rounds === 0) return { median: 0, low: 0, high: 0, rounds };
  const draw = dice(0xf0_0f_00);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(figures.map(() => figures[Math.floor(draw() * rounds)] ?? 0)),
  ).sort((left, right) => left - right);
  const at = (share: number) => medians[Math.round((RESAMPLES - 1) * share)] ?? 0;
  return { median: median(figures), low: at(0.025), high: at(0.975), rounds };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export function mean(figures: readonly number[]): number {
  return figures.length === 0 ? 0 : figures.reduce((sum, it) => sum + it, 0) / figures.length;
}

/** Change of `y` per one of `x`, by least squares; 0 for fewer than two points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (place: 0 | 1) => points.reduce((sum, it) => sum + it[place], 0) / points.length;
  if (points.length < 2) return 0;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const together = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return spread === 0 ? 0 : together / spread;
}

/** Numbers from 0 to 1 from a seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const CLASSES_PER_DOUBLING = 64;

/** Latencies in classes of about 1 %, weighted by how many records had them. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(ms: number, count = 1): void {
    const place = Math.round(Math.log2(Math.max(ms, 0.001)) * CLASSES_PER_DOUBLING);
    this.#counts.set(place, (this.#counts.get(place) ?? 0) + count);
    this.#total += count;
  }

  get total(): number {
    return this.#total;
  }

  /** In ms; 0 when nothing was added. */
  percentile(share: number): number {
    let rest = this.#total * share;
    for (const [place, count] of [...this.#counts].sort(([left], [right]) => left - right)) {
      rest -= count;
      if (rest <= 0) return 2 ** (place / CLASSES_PER_DOUBLING);
    }
    return 0;
  }
}
