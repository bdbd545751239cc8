//! Snapshots of rounds: what a crash may go back to.
//!
//! A round may carry the acks that nobody waits for, or not (a mark, a tick): where that cannot
//! be known, a snapshot has several versions until a reader was seen.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chat::Chats;

/// Versions of one snapshot; more cannot be told apart and are dropped, oldest first.
const VERSIONS_MAX: usize = 4;

/// The state after a round.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub number: u64,
    pub at: u64,
    pub retention_at: u64,
    /// The version that carries most.
    pub newest: Chats,
    /// What it may be instead.
    pub others: Vec<Chats>,
}

impl Snapshot {
    /// Of a store that was just made.
    pub(super) fn empty() -> Self {
        Self { number: 0, at: 0, retention_at: 0, newest: Chats::new(), others: Vec::new() }
    }

    /// The newest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = &Chats> {
        std::iter::once(&self.newest).chain(&self.others)
    }

    /// The head of a chat; the same in all versions.
    pub(super) fn head(&self, chat: &str) -> u64 {
        self.newest.get(chat).map_or(0, |chat| chat.head)
    }
}

/// The same objects, not only equal ones.
fn identical(left: &Chats, right: &Chats) -> bool {
    let same = |id: &String, chat| right.get(id).is_some_and(|other| Arc::ptr_eq(chat, other));
    left.len() == right.len() && left.iter().all(|(id, chat)| same(id, chat))
}

/// See the module. Never empty.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    kept: VecDeque<Snapshot>,
    applied: Snapshot,
}

impl Rounds {
    pub(super) fn new(first: Snapshot) -> Self {
        Self { applied: first.clone(), kept: VecDeque::from([first]) }
    }

    /// The last durable one.
    pub(super) fn applied(&self) -> &Snapshot {
        &self.applied
    }

    /// The last assembled one.
    pub(super) fn last(&self) -> &Snapshot {
        self.kept.back().unwrap_or(&self.applied)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Snapshot> {
        self.kept.iter().find(|snapshot| snapshot.number == number)
    }

    /// Assembled and not yet durable, oldest first.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = &Snapshot> {
        self.kept.iter().filter(|snapshot| snapshot.number > self.applied.number)
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Snapshot> {
        self.kept.iter().rev()
    }

    /// Adds a round after which the state is `judged`; unless it surely `carries` all that was
    /// judged, it may also have left the state as it was.
    pub(super) fn push(
        &mut self,
        number: u64,
        at: u64,
        retention_at: u64,
        judged: &Chats,
        carries: bool,
    ) {
        let mut others = Vec::new();
        if !carries {
            let other = self.last().versions().filter(|other| !identical(other, judged));
            others.extend(other.take(VERSIONS_MAX - 1).cloned());
        }
        let newest = judged.clone();
        self.kept.push_back(Snapshot { number, at, retention_at, newest, others });
    }

    /// Changes what the last round carried.
    pub(super) fn replace_last(&mut self, judged: &Chats) {
        if let Some(last) = self.kept.back_mut() {
            last.newest = judged.clone();
            last.others.clear();
            if last.number == self.applied.number {
                self.applied = last.clone();
            }
        }
    }

    /// The round is durable.
    pub(super) fn apply(&mut self, number: u64) -> Result<(), ()> {
        let snapshot = self.get(number).ok_or(())?;
        self.applied = snapshot.clone();
        Ok(())
    }

    /// The round is known to have carried all that was `judged`; false if it cannot have.
    pub(super) fn narrow(&mut self, number: u64, judged: &Chats) -> bool {
        let found = self.kept.iter_mut().find(|snapshot| snapshot.number == number);
        let Some(snapshot) = found else { return false };
        let carried = snapshot.versions().any(|version| identical(version, judged));
        if carried {
            snapshot.newest = judged.clone();
            snapshot.others.clear();
        }
        carried
    }

    /// A reader was seen to see this version of a round.
    pub(super) fn settle_on(&mut self, seen: Option<(u64, usize)>) {
        let Some((number, version)) = seen else { return };
        let found = self.kept.iter_mut().find(|snapshot| snapshot.number == number);
        let Some(snapshot) = found else { return };
        let chats = snapshot.versions().nth(version).cloned();
        if let Some(chats) = chats {
            snapshot.newest = chats;
            snapshot.others.clear();
        }
        if self.applied.number == number {
            self.applied = snapshot.clone();
        }
    }

    /// No crash goes back beyond this round any more.
    pub(super) fn forget_before(&mut self, number: u64) {
        while self.kept.len() > 1 && self.kept.front().is_some_and(|first| first.number < number) {
            self.kept.pop_front();
        }
    }
}
