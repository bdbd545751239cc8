// Closes a queue: what was begun ends, or is given up when the time is over.
//
// Invariants: every promise is settled exactly once. The store is closed even if nobody waits for
// it any more.

import type { Backups } from './backing-up.js';
import type { Delivering } from './delivering.js';
import { closedError, invalidArgument } from './errors.js';
import type { StoreHandle } from './native-types.js';
import type { Submitter } from './submitter.js';
import { type Calls, unknownOutcome } from './waiting.js';
import type { Watches } from './watches.js';

/** The longest that a timer takes, about 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface Closable {
  readonly store: Pick<StoreHandle, 'close'>;
  readonly submitter: Submitter;
  readonly calls: Calls;
  readonly watches: Watches;
  readonly delivering: Pick<Delivering, 'close'>;
  readonly backups: Pick<Backups, 'close'>;
}

export function checkTimeout(timeoutMs: unknown): number | undefined {
  if (timeoutMs === undefined) return undefined;
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= TIMER_MAX_MS) {
    return timeoutMs;
  }
  throw invalidArgument('timeoutMs', `ms, from 0 to ${TIMER_MAX_MS}`, timeoutMs);
}

/** Resolves when the store is closed, or after `timeoutMs`. */
export async function close(parts: Closable, timeoutMs: number | undefined): Promise<void> {
  // First, as it still packs what consumers have acked.
  parts.delivering.close();
  parts.submitter.close();
  parts.calls.close();
  parts.backups.close();
  parts.watches.close();
  const ended = endAll(parts);
  if (timeoutMs === undefined) return ended;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    if ((await Promise.race([ended, late])) !== 'late') return;
  } finally {
    clearTimeout(timer);
  }
  const error = unknownOutcome(closedError());
  parts.submitter.abandon(error);
  parts.calls.abandon(error);
  // Goes on behind: the store is closed when the disk has answered.
  ended.catch(() => undefined);
}

async function endAll({ store, submitter, calls }: Closable): Promise<void> {
  await Promise.all([submitter.whenIdle(), calls.whenIdle()]);
  await store.close();
}
