//! Options of a store, with their limits. A value outside its limits is refused, never clamped.

use crate::error::{Error, Result};
use crate::ops::ChatOptions;

/// What makes a record leave before it is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// When every holder has received it (and `keep_at_least_ms` has passed).
    UntilReceived,
    /// Only by age.
    Window,
    /// Only by trim or delete.
    Forever,
}

/// Retention rules; a store has defaults, a chat may override each (`configure`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// See [`Keep`].
    pub keep: Keep,
    /// Records older than this leave, whoever has not received them. At least a minute.
    pub max_age_ms: u64,
    /// Records younger than this stay although all have received them. 0, or at least a minute.
    pub keep_at_least_ms: u64,
    /// Oldest records leave, whoever has not received them and whatever else keeps them, when a
    /// chat has more bytes than this in the journal; the grain is a sixteenth. 0 is no limit.
    pub max_bytes: u64,
}

/// What an acked append survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// fdatasync covers it before it is acked: survives power loss.
    Fsync,
    /// Only written to the page cache: survives the process, loses the tail on power loss.
    PageCacheUnsafe,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Make the store when the directory is empty or missing.
    pub create: bool,
    /// Change nothing; serve what verifies even when the journal is corrupt.
    pub read_only: bool,
    /// See [`Durability`].
    pub durability: Durability,
    /// Size of a journal file: 8 KiB to 64 MiB, a multiple of 4 KiB.
    pub journal_file_bytes: u32,
    /// Largest round: one write and one sync. 4 KiB to 2 MiB.
    pub round_bytes_max: u32,
    /// Largest payload of one record.
    pub payload_bytes_max: u32,
    /// Bytes submitted and not yet durable; beyond it `FOQ_BUSY`.
    pub pending_bytes_max: u64,
    /// Keyed appends remembered per (chat, sender).
    pub dedup_depth: u16,
    /// Acks that no one waits for become durable after this long at the latest.
    pub ack_flush_ms: u64,
    /// An idle log writes a mark after this long, and at close.
    pub idle_mark_ms: u64,
    /// Pre-written journal files kept ready.
    pub spares: u16,
    /// The oldest journal file is sealed when the journal holds more bytes than this.
    pub journal_window_bytes: u64,
    /// A journal file is sealed when its last record is older than this.
    pub journal_window_ms: u64,
    /// Blocks of tables that are kept in memory.
    pub cache_bytes: u64,
    /// Merging splits tables before they get larger than this.
    pub table_bytes_max: u64,
    /// Payloads of deleted records are gone from the disk after this long.
    pub erase_within_ms: u64,
    /// Merging reads and writes no more than this.
    pub background_bytes_per_second: u64,
    /// Retention of chats that are not configured.
    pub retention: Retention,
}

/// Shortest age by which records may expire; 0 is no age.
pub(crate) const AGE_MIN_MS: u64 = 60_000;
/// Least that a chat may be limited to; small enough to test with.
const MAX_BYTES_MIN: u64 = 512;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            durability: Durability::Fsync,
            journal_file_bytes: 64 << 20,
            round_bytes_max: 2 << 20,
            payload_bytes_max: 1 << 20,
            pending_bytes_max: 64 << 20,
            dedup_depth: 16,
            ack_flush_ms: 1000,
            idle_mark_ms: 50,
            spares: 2,
            journal_window_bytes: 1 << 30,
            journal_window_ms: 5 * 60 * 1000,
            cache_bytes: 64 << 20,
            table_bytes_max: 1 << 30,
            erase_within_ms: 2 * DAY_MS,
            background_bytes_per_second: 64 << 20,
            retention: Retention {
                keep: Keep::UntilReceived,
                max_age_ms: 30 * DAY_MS,
                keep_at_least_ms: 0,
                max_bytes: 0,
            },
        }
    }
}

impl Options {
    /// Checks every limit.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` naming the option and its limits.
    pub fn validate(&self) -> Result<()> {
        let file = self.journal_file_bytes;
        if !(8 << 10..=64 << 20).contains(&file) || !file.is_multiple_of(4096) {
            return Err(Error::invalid(
                "journalFileBytes must be a multiple of 4 KiB, 8 KiB to 64 MiB",
            ));
        }
        if !(4096..=2 << 20).contains(&self.round_bytes_max) {
            return Err(Error::invalid("roundBytesMax must be 4 KiB to 2 MiB"));
        }
        if self.payload_bytes_max == 0 || self.payload_bytes_max > 16 << 20 {
            return Err(Error::invalid("payloadBytesMax must be 1 byte to 16 MiB"));
        }
        if self.dedup_depth == 0 || self.dedup_depth > 1024 {
            return Err(Error::invalid("dedupDepth must be 1 to 1024"));
        }
        check_age("maxAge", self.retention.max_age_ms)?;
        if self.retention.keep_at_least_ms != 0 {
            check_age("keepAtLeast", self.retention.keep_at_least_ms)?;
        }
        check_max_bytes(self.retention.max_bytes)?;
        if self.journal_window_ms < 1000 {
            return Err(Error::invalid("journalWindowMs must be at least a second"));
        }
        if self.table_bytes_max < 4096 {
            return Err(Error::invalid("tableBytesMax must be at least 4 KiB"));
        }
        if self.erase_within_ms < AGE_MIN_MS || self.background_bytes_per_second == 0 {
            return Err(Error::invalid(
                "eraseWithin must be at least a minute, and some bytes move",
            ));
        }
        if self.spares == 0 {
            return Err(Error::invalid("spares must be at least 1"));
        }
        Ok(())
    }
}

/// The limits of a chat's own rules are those of the store's.
pub(crate) fn check_overrides(options: &ChatOptions) -> Result<()> {
    options.max_age_ms.map_or(Ok(()), |age| check_age("maxAge", age))?;
    let keep_at_least = options.keep_at_least_ms.filter(|&age| age != 0);
    keep_at_least.map_or(Ok(()), |age| check_age("keepAtLeast", age))?;
    check_max_bytes(options.max_bytes.unwrap_or(0))
}

/// Ages below a minute are refused.
fn check_age(name: &str, age_ms: u64) -> Result<()> {
    if age_ms < AGE_MIN_MS {
        return Err(Error::invalid(format!("{name} must be at least a minute")));
    }
    Ok(())
}

/// 0 is no limit; less than `MAX_BYTES_MIN` holds too little to be of use.
fn check_max_bytes(max_bytes: u64) -> Result<()> {
    if (1..MAX_BYTES_MIN).contains(&max_bytes) {
        return Err(Error::invalid("maxBytes must be 0, or at least 512"));
    }
    Ok(())
}
