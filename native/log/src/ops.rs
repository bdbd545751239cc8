//! What callers ask of the log, and what they are answered.

use crate::error::Error;
use crate::options::Keep;

/// Who sends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender<'a> {
    /// Nobody is named.
    None,
    /// A consumer that must be joined at the record's seq; see `Append::sender`.
    As(&'a str),
    /// Any name; need not be joined (back ends).
    Id(&'a str),
}

/// One append. `..Append::new(chat, payload)` fills the rest.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// The chat; 1 to 128 bytes.
    pub chat_id: &'a str,
    /// Opaque bytes.
    pub payload: &'a [u8],
    /// With `As`, the append is refused unless the sender is joined (judged after `join` and
    /// before `leave` of this append); if his `received` is seq-1 it becomes seq.
    pub sender: Sender<'a>,
    /// Makes retries safe; needs a sender; at most 128 bytes.
    pub dedup_key: Option<&'a [u8]>,
    /// Hashed for idempotency instead of the payload.
    pub dedup_over: Option<&'a [u8]>,
    /// Only if the chat's guard is the first number; it becomes the second.
    pub guard: Option<(u64, u64)>,
    /// Only if the head is this seq; 0 creates a chat once.
    pub if_head: Option<u64>,
    /// Only if the roster is this number.
    pub if_roster: Option<u64>,
    /// Join at this record's seq, atomically with it; at most 1,000.
    pub join: &'a [&'a str],
    /// Leave at this record's seq, atomically with it; at most 1,000.
    pub leave: &'a [&'a str],
    /// Becomes the chat's pinned record.
    pub pin: bool,
    /// Opaque to the log.
    pub kind: u8,
}

impl<'a> Append<'a> {
    /// A plain append.
    #[must_use]
    pub fn new(chat_id: &'a str, payload: &'a [u8]) -> Self {
        Self {
            chat_id,
            payload,
            sender: Sender::None,
            dedup_key: None,
            dedup_over: None,
            guard: None,
            if_head: None,
            if_roster: None,
            join: &[],
            leave: &[],
            pin: false,
            kind: 0,
        }
    }
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinAt {
    /// After the newest record.
    Head,
    /// At the floor.
    First,
    /// At this seq, at most head + 1.
    Seq(u64),
}

/// Overrides of a chat; `None` leaves the store's default in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatOptions {
    /// See [`Keep`].
    pub keep: Option<Keep>,
    /// See `Retention::max_age_ms`.
    pub max_age_ms: Option<u64>,
    /// See `Retention::keep_at_least_ms`.
    pub keep_at_least_ms: Option<u64>,
    /// See `Retention::max_bytes`.
    pub max_bytes: Option<u64>,
}

/// One operation on one chat.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// Answered with `Appended`.
    Append(Append<'a>),
    /// Raises a cursor; cumulative and idempotent. Each value is at most the durable head (a
    /// closing cursor: its leaveSeq). Answered with `Acked`, at once unless `durable`.
    Ack {
        /// The chat.
        chat_id: &'a str,
        /// Whose cursor.
        consumer_id: &'a str,
        /// Everything up to here is stored by this consumer.
        received: Option<u64>,
        /// Shown to the user's device.
        delivered: Option<u64>,
        /// Read by the user.
        read: Option<u64>,
        /// The others' marks up to this `marksVersion` were handed over.
        marks_seen: Option<u32>,
        /// Answer only when durable.
        durable: bool,
    },
    /// Begins to hold records. Idempotent. Answered with `Joined`.
    Join {
        /// The chat.
        chat_id: &'a str,
        /// Who joins.
        consumer_id: &'a str,
        /// Where.
        at: JoinAt,
    },
    /// Ends holding; a cursor that is behind becomes a closing one. Idempotent. Answered `Done`.
    Leave {
        /// The chat.
        chat_id: &'a str,
        /// Who leaves.
        consumer_id: &'a str,
        /// Leave only the membership that began here; a newer one stays.
        join_seq: Option<u64>,
    },
    /// Ends a membership and erases the cursor, also a closing one: what it held is released. The
    /// consumer's remembered keys stay as long as those of any sender that is not joined.
    /// Idempotent. Answered with `Done`.
    Forget {
        /// The chat.
        chat_id: &'a str,
        /// Who is forgotten.
        consumer_id: &'a str,
    },
    /// Raises the floor to `up_to_seq + 1`, at most head + 1. Answered `Done`.
    Trim {
        /// The chat.
        chat_id: &'a str,
        /// Last seq that goes.
        up_to_seq: u64,
    },
    /// Makes ranges (inclusive) unreadable; their seqs stay as tombstones. Answered `Done`.
    DeleteRecords {
        /// The chat.
        chat_id: &'a str,
        /// Inclusive ranges, each within 1..=head.
        ranges: &'a [(u64, u64)],
    },
    /// Floor becomes head + 1, all leave, the seq counter stays. Answered `Done`.
    DeleteChat {
        /// The chat.
        chat_id: &'a str,
    },
    /// Replaces the chat's overrides. Answered `Done`.
    Configure {
        /// The chat.
        chat_id: &'a str,
        /// The new overrides.
        options: ChatOptions,
    },
}

/// The answer to one operation.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The record is durable (at the store's class).
    Appended {
        /// Its number.
        seq: u64,
        /// Its time stamp, ms since epoch.
        at: u64,
        /// True when an earlier append with the same key was answered again.
        duplicate: bool,
    },
    /// The cursor was raised, or already was there.
    Acked,
    /// The consumer is joined.
    Joined {
        /// First seq it gets.
        join_seq: u64,
        /// Its cursor.
        received: u64,
        /// The floor that the join found.
        first_seq: u64,
        /// The chat's head.
        head_seq: u64,
    },
    /// Done, and durable.
    Done,
    /// Refused; nothing was written for this operation.
    Failed(Box<Error>),
}

/// Names one operation: who submitted it, and its number among that caller's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    /// The caller.
    pub caller: u32,
    /// 0, 1, 2 … per caller, in order of submission.
    pub number: u64,
}

/// One settled operation.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Which operation.
    pub ticket: Ticket,
    /// Its answer.
    pub outcome: Outcome,
}
