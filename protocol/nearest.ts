// Finds what somebody probably meant: the known name that is nearest to an unknown one.

/** More changes than this are another word. */
const CHANGES_MAX = 3;

/** Undefined when no name is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = CHANGES_MAX + 1;
  for (const name of names) {
    const changes = changesBetween(given.toLowerCase(), name.toLowerCase());
    if (changes < least && changes < name.length) {
      nearest = name;
      least = changes;
    }
  }
  return nearest;
}

/** ", did you mean x?" or nothing. */
export function didYouMean(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** Letters to insert, remove or replace; row by row of the usual table. */
function changesBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (above[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      const removed = (above[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    above = current;
  }
  return above[other.length] ?? 0;
}
