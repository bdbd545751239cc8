//! What a store counts about itself, as integers that only grow; nothing per chat.

/// Classes of a histogram: class 0 counts zeros, class `n` values of `2^(n-1)` up to, and without,
/// `2^n`; the last one all that is larger.
pub const HISTOGRAM_CLASSES: usize = 32;

/// Counts since the store was opened, and how it stands. Copied while they go on: each is right,
/// but not all are of the same moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Appends that were answered with a seq; repeats too.
    pub appends: u64,
    /// Acks that were answered.
    pub acks: u64,
    /// Operations that were refused, or failed.
    pub refused: u64,
    /// Durable rounds.
    pub rounds: u64,
    /// Syncs that made rounds durable; none in the unsafe class.
    pub syncs: u64,
    /// Payloads of durable records.
    pub payload_bytes: u64,
    /// Durable rounds, whole.
    pub journal_bytes: u64,
    /// Journal files written before they were needed: zeros where there was none to use again, and
    /// headers.
    pub spare_bytes: u64,
    /// Acks in them.
    pub ack_bytes: u64,
    /// Joins, leaves and what else changes memberships.
    pub membership_bytes: u64,
    /// Time of a sync in microseconds, by class.
    pub sync_us: [u64; HISTOGRAM_CLASSES],
    /// Answers that rested on one round, by class.
    pub round_operations: [u64; HISTOGRAM_CLASSES],
    /// Journal files that were sealed.
    pub seals: u64,
    /// Records that seals wrote to segments, and that they left out because nobody needs them.
    pub sealed_records: u64,
    /// See above.
    pub dropped_records: u64,
    /// Bytes of segments that seals wrote.
    pub segment_bytes: u64,
    /// Bytes of state tables that seals wrote.
    pub state_bytes: u64,
    /// Bytes of inbox tables that seals wrote.
    pub inbox_bytes: u64,
    /// Merges of tables.
    pub merges: u64,
    /// Bytes that merges wrote.
    pub merged_bytes: u64,
    /// Segments that expired whole.
    pub expired_tables: u64,
    /// Bytes that merges had still to read and write when that was looked at last.
    pub merge_debt_bytes: u64,
    /// Seals, merges and checks of tables that gave up: they met damage, or a full disk.
    pub background_failures: u64,
    /// Chats that were looked up in tables.
    pub cold_lookups: u64,
    /// Blocks of tables that were in memory when they were needed.
    pub cache_hits: u64,
    /// Blocks that had to be read.
    pub cache_misses: u64,
    /// Tables that hold data.
    pub tables: u64,
    /// Bytes of their files.
    pub table_bytes: u64,
    /// Bytes of their directories and filters in memory.
    pub filter_bytes: u64,
    /// Chats that replay left and nobody has asked for.
    pub partial_chats: u64,
    /// Chats in RAM.
    pub chats: u64,
    /// Journal files that may hold records.
    pub journal_files: u64,
    /// Bytes submitted and not settled.
    pub pending_bytes: u64,
    /// Whether the store is poisoned.
    pub poisoned: bool,
}

/// The class of a value.
pub(crate) fn class(value: u64) -> usize {
    let bits = u64::BITS - value.leading_zeros();
    usize::try_from(bits).unwrap_or_default().min(HISTOGRAM_CLASSES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_double() {
        assert_eq!([0, 1, 2, 3, 4, 7, 8].map(class), [0, 1, 2, 2, 3, 3, 4]);
        assert_eq!(class(u64::MAX), HISTOGRAM_CLASSES - 1);
    }
}
