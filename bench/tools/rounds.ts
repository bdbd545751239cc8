// Rounds: how many, and which side of a ratio goes first. A machine drifts while it is measured;
// so each side goes first as often as the other, and looks of both have the same middle in time.

/** How many rounds: as told, else fewer when it is only a look. */
export function roundsOf(
  { rounds, quick }: { readonly rounds?: string | undefined; readonly quick: boolean },
  usual: { readonly quick: number; readonly full: number },
): number {
  return Number(rounds ?? (quick ? usual.quick : usual.full));
}

/** Runs so many rounds, one after the other, says so, and gives what each saw. */
export async function inRounds<Seen>(
  rounds: number,
  run: (round: number) => Promise<Seen>,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let round = 0; round < rounds; round++) {
    console.error(`  round ${round + 1} of ${rounds}`);
    seen.push(await run(round));
  }
  return seen;
}

/**
 * Looks at two sides twice each, as A B B A, in odd rounds as B A A B; gives both looks at A, then
 * both at B.
 */
export async function lookAtBoth<Side, Look>(
  round: number,
  [a, b]: readonly [Side, Side],
  look: (side: Side) => Promise<Look>,
): Promise<readonly [readonly Look[], readonly Look[]]> {
  const [ofA, ofB] = [[] as Look[], [] as Look[]];
  for (const isA of [true, false, false, true].map((it) => it === (round % 2 === 0))) {
    if (isA) ofA.push(await look(a));
    else ofB.push(await look(b));
  }
  return [ofA, ofB];
}
