// Counters of a store, copied from native integers when asked and never kept here.

import type { Stats } from '../protocol/index.js';
import type { NativeStats } from './native-types.js';

export function statsOf(native: NativeStats): Stats {
  const count = (name: string): number => {
    const value = native[name];
    return typeof value === 'number' ? value : 0;
  };
  return {
    appends: count('appends'),
    acks: count('acks'),
    rounds: count('rounds'),
    syncs: count('syncs'),
    payloadBytes: count('payloadBytes'),
    journalBytes: count('journalBytes'),
    spareBytes: count('spareBytes'),
    ackBytes: count('ackBytes'),
    membershipBytes: count('membershipBytes'),
    seals: count('seals'),
    sealedRecords: count('sealedRecords'),
    droppedRecords: count('droppedRecords'),
    segmentBytes: count('segmentBytes'),
    stateBytes: count('stateBytes'),
    inboxBytes: count('inboxBytes'),
    merges: count('merges'),
    mergedBytes: count('mergedBytes'),
    mergeDebtBytes: count('mergeDebtBytes'),
    expiredTables: count('expiredTables'),
    backgroundFailures: count('backgroundFailures'),
    coldLookups: count('coldLookups'),
    cacheHits: count('cacheHits'),
    cacheMisses: count('cacheMisses'),
    tables: count('tables'),
    tableBytes: count('tableBytes'),
    filterBytes: count('filterBytes'),
    partialChats: count('partialChats'),
    chats: count('chats'),
    journalFiles: count('journalFiles'),
    pendingBytes: count('pendingBytes'),
    poisoned: count('poisoned') !== 0,
    syncMicros: classesOf(native['syncMicros']),
    roundOperations: classesOf(native['roundOperations']),
  };
}

/** Class n counts what is below 2^n and not below 2^(n-1). */
function classesOf(counts: number | readonly number[] | undefined): Stats['syncMicros'] {
  if (!Array.isArray(counts)) return [];
  return (counts as readonly number[]).map((count, power) => ({ upTo: 2 ** power, count }));
}
