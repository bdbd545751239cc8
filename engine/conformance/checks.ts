// What a case may ask of the values it got. Each check throws, so that a case ends at the first
// difference; they are counted, because a case that checks nothing cannot fail.

import { AssertionError, deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { type ErrorCode, type ErrorDetails, FoqError } from '../../protocol/index.js';

export class Checks {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The same value. */
  equal(actual: unknown, expected: unknown, what?: string): void {
    this.#count += 1;
    strictEqual(actual, expected, what === undefined ? undefined : said(what, actual, expected));
  }

  /** The same in depth. */
  same(actual: unknown, expected: unknown, what?: string): void {
    this.#count += 1;
    try {
      deepStrictEqual(actual, expected);
    } catch (error) {
      if (what === undefined || !(error instanceof Error)) throw error;
      throw new Error(`${what}: ${error.message}`, { cause: error });
    }
  }

  ok(value: unknown, what: string): void {
    this.#count += 1;
    ok(value, what);
  }

  match(actual: string, expected: RegExp): void {
    this.#count += 1;
    match(actual, expected);
  }

  /** Rejects with this code and, where given, these details; the error, for more questions. */
  async rejects(
    call: () => Promise<unknown>,
    code: ErrorCode,
    details: ErrorDetails = {},
  ): Promise<FoqError> {
    let promise: Promise<unknown>;
    try {
      promise = call();
    } catch (error) {
      throw new Error(`it threw instead of rejecting: ${String(error)}`, { cause: error });
    }
    return this.#coded(await outcomeOf(promise), code, details);
  }

  /** Throws at once, with this code. */
  throws(call: () => unknown, code: ErrorCode): FoqError {
    let outcome: Outcome;
    try {
      outcome = { value: call() };
    } catch (error) {
      outcome = { error };
    }
    return this.#coded(outcome, code, {});
  }

  /** The failed result of one of many operations. */
  failed(result: { ok: boolean; error?: Error } | undefined, code: ErrorCode): FoqError {
    const outcome = result?.ok === false ? { error: result.error } : { value: result };
    return this.#coded(outcome, code, {});
  }

  #coded(outcome: Outcome, code: ErrorCode, details: ErrorDetails): FoqError {
    this.#count += 1;
    if (!('error' in outcome)) {
      const message = `no ${code}, but ${JSON.stringify(outcome.value)}`;
      throw new AssertionError({ message });
    }
    const { error } = outcome;
    if (!(error instanceof FoqError)) {
      const message = `no FoqError but ${String(error)}`;
      throw new AssertionError({ message, actual: error });
    }
    strictEqual(error.code, code, `${error.code} instead of ${code}: ${error.message}`);
    for (const [name, value] of Object.entries(details)) {
      strictEqual(error.details[name], value, said(`details.${name}`, error.details[name], value));
    }
    return error;
  }
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

function said(what: string, actual: unknown, expected: unknown): string {
  return `${what}: ${String(actual)} instead of ${String(expected)}`;
}
