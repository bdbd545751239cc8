//! What an operation does and is answered: one function per operation, each on one chat.
//!
//! Invariant: an operation that is refused, or changes nothing, leaves the chat as it was.

use std::sync::Arc;

use foq_log::{ChatOptions, Error, GapReason, JoinAt, Outcome, Retention};

use super::append;
use super::chat::{
    COMING, Chat, Closing, Cursor, DELETED_RANGES_MAX, HOLES_MAX, JOINED_MAX, Pinned,
};
use super::floor;
use crate::operation::Op;

/// What judging needs besides the chat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub store: Retention,
    pub dedup_depth: usize,
    /// Retention time of the last round before this one.
    pub now: u64,
}

/// How an operation changed its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Not at all.
    None,
    /// Not at all, but a store may write it.
    Doubtful,
    /// An ack that nobody waits for: it goes with some later round.
    Lazy,
    /// It makes, or goes with, the coming round.
    Certain,
}

/// What became of an operation.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub outcome: Outcome,
    pub effect: Effect,
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, effect: Effect) -> Self {
        Self { outcome, effect }
    }

    pub(super) fn refused(error: Error) -> Self {
        Self::new(Outcome::Failed(Box::new(error)), Effect::None)
    }
}

/// Judges `op` on its chat; `durable_head` is what an ack may reach.
pub(super) fn judge(chat: &mut Arc<Chat>, durable_head: u64, op: &Op, rules: &Rules) -> Verdict {
    match op {
        Op::Append(append) => append::append(chat, append, rules),
        Op::Ack { .. } => ack(chat, durable_head, op, rules),
        Op::Join { consumer, at, .. } => join(chat, consumer, *at, rules),
        Op::Leave { consumer, join_seq, .. } => leave(chat, consumer, *join_seq, rules),
        Op::Forget { consumer, .. } => forget(chat, consumer, rules),
        Op::Trim { up_to_seq, .. } => trim(chat, *up_to_seq, rules),
        Op::DeleteRecords { ranges, .. } => delete_records(chat, ranges, rules),
        Op::DeleteChat { .. } => delete_chat(chat, rules),
        Op::Configure { options, .. } => configure(chat, *options, rules),
    }
}

/// The chat as an effect finds it: floor stored, ended cursors gone.
pub(super) fn settled(chat: &Chat, rules: &Rules) -> Chat {
    let mut next = chat.clone();
    next.settle(&rules.store, rules.now);
    next
}

fn ack(chat: &mut Arc<Chat>, durable_head: u64, op: &Op, rules: &Rules) -> Verdict {
    let Op::Ack { consumer, received, delivered, read, marks_seen, durable, .. } = op else {
        return Verdict::new(Outcome::Acked, Effect::None);
    };
    let Some(cursor) = chat.cursor(consumer, &rules.store, rules.now) else {
        return Verdict::refused(Error::NotJoined { consumer_id: consumer.clone() });
    };
    let limit = cursor.limit(durable_head);
    if [received, delivered, read].into_iter().flatten().any(|&seq| seq > limit) {
        return Verdict::refused(Error::SeqOutOfRange { head_seq: limit });
    }
    let old_version = chat.marks_version;
    let mut raised = cursor.clone();
    raised.receive(received.unwrap_or(0));
    raised.delivered = raised.delivered.max(delivered.unwrap_or(0));
    raised.read = raised.read.max(read.unwrap_or(0));
    raised.marks_seen = raised.marks_seen.max(marks_seen.unwrap_or(0).min(old_version));
    let shown = |cursor: &Cursor| cursor.received.max(cursor.delivered).max(cursor.read);
    let shows_more = shown(&raised) > shown(cursor) || raised.read > cursor.read;
    if raised == *cursor {
        return Verdict::new(Outcome::Acked, Effect::None);
    }
    if shows_more && raised.marks_seen == old_version {
        raised.marks_seen = old_version + 1;
    }
    let mut next = settled(chat, rules);
    next.marks_version = old_version + u32::from(shows_more);
    let ends = raised.closing.is_some_and(|closing| raised.received >= closing.leave_seq);
    next.cursors.insert(consumer.clone(), raised);
    if ends {
        // What it received last still counts, or the floor would fall where it held alone.
        next.store_floor(&rules.store, rules.now);
        next.cursors.remove(consumer);
    }
    *chat = Arc::new(next);
    Verdict::new(Outcome::Acked, if *durable { Effect::Certain } else { Effect::Lazy })
}

