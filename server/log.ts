// What the broker writes down of itself: one JSON object a line, on standard error. Never a
// payload, a token or a key; ids only where somebody has to act on them.

import { destination, pino } from 'pino';
import type { Config } from './config.js';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const STANDARD_ERROR = 2;

/** Lines are few, so each is written before the call returns, also the last before an exit. */
export function openLog(level: Config['logLevel']): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, destination({ fd: STANDARD_ERROR, sync: true }));
}

/** Of an error, its name and where it was; its fields may hold what is not to be written down. */
export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}
