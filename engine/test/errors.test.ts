// What becomes of failures on their way to a caller.

import { test } from 'tap';
import { ERRORS, FoqError } from '../../protocol/index.js';
import { foqErrorOf } from '../errors.js';
import { failure } from './stand-in-queue.js';

test('a failure of the store keeps its code, its message and its fields', (t) => {
  for (const code of Object.keys(ERRORS)) {
    const error = foqErrorOf(failure(code, { headSeq: 3 }));
    t.match(error, { name: 'FoqError', code, message: `the store says ${code}` });
    t.same(error.details, { headSeq: 3 });
  }
  t.end();
});

test('an error of ours stays the same object', (t) => {
  const error = new FoqError('FOQ_BUSY');
  t.equal(foqErrorOf(error), error);
  t.end();
});

test('what has no code of ours is unavailable and keeps its cause', (t) => {
  const unknown = Object.assign(new Error('strange'), { code: 'InvalidArg' });
  t.match(foqErrorOf(unknown), { code: 'FOQ_UNAVAILABLE', message: 'strange', cause: unknown });
  t.match(foqErrorOf('text'), { code: 'FOQ_UNAVAILABLE', message: 'text', cause: 'text' });
  t.match(foqErrorOf(new RangeError('too long')), { code: 'FOQ_INVALID_ARGUMENT' });
  t.end();
});
