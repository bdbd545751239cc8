//! The state of one chat: durable effects only, changed by `apply` and nothing else.
//!
//! Invariants: `head` grows by one per record; `floor` never falls; `as_of` is the position of the
//! last effect, and an effect at or below it changes nothing (replay is idempotent).

use std::collections::VecDeque;

use super::age::AgeMarks;
use super::cursor::{Closing, Cursor, Joining, Members};
use super::dedup::{Remembered, Rings};
use super::floor::{FloorInputs, floor};
use super::pointer::Pointer;
use super::quota::Quota;
use crate::format::effect::{Effect, RecordEffect};
use crate::hash::{ChatKey, Hashes};
use crate::ops::ChatOptions;
use crate::options::{Keep, Retention};
use crate::planted::{Bug, planted};
use crate::processor::prefetch;
use crate::view::GapReason;

/// Deleted ranges a chat may have; they leave when the floor passes them.
pub(crate) const DELETED_RANGES_MAX: usize = 256;

/// Places that a small allocation holds.
const FEW_RECORDS: usize = 3;

const _: () = assert!(size_of::<ChatState>() == 128, "two cache lines");

/// What every effect of a batch is applied under.
#[derive(Clone, Copy)]
pub(crate) struct ApplyContext<'a> {
    pub hashes: Hashes,
    /// Defaults of the store.
    pub retention: &'a Retention,
    pub dedup_depth: usize,
    /// The retention clock *before* this batch.
    pub retention_now: u64,
    /// Time stamp of the batch.
    pub at: u64,
    /// Position of the effect.
    pub position: u64,
    /// Where the effect lies; used for records.
    pub pointer: Pointer,
}

/// The pinned record, which outlives the floor; its deletion must outlive it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinned {
    pub seq: u64,
    /// Where it lies in the journal; none once it is sealed.
    pub pointer: Option<Pointer>,
    pub deleted: bool,
}

/// The rarely used half of a chat state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cold {
    /// Why the floor rose last, unless by age or acks.
    pub floor_reason: Option<GapReason>,
    pub guard: u64,
    pub rings: Rings,
    pub pinned: Option<Pinned>,
    /// Unreadable ranges above the floor; inclusive, sorted, apart from each other.
    pub deleted: Vec<(u64, u64)>,
    pub options: ChatOptions,
    /// Missing where nothing was counted yet.
    pub quota: Option<Box<Quota>>,
}

/// See the module. Two cache lines: what an append looks at comes with them.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct ChatState {
    pub key: ChatKey,
    pub as_of: u64,
    pub head: u64,
    /// The stored floor; readers use `floor_at`.
    pub floor: u64,
    pub last_at: u64,
    pub ages: AgeMarks,
    pub chat_id: Box<str>,
    /// Places of the newest records, up to the head.
    pub(super) records: VecDeque<Pointer>,
    pub members: Option<Box<Members>>,
    pub(super) cold: Option<Box<Cold>>,
}

impl ChatState {
    /// A never-seen chat.
    pub fn new(key: ChatKey, chat_id: &str) -> Self {
        Self {
            key,
            chat_id: Box::from(chat_id),
            as_of: 0,
            head: 0,
            floor: 1,
            last_at: 0,
            ages: AgeMarks::default(),
            records: VecDeque::new(),
            members: None,
            cold: None,
        }
    }

    /// Begins to load the end of the record list; see `States::touch_end`.
    #[inline]
    pub fn touch_end(&self) {
        if let Some(last) = self.records.back() {
            prefetch(last);
        }
    }

    /// The compare-and-append counter.
    pub fn guard(&self) -> u64 {
        self.cold.as_ref().map_or(0, |cold| cold.guard)
    }

    pub fn cold(&self) -> Option<&Cold> {
        self.cold.as_deref()
    }

    /// The cold half, as a row has it.
    pub fn set_cold(&mut self, cold: Cold) {
        self.cold = Some(Box::new(cold));
    }