fn join(chat: &mut Arc<Chat>, consumer: &str, at: JoinAt, rules: &Rules) -> Verdict {
    if chat.joined(consumer) {
        let first_seq = floor::floor(chat, &rules.store, rules.now).0;
        return Verdict::new(joined(chat, consumer, first_seq), Effect::None);
    }
    let mut next = settled(chat, rules);
    let join_seq = match at {
        JoinAt::Head => next.head + 1,
        JoinAt::First => next.floor,
        JoinAt::Seq(0) => {
            return Verdict::refused(Error::InvalidArgument { what: "seq 0".to_owned() });
        }
        JoinAt::Seq(seq) if seq > next.head + 1 => {
            return Verdict::refused(Error::SeqOutOfRange { head_seq: next.head });
        }
        JoinAt::Seq(seq) => seq,
    };
    if let Err(error) = enter(&mut next, consumer, join_seq) {
        return Verdict::refused(error);
    }
    // The floor that it found; where it is the first to hold, its own join may raise it.
    let answer = joined(&next, consumer, next.floor);
    *chat = Arc::new(next);
    Verdict::new(answer, Effect::Certain)
}

fn joined(chat: &Chat, consumer: &str, first_seq: u64) -> Outcome {
    let (join_seq, received) =
        chat.cursors.get(consumer).map_or((0, 0), |cursor| (cursor.join_seq, cursor.received));
    Outcome::Joined { join_seq, received, first_seq, head_seq: chat.head }
}

/// Joins one who is not joined; a closing cursor goes on where it stands, with a hole for what
/// was written while it was away.
pub(super) fn enter(chat: &mut Chat, consumer: &str, join_seq: u64) -> Result<(), Error> {
    let in_chat = chat.cursors.values().filter(|cursor| cursor.closing.is_none()).count();
    if in_chat >= JOINED_MAX {
        return Err(Error::TooLarge { what: "joined consumers", limit: JOINED_MAX as u64 });
    }
    let seat = chat.free_seat();
    let marks_seen = chat.marks_version;
    let cursor = chat.cursors.entry(consumer.to_owned()).or_insert_with(|| Cursor {
        seat,
        join_seq,
        received: join_seq - 1,
        delivered: 0,
        read: 0,
        marks_seen,
        closing: None,
        holes: Vec::new(),
    });
    if let Some(closing) = cursor.closing {
        if join_seq > closing.leave_seq + 1 {
            if cursor.holes.len() >= HOLES_MAX {
                return Err(Error::Busy { what: "holes" });
            }
            cursor.holes.push((closing.leave_seq + 1, join_seq - 1));
        }
        cursor.closing = None;
        cursor.join_seq = join_seq;
    }
    chat.roster += 1;
    Ok(())
}

fn leave(chat: &mut Arc<Chat>, consumer: &str, join_seq: Option<u64>, rules: &Rules) -> Verdict {
    let newer = |cursor: &Cursor| join_seq.is_some_and(|given| cursor.join_seq > given);
    if !chat.joined(consumer) || chat.cursors.get(consumer).is_some_and(newer) {
        return Verdict::new(Outcome::Done, Effect::None);
    }
    let mut next = settled(chat, rules);
    exit(&mut next, consumer);
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}

