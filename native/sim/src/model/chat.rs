//! One chat as the model keeps it: plain maps and vectors, nothing clever.
//!
//! Invariants: `records` holds exactly the seqs from the stored floor to the head; a cursor's
//! `received` never passes the head; `at` of a record is never below that of its predecessor.

use std::collections::BTreeMap;
use std::sync::Arc;

use foq_log::{ChatOptions, ChatRow, CursorView, GapReason, Head, Record, Retention};

use super::floor;
use super::quota::Weighed;

/// Stands for the time stamp of the round that is being assembled; later than any other.
pub(super) const COMING: u64 = u64::MAX;
/// Most ranges a rejoined cursor may have skipped.
pub(super) const HOLES_MAX: usize = 8;
/// Most joined consumers of a chat.
pub(super) const JOINED_MAX: usize = 1024;
/// Most deleted ranges of a chat.
pub(super) const DELETED_RANGES_MAX: usize = 256;

/// Chats by id; cheap to keep as a snapshot.
pub(super) type Chats = BTreeMap<String, Arc<Chat>>;

/// What never changes about a record.
#[derive(Debug)]
pub(super) struct Body {
    pub kind: u8,
    pub pin: bool,
    pub sender: String,
    pub payload: Vec<u8>,
}

/// A record in its place.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub at: u64,
    pub body: Arc<Body>,
}

/// A remembered keyed append.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub key: Arc<[u8]>,
    pub hashed: Arc<[u8]>,
    pub seq: u64,
    pub at: u64,
}

/// The end of a cursor that left while it was behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    pub leave_seq: u64,
    pub at: u64,
}

/// A consumer's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub seat: u16,
    pub join_seq: u64,
    pub received: u64,
    pub delivered: u64,
    pub read: u64,
    pub marks_seen: u32,
    pub closing: Option<Closing>,
    pub holes: Vec<(u64, u64)>,
}

/// The pinned record, readable below the floor.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    pub seq: u64,
    pub kept: Kept,
    pub deleted: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub head: u64,
    pub floor: u64,
    pub reason: GapReason,
    pub last_at: u64,
    pub guard: u64,
    pub roster: u64,
    pub marks_version: u32,
    pub options: ChatOptions,
    pub records: BTreeMap<u64, Kept>,
    pub pinned: Option<Pinned>,
    pub deleted: Vec<(u64, u64)>,
    pub cursors: BTreeMap<String, Cursor>,
    pub rings: BTreeMap<String, Vec<Remembered>>,
    pub weighed: Weighed,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            head: 0,
            floor: 1,
            reason: GapReason::Expired,
            last_at: 0,
            guard: 0,
            roster: 0,
            marks_version: 0,
            options: ChatOptions::default(),
            records: BTreeMap::new(),
            pinned: None,
            deleted: Vec::new(),
            cursors: BTreeMap::new(),
            rings: BTreeMap::new(),
            weighed: Weighed::default(),
        }
    }
}

impl Chat {
    /// The rules in force here: the store's, with this chat's overrides.
    pub(super) fn retention(&self, store: &Retention) -> Retention {
        Retention {
            keep: self.options.keep.unwrap_or(store.keep),
            max_age_ms: self.options.max_age_ms.unwrap_or(store.max_age_ms),
            keep_at_least_ms: self.options.keep_at_least_ms.unwrap_or(store.keep_at_least_ms),
            max_bytes: self.options.max_bytes.unwrap_or(store.max_bytes),
        }
    }

    /// A cursor that is there at `now`: a closing one ends by age.
    pub(super) fn cursor(&self, id: &str, store: &Retention, now: u64) -> Option<&Cursor> {
        let max_age = self.retention(store).max_age_ms;
        self.cursors.get(id).filter(|cursor| !cursor.ended(max_age, now))
    }

    /// Whether `id` is joined: a closing cursor is not.
    pub(super) fn joined(&self, id: &str) -> bool {
        self.cursors.get(id).is_some_and(|cursor| cursor.closing.is_none())
    }

    /// Cursors that are there at `now`.
    pub(super) fn live(
        &self,
        store: &Retention,
        now: u64,
    ) -> impl Iterator<Item = (&String, &Cursor)> {
        let max_age = self.retention(store).max_age_ms;
        self.cursors.iter().filter(move |(_, cursor)| !cursor.ended(max_age, now))
    }

    /// What every effect does first, so that nothing it does brings back what time has ended:
    /// the floor is stored, closing cursors that ended by age go, and so does what is remembered
    /// of silent senders.
    pub(super) fn settle(&mut self, store: &Retention, now: u64) {
        self.store_floor(store, now);
        let max_age = self.retention(store).max_age_ms;
        self.cursors.retain(|_, cursor| !cursor.ended(max_age, now));
        let cursors = &self.cursors;
        let joined =
            |id: &String| cursors.get(id).is_some_and(|cursor: &Cursor| cursor.closing.is_none());
        self.rings.retain(|sender, ring| joined(sender) || !forgotten(ring, max_age, now));
    }

