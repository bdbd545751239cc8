//! The chat states of a store that are in RAM, and who is joined where in them. Written by the committer alone, in
//! groups, under the write lock; read by anyone under the read lock, which nobody holds waiting.

pub(crate) mod age;
pub(crate) mod chat;
pub(crate) mod cursor;
pub(crate) mod dedup;
mod dump;
pub(crate) mod floor;
pub(crate) mod partial;
mod places;
pub(crate) mod pointer;
pub(crate) mod quota;
pub(crate) mod row;
mod table;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::format::effect::{Effect, Raise};
use crate::hash::ChatKey;
use crate::processor::prefetch_pair;
use chat::{ApplyContext, ChatState};
use cursor::ConsumerId;
use partial::Partials;
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

/// Indexes are dense: they are spread over all bits.
#[derive(Default)]
pub(crate) struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }
    fn write_u32(&mut self, value: u32) {
        // The golden ratio, in 64 bits.
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// A map whose keys are hashes.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// A consumer with cursors in RAM.
struct Consumer {
    id: ConsumerId,
    /// In which it has, or had, a cursor.
    chats: HashSet<ChatIndex, BuildHasherDefault<IndexHasher>>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct States {
    table: ChatTable,
    chats: Vec<Option<ChatState>>,
    /// Indexes of evicted chats, to be given again.
    free: Vec<ChatIndex>,
    /// Chats that replay met and nobody has asked for.
    pub partials: Partials,
    /// By the keyed hash of their ids.
    consumers: KeyMap<u64, Consumer>,
    /// The retention clock as of the last applied batch.
    pub retention_now: u64,
    /// The last applied round.
    pub round: u64,
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
        if let Some(Some(chat)) = self.chats.get(index as usize) {
            prefetch_pair(chat);
        }
    }

    /// Begins to load some chats, probably, that will be looked for soon.
    pub fn touch_all(&self, keys: impl Iterator<Item = ChatKey> + Clone) {
        keys.clone().for_each(|key| self.touch_key(key));
        keys.filter_map(|key| self.guess(key)).for_each(|index| self.touch(index));
    }

    /// Begins to load where the next record's place will be noted; `touch` was long ago.
    #[inline]
    pub fn touch_end(&self, index: ChatIndex) {
        self.chat(index).touch_end();
    }

    pub fn chat(&self, index: ChatIndex) -> &ChatState {
        match self.chats.get(index as usize) {
            Some(Some(chat)) => chat,
            _ => unreachable!("a chat whose index somebody has is not evicted"),
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
        self.insert(ChatState::new(key, chat_id))
    }

    /// A chat comes into RAM that is not there.
    fn insert(&mut self, chat: ChatState) -> ChatIndex {
        let key = chat.key;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.chats.push(None);
                ChatIndex::try_from(self.chats.len() - 1)
                    .ok()
                    .filter(|index| *index < ChatIndex::MAX)
                    .unwrap_or_else(|| unreachable!("2^32 chats in RAM"))
            }
        };
        if let Some(place) = self.chats.get_mut(index as usize) {
            *place = Some(chat);
        }
        let chats = &self.chats;
        let key_of = |index: ChatIndex| {
            chats.get(index as usize).and_then(Option::as_ref).map_or(0, |chat| chat.key)
        };
        self.table.insert(key, index, key_of);
        index
    }

    /// A chat that was looked up comes into RAM, whole.
    pub fn install(&mut self, chat: ChatState) -> ChatIndex {
        self.partials.remove(chat.key);
        let names: Vec<u64> =
            chat.members.iter().flat_map(|m| &m.cursors).map(|c| c.name).collect();
        let index = self.insert(chat);
        names.into_iter().for_each(|name| self.note_consumer(name, index));
        index
    }

    /// A consumer has a cursor in a chat, which shares its id with its others.
    fn note_consumer(&mut self, name: u64, index: ChatIndex) {
        let chat = self.chats.get_mut(index as usize).and_then(Option::as_mut);
        let Some(members) = chat.and_then(|chat| chat.members.as_mut()) else { return };
        let consumers = &mut self.consumers;
        members.share_id(name, |id| {
            let new = || Consumer { id: Arc::clone(id), chats: HashSet::default() };
            let consumer = consumers.entry(name).or_insert_with(new);
            consumer.chats.insert(index);
            Arc::clone(&consumer.id)
        });
    }

    /// The chat leaves RAM; its row is in a table. Its index will be given again.
    pub fn evict(&mut self, index: ChatIndex) {
        let Some(key) = self.chat_mut(index).map(|chat| chat.key) else { return };
        let chats = &self.chats;
        let key_of = |index: ChatIndex| {
            chats.get(index as usize).and_then(Option::as_ref).map_or(0, |chat| chat.key)
        };
        self.table.remove(key, |found| found == index, key_of);
        let Some(chat) = self.chats.get_mut(index as usize).and_then(Option::take) else { return };
        for cursor in chat.members.iter().flat_map(|members| &members.cursors) {
            self.forget_consumer(cursor.name, index);
        }
        self.free.push(index);
    }

    /// The consumer has nothing more to do with the chat.
    pub fn forget_consumer(&mut self, name: u64, index: ChatIndex) {
        if let Some(Consumer { chats, .. }) = self.consumers.get_mut(&name) {
            chats.remove(&index);
            if chats.is_empty() {
                self.consumers.remove(&name);
            }
        }
    }

    /// How many chats are in RAM.
    pub fn len(&self) -> usize {
        self.chats.len() - self.free.len()
    }

    /// The chats in RAM.
    pub fn iterate(&self) -> impl Iterator<Item = &ChatState> {
        self.chats.iter().flatten()
    }

    /// A chat, to note what changes nothing that readers see.
    pub fn chat_mut(&mut self, index: ChatIndex) -> Option<&mut ChatState> {
        self.chats.get_mut(index as usize)?.as_mut()
    }

    /// Chats in which a consumer may have a cursor; the caller looks for the cursor itself.
    pub fn chats_of(&self, consumer: u64) -> impl Iterator<Item = &ChatState> {
        let found = self.consumers.get(&consumer).into_iter();
        let chats = found.flat_map(|consumer| &consumer.chats);
        chats.filter_map(|&index| self.chats.get(index as usize)?.as_ref())
    }

    /// Applies a durable record that carries nothing but itself; says the head, as `apply`.
    #[inline]
    pub fn apply_plain(&mut self, index: ChatIndex, seq: u64, context: &ApplyContext<'_>) -> u64 {
        let Some(chat) = self.chat_mut(index) else { return 0 };
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
        let Some(chat) = self.chat_mut(index) else { return 0 };
        chat.apply(effect, context);
        let head = chat.head;
        if let Effect::Join { consumer_id, .. } = effect {
            self.note_consumer(context.hashes.name(consumer_id), index);
        }
        head
    }

    /// Only for the bug that releases records by an undurable ack.
    pub fn raise_for_planted_bug(&mut self, index: ChatIndex, raise: Raise) {
        let chat = self.chat_mut(index);
        if let Some(members) = chat.and_then(|chat| chat.members.as_mut()) {
            members.raise(raise.seat, raise.what, raise.value);
        }
    }
}
