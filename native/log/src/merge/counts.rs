//! What background work added up to since the store was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// See the module.
#[derive(Default)]
pub(crate) struct MergeCounts {
    pub merges: AtomicU64,
    pub merged_bytes_read: AtomicU64,
    pub merged_bytes_written: AtomicU64,
    pub expired_tables: AtomicU64,
    pub dropped_records: AtomicU64,
    pub erased_records: AtomicU64,
    pub scrubbed_tables: AtomicU64,
    /// Bytes that waited to be merged when that was looked at last.
    pub debt_bytes: AtomicU64,
    /// Jobs that met a table which cannot be read, or a full disk.
    pub given_up: AtomicU64,
}

/// What one job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MergeTally {
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub dropped_records: u64,
    pub erased_records: u64,
}

impl MergeCounts {
    /// One more merge.
    pub fn merge(&self, tally: &MergeTally) {
        self.merges.fetch_add(1, Relaxed);
        self.merged_bytes_read.fetch_add(tally.bytes_read, Relaxed);
        self.merged_bytes_written.fetch_add(tally.bytes_written, Relaxed);
        self.dropped_records.fetch_add(tally.dropped_records, Relaxed);
        self.erased_records.fetch_add(tally.erased_records, Relaxed);
    }

    /// So many segments went unread.
    pub fn expire(&self, tables: u64) {
        self.expired_tables.fetch_add(tables, Relaxed);
    }

    /// One more table was read again.
    pub fn scrub(&self) {
        self.scrubbed_tables.fetch_add(1, Relaxed);
    }

    /// One more job gave up.
    pub fn give_up(&self) {
        self.given_up.fetch_add(1, Relaxed);
    }
}
