// Reads durations as people write them: milliseconds, or a number with its unit.

import { invalidArgument } from './errors.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = "ms, or a number with its unit such as '90s', '15m', '48h', '30d'";

/** In ms. FOQ_INVALID_ARGUMENT naming `argument`. */
export function durationMs(value: unknown, argument: string): number {
  const ms = typeof value === 'string' ? parsed(value) : value;
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw invalidArgument(argument, DURATION, value);
}

function parsed(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,15})([smhd])$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
