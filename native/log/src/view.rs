//! What readers see: durable state only.

use crate::error::Error;
use crate::ops::ChatOptions;
use crate::options::Keep;

/// Where a chat stands. A never-seen chat has `first_seq` 1 and zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The floor: first seq that a read returns.
    pub first_seq: u64,
    /// Last durable seq.
    pub head_seq: u64,
    /// Time stamp of the newest record.
    pub last_at: u64,
    /// The compare-and-append counter.
    pub guard: u64,
    /// Grows by one with each effect that changes the joined set.
    pub roster: u64,
    /// Raised by each change of marks that others may see.
    pub marks_version: u32,
    /// Overrides of the store's retention.
    pub options: ChatOptions,
}

/// Why a range will never be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// Too old, or received by all.
    Expired,
    /// `Trim`.
    Trimmed,
    /// `DeleteChat`.
    Deleted,
    /// The chat passed its `max_bytes`.
    Quota,
    /// Written while the consumer was not joined.
    BeforeJoin,
    /// Lost with a damaged file that `repair` took away.
    Damaged,
}

/// A declared range that a reader will not get; inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First missing seq.
    pub from_seq: u64,
    /// Last missing seq.
    pub to_seq: u64,
    /// Why.
    pub reason: GapReason,
}

/// One record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number in the chat.
    pub seq: u64,
    /// Time stamp, ms since epoch.
    pub at: u64,
    /// The caller's byte.
    pub kind: u8,
    /// Whether it was appended with `pin`.
    pub pin: bool,
    /// Who sent it; empty when nobody was named.
    pub sender_id: String,
    /// The bytes; empty when `deleted`.
    pub payload: Vec<u8>,
    /// A tombstone of `DeleteRecords`.
    pub deleted: bool,
}

/// Which records to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// From this seq upwards.
    Seq(u64),
    /// The `limit` records below this seq; where they do not fit, the newest of them.
    Before(u64),
    /// The newest `limit` records, as many as fit.
    Last,
}

/// One of several requests of a read.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest<'a> {
    /// The chat.
    pub chat_id: &'a str,
    /// Where to begin.
    pub from: ReadFrom,
    /// At most so many records.
    pub limit: usize,
}

/// A record where it was read to; see [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Record")]
pub struct RecordView<'a> {
    pub seq: u64,
    pub at: u64,
    pub kind: u8,
    pub pin: bool,
    pub sender_id: &'a [u8],
    pub payload: &'a [u8],
    pub deleted: bool,
}

/// Whether a read may wait for the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It waits where it must.
    Allowed,
    /// It ends where it would have to.
    Never,
}

/// What one request was answered, besides its records.
#[derive(Clone, Debug, Default)]
pub struct ReadPart {
    /// The floor.
    pub first_seq: u64,
    /// The durable head.
    pub head_seq: u64,
    /// Set when the read began below the floor.
    pub gap: Option<Gap>,
    /// Records given.
    pub count: usize,
    /// Why there are not more.
    pub stop: ReadStop,
}

/// Why a request was given no more records.
#[derive(Clone, Debug, Default)]
pub enum ReadStop {
    /// It has all that it asked for.
    #[default]
    Complete,
    /// `bytes_max` was reached, here or by a request before it.
    BytesMax,
    /// The next record would have had to be waited for, here or by a request before it.
    WouldWait,
    /// This request failed: `FOQ_SEQ_OUT_OF_RANGE`, or `FOQ_CORRUPT` where bytes do not verify.
    Failed(Error),
}

/// Records in ascending order, and what is missing below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadResult {
    /// Ascending; at least one where there is one, whatever the byte limit.
    pub records: Vec<Record>,
    /// The floor.
    pub first_seq: u64,
    /// The durable head.
    pub head_seq: u64,
    /// Set when the read began below the floor.
    pub gap: Option<Gap>,
}

/// A consumer's place in one chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorView {
    /// Who.
    pub consumer_id: String,
    /// Its dense number in the chat.
    pub seat: u16,
    /// First seq it gets.
    pub join_seq: u64,
    /// Everything up to here is stored by it.
    pub received: u64,
    /// Independent mark.
    pub delivered: u64,
    /// Independent mark.
    pub read: u64,
    /// The others' marks it was handed.
    pub marks_seen: u32,
    /// Set on a closing cursor: last seq it gets.
    pub leave_seq: Option<u64>,
    /// Ranges above `received` it will not get (it was not joined), inclusive.
    pub holes: Vec<(u64, u64)>,
}

/// One row of a list of chats; see `pages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRow {
    /// The chat.
    pub chat_id: String,
    /// Its floor.
    pub first_seq: u64,
    /// Its head.
    pub head_seq: u64,
    /// The consumer's cursor.
    pub received: u64,
    /// Last seq that this cursor gets: the head, or a closing cursor's leaveSeq.
    pub last_seq: u64,
    /// First seq the consumer gets.
    pub join_seq: u64,
    /// Time stamp of the newest record.
    pub last_at: u64,
    /// True when others' marks changed and were not handed over.
    pub marks: bool,
}

/// A chat that changed for an attachment, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewsRow {
    /// The chat.
    pub chat_id: String,
    /// Its floor.
    pub first_seq: u64,
    /// Its head.
    pub head_seq: u64,
    /// The consumer's cursor; 0 for a watch.
    pub received: u64,
    /// Last seq that this cursor gets: the head, or a closing cursor's leaveSeq.
    pub last_seq: u64,
    /// First seq of the present membership, below which alone holes can lie; 0 for a watch.
    pub join_seq: u64,
    /// Raised by each change of marks that others may see.
    pub marks_version: u32,
    /// True when others' marks changed and were not handed over.
    pub marks: bool,
    /// The consumer has no cursor here, or no more.
    pub gone: bool,
}

/// What an attachment has to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsPage {
    /// Each changed chat once, in the order in which it first changed.
    pub rows: Vec<NewsRow>,
    /// A newer attachment of the same consumer took over; this one hears nothing more.
    pub fenced: bool,
    /// The store is poisoned or closed: nothing more will change.
    pub ended: bool,
}

impl GapReason {
    const ALL: [Self; 6] =
        [Self::Expired, Self::Trimmed, Self::Deleted, Self::BeforeJoin, Self::Quota, Self::Damaged];

    /// Its number in rows of state tables, and for who is told by a number; 0 is no reason.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Expired => 1,
            Self::Trimmed => 2,
            Self::Deleted => 3,
            Self::BeforeJoin => 4,
            Self::Quota => 5,
            Self::Damaged => 6,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}

/// How `Keep` stands in a `configure` effect; see FORMAT.md.
impl Keep {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::UntilReceived => 1,
            Self::Window => 2,
            Self::Forever => 3,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::UntilReceived),
            2 => Some(Self::Window),
            3 => Some(Self::Forever),
            _ => None,
        }
    }
}
