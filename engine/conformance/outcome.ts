// What became of a case, in a form that can cross from one thread to another.

import { type Case, lackOf, type Opener, runCase } from './case.js';
import { Checks } from './checks.js';

export type Outcome =
  | { readonly state: 'passed'; readonly checks: number }
  | { readonly state: 'failed'; readonly message: string; readonly stack: string }
  | { readonly state: 'skipped'; readonly reason: string };

export async function outcomeOfCase(subject: Case, opener: Opener): Promise<Outcome> {
  const reason = lackOf(opener, subject);
  if (reason !== undefined) return { state: 'skipped', reason };
  const checks = new Checks();
  try {
    await runCase(subject, opener, checks);
  } catch (error) {
    if (!(error instanceof Error)) return { state: 'failed', message: String(error), stack: '' };
    const { message, cause } = error;
    const stack = cause instanceof Error ? cause.stack : error.stack;
    return { state: 'failed', message, stack: stack ?? '' };
  }
  return { state: 'passed', checks: checks.count };
}
