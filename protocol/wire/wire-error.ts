// Errors on the wire: code, name, message, verdict, details. What failed on our side is told by the
// table's words alone, because messages and details may name files and processes of the server.

import { ERRORS, type ErrorCode, errorName, FoqError } from '../index.js';
import type { EventOf } from './schema/registry.js';

/** The reply to the command with this id, or an event. Whatever is no FoqError is INTERNAL. */
export function errorEvent(error: unknown, id?: number): EventOf<'error'> {
  const known = error instanceof FoqError ? error : new FoqError('FOQ_INTERNAL');
  const { retryAfterMs, ...details } = known.details;
  const isTold = isOfCaller(known.code);
  return {
    t: 'error',
    id,
    code: ERRORS[known.code].number,
    name: errorName(known.code),
    message: isTold ? known.message : textWithoutDetails(known.code),
    retry: known.retry,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    details: isTold && Object.keys(details).length > 0 ? details : undefined,
  };
}

/** Errors that are about what the caller sent, not about the state of the server. */
function isOfCaller(code: ErrorCode): boolean {
  const { number } = ERRORS[code];
  return number >= 1400 && number < 1500;
}

function textWithoutDetails(code: ErrorCode): string {
  const { text } = ERRORS[code];
  const brace = text.indexOf('{');
  return brace === -1 ? text : `${text.slice(0, brace).replace(/[\s:,(]+$/, '')}.`;
}