/// Ends a membership at the head; a cursor that is behind goes on as a closing one.
pub(super) fn exit(chat: &mut Chat, consumer: &str) {
    let leave_seq = chat.head;
    chat.roster += 1;
    let Some(cursor) = chat.cursors.get_mut(consumer) else { return };
    cursor.closing = Some(Closing { leave_seq, at: COMING });
    if cursor.received >= leave_seq {
        chat.cursors.remove(consumer);
    }
}

fn forget(chat: &mut Arc<Chat>, consumer: &str, rules: &Rules) -> Verdict {
    let mut next = settled(chat, rules);
    let Some(cursor) = next.cursors.remove(consumer) else {
        return Verdict::new(Outcome::Done, Effect::None);
    };
    next.roster += u64::from(cursor.closing.is_none());
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}

fn trim(chat: &mut Arc<Chat>, up_to_seq: u64, rules: &Rules) -> Verdict {
    let floor = up_to_seq.min(chat.head) + 1;
    if floor <= chat.floor {
        return Verdict::new(Outcome::Done, Effect::None);
    }
    let mut next = settled(chat, rules);
    if floor <= next.floor {
        return Verdict::new(Outcome::Done, Effect::Doubtful);
    }
    next.raise_floor(floor, GapReason::Trimmed);
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}

fn delete_records(chat: &mut Arc<Chat>, ranges: &[(u64, u64)], rules: &Rules) -> Verdict {
    if ranges.iter().any(|&(from, to)| from == 0 || from > to) {
        return Verdict::refused(Error::InvalidArgument { what: "range".to_owned() });
    }
    if ranges.iter().any(|&(_, to)| to > chat.head) {
        return Verdict::refused(Error::SeqOutOfRange { head_seq: chat.head });
    }
    let mut next = settled(chat, rules);
    let before = next.deleted.clone();
    next.deleted = union(&next.deleted, ranges, next.floor);
    if next.deleted.len() > DELETED_RANGES_MAX {
        return Verdict::refused(Error::Busy { what: "deleted ranges" });
    }
    let hits = |seq: u64| ranges.iter().any(|&(from, to)| (from..=to).contains(&seq));
    next.pinned.iter_mut().for_each(|pinned: &mut Pinned| pinned.deleted |= hits(pinned.seq));
    let was_deleted = |chat: &Chat| chat.pinned.as_ref().is_some_and(|pinned| pinned.deleted);
    if next.deleted == before && was_deleted(&next) == was_deleted(chat) {
        return Verdict::new(Outcome::Done, Effect::Doubtful);
    }
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}

/// Ranges sorted and merged, without what lies below the floor.
fn union(old: &[(u64, u64)], new: &[(u64, u64)], floor: u64) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = old.iter().chain(new).copied().collect();
    all.retain(|&(_, to)| to >= floor);
    all.iter_mut().for_each(|range| range.0 = range.0.max(floor));
    all.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from, to) in all {
        match merged.last_mut() {
            Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn delete_chat(chat: &mut Arc<Chat>, rules: &Rules) -> Verdict {
    if chat.never_seen() {
        return Verdict::new(Outcome::Done, Effect::None);
    }
    let mut next = settled(chat, rules);
    if next.floor > next.head && next.cursors.is_empty() && next.pinned.is_none() {
        return Verdict::new(Outcome::Done, Effect::Doubtful);
    }
    next.raise_floor(next.head + 1, GapReason::Deleted);
    next.roster += u64::from(next.cursors.values().any(|cursor| cursor.closing.is_none()));
    next.cursors.clear();
    next.deleted.clear();
    next.pinned = None;
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}

fn configure(chat: &mut Arc<Chat>, options: ChatOptions, rules: &Rules) -> Verdict {
    if options.max_age_ms == Some(0) {
        return Verdict::refused(Error::InvalidArgument { what: "maxAge 0".to_owned() });
    }
    if chat.options == options && !chat.never_seen() {
        return Verdict::new(Outcome::Done, Effect::Doubtful);
    }
    let mut next = settled(chat, rules);
    next.reconfigured(options, &rules.store);
    *chat = Arc::new(next);
    Verdict::new(Outcome::Done, Effect::Certain)
}
