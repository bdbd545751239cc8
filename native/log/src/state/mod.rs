//! All chat states of a store, and who is joined where. Written by the committer alone, in
//! groups, under the write lock; read by anyone under the read lock, which nobody holds waiting.

pub(crate) mod age;
pub(crate) mod chat;
pub(crate) mod cursor;
pub(crate) mod dedup;
pub(crate) mod floor;
pub(crate) mod pointer;
pub(crate) mod quota;
mod table;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::format::effect::{Effect, Raise};
use crate::hash::ChatKey;
use crate::processor::prefetch_pair;
use chat::{ApplyContext, ChatState};
use table::ChatTable;

/// Dense number of a chat in RAM; not stored.
pub(crate) type ChatIndex = u32;

/// Keys are hashes already: no second hash.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            if let Some(head) = word.get_mut(..chunk.len()) {
                head.copy_from_slice(chunk);
            }
            self.0 ^= u64::from_le_bytes(word);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 ^= value;
    }
}

/// A map whose keys are hashes.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// See the module.
#[derive(Default)]
pub(crate) struct States {
    table: ChatTable,
    chats: Vec<ChatState>,
    /// Consumer → chats in which it has, or had, a cursor, by the keyed hash of its id.
    consumers: KeyMap<u64, HashSet<ChatIndex>>,
    /// The retention clock as of the last applied batch.
    pub retention_now: u64,
    /// Time stamp of the last applied batch.
    pub last_at: u64,
    /// Position of the last applied effect.
    pub position: u64,
}

impl States {
    pub fn find(&self, key: ChatKey) -> Option<ChatIndex> {
        self.table.find(key, |index| self.chat(index).key == key)
    }

    /// Begins to load where the search for a chat begins; see `touch`.
    #[inline]
    pub fn touch_key(&self, key: ChatKey) {
        self.table.touch(key);
    }

    /// The chat that the key probably names, of which no more than the table was looked at.
    #[inline]
    pub fn guess(&self, key: ChatKey) -> Option<ChatIndex> {
        self.table.guess(key)
    }

    /// Begins to load a chat's state. Called for several chats in a row, so that their cache
    /// misses overlap.
    #[inline]
    pub fn touch(&self, index: ChatIndex) {
        if let Some(chat) = self.chats.get(index as usize) {
            prefetch_pair(chat);
        }
    }

    /// Begins to load where the next record's place will be noted; `touch` was long ago.
    #[inline]
    pub fn touch_end(&self, index: ChatIndex) {
        self.chat(index).touch_end();
    }

    pub fn chat(&self, index: ChatIndex) -> &ChatState {
        match self.chats.get(index as usize) {
            Some(chat) => chat,
            None => unreachable!("a chat index is never handed out before its chat"),
        }
    }

    pub fn find_chat(&self, key: ChatKey) -> Option<&ChatState> {
        self.find(key).map(|index| self.chat(index))
    }

    /// The chat's index; a never-seen one gets an empty state, which no reader can tell from none.
    pub fn find_or_insert(&mut self, key: ChatKey, chat_id: &str) -> ChatIndex {
        if let Some(index) = self.find(key) {
            return index;
        }
        let index = ChatIndex::try_from(self.chats.len())
            .ok()
            .filter(|index| *index < ChatIndex::MAX)
            .unwrap_or_else(|| unreachable!("2^32 chats in RAM"));
        self.chats.push(ChatState::new(key, chat_id));
        let chats = &self.chats;
        let key_of = |index: ChatIndex| chats.get(index as usize).map_or(0, |chat| chat.key);
        self.table.insert(key, index, key_of);
        index
    }

    /// How many chats are in RAM.
    pub fn len(&self) -> usize {
        self.chats.len()
    }

    /// Chats in the order in which they were first named, from the `begin`th.
    pub fn chats_from(&self, begin: usize) -> impl Iterator<Item = &ChatState> {
        self.chats.get(begin..).unwrap_or_default().iter()
    }

    /// Chats in which a consumer may have a cursor; the caller looks for the cursor itself.
    pub fn chats_of(&self, consumer: u64) -> impl Iterator<Item = &ChatState> {
        let indexes = self.consumers.get(&consumer);
        indexes.into_iter().flatten().map(|&index| self.chat(index))
    }

    /// Applies a durable record that carries nothing but itself; says the head, as `apply`.
    #[inline]
    pub fn apply_plain(&mut self, index: ChatIndex, seq: u64, context: &ApplyContext<'_>) -> u64 {
        let Some(chat) = self.chats.get_mut(index as usize) else { return 0 };
        chat.apply_plain(seq, context);
        chat.head
    }

    /// Applies one durable effect and keeps the consumer index a superset of the truth. Says what
    /// the chat's head is now.
    pub fn apply(
        &mut self,
        index: ChatIndex,
        effect: &Effect<'_>,
        context: &ApplyContext<'_>,
    ) -> u64 {
        let Some(chat) = self.chats.get_mut(index as usize) else { return 0 };
        chat.apply(effect, context);
        let head = chat.head;
        if let Effect::Join { consumer_id, .. } = effect {
            let name = context.hashes.name(consumer_id);
            self.consumers.entry(name).or_default().insert(index);
        }
        head
    }

    /// Only for the bug that releases records by an undurable ack.
    pub fn raise_for_planted_bug(&mut self, index: ChatIndex, raise: Raise) {
        let chat = self.chats.get_mut(index as usize);
        if let Some(members) = chat.and_then(|chat| chat.members.as_mut()) {
            members.raise(raise.seat, raise.what, raise.value);
        }
    }
}
