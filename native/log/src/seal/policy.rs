//! What becomes of the records of a chat when they are sealed, and when they are sealed already and
//! merged: by its durable state.

use crate::error::Result;
use crate::hash::ChatKey;
use crate::options::{Keep, Retention};
use crate::seen::Seen;
use crate::shared::Shared;
use crate::state::chat::ChatState;
use crate::view::Waiting;

/// Retention classes: whole segments expire, so what stays longer lies apart.
pub(crate) const CLASSES: u8 = 3;
pub(crate) const CLASS_LONGER: u8 = 1;
pub(crate) const CLASS_FOREVER: u8 = 2;

/// The class of a chat's records.
pub(crate) fn class_of(chat: &ChatState, store: &Retention) -> u8 {
    let retention = chat.retention(store);
    match retention.keep {
        Keep::Forever => CLASS_FOREVER,
        _ if retention.max_age_ms > store.max_age_ms => CLASS_LONGER,
        _ => 0,
    }
}

/// Whether the record with this seq lies below the chat's floor, under the store's retention by
/// its clock; then it does for ever.
pub(crate) fn is_dropped(chat: &ChatState, (store, now): (&Retention, u64), seq: u64) -> bool {
    let pinned = || Some(chat.cold()?.pinned?.seq);
    // Mostly the stored floor says it already, and it lies beside the key: cursors do not.
    is_dead(seq, chat.floor, pinned) || is_dead(seq, chat.floor_at(store, now), pinned)
}

/// Whether nothing holds a record any more: it lies below the floor, and is not the pinned one.
fn is_dead(seq: u64, floor: u64, pinned: impl FnOnce() -> Option<u64>) -> bool {
    seq < floor && pinned() != Some(seq)
}

/// As of some moment since it was asked for.
pub(crate) struct ChatPolicy {
    class: u8,
    pub floor: u64,
    /// The pinned record, and whether it was deleted.
    pinned: Option<(u64, bool)>,
    deleted: Vec<(u64, u64)>,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It lies below the floor.
    Dropped,
    Kept {
        class: u8,
    },
    /// Only its seq stays.
    Erased {
        class: u8,
    },
}

impl ChatPolicy {
    pub fn of(chat: &ChatState, store: &Retention, retention_now: u64) -> Self {
        let cold = chat.cold();
        let pinned = cold.and_then(|cold| cold.pinned);
        Self {
            class: class_of(chat, store),
            floor: chat.floor_at(store, retention_now),
            pinned: pinned.map(|pinned| (pinned.seq, pinned.deleted)),
            deleted: cold.map(|cold| cold.deleted.clone()).unwrap_or_default(),
        }
    }

    /// Of a chat, in RAM or not; waits for the disk. Records of a chat that no state is known of
    /// stay for ever: its row was in a table that was damaged and taken away.
    pub fn read(shared: &Shared, key: ChatKey) -> Result<Self> {
        let store = &shared.options.retention;
        let policy = shared.see(key, Waiting::Allowed, |Seen { chat, retention_now }| {
            chat.map(|chat| Self::of(chat, store, retention_now))
        })?;
        let unknown = || Self { class: CLASS_FOREVER, floor: 0, pinned: None, deleted: Vec::new() };
        Ok(policy.flatten().unwrap_or_else(unknown))
    }

    /// Of the record with this seq.
    pub fn fate(&self, seq: u64) -> Fate {
        if is_dead(seq, self.floor, || Some(self.pinned?.0)) {
            return Fate::Dropped;
        }
        let pinned = self.pinned.filter(|&(pinned, _)| pinned == seq);
        let class = if pinned.is_some() { CLASS_FOREVER } else { self.class };
        let covers = |&(from, to): &(u64, u64)| (from..=to).contains(&seq);
        let is_deleted =
            pinned.is_some_and(|(_, deleted)| deleted) || self.deleted.iter().any(covers);
        if is_deleted { Fate::Erased { class } } else { Fate::Kept { class } }
    }
}
