//! What sealing added up to since the store was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::SealTally;

/// See the module.
#[derive(Default)]
pub(crate) struct SealCounts {
    pub seals: AtomicU64,
    pub sealed_records: AtomicU64,
    pub dropped_records: AtomicU64,
    pub segment_bytes: AtomicU64,
    pub state_bytes: AtomicU64,
    pub inbox_bytes: AtomicU64,
    /// Seals that met damage, or a full disk.
    pub given_up: AtomicU64,
}

impl SealCounts {
    /// One more seal.
    pub fn seal(&self, tally: &SealTally) {
        self.seals.fetch_add(1, Relaxed);
        self.sealed_records.fetch_add(tally.sealed_records, Relaxed);
        self.dropped_records.fetch_add(tally.dropped_records, Relaxed);
        self.segment_bytes.fetch_add(tally.segment_bytes, Relaxed);
        self.state_bytes.fetch_add(tally.state_bytes, Relaxed);
        self.inbox_bytes.fetch_add(tally.inbox_bytes, Relaxed);
    }

    /// One more seal gave up.
    pub fn give_up(&self) {
        self.given_up.fetch_add(1, Relaxed);
    }
}
