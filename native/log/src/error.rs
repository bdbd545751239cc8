//! One error type. Every variant has a stable code; what a caller may act on is in its fields.

use std::io;
use std::sync::Arc;

/// What went wrong. Nothing is acked on an error, and nothing acked is lost by one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sender given as `as`, or the consumer that acks, is not joined.
    #[error("{consumer_id} is not joined in this chat")]
    NotJoined {
        /// Who was refused.
        consumer_id: String,
    },
    /// A seq beyond the head (or beyond the leaveSeq of a closing cursor).
    #[error("seq is beyond the head {head_seq}")]
    SeqOutOfRange {
        /// The durable head.
        head_seq: u64,
    },
    /// The same key with another payload; carries the first answer.
    #[error("the dedupKey was used for another payload, stored as seq {seq}")]
    DedupConflict {
        /// Seq of the first append with this key.
        seq: u64,
        /// Its time stamp.
        at: u64,
    },
    /// The chat's guard is not what the caller expected.
    #[error("guard is {current}")]
    GuardConflict {
        /// The guard now.
        current: u64,
        /// The head now.
        head_seq: u64,
    },
    /// The head is not what the caller expected.
    #[error("head is {head_seq}")]
    HeadConflict {
        /// The head now.
        head_seq: u64,
    },
    /// The joined set has changed since the caller read it.
    #[error("roster is {roster}")]
    RosterStale {
        /// The roster now.
        roster: u64,
    },
    /// Over a limit that is an option or a constant of the format.
    #[error("{what} is over its limit of {limit}")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// The limit in the unit of `what`.
        limit: u64,
    },
    /// An argument that no store could take.
    #[error("invalid argument: {what}")]
    InvalidArgument {
        /// The rule that was broken.
        what: String,
    },
    /// A bounded queue is full; try again later.
    #[error("busy: {what}")]
    Busy {
        /// Which bound.
        what: &'static str,
    },
    /// Too little free disk for this kind of operation; acks, leaves, trims and deletes go on.
    #[error("disk full: {free_bytes} bytes free, {needed_bytes} needed")]
    DiskFull {
        /// Free bytes when last looked at.
        free_bytes: u64,
        /// Free bytes this kind of operation needs.
        needed_bytes: u64,
    },
    /// A write or sync failed earlier; nothing is acked until the store is reopened.
    #[error("poisoned by an earlier failure: {cause}")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// Bytes that were durable are now wrong. Never treated as the end of the log.
    #[error("corrupt: {file} bytes {from}..{to}: {what}")]
    Corrupt {
        /// The file, relative to the store.
        file: String,
        /// First bad byte.
        from: u64,
        /// One past the last bad byte.
        to: u64,
        /// What does not verify.
        what: String,
    },
    /// Another process or handle has the store.
    #[error("locked by process {pid}")]
    Locked {
        /// The holder; 0 when unknown.
        pid: u32,
    },
    /// The store was closed.
    #[error("closed")]
    Closed,
    /// The directory was written by a newer format.
    #[error("format {found} is newer than {supported}, the newest this version reads")]
    Version {
        /// Version found on disk.
        found: u32,
        /// Newest version known here.
        supported: u32,
    },
    /// The disk, the directory or the mode does not allow what was asked.
    #[error("{what} ({path})")]
    Unavailable {
        /// What could not be done.
        what: String,
        /// Which path.
        path: String,
        /// The system's reason, where there is one.
        #[source]
        source: Option<Arc<io::Error>>,
    },
}

/// Shorthand for results of the log.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The stable code that users match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJoined { .. } => "FOQ_NOT_JOINED",
            Self::SeqOutOfRange { .. } => "FOQ_SEQ_OUT_OF_RANGE",
            Self::DedupConflict { .. } => "FOQ_DEDUP_CONFLICT",
            Self::GuardConflict { .. } => "FOQ_GUARD_CONFLICT",
            Self::HeadConflict { .. } => "FOQ_HEAD_CONFLICT",
            Self::RosterStale { .. } => "FOQ_ROSTER_STALE",
            Self::TooLarge { .. } => "FOQ_TOO_LARGE",
            Self::InvalidArgument { .. } => "FOQ_INVALID_ARGUMENT",
            Self::Busy { .. } => "FOQ_BUSY",
            Self::DiskFull { .. } => "FOQ_DISK_FULL",
            Self::Poisoned { .. } => "FOQ_POISONED",
            Self::Corrupt { .. } => "FOQ_CORRUPT",
            Self::Locked { .. } => "FOQ_LOCKED",
            Self::Closed => "FOQ_CLOSED",
            Self::Version { .. } => "FOQ_VERSION",
            Self::Unavailable { .. } => "FOQ_UNAVAILABLE",
        }
    }

    /// An I/O failure with the action and the path that met it.
    pub(crate) fn io(what: impl Into<String>, path: impl Into<String>, source: io::Error) -> Self {
        let what = format!("{}: {source}", what.into());
        Self::Unavailable { what, path: path.into(), source: Some(Arc::new(source)) }
    }

    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::InvalidArgument { what: what.into() }
    }

    pub(crate) fn corrupt(
        file: impl Into<String>,
        range: std::ops::Range<u64>,
        what: impl Into<String>,
    ) -> Self {
        Self::Corrupt { file: file.into(), from: range.start, to: range.end, what: what.into() }
    }
}
