// The table of errors: numbers, names and codes lead to each other, and what a reader of a number
// may conclude from its class holds.

import { test } from 'tap';
import { ERRORS, type ErrorCode, errorCodeOf, errorName, FoqError, isErrorCode } from '../index.js';

const codes = Object.keys(ERRORS) as ErrorCode[];

test('a number, a code and a name stand for each other', (t) => {
  const numbers = codes.map((code) => ERRORS[code].number);
  t.equal(new Set(numbers).size, codes.length, 'no number is used twice');
  for (const code of codes) {
    t.equal(errorCodeOf(ERRORS[code].number), code);
    t.match(code, /^FOQ_[A-Z]+(_[A-Z]+)*$/);
    t.equal(`FOQ_${errorName(code)}`, code);
  }
  t.equal(errorCodeOf(1), undefined);
  t.end();
});

test('numbers ascend, and their class says whose turn it is', (t) => {
  const numbers: readonly number[] = codes.map((code) => ERRORS[code].number);
  t.same(
    numbers,
    [...numbers].sort((left, right) => left - right),
  );
  for (const code of codes) {
    const { number, http } = ERRORS[code];
    const ours = number < 1400 || number >= 1500;
    t.ok(ours || (http >= 400 && http < 500), `${code} is an error of the caller, not ${http}`);
  }
  t.end();
});

test('an error carries its code, its verdict, its details and its cause', (t) => {
  const cause = new Error('why');
  const details = { roster: 7, missing: ['ann/phone'], extra: [] };
  const error = new FoqError('FOQ_ROSTER_STALE', { details, cause });
  t.match(error, { name: 'FoqError', retry: 'after-change', details, cause });
  t.equal(error.message, 'The roster is 7.');
  t.equal(new FoqError('FOQ_LOCKED').message, ERRORS.FOQ_LOCKED.text);
  t.notOk('cause' in new FoqError('FOQ_BUSY'));
  t.ok(isErrorCode('FOQ_BUSY'));
  t.notOk(isErrorCode('toString'));
  t.end();
});
