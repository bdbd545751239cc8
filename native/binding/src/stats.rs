//! What JavaScript calls for the counters of a store.

use foq_log::Counters;
use napi::Either;
use napi_derive::napi;

use crate::failure::{Result, guarded};
use crate::packing::number_of;
use crate::side;

/// A number, or the numbers of classes.
type Count = Either<f64, Vec<f64>>;

/// Counters since the store was opened, as (name, value) pairs; see `foq_log::Counters`.
#[napi]
pub fn stats(side: f64, handle: f64) -> Result<Vec<(String, Count)>> {
    guarded(|| side::with(side, |side| Ok(pairs(&side.lease(handle)?.store.counters()))))
}

/// What the store suffers from now, as (kind, message) pairs; a word of `drain` names attachment 0
/// when that has changed.
#[napi]
pub fn conditions(side: f64, handle: f64) -> Result<Vec<(String, String)>> {
    guarded(|| {
        side::with(side, |side| {
            let conditions = side.lease(handle)?.store.conditions().into_iter();
            Ok(conditions.map(|found| (found.kind.to_owned(), found.message)).collect())
        })
    })
}

fn pairs(counters: &Counters) -> Vec<(String, Count)> {
    let numbers = [
        ("appends", counters.appends),
        ("acks", counters.acks),
        ("refused", counters.refused),
        ("rounds", counters.rounds),
        ("syncs", counters.syncs),
        ("payloadBytes", counters.payload_bytes),
        ("journalBytes", counters.journal_bytes),
        ("spareBytes", counters.spare_bytes),
        ("ackBytes", counters.ack_bytes),
        ("membershipBytes", counters.membership_bytes),
        ("seals", counters.seals),
        ("sealedRecords", counters.sealed_records),
        ("droppedRecords", counters.dropped_records),
        ("segmentBytes", counters.segment_bytes),
        ("stateBytes", counters.state_bytes),
        ("inboxBytes", counters.inbox_bytes),
        ("merges", counters.merges),
        ("mergedBytes", counters.merged_bytes),
        ("mergeDebtBytes", counters.merge_debt_bytes),
        ("expiredTables", counters.expired_tables),
        ("backgroundFailures", counters.background_failures),
        ("coldLookups", counters.cold_lookups),
        ("cacheHits", counters.cache_hits),
        ("cacheMisses", counters.cache_misses),
        ("tables", counters.tables),
        ("tableBytes", counters.table_bytes),
        ("filterBytes", counters.filter_bytes),
        ("partialChats", counters.partial_chats),
        ("chats", counters.chats),
        ("journalFiles", counters.journal_files),
        ("pendingBytes", counters.pending_bytes),
        ("poisoned", u64::from(counters.poisoned)),
    ];
    let classes =
        [("syncMicros", &counters.sync_us), ("roundOperations", &counters.round_operations)];
    let numbers = numbers.into_iter().map(|(name, count)| (name, Either::A(number_of(count))));
    let classes = classes.into_iter().map(|(name, counts)| {
        (name, Either::B(counts.iter().map(|count| number_of(*count)).collect()))
    });
    numbers.chain(classes).map(|(name, count)| (name.to_owned(), count)).collect()
}
