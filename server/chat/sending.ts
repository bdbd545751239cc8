// What sendMessage and updateChat have in common: envelopes, guards, and how they are stored.

import { type CommandOf, consumerIdOf, type StoredEnvelope } from '../../protocol/wire/index.js';
import { invalid } from './refusals.js';

type Sending = CommandOf<'sendMessage' | 'updateChat'>;

/** One for each device at most. */
export function envelopesOf({ envelopes = [] }: Sending): StoredEnvelope[] {
  const stored = envelopes.map(({ userId, deviceId, type, body }) => {
    return { consumerId: consumerIdOf({ userId, deviceId }), type, body };
  });
  if (new Set(stored.map(({ consumerId }) => consumerId)).size < stored.length) {
    throw invalid('envelopes', 'must have one for each device');
  }
  return stored;
}

/** The guard counts the changes of an encrypted group, so it goes up by one. */
export function checkGuard({ guard }: Sending): void {
  if (guard !== undefined && guard.next !== guard.expected + 1) {
    throw invalid('guard/next', 'must be one more than expected');
  }
}
