//! Planted bugs: known mistakes that the tests must catch, compiled in only with the test-only
//! feature `planted`, and even then off unless chosen at run time for the current thread.

/// The mistakes that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Operations are answered before the sync.
    AckBeforeSync,
    /// Directories are never synced.
    NoDirectorySync,
    /// Recovery cuts the log at the first bad checksum, whatever lies beyond.
    TruncateAtFirstBadChecksum,
    /// Batch checksums are not seeded, so bytes of a file's earlier life verify.
    StaleRecycledBytesAccepted,
    /// A repeat is answered while its first is still in flight.
    DuplicateAnsweredBeforeDurable,
    /// The guard is judged before idempotency.
    GuardBeforeDedup,
    /// An ack sets the cursor instead of raising it.
    CursorRegress,
    /// The read mark moves `received`.
    ReadMarkRaisesReceived,
    /// A join may lower the floor.
    FloorFallsOnJoin,
    /// An idle log, and close, write no mark.
    NoMarkBeforeIdle,
    /// A chat in which nobody holds drops its records.
    ChatWithoutConsumersDropped,
    /// A clock that jumps ahead expires records by age.
    ClockJumpErases,
    /// Records are released by an ack that is not durable.
    DropOnUndurableAck,
    /// The dedup rings are empty after reopening.
    DedupLostOnReopen,
    /// What is judged does not count what is on its way towards `maxBytes`.
    QuotaForgottenInFlight,
}

impl Bug {
    /// Every bug, for the run that must catch them all.
    pub const ALL: [Self; 15] = [
        Self::AckBeforeSync,
        Self::NoDirectorySync,
        Self::TruncateAtFirstBadChecksum,
        Self::StaleRecycledBytesAccepted,
        Self::DuplicateAnsweredBeforeDurable,
        Self::GuardBeforeDedup,
        Self::CursorRegress,
        Self::ReadMarkRaisesReceived,
        Self::FloorFallsOnJoin,
        Self::NoMarkBeforeIdle,
        Self::ChatWithoutConsumersDropped,
        Self::ClockJumpErases,
        Self::DropOnUndurableAck,
        Self::DedupLostOnReopen,
        Self::QuotaForgottenInFlight,
    ];
}

#[cfg(feature = "planted")]
thread_local! {
    static CHOSEN: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Chooses the bug of this thread, or none.
#[cfg(feature = "planted")]
pub fn choose(bug: Option<Bug>) {
    CHOSEN.with(|chosen| chosen.set(bug));
}

/// Whether `bug` is in force; constantly false without the feature.
#[inline]
#[must_use]
pub(crate) fn planted(bug: Bug) -> bool {
    #[cfg(feature = "planted")]
    return CHOSEN.with(|chosen| chosen.get() == Some(bug));
    #[cfg(not(feature = "planted"))]
    {
        let _ = bug;
        false
    }
}
