// Errors on the wire: code, name, message, verdict, details. What failed on our side is told by the
// table's words alone, because messages and details may name files and processes of the server.

import { ERRORS, type ErrorCode, errorName, FoqError } from '../index.js';
import type { ProblemFields } from './schema/problem.js';
import type { EventOf, Sent } from './schema/registry.js';

export type Problem = Sent<ProblemFields>;

/** The reply to the command with this id, or an event. Whatever is no FoqError is INTERNAL. */
export function errorEvent(error: unknown, id?: number): EventOf<'error'> {
  const { text, ...told } = toldOf(error);
  return { t: 'error', id, message: text, ...told };
}

/** The same as REST answers it, with `status` as the status of the answer. */
export function problemOf(error: unknown): Problem {
  const { text, ...told } = toldOf(error);
  const known = ERRORS[codeOf(error)];
  return { type: 'about:blank', title: told.name, status: known.http, detail: text, ...told };
}

function toldOf(error: unknown) {
  const known = error instanceof FoqError ? error : new FoqError('FOQ_INTERNAL');
  const { retryAfterMs, ...details } = known.details;
  const isTold = isOfCaller(known.code);
  return {
    text: isTold ? known.message : textWithoutDetails(known.code),
    code: ERRORS[known.code].number,
    name: errorName(known.code),
    retry: known.retry,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    details: isTold && Object.keys(details).length > 0 ? details : undefined,
  };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof FoqError ? error.code : 'FOQ_INTERNAL';
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
