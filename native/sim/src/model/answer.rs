//! Answers that are expected, and whether one that arrived is it.

use foq_log::{Error, Outcome};

/// When an answer may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rests {
    /// Any time after this round was applied.
    On(u64),
    /// Only after a round that is still to be assembled.
    OnComing,
}

/// An operation that was judged and not answered.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub chat: String,
    pub what: &'static str,
    pub is_ack: bool,
    pub outcome: Outcome,
    pub rests: Rests,
}

/// Whether two answers are the same to the caller; the words of an error do not count.
pub(super) fn same(left: &Outcome, right: &Outcome) -> bool {
    use Outcome::{Acked, Appended, Done, Failed, Joined};
    match (left, right) {
        (Acked, Acked) | (Done, Done) => true,
        (
            Appended { seq, at, duplicate },
            Appended { seq: seq2, at: at2, duplicate: duplicate2 },
        ) => (seq, at, duplicate) == (seq2, at2, duplicate2),
        (
            Joined { join_seq, received, first_seq, head_seq },
            Joined { join_seq: join2, received: received2, first_seq: first2, head_seq: head2 },
        ) => (join_seq, received, first_seq, head_seq) == (join2, received2, first2, head2),
        (Failed(left), Failed(right)) => same_error(left, right),
        _ => false,
    }
}

fn same_error(left: &Error, right: &Error) -> bool {
    use Error as E;
    match (left, right) {
        (E::TooLarge { limit, .. }, E::TooLarge { limit: limit2, .. }) => limit == limit2,
        (E::InvalidArgument { .. }, E::InvalidArgument { .. })
        | (E::Busy { .. }, E::Busy { .. }) => true,
        _ => left.code() == right.code() && fields(left) == fields(right),
    }
}

fn fields(error: &Error) -> (u64, u64, &str) {
    match error {
        Error::NotJoined { consumer_id } => (0, 0, consumer_id),
        Error::SeqOutOfRange { head_seq } | Error::HeadConflict { head_seq } => (*head_seq, 0, ""),
        Error::DedupConflict { seq, at } => (*seq, *at, ""),
        Error::GuardConflict { current, head_seq } => (*current, *head_seq, ""),
        Error::RosterStale { roster } => (*roster, 0, ""),
        _ => (0, 0, ""),
    }
}

/// The promise that a wrong answer breaks.
pub(super) fn broken_promise(expected: &Outcome, seen: &Outcome) -> &'static str {
    let about_key = |outcome: &Outcome| match outcome {
        Outcome::Appended { duplicate, .. } => *duplicate,
        Outcome::Failed(error) => matches!(**error, Error::DedupConflict { .. }),
        _ => false,
    };
    if about_key(expected) || about_key(seen) {
        return "I4";
    }
    match (expected, seen) {
        (Outcome::Appended { .. }, Outcome::Appended { .. }) => "I2",
        (Outcome::Failed(_), Outcome::Appended { .. }) => "I6",
        (Outcome::Acked, _) | (_, Outcome::Acked) => "I12",
        (Outcome::Joined { .. }, _) | (_, Outcome::Joined { .. }) => "I16",
        _ => "I1",
    }
}

/// Gives an answer of the coming round its time stamp.
pub(super) fn stamp(outcome: &mut Outcome, coming: u64, stamp: u64) {
    match outcome {
        Outcome::Appended { at, .. } if *at == coming => *at = stamp,
        Outcome::Failed(error) => {
            if let Error::DedupConflict { at, .. } = &mut **error
                && *at == coming
            {
                *at = stamp;
            }
        }
        _ => {}
    }
}
