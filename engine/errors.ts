// Turns whatever fails below the queue into the one error that its callers meet.
//
// Invariants: the code of the store is kept, with its fields as details; what has no code of ours
// keeps the failure as `cause`, so that nothing is lost on the way.

import { type ErrorDetails, FoqError, isErrorCode } from '../protocol/index.js';

/** A failure of the store, by shape: the addon need not be loaded to know one. */
interface Coded extends Error {
  readonly code: unknown;
  readonly fields?: ErrorDetails;
}

export function foqErrorOf(error: unknown): FoqError {
  if (error instanceof FoqError) return error;
  if (!(error instanceof Error)) {
    return new FoqError('FOQ_UNAVAILABLE', { message: String(error), cause: error });
  }
  if (isCoded(error) && typeof error.code === 'string' && isErrorCode(error.code)) {
    const { code, message, fields = {} } = error;
    return new FoqError(code, { message, details: fields, cause: error });
  }
  // What cannot be packed: a length or a number that the boundary has no room for.
  if (error instanceof RangeError) {
    return new FoqError('FOQ_INVALID_ARGUMENT', { message: error.message, cause: error });
  }
  return new FoqError('FOQ_UNAVAILABLE', { message: error.message, cause: error });
}

function isCoded(error: Error): error is Coded {
  return 'code' in error;
}

/** `given` is shown by its kind, never by its content: payloads stay out of messages. */
export function invalidArgument(argument: string, takes: string, given?: unknown): FoqError {
  const instead = given === undefined ? '' : `, not ${kindOf(given)}`;
  const message = `${argument} must be ${takes}${instead}`;
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, details: { argument } });
}

/** What is larger than any store takes; `limit` is in the unit that `takes` names. */
export function tooLarge(
  argument: string,
  { takes, limit }: { readonly takes: string; readonly limit: number },
): FoqError {
  const message = `${argument} must be ${takes}`;
  return new FoqError('FOQ_TOO_LARGE', { message, details: { argument, limit } });
}

export function closedError(): FoqError {
  return new FoqError('FOQ_CLOSED', { message: 'the queue is closed' });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `a text of length ${value.length}`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