    pub(super) fn store_floor(&mut self, store: &Retention, now: u64) {
        let (floor, reason) = floor::floor(self, store, now);
        self.raise_floor(floor, reason);
    }

    /// Raises the stored floor, and forgets what lies below it.
    pub(super) fn raise_floor(&mut self, floor: u64, reason: GapReason) {
        if floor <= self.floor {
            return;
        }
        self.floor = floor;
        self.reason = reason;
        self.records = self.records.split_off(&floor);
        self.deleted.retain(|&(_, to)| to >= floor);
        if let Some(first) = self.deleted.first_mut() {
            first.0 = first.0.max(floor);
        }
    }

    /// Gives everything of the coming round its time stamp.
    pub(super) fn stamp(&mut self, at: u64) {
        let fix = |slot: &mut u64| {
            if *slot == COMING {
                *slot = at;
            }
        };
        fix(&mut self.last_at);
        self.records.values_mut().rev().take_while(|kept| kept.at == COMING).for_each(|kept| {
            kept.at = at;
        });
        self.pinned.iter_mut().for_each(|pinned| fix(&mut pinned.kept.at));
        self.cursors.values_mut().filter_map(|cursor| cursor.closing.as_mut()).for_each(
            |closing| {
                fix(&mut closing.at);
            },
        );
        self.rings.values_mut().flatten().for_each(|remembered| fix(&mut remembered.at));
    }

    /// The lowest seat that nobody has.
    pub(super) fn free_seat(&self) -> u16 {
        let taken = |seat: &u16| self.cursors.values().any(|cursor| cursor.seat == *seat);
        (0..u16::MAX).find(|seat| !taken(seat)).unwrap_or(u16::MAX)
    }

    /// Whether no effect ever touched it.
    pub(super) fn never_seen(&self) -> bool {
        self.head == 0 && self.roster == 0 && self.options == ChatOptions::default()
    }

    /// Whether a seq reads as a tombstone.
    pub(super) fn is_deleted(&self, seq: u64) -> bool {
        self.deleted.iter().any(|&(from, to)| (from..=to).contains(&seq))
    }
}

/// Whether a sender that is not joined has been silent for `max_age`.
pub(super) fn forgotten(ring: &[Remembered], max_age: u64, now: u64) -> bool {
    ring.last().is_none_or(|last| last.at.saturating_add(max_age) <= now)
}

impl Cursor {
    /// Ended by age, with the grain of ages: all it could still get is too old by then.
    pub(super) fn ended(&self, max_age: u64, now: u64) -> bool {
        self.closing.is_some_and(|closing| floor::older(closing.at, max_age, now))
    }

    /// Raises `received`, and forgets the holes it passed.
    pub(super) fn receive(&mut self, up_to: u64) {
        self.received = self.received.max(up_to);
        let received = self.received;
        self.holes.retain(|&(_, to)| to > received);
    }

    /// Last seq it gets.
    pub(super) fn limit(&self, head: u64) -> u64 {
        self.closing.map_or(head, |closing| closing.leave_seq)
    }
}

/// What readers see of a chat.
impl Chat {
    pub(super) fn head_view(&self, store: &Retention, now: u64) -> Head {
        Head {
            first_seq: floor::floor(self, store, now).0,
            head_seq: self.head,
            last_at: self.last_at,
            guard: self.guard,
            roster: self.roster,
            marks_version: self.marks_version,
            options: self.options,
        }
    }

    pub(super) fn record_view(&self, seq: u64, kept: &Kept) -> Record {
        view(seq, kept, self.is_deleted(seq))
    }

    pub(super) fn pinned_view(&self) -> Option<Record> {
        self.pinned.as_ref().map(|pinned| view(pinned.seq, &pinned.kept, pinned.deleted))
    }

    /// Cursors, by consumer id.
    pub(super) fn cursor_views(&self, store: &Retention, now: u64) -> Vec<CursorView> {
        let view = |(id, cursor): (&String, &Cursor)| CursorView {
            consumer_id: id.clone(),
            seat: cursor.seat,
            join_seq: cursor.join_seq,
            received: cursor.received,
            delivered: cursor.delivered,
            read: cursor.read,
            marks_seen: cursor.marks_seen,
            leave_seq: cursor.closing.map(|closing| closing.leave_seq),
            holes: cursor.holes.clone(),
        };
        self.live(store, now).map(view).collect()
    }

    pub(super) fn row(&self, id: &str, cursor: &Cursor, store: &Retention, now: u64) -> ChatRow {
        ChatRow {
            chat_id: id.to_owned(),
            first_seq: floor::floor(self, store, now).0,
            head_seq: self.head,
            received: cursor.received,
            last_seq: cursor.limit(self.head),
            join_seq: cursor.join_seq,
            last_at: self.last_at,
            marks: self.marks_version > cursor.marks_seen,
        }
    }
}

fn view(seq: u64, kept: &Kept, deleted: bool) -> Record {
    Record {
        seq,
        at: kept.at,
        kind: kept.body.kind,
        pin: kept.body.pin,
        sender_id: kept.body.sender.clone(),
        payload: if deleted { Vec::new() } else { kept.body.payload.clone() },
        deleted,
    }
}
