//! Chats that replay met and nobody has asked for: effects that are not applied yet, because the
//! state below them lies in a table that replay does not read.
//!
//! So opening a store costs what its journal costs, whatever its tables hold. A chat becomes whole
//! when somebody needs it (`lookup`): its row is read and these effects are applied to it.
//!
//! Invariant: a chat is in RAM, or here, or neither, never both.

use super::KeyMap;
use super::pointer::Pointer;
use crate::format::checksum::crc32c;
use crate::hash::ChatKey;

/// One effect, where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unapplied {
    pub position: u64,
    pub pointer: Pointer,
    /// Of its bytes: they are read again, perhaps much later.
    crc: u32,
}

impl Unapplied {
    pub fn new(position: u64, pointer: Pointer, bytes: &[u8]) -> Self {
        Self { position, pointer, crc: crc32c(0, bytes) }
    }

    /// Whether these bytes are the effect.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.crc == crc32c(0, bytes)
    }
}

/// What the effects of one batch are applied under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchTimes {
    /// Position of its first effect.
    pub position: u64,
    pub at: u64,
    /// The retention clock before the batch.
    pub retention_now: u64,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Partials {
    chats: KeyMap<ChatKey, Vec<Unapplied>>,
    /// Batches that were replayed, in order.
    batches: Vec<BatchTimes>,
    /// Consumer → chats here that it joins in.
    joins: KeyMap<u64, Vec<ChatKey>>,
}

impl Partials {
    pub fn len(&self) -> usize {
        self.chats.len()
    }

    /// A batch begins.
    pub fn begin_batch(&mut self, times: BatchTimes) {
        self.batches.push(times);
    }

    /// One effect of that batch.
    pub fn add(&mut self, key: ChatKey, effect: Unapplied) {
        self.chats.entry(key).or_default().push(effect);
    }

    /// The effect added last joins a consumer.
    pub fn note_join(&mut self, name: u64, key: ChatKey) {
        self.joins.entry(name).or_default().push(key);
    }

    /// The effects of a chat, in order.
    pub fn of(&self, key: ChatKey) -> &[Unapplied] {
        self.chats.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn contains(&self, key: ChatKey) -> bool {
        !self.chats.is_empty() && self.chats.contains_key(&key)
    }

    pub fn keys(&self) -> impl Iterator<Item = ChatKey> {
        self.chats.keys().copied()
    }

    /// Chats here that a consumer joins in.
    pub fn joined_by(&self, name: u64) -> &[ChatKey] {
        self.joins.get(&name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The times of the batch that an effect belongs to.
    pub fn times_of(&self, position: u64) -> Option<BatchTimes> {
        let after = self.batches.partition_point(|batch| batch.position <= position);
        self.batches.get(after.checked_sub(1)?).copied()
    }

    /// The chat is whole.
    pub fn remove(&mut self, key: ChatKey) {
        self.chats.remove(&key);
        self.forget_if_empty();
    }

    /// Effects of the chat that are sealed are in its row now.
    pub fn forget_sealed(&mut self, key: ChatKey, sealed_position: u64) {
        if let Some(effects) = self.chats.get_mut(&key) {
            effects.retain(|effect| effect.position > sealed_position);
            if effects.is_empty() {
                self.remove(key);
            }
        }
    }

    fn forget_if_empty(&mut self) {
        if self.chats.is_empty() {
            *self = Self::default();
        }
    }
}
