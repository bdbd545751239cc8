//! Dedup rings: the last keyed appends of each sender in one chat, which make a retry safe.
//!
//! A ring has no time limit while its sender is joined; else it is forgotten, for good, once its
//! newest append is older than the chat's `max_age_ms`.

use crate::format::effect::DedupHashes;

/// One remembered append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub hashes: DedupHashes,
    pub seq: u64,
    pub at: u64,
}

/// The last keyed appends of one sender, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// Keyed hash of the sender's id.
    pub sender: u64,
    pub appends: Vec<Remembered>,
}

impl Ring {
    pub fn last_at(&self) -> u64 {
        self.appends.last().map_or(0, |append| append.at)
    }
}

/// All rings of a chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rings {
    rings: Vec<Ring>,
}

impl Rings {
    pub fn iterate(&self) -> impl Iterator<Item = &Ring> {
        self.rings.iter()
    }

    pub fn find(&self, sender: u64) -> Option<&Ring> {
        self.rings.iter().find(|ring| ring.sender == sender)
    }

    /// Remembers an append, forgetting the sender's oldest beyond `depth`.
    pub fn remember(&mut self, sender: u64, append: Remembered, depth: usize) {
        let place = match self.rings.iter().position(|ring| ring.sender == sender) {
            Some(place) => place,
            None => {
                self.rings.reserve_exact(1);
                self.rings.push(Ring { sender, appends: Vec::new() });
                self.rings.len() - 1
            }
        };
        if let Some(ring) = self.rings.get_mut(place) {
            let length = ring.appends.len();
            ring.appends.drain(..(length + 1).saturating_sub(depth).min(length));
            // A depth of 0, which only a planted bug has, remembers nothing.
            if depth > 0 {
                ring.appends.push(append);
            }
        }
    }

    /// Senders whose ring is older than `max_age_ms` and who are not joined.
    pub fn expired<'a>(
        &'a self,
        max_age_ms: u64,
        retention_now: u64,
        joined: impl Fn(u64) -> bool + 'a,
    ) -> impl Iterator<Item = u64> + 'a {
        let old = move |ring: &&Ring| {
            ring.last_at().saturating_add(max_age_ms) <= retention_now && !joined(ring.sender)
        };
        self.rings.iter().filter(old).map(|ring| ring.sender)
    }

    pub fn forget(&mut self, sender: u64) {
        self.rings.retain(|ring| ring.sender != sender);
    }
}
