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
    /// Replay applies effects that a sealed state has taken in already.
    ReplayIgnoresAsOf,
    /// A journal file is written again while a reader has it.
    RecycledUnderReader,
    /// While a chat is looked up, later operations on it do not wait.
    LaterOvertakesParked,
    /// State tables are merged although a newer one lies between them.
    MergedAcrossNeighbour,
    /// A merge keeps the payload of deleted records.
    DeletedRangeLostOnMerge,
    /// The row of a chat that leaves RAM does not say what was deleted.
    DeletedRangeLostOnEviction,
    /// A segment is removed by the age of the store, whatever some chats ask for.
    UnlinkedTooEarly,
    /// A row that says "ended" goes although an older table has what it ends.
    EndedRowDroppedEarly,
    /// A sealed chat's row has no dedup rings.
    RingsLostAtSeal,
    /// A row says that it has taken in an effect that came after it was copied.
    RowAheadOfItsState,
    /// A journal file is sealed although its last round is on its way.
    SealedInFlight,
    /// A chat that was looked up before a seal is installed after it.
    StaleLookupInstalled,
    /// A sealed file is written again before the manifest says that it may be.
    RecycledBeforeManifest,
    /// Inbox tables do not say in which chats a consumer lacks something.
    BehindRowLost,
    /// A seal leaves out what an ack releases that is not durable.
    SealedByUndurableAck,
    /// Effects that replay left are applied to an empty chat, not to the chat's row.
    PartialWithoutBase,
    /// The journal of a backup is linked, and goes on with the store.
    JournalLinkedInBackup,
    /// A full disk may end the replacement of the manifests between the two.
    ManifestHalfReplaced,
    /// A reader says that records are damaged which have expired while it looked for them.
    HoleWithoutLook,
}

impl Bug {
    /// Every bug, for the run that must catch them all.
    pub const ALL: [Self; 34] = [
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
        Self::ReplayIgnoresAsOf,
        Self::RecycledUnderReader,
        Self::LaterOvertakesParked,
        Self::MergedAcrossNeighbour,
        Self::DeletedRangeLostOnMerge,
        Self::DeletedRangeLostOnEviction,
        Self::UnlinkedTooEarly,
        Self::EndedRowDroppedEarly,
        Self::RingsLostAtSeal,
        Self::RowAheadOfItsState,
        Self::SealedInFlight,
        Self::StaleLookupInstalled,
        Self::RecycledBeforeManifest,
        Self::BehindRowLost,
        Self::SealedByUndurableAck,
        Self::PartialWithoutBase,
        Self::JournalLinkedInBackup,
        Self::ManifestHalfReplaced,
        Self::HoleWithoutLook,
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
