// Numbers as popularity has them: few are drawn often. After Gray and others, "Quickly generating
// billion-record synthetic databases" (1994), which needs one pass over `count` at the start.

/** Skew below 1; 0.99 is what cloud-serving benchmarks use. */
const SKEW = 0.99;

/** From 0 to `count - 1`, 0 the most often; `draw` gives numbers from 0 to 1. */
export function zipf(count: number, draw: () => number): () => number {
  const sumTo = (end: number) => {
    let sum = 0;
    for (let rank = 1; rank <= end; rank++) sum += 1 / rank ** SKEW;
    return sum;
  };
  const total = sumTo(count);
  const exponent = 1 / (1 - SKEW);
  const slope = (1 - (2 / count) ** (1 - SKEW)) / (1 - sumTo(2) / total);
  return () => {
    const share = draw();
    const reached = share * total;
    if (reached < 1) return 0;
    if (reached < 1 + 0.5 ** SKEW) return 1;
    return Math.min(count - 1, Math.floor(count * (slope * share - slope + 1) ** exponent));
  };
}
