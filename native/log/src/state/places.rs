//! Where the records of a chat lie in the journal, when that changes although the chat does not:
//! replay finds them again, and sealing forgets them.

use std::collections::VecDeque;

use super::chat::{ApplyContext, ChatState};
use super::pointer::Pointer;
use crate::format::effect::Effect;

impl ChatState {
    /// An effect that the state has taken in before: of a record, where it lies is noted, as a row
    /// does not say that of what was not sealed with it.
    pub(super) fn find_again(&mut self, effect: &Effect<'_>, context: &ApplyContext<'_>) {
        let Effect::Record(record) = effect else { return };
        if record.seq >= self.floor {
            self.records.push_back(context.pointer);
        }
        if let Some(pinned) = self.cold.as_mut().and_then(|cold| cold.pinned.as_mut())
            && pinned.seq == record.seq
        {
            pinned.pointer = Some(context.pointer);
        }
    }

    /// Forgets where the records of a journal file lie that is sealed: the oldest there are.
    pub fn forget_file(&mut self, is_sealed: impl Fn(Pointer) -> bool) {
        while self.records.front().is_some_and(|first| is_sealed(*first)) {
            self.records.pop_front();
        }
        if self.records.is_empty() {
            self.records = VecDeque::new();
        }
        if let Some(pinned) = self.cold.as_mut().and_then(|cold| cold.pinned.as_mut()) {
            pinned.pointer = pinned.pointer.filter(|pointer| !is_sealed(*pointer));
        }
    }
}
