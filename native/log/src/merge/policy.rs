//! What becomes of the sealed records of a chat, by its durable state.

use crate::error::Result;
use crate::hash::ChatKey;
use crate::lookup::Cold;
use crate::options::Retention;
use crate::planted::{Bug, planted};
use crate::seal::rows::{CLASS_FOREVER, class_of};
use crate::shared::Shared;
use crate::state::chat::ChatState;
use crate::view::Waiting;

/// As of some moment since it was asked for.
pub(super) struct ChatPolicy {
    class: u8,
    floor: u64,
    /// The pinned record, and whether it was deleted.
    pinned: Option<(u64, bool)>,
    deleted: Vec<(u64, u64)>,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
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
    fn of(chat: &ChatState, store: &Retention, retention_now: u64) -> Self {
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
        loop {
            {
                let states = shared.states.read();
                if let Some(chat) = states.find_chat(key) {
                    return Ok(Self::of(chat, store, states.retention_now));
                }
            }
            match shared.look_up(key, Waiting::Allowed)? {
                Cold::Chat(chat) => {
                    let now = shared.states.read().retention_now;
                    return Ok(Self::of(&chat, store, now));
                }
                // It came into RAM meanwhile.
                Cold::InRam => {}
                Cold::NeverSeen | Cold::WouldWait => {
                    let (class, deleted) = (CLASS_FOREVER, Vec::new());
                    return Ok(Self { class, floor: 0, pinned: None, deleted });
                }
            }
        }
    }

    /// Of the record with this seq.
    pub fn fate(&self, seq: u64) -> Fate {
        let pinned = self.pinned.filter(|&(pinned, _)| pinned == seq);
        if seq < self.floor && pinned.is_none() {
            return Fate::Dropped;
        }
        let class = if pinned.is_some() { CLASS_FOREVER } else { self.class };
        let covers = |&(from, to): &(u64, u64)| (from..=to).contains(&seq);
        let is_deleted =
            pinned.is_some_and(|(_, deleted)| deleted) || self.deleted.iter().any(covers);
        if is_deleted && !planted(Bug::DeletedRangeLostOnMerge) {
            Fate::Erased { class }
        } else {
            Fate::Kept { class }
        }
    }
}
