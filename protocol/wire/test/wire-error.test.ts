// Errors on the wire: every code has its number and name, what failed on our side names no file and
// no process, and what is no error of ours is INTERNAL and says nothing.

import { test } from 'tap';
import { Compile } from 'typebox/compile';
import { ERRORS, type ErrorCode, FoqError } from '../../index.js';
import { EVENTS, errorEvent, problemOf } from '../index.js';
import { Problem } from '../schema/problem.js';

test('every code of the table is sent with its number, its name and its verdict', (t) => {
  const schema = Compile(EVENTS.error);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const event = errorEvent(new FoqError(code), 3);
    t.match(event, { t: 'error', id: 3, code: ERRORS[code].number, retry: ERRORS[code].retry });
    t.equal(`FOQ_${event.name}`, code);
    t.ok(schema.Check(event), code);
  }
  t.end();
});

test('details of what the caller did wrong are sent', (t) => {
  const details = { roster: 8, missing: ['dan/phone'], extra: [] };
  const event = errorEvent(new FoqError('FOQ_ROSTER_STALE', { details }));
  t.match(event, { id: undefined, message: 'The roster is 8.', details });
  t.equal(errorEvent(new FoqError('FOQ_EPOCH')).details, undefined);
  t.end();
});

test('what failed on our side is told without its details', (t) => {
  const details = { file: '/data/journal-7', from: 1, to: 2 };
  const event = errorEvent(new FoqError('FOQ_CORRUPT', { message: 'in /data', details }));
  t.match(event, { message: 'Bytes that were durable are wrong.', details: undefined });
  const full = new FoqError('FOQ_DISK_FULL', { details: { freeBytes: 1, neededBytes: 2 } });
  t.match(errorEvent(full), { message: 'Too little free disk.', details: undefined });
  t.end();
});

test('when to come back is a field of its own', (t) => {
  const event = errorEvent(new FoqError('FOQ_BUSY', { details: { retryAfterMs: 250 } }));
  t.match(event, { retryAfterMs: 250, details: undefined });
  t.end();
});

test('an error that is not ours is INTERNAL, and its words stay here', (t) => {
  for (const error of [new Error('password'), 'password', undefined]) {
    const event = errorEvent(error, 1);
    t.match(event, { code: 1000, name: 'INTERNAL', retry: 'later' });
    t.notMatch(JSON.stringify(event), /password/);
  }
  t.end();
});

test('REST answers with a problem of the same code, and the status of the table', (t) => {
  const schema = Compile(Problem);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const problem = problemOf(new FoqError(code, { details: { limit: 7 } }));
    const {
      code: number,
      name,
      retry,
      details,
    } = errorEvent(new FoqError(code, { details: { limit: 7 } }));
    t.match(problem, { status: ERRORS[code].http, code: number, name, retry, details });
    t.ok(schema.Check(problem), code);
  }
  t.match(problemOf(new Error('password')), { status: 500, name: 'INTERNAL' });
  t.end();
});
