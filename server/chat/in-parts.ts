// Many questions to the engine with a bound on how many are asked at once.

const AT_ONCE = 16;

/** Answers in the order of what they are of. */
export async function inParts<Of, Answer>(
  all: readonly Of[],
  ask: (of: Of) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let begin = 0; begin < all.length; begin += AT_ONCE) {
    answers.push(...(await Promise.all(all.slice(begin, begin + AT_ONCE).map(ask))));
  }
  return answers;
}
