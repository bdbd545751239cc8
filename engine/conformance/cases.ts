// All cases of the suite. Together they hold any queue to what docs/guarantees.md promises, whether
// its store is in this process, in a thread, or elsewhere.

import { acks } from './acks.js';
import { appends } from './appends.js';
import { badInput } from './bad-input.js';
import { bulks } from './bulk.js';
import type { Case } from './case.js';
import { closings } from './closing.js';
import { conditions } from './conditions.js';
import { deletions } from './deletions.js';
import { delivery } from './delivery.js';
import { errors } from './errors.js';
import { idempotency } from './idempotency.js';
import { loads, poisonings } from './load.js';
import { joins, leaves } from './memberships.js';
import { pages } from './pages.js';
import { reads } from './reads.js';
import { ages, retention } from './retention.js';
import { sessions } from './sessions.js';
import { survivals } from './survivals.js';
import { waits } from './waiting.js';
import { windows } from './windows.js';

/** Titles are unique. */
export const cases: readonly Case[] = [
  ...appends,
  ...conditions,
  ...survivals,
  ...idempotency,
  ...reads,
  ...joins,
  ...leaves,
  ...acks,
  ...retention,
  ...ages,
  ...deletions,
  ...delivery,
  ...windows,
  ...sessions,
  ...pages,
  ...bulks,
  ...waits,
  ...closings,
  ...errors,
  ...badInput,
  ...loads,
  ...poisonings,
];
