//! Chats that are not in RAM, as the committer deals with them: operations on one wait while it is
//! looked up by somebody else, and are judged before what came later once it is installed.
//!
//! Invariant: one caller's operations on a chat keep their order. From the first that waits until
//! the chat is installed every operation on it waits, and those are judged first.

use std::sync::Arc;

use crate::hash::ChatKey;
use crate::log::Log;
use crate::lookup::{FoundChat, Lookup};
use crate::ops::{Completion, Outcome};
use crate::parking::Parked;
use crate::planted::{Bug, planted};
use crate::state::States;
use crate::state::pointer::Pointer;

impl Log {
    /// Chats that somebody must look up, away from the committer; each result goes to `install`.
    pub fn take_lookups(&mut self) -> Vec<Lookup> {
        let shared = &self.shared;
        let lookup = |key| Lookup { key, shared: Arc::clone(shared) };
        self.lookups.drain(..).map(lookup).collect()
    }

    /// Whether somebody looks chats up, or should.
    #[must_use]
    pub fn waits_for_lookups(&self) -> bool {
        self.parking.waits()
    }

    /// A lookup is back: the chat comes into RAM, and its operations are judged next; or, where it
    /// cannot be read, are answered with why.
    pub fn install(&mut self, found: FoundChat) {
        let FoundChat { key, found, sealed_position } = found;
        let is_stale = sealed_position != self.shared.catalog.sealed_position();
        if is_stale && !planted(Bug::StaleLookupInstalled) {
            // A seal may have changed what inbox tables have of the chat, and where records lie.
            self.lookups.push(key);
            return;
        }
        match found {
            Ok(chat) => {
                let mut states = self.shared.states.write();
                if let Some(mut chat) = chat {
                    // What was let go since, or is being let go, tells this chat no more.
                    chat.forget_file(|pointer| !self.has_file(pointer));
                    if chat.as_of <= self.shared.catalog.sealed_position() {
                        self.idle.push(key);
                    }
                    states.install(*chat);
                }
                drop(states);
                self.parking.make_ready(key);
            }
            Err(error) => {
                for Parked { ticket, .. } in self.parking.leave(key) {
                    let outcome = Outcome::Failed(Box::new(error.clone()));
                    self.ready.push(Completion { ticket, outcome });
                }
            }
        }
    }

    /// Whether a pointer's file is one of the journal, and not let go.
    fn has_file(&self, pointer: Pointer) -> bool {
        let mut files = self.journal.iter().map(|part| part.file.file_id);
        files.any(|file_id| Pointer::file_ordinal(file_id) == pointer.file())
    }

    /// Looks up here and now whatever waits for it: for who closes, and has no other thread.
    pub(crate) fn look_up_parked(&mut self) {
        for lookup in self.take_lookups() {
            self.install(lookup.run());
        }
    }

    /// Whether a chat that is not in RAM may be on the disk, so that its operations must wait.
    pub(crate) fn must_look_up(&self, states: &States, key: ChatKey) -> bool {
        if planted(Bug::LaterOvertakesParked) {
            return !self.shared.is_never_seen(states, key) && !self.parking.is_looked_up(key);
        }
        self.parking.is_looked_up(key) || !self.shared.is_never_seen(states, key)
    }

    /// Keeps an operation until its chat is there.
    pub(crate) fn park(&mut self, parked: Parked) {
        let key = parked.operation.key;
        if self.parking.park(parked) {
            self.lookups.push(key);
        }
    }
}
