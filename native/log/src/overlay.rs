//! What is judged and not yet durable, per chat. Judging reads the overlay, then the state;
//! everyone else reads the state only. Owned by the committer, gone when its effects are applied.

use crate::format::effect::Raise;
use crate::ops::ChatOptions;
use crate::options::Retention;
use crate::state::chat::{ChatState, effective_retention};
use crate::state::cursor::Members;
use crate::state::dedup::Remembered;
use crate::state::floor::{FloorInputs, floor};
use crate::state::{ChatIndex, KeyMap};

/// A keyed append on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyInFlight {
    pub sender: u64,
    pub append: Remembered,
}

/// See the module. `None` in an optional field: as the state says.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Effects laid out in a round and not yet applied.
    pub in_flight: u32,
    pub head: u64,
    pub guard: u64,
    /// The floor that will be stored by what is in flight.
    pub floor: u64,
    pub members: Option<Box<Members>>,
    pub options: Option<ChatOptions>,
    pub deleted: Option<Vec<(u64, u64)>>,
    /// The pinned record, if any, and whether it is deleted.
    pub pinned: Option<Option<(u64, bool)>>,
    /// In order of seq.
    pub keys: Vec<KeyInFlight>,
    /// Senders whose rings will be forgotten by what is in flight.
    pub forgotten: Vec<u64>,
    /// Judged acks that are in no round yet, at most one raise per seat and kind.
    pub acks: Vec<Raise>,
}

impl Overlay {
    /// Begins as the state stands.
    fn begin(&mut self, state: &ChatState) {
        self.head = state.head;
        self.guard = state.guard;
        self.floor = state.floor;
    }

    fn clear(&mut self) {
        self.in_flight = 0;
        self.members = None;
        self.options = None;
        self.deleted = None;
        self.pinned = None;
        self.keys.clear();
        self.forgotten.clear();
        self.acks.clear();
    }

    /// Whether nothing in it waits for a disk.
    pub fn is_settled(&self) -> bool {
        self.in_flight == 0 && self.acks.is_empty()
    }

    /// The judged cursors.
    pub fn members<'a>(&'a self, state: &'a ChatState) -> Option<&'a Members> {
        self.members.as_deref().or(state.members.as_deref())
    }

    /// The judged cursors, to change.
    pub fn members_mut(&mut self, state: &ChatState) -> &mut Members {
        let copy = || Box::new(state.members.as_deref().cloned().unwrap_or_default());
        self.members.get_or_insert_with(copy)
    }

    /// The judged pinned record, and whether it is deleted.
    pub fn pinned(&self, state: &ChatState) -> Option<(u64, bool)> {
        let stored = || state.cold()?.pinned.map(|pinned| (pinned.seq, pinned.deleted));
        self.pinned.unwrap_or_else(stored)
    }

    pub fn retention(&self, state: &ChatState, store: &Retention) -> Retention {
        match &self.options {
            Some(options) => effective_retention(store, options),
            None => state.retention(store),
        }
    }

    /// The floor as it will be when everything judged is durable.
    pub fn floor_at(&self, state: &ChatState, store: &Retention, retention_now: u64) -> u64 {
        let inputs = FloorInputs {
            stored: self.floor.max(state.floor),
            head: self.head,
            ages: &state.ages,
            aged_head: state.head,
            members: self.members(state),
        };
        floor(&inputs, &self.retention(state, store), retention_now)
    }

    /// The append that this key names, among the sender's last `depth` keyed ones.
    pub fn remembered(
        &self,
        state: &ChatState,
        sender: u64,
        key: u64,
        depth: usize,
    ) -> Option<Remembered> {
        let own = self.keys.iter().rev().filter(|in_flight| in_flight.sender == sender);
        let mut count = 0;
        for in_flight in own.take(depth) {
            count += 1;
            if in_flight.append.hashes.key == key {
                return Some(in_flight.append);
            }
        }
        if self.forgotten.contains(&sender) {
            return None;
        }
        let ring = state.cold()?.rings.find(sender)?;
        let durable = ring.appends.iter().rev().take(depth - count);
        durable.into_iter().find(|append| append.hashes.key == key).copied()
    }
}

/// All overlays, by chat.
#[derive(Default)]
pub(crate) struct Overlays {
    of_chat: KeyMap<ChatIndex, u32>,
    slab: Vec<Overlay>,
    free: Vec<u32>,
}

impl Overlays {
    pub fn get(&self, chat: ChatIndex) -> Option<&Overlay> {
        self.of_chat.get(&chat).and_then(|&place| self.slab.get(place as usize))
    }

    pub fn get_mut(&mut self, chat: ChatIndex) -> Option<&mut Overlay> {
        let place = *self.of_chat.get(&chat)?;
        self.slab.get_mut(place as usize)
    }

    /// The chat's overlay, begun from its state where there was none.
    pub fn begin(&mut self, chat: ChatIndex, state: &ChatState) -> &mut Overlay {
        let (slab, free) = (&mut self.slab, &mut self.free);
        let place = *self.of_chat.entry(chat).or_insert_with(|| {
            let place = free.pop().unwrap_or_else(|| {
                slab.push(Overlay::default());
                u32::try_from(slab.len() - 1).unwrap_or_default()
            });
            if let Some(overlay) = slab.get_mut(place as usize) {
                overlay.begin(state);
            }
            place
        });
        match self.slab.get_mut(place as usize) {
            Some(overlay) => overlay,
            None => unreachable!("places name overlays of the slab"),
        }
    }

    /// One effect of the chat is applied; the overlay goes when nothing in it waits any more.
    pub fn applied(&mut self, chat: ChatIndex) {
        let Some(overlay) = self.get_mut(chat) else { return };
        overlay.in_flight = overlay.in_flight.saturating_sub(1);
        self.release_settled(chat);
    }

    /// Drops an overlay that holds nothing.
    pub fn release_settled(&mut self, chat: ChatIndex) {
        let Some(overlay) = self.get_mut(chat) else { return };
        if overlay.is_settled() {
            overlay.clear();
            if let Some(place) = self.of_chat.remove(&chat) {
                self.free.push(place);
            }
        }
    }
}
