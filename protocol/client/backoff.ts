// How long to wait before the next attempt: anything up to a bound that doubles, so that many
// clients that were cut off together do not come back together.

export const FIRST_MS = 500;
export const MOST_MS = 30_000;

/** `attempt` is 0 for the first; `random` is in [0, 1). */
export function backoffMs({ attempt, random }: { attempt: number; random: number }): number {
  const bound = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(bound * random);
}
