//! What is judged and not yet durable, per chat. Judging reads the overlay, then the state;
//! everyone else reads the state only. Owned by the committer, gone when its effects are applied.

use crate::format::effect::Raise;
use crate::ops::ChatOptions;
use crate::options::Retention;
use crate::processor::prefetch;
use crate::state::ChatIndex;
use crate::state::chat::{ChatState, effective_retention};
use crate::state::cursor::Members;
use crate::state::dedup::Remembered;
use crate::state::floor::{FloorInputs, floor};
use crate::state::quota::Quota;

/// A keyed append on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyInFlight {
    pub sender: u64,
    pub append: Remembered,
}

/// See the module. One cache line: most chats in flight have no more.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Effects laid out in a round and not yet applied.
    pub in_flight: u32,
    /// The round of the last of them.
    pub round: u64,
    pub head: u64,
    pub guard: u64,
    /// The floor that will be stored by what is in flight.
    pub floor: u64,
    more: Option<Box<More>>,
}

/// The rarer half. `None` in an optional field: as the state says.
#[derive(Debug, Default)]
pub(crate) struct More {
    members: Option<Box<Members>>,
    pub options: Option<ChatOptions>,
    pub quota: Option<Box<Quota>>,
    pub deleted: Option<Vec<(u64, u64)>>,
    /// The pinned record, if any, and whether it is deleted.
    pub pinned: Option<Option<(u64, bool)>>,
    /// In order of seq.
    pub keys: Vec<KeyInFlight>,
    /// Senders whose rings will be forgotten by what is in flight, and by which round.
    pub forgotten: Vec<(u64, u64)>,
    /// Judged acks that are in no round yet, at most one raise per seat and kind.
    pub acks: Vec<Raise>,
}

impl Overlay {
    /// Begins as the state stands.
    fn begin(&mut self, state: &ChatState) {
        self.in_flight = 0;
        self.head = state.head;
        self.guard = state.guard();
        self.floor = state.floor;
        self.more = None;
    }

    /// One more effect is laid out, in this round.
    #[inline]
    pub fn placed_in(&mut self, round: u64) {
        self.in_flight += 1;
        self.round = round;
    }

    /// The rarer half, to change.
    pub fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Judged acks that are in no round yet.
    pub fn acks(&self) -> &[Raise] {
        self.more.as_ref().map(|more| more.acks.as_slice()).unwrap_or_default()
    }

    /// Whether nothing in it waits for a disk.
    pub fn is_settled(&self) -> bool {
        self.in_flight == 0 && self.acks().is_empty()
    }

    /// The judged cursors.
    pub fn members<'a>(&'a self, state: &'a ChatState) -> Option<&'a Members> {
        let judged = self.more.as_ref().and_then(|more| more.members.as_deref());
        judged.or(state.members.as_deref())
    }

    /// The judged cursors, to change.
    pub fn members_mut(&mut self, state: &ChatState) -> &mut Members {
        let copy = || Box::new(state.members.as_deref().cloned().unwrap_or_default());
        self.more_mut().members.get_or_insert_with(copy)
    }

    /// The judged pinned record, and whether it is deleted.
    pub fn pinned(&self, state: &ChatState) -> Option<(u64, bool)> {
        let stored = || state.cold()?.pinned.map(|pinned| (pinned.seq, pinned.deleted));
        self.more.as_ref().and_then(|more| more.pinned).unwrap_or_else(stored)
    }

    /// The judged overrides, where they change.
    pub fn options(&self) -> Option<ChatOptions> {
        self.more.as_ref().and_then(|more| more.options)
    }

