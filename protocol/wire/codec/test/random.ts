// Values from a seed, for property tests. `SEED=` repeats a run.

/** A number of [0, count); the same numbers for the same seed. */
export type Draw = (count: number) => number;

export function seedOfRun(): number {
  return Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}

/** Mulberry32. */
export function drawer(seed: number): Draw {
  let state = seed | 0;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

const TEXTS = [
  '',
  'a',
  'größe',
  '日本',
  '𝒳 and 👩‍👩‍👧',
  '"\\\n\u0000',
  'x'.repeat(40),
  'y'.repeat(300),
];

const NUMBERS = [0, 1, -1, 127, 128, -32, -33, 255, 256, 65_535, 65_536, -32_769, 2 ** 32, 1.5];

/** A value of the kinds that frames hold, containers nested at most `depth` deep. */
export function wireValue(draw: Draw, depth: number): unknown {
  switch (draw(depth > 0 ? 8 : 5)) {
    case 0:
      return [null, true, false][draw(3)];
    case 1:
      return NUMBERS[draw(NUMBERS.length)];
    case 2:
      return (draw(2) === 0 ? 1 : -1) * draw(Number.MAX_SAFE_INTEGER);
    case 3:
      return TEXTS[draw(TEXTS.length)];
    case 4:
      return bytesOf(draw, draw(2) === 0 ? draw(8) : draw(400));
    case 5:
      return Array.from({ length: draw(20) }, () => wireValue(draw, depth - 1));
    default:
      return mapOf(draw, depth - 1);
  }
}

export function mapOf(draw: Draw, depth: number): Record<string, unknown> {
  const keys = Array.from({ length: draw(18) }, (_, index) => `${index}${TEXTS[draw(5)]}`);
  return Object.fromEntries(keys.map((key) => [key, wireValue(draw, depth)]));
}

export function bytesOf(draw: Draw, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => draw(256));
}

/** Containers within each other, at the deepest; 0 for a value that is none. */
export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The value, its members and theirs. */
export function elementsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + elementsOf(member), 1);
}