    pub(super) fn cold_mut(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    fn members_mut(&mut self) -> &mut Members {
        self.members.get_or_insert_default()
    }

    pub fn options(&self) -> ChatOptions {
        self.cold.as_ref().map(|cold| cold.options).unwrap_or_default()
    }

    /// The retention in force here.
    pub fn retention(&self, store: &Retention) -> Retention {
        let Some(cold) = &self.cold else { return *store };
        effective_retention(store, &cold.options)
    }

    /// The floor as readers see it at `retention_now`.
    pub fn floor_at(&self, store: &Retention, retention_now: u64) -> u64 {
        let inputs = FloorInputs {
            stored: self.floor,
            head: self.head,
            ages: &self.ages,
            aged_head: self.head,
            members: self.members.as_deref(),
        };
        floor(&inputs, &self.retention(store), retention_now)
    }

    /// Why records below `floor`, as computed by `floor_at`, are gone.
    pub fn floor_reason_at(&self, floor: u64) -> GapReason {
        let stored = || self.cold.as_ref()?.floor_reason;
        if floor > self.floor { GapReason::Expired } else { stored().unwrap_or(GapReason::Expired) }
    }

    /// Where record `seq` lies, if it is still indexed.
    pub fn pointer(&self, seq: u64) -> Option<Pointer> {
        let nth = usize::try_from(seq.checked_sub(self.records_from())?).ok()?;
        self.records.get(nth).copied()
    }

    /// Seq of the first record in the list.
    pub fn records_from(&self) -> u64 {
        self.head + 1 - self.records.len() as u64
    }

    pub fn is_deleted(&self, seq: u64) -> bool {
        let Some(cold) = &self.cold else { return false };
        cold.deleted.iter().any(|&(from, to)| (from..=to).contains(&seq))
    }

    /// Cursors that live at `retention_now`.
    pub fn cursors<'a>(
        &'a self,
        store: &Retention,
        retention_now: u64,
    ) -> impl Iterator<Item = &'a Cursor> + use<'a> {
        let max_age_ms = self.retention(store).max_age_ms;
        let cursors = self.members.as_ref().map(|members| members.cursors.as_slice());
        let cursors = cursors.unwrap_or_default().iter();
        cursors.filter(move |cursor| !cursor.ended(max_age_ms, retention_now))
    }

    /// Applies one durable effect, unless it was applied before.
    pub fn apply(&mut self, effect: &Effect<'_>, context: &ApplyContext<'_>) {
        if context.position <= self.as_of && !planted(Bug::ReplayIgnoresAsOf) {
            self.find_again(effect, context);
            return;
        }
        self.as_of = context.position;
        let is_join = matches!(effect, Effect::Join { .. });
        if !(is_join && planted(Bug::FloorFallsOnJoin)) {
            self.settle(context);
        }
        match effect {
            Effect::Record(record) => self.apply_record(record, context),
            Effect::Acks { marks_version, raises, .. } => {
                let members = self.members_mut();
                members.marks_version = members.marks_version.max(*marks_version);
                for raise in raises.iterate() {
                    members.raise(raise.seat, raise.what, raise.value);
                }
                // What an ack releases stays released although it ends its cursor.
                self.settle(context);
                self.members_mut().drop_finished();
            }
            Effect::Join { consumer_id, seat, join_seq, received, roster, .. } => {
                let joining = Joining {
                    consumer_id: std::str::from_utf8(consumer_id).unwrap_or_default(),
                    name: context.hashes.name(consumer_id),
                    seat: *seat,
                    join_seq: *join_seq,
                    received: *received,
                    roster: *roster,
                };
                self.members_mut().join(&joining);
            }
            Effect::Leave { seat, leave_seq, roster, .. } => {
                let closing = Closing { leave_seq: *leave_seq, at: context.at };
                self.members_mut().leave(*seat, closing, *roster);
            }
            Effect::Forget { seat, roster, .. } => self.members_mut().forget(*seat, *roster),
            Effect::Trim { floor, .. } => self.raise_floor(*floor, GapReason::Trimmed),
            Effect::DeleteRecords { ranges, .. } => {
                let floor = self.floor;
                let cold = self.cold_mut();
                if let Some(pinned) = &mut cold.pinned {
                    let covers = |(from, to): (u64, u64)| (from..=to).contains(&pinned.seq);
                    pinned.deleted |= ranges.iterate().any(covers);
                }
                cold.deleted = merged_ranges(&cold.deleted, ranges.iterate(), floor);
            }
            Effect::DeleteChat { floor, roster, .. } => self.apply_delete(*floor, *roster),
            Effect::Configure { keep, max_age_ms, keep_at_least_ms, max_bytes, .. } => {
                let options = ChatOptions {
                    keep: Keep::from_byte(*keep),
                    max_age_ms: *max_age_ms,
                    keep_at_least_ms: *keep_at_least_ms,
                    max_bytes: *max_bytes,
                };
                self.configure(options, context.retention);
            }
        }
    }

    /// Applies a record that carries nothing but itself: `apply` of it, decoded.
    #[inline]
    pub fn apply_plain(&mut self, seq: u64, context: &ApplyContext<'_>) {
        if context.position <= self.as_of {
            return;
        }
        self.as_of = context.position;
        self.settle(context);
        self.grow(seq, context.at, context);
    }