    pub fn retention(&self, state: &ChatState, store: &Retention) -> Retention {
        match self.options() {
            Some(options) => effective_retention(store, &options),
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

    fn forgets(&self, sender: u64) -> bool {
        let forgotten = self.more.as_ref().map(|more| more.forgotten.as_slice());
        forgotten.unwrap_or_default().iter().any(|&(forgotten, _)| forgotten == sender)
    }

    /// Drops what the state says by now: a chat that is never at rest keeps its overlay.
    fn forget_applied(&mut self, round: u64, head: u64) {
        if let Some(more) = &mut self.more {
            more.keys.retain(|key| key.append.seq > head);
            more.forgotten.retain(|&(_, forgotten_by)| forgotten_by > round);
        }
    }

    /// Whether a keyed append of this sender is on its way.
    pub fn key_in_flight(&self, sender: u64) -> bool {
        let keys = self.more.as_ref().map(|more| more.keys.as_slice()).unwrap_or_default();
        keys.iter().any(|key| key.sender == sender)
    }

    /// The append that this key names, among the sender's last `depth` keyed ones.
    pub fn remembered(
        &self,
        state: &ChatState,
        sender: u64,
        key: u64,
        depth: usize,
    ) -> Option<Remembered> {
        let keys = self.more.as_ref().map(|more| more.keys.as_slice()).unwrap_or_default();
        let own = keys.iter().rev().filter(|in_flight| in_flight.sender == sender);
        let mut count = 0;
        for in_flight in own.take(depth) {
            count += 1;
            if in_flight.append.hashes.key == key {
                return Some(in_flight.append);
            }
        }
        if self.forgets(sender) {
            return None;
        }
        let ring = state.cold()?.rings.find(sender)?;
        let durable = ring.appends.iter().rev().take(depth - count);
        durable.into_iter().find(|append| append.hashes.key == key).copied()
    }
}

/// Free overlays that are loaded ahead of use.
const FREE_AHEAD: usize = 8;

/// All overlays, by chat.
#[derive(Default)]
pub(crate) struct Overlays {
    /// By chat index: place in `slab` + 1, or 0.
    of_chat: Vec<u32>,
    slab: Vec<Overlay>,
    free: Vec<u32>,
}

impl Overlays {
    #[inline]
    fn place(&self, chat: ChatIndex) -> Option<usize> {
        let place = *self.of_chat.get(chat as usize)?;
        (place as usize).checked_sub(1)
    }

    /// Begins to load the place of a chat's overlay; see `States::touch`.
    #[inline]
    pub fn touch(&self, chat: ChatIndex) {
        if let Some(place) = self.of_chat.get(chat as usize) {
            prefetch(place);
        }
    }

    /// Begins to load the overlay itself; `touch` was long ago.
    #[inline]
    pub fn touch_overlay(&self, chat: ChatIndex) {
        if let Some(overlay) = self.get(chat) {
            prefetch(overlay);
        }
    }

    #[inline]
    pub fn get(&self, chat: ChatIndex) -> Option<&Overlay> {
        self.slab.get(self.place(chat)?)
    }

    #[inline]
    pub fn get_mut(&mut self, chat: ChatIndex) -> Option<&mut Overlay> {
        let place = self.place(chat)?;
        self.slab.get_mut(place)
    }

    /// The chat's overlay, begun from its state where there was none.
    #[inline]
    pub fn begin(&mut self, chat: ChatIndex, state: &ChatState) -> &mut Overlay {
        let place = match self.place(chat) {
            Some(place) => place,
            None => self.occupy(chat, state),
        };
        match self.slab.get_mut(place) {
            Some(overlay) => overlay,
            None => unreachable!("places name overlays of the slab"),
        }
    }

    fn occupy(&mut self, chat: ChatIndex, state: &ChatState) -> usize {
        let chat = chat as usize;
        if chat >= self.of_chat.len() {
            self.of_chat.resize((chat + 1).next_power_of_two(), 0);
        }
        // The free ones were used a round ago: the next are loaded while this one is filled.
        let soon = self.free.len().checked_sub(FREE_AHEAD).and_then(|nth| self.free.get(nth));
        if let Some(soon) = soon.and_then(|place| self.slab.get(*place as usize - 1)) {
            prefetch(soon);
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.slab.push(Overlay::default());
            u32::try_from(self.slab.len()).unwrap_or_else(|_| unreachable!("fewer than chats"))
        });
        if let Some(of_chat) = self.of_chat.get_mut(chat) {
            *of_chat = place;
        }
        let place = place as usize - 1;
        if let Some(overlay) = self.slab.get_mut(place) {
            overlay.begin(state);
        }
        place
    }

    /// One effect of the chat is applied, by `round`, and its durable head is `head`; the overlay
    /// goes when nothing in it waits any more.
    #[inline]
    pub fn applied(&mut self, chat: ChatIndex, round: u64, head: u64) {
        let Some(place) = self.place(chat) else { return };
        let Some(overlay) = self.slab.get_mut(place) else { return };
        overlay.in_flight = overlay.in_flight.saturating_sub(1);
        overlay.forget_applied(round, head);
        if overlay.is_settled() {
            self.release_settled(chat);
        }
    }

    /// Drops an overlay that holds nothing.
    #[inline]
    pub fn release_settled(&mut self, chat: ChatIndex) {
        let Some(overlay) = self.get_mut(chat) else { return };
        if !overlay.is_settled() {
            return;
        }
        overlay.more = None;
        if let Some(of_chat) = self.of_chat.get_mut(chat as usize) {
            self.free.push(*of_chat);
            *of_chat = 0;
        }
    }
}
