// An error as REST answers it: a problem document (RFC 9457) with the code and name of the wire.

import { type Static, Type } from 'typebox';
import { Details, Retry } from './session.js';
import { Count, text } from './values.js';

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String(),
  code: Count,
  name: text(64),
  retry: Retry,
  retryAfterMs: Type.Optional(Count),
  details: Type.Optional(Details),
});

export type ProblemFields = Static<typeof Problem>;