    /// The head becomes `seq`, and the record is found where the context says.
    #[inline]
    fn grow(&mut self, seq: u64, at: u64, context: &ApplyContext<'_>) {
        self.ages.note(at, self.head, self.floor, context.retention_now);
        self.head = seq;
        self.last_at = at;
        if self.records.capacity() == 0 {
            self.records.reserve_exact(FEW_RECORDS);
        }
        self.records.push_back(context.pointer);
        let max_bytes = self.max_bytes(context.retention);
        if max_bytes != 0 {
            self.weigh(seq, context.pointer.length_bytes(), max_bytes);
        }
    }

    /// Counts the newest record, and raises the floor where it passes the limit.
    fn weigh(&mut self, seq: u64, bytes: u64, max_bytes: u64) {
        let cold = self.cold_mut();
        let quota = cold.quota.get_or_insert_default();
        let Some(floor) = quota.count(seq, bytes, max_bytes) else { return };
        if floor == self.floor {
            // Acks may be laid out after the records they were judged before: the reason must
            // not depend on which of the two came first.
            self.cold_mut().floor_reason = Some(GapReason::Quota);
        }
        self.raise_floor(floor, GapReason::Quota);
    }

    /// What passes with time is made permanent before any effect: closing cursors that ended,
    /// rings that expired, the floor. So no effect can lower a floor or revive what was forgotten.
    fn settle(&mut self, context: &ApplyContext<'_>) {
        if self.as_of == 0 && self.head == 0 {
            return;
        }
        let now = context.retention_now;
        let retention = self.retention(context.retention);
        if let Some(members) = &mut self.members {
            members.drop_ended(retention.max_age_ms, now);
        }
        if let Some(cold) = &mut self.cold {
            let members = self.members.as_deref();
            let joined = |sender| members.is_some_and(|m| m.joined(sender).is_some());
            let expired: Vec<u64> = cold.rings.expired(retention.max_age_ms, now, joined).collect();
            for sender in expired {
                cold.rings.forget(sender);
            }
        }
        let floor = self.floor_at(context.retention, now);
        self.raise_floor(floor, GapReason::Expired);
    }

    fn raise_floor(&mut self, floor: u64, reason: GapReason) {
        if floor <= self.floor {
            return;
        }
        self.floor = floor;
        if self.cold.is_some() || reason != GapReason::Expired {
            self.cold_mut().floor_reason = Some(reason);
        }
        let dead = floor.saturating_sub(self.records_from());
        let dead = usize::try_from(dead).unwrap_or(usize::MAX).min(self.records.len());
        self.records.drain(..dead);
        if let Some(cold) = &mut self.cold {
            cold.deleted = merged_ranges(&cold.deleted, std::iter::empty(), floor);
        }
    }

    fn apply_record(&mut self, record: &RecordEffect<'_>, context: &ApplyContext<'_>) {
        self.grow(record.seq, record.at, context);
        if let Some(guard) = record.guard_after {
            self.cold_mut().guard = guard;
        }
        if record.pin {
            let (seq, pointer) = (record.seq, context.pointer);
            self.cold_mut().pinned = Some(Pinned { seq, pointer: Some(pointer), deleted: false });
        }
        if let Some(hashes) = record.dedup {
            let append = Remembered { hashes, seq: record.seq, at: record.at };
            let sender = context.hashes.name(record.sender_id);
            self.cold_mut().rings.remember(sender, append, context.dedup_depth);
        }
        if let Some((seat, true)) = record.seat {
            self.members_mut().raise(seat, crate::format::effect::raise::RECEIVED, record.seq);
        }
    }

    fn apply_delete(&mut self, floor: u64, roster: u64) {
        self.raise_floor(floor, GapReason::Deleted);
        if let Some(members) = &mut self.members {
            members.clear(roster);
        }
        if let Some(cold) = &mut self.cold {
            cold.pinned = None;
            cold.deleted.clear();
        }
    }
}

/// The store's retention under a chat's overrides.
pub(crate) fn effective_retention(store: &Retention, options: &ChatOptions) -> Retention {
    Retention {
        keep: options.keep.unwrap_or(store.keep),
        max_age_ms: options.max_age_ms.unwrap_or(store.max_age_ms),
        keep_at_least_ms: options.keep_at_least_ms.unwrap_or(store.keep_at_least_ms),
        max_bytes: options.max_bytes.unwrap_or(store.max_bytes),
    }
}

/// Union of inclusive ranges, sorted, touching ones joined, nothing below `floor`.
pub(crate) fn merged_ranges(
    existing: &[(u64, u64)],
    added: impl Iterator<Item = (u64, u64)>,
    floor: u64,
) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = existing.iter().copied().chain(added).collect();
    all.retain(|&(_, to)| to >= floor);
    all.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        let from = from.max(floor);
        match merged.last_mut() {
            Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
