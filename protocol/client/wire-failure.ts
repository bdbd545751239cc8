// An error of the wire as the FoqError that it was.

import { type ErrorDetails, errorCodeOf, FoqError } from '../index.js';
import type { WireMap } from './codec.js';

/** One whose number only a newer broker knows becomes FOQ_INTERNAL with its name. */
export function failureOf(map: WireMap): FoqError {
  const code = errorCodeOf(Number(map['code'])) ?? 'FOQ_INTERNAL';
  const message = typeof map['message'] === 'string' ? map['message'] : undefined;
  const { retryAfterMs } = map;
  const details = {
    ...(map['details'] as ErrorDetails | undefined),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
  return new FoqError(code, { message, details });
}

/** What the broker asked to wait, ms; 0 where it did not say. */
export function retryAfterMs(error: FoqError): number {
  const { retryAfterMs: wait } = error.details;
  return typeof wait === 'number' && wait > 0 ? wait : 0;
}

/** The connection ended before the reply: what was asked may or may not have happened. */
export class ConnectionLost extends FoqError {
  constructor() {
    super('FOQ_UNKNOWN_OUTCOME');
  }
}
