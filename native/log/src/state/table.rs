//! Chat key → chat index: an open-addressed table of eight-byte slots that grows a little with
//! each insert, so that no insert waits for millions of others to move.
//!
//! A slot holds 32 bits of the key and the index + 1; 0 is empty. The caller compares whole keys.
//! Invariant: every index is in exactly one of `slots` and `old`.

use super::ChatIndex;
use crate::hash::ChatKey;
use crate::processor::prefetch;

const SLOTS_MIN: usize = 1024;
/// Slots of the old table that each insert moves: it is empty long before the next growth.
const MOVED_PER_INSERT: usize = 16;

/// A slot of the old table whose chat is gone: searches go on behind it.
const REMOVED: u64 = u32::MAX as u64;

/// See the module.
pub(crate) struct ChatTable {
    slots: Vec<u64>,
    /// The table before growth, and how many of its slots have moved.
    old: Vec<u64>,
    moved: usize,
    used: usize,
}

impl Default for ChatTable {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS_MIN], old: Vec::new(), moved: 0, used: 0 }
    }
}

impl ChatTable {
    /// The index under `key`, where `is_it` says so of a candidate.
    #[inline]
    pub fn find(&self, key: ChatKey, is_it: impl Fn(ChatIndex) -> bool) -> Option<ChatIndex> {
        probe(&self.slots, key, &is_it)
            .or_else(|| if self.old.is_empty() { None } else { probe(&self.old, key, &is_it) })
    }

    /// Begins to load the slot where the search for `key` begins; see `States::touch`.
    #[inline]
    pub fn touch(&self, key: ChatKey) {
        if let Some(slot) = self.slots.get(home(&self.slots, key)) {
            prefetch(slot);
        }
    }

    /// The index where the search for `key` begins, if its slot has the key's tag.
    #[inline]
    pub fn guess(&self, key: ChatKey) -> Option<ChatIndex> {
        let found = *self.slots.get(home(&self.slots, key))?;
        if u32::try_from(found >> 32) == Ok(tag(key)) { index_of(found) } else { None }
    }

    /// Adds an index that is not there yet. `key_of` names the key of any index in the table.
    pub fn insert(
        &mut self,
        key: ChatKey,
        index: ChatIndex,
        key_of: impl Fn(ChatIndex) -> ChatKey,
    ) {
        if self.used * 2 >= self.slots.len() {
            let grown = vec![0; self.slots.len() * 2];
            self.move_old(usize::MAX, &key_of);
            self.old = std::mem::replace(&mut self.slots, grown);
            self.moved = 0;
        }
        place(&mut self.slots, key, slot(key, index));
        self.used += 1;
        self.move_old(MOVED_PER_INSERT, &key_of);
    }

    /// Takes out an index that is there.
    ///
    /// Open addressing leaves no hole behind: what lies after it in its run moves up.
    pub fn remove(
        &mut self,
        key: ChatKey,
        is_it: impl Fn(ChatIndex) -> bool,
        key_of: impl Fn(ChatIndex) -> ChatKey,
    ) {
        // The old table keeps its runs: what moved and what did not are both told apart by them.
        if !self.old.is_empty()
            && let Some(at) = probe_place(&self.old, key, &is_it)
            && let Some(slot) = self.old.get_mut(at)
        {
            *slot = REMOVED;
        }
        let mask = self.slots.len() - 1;
        self.used -= 1;
        let Some(mut hole) = probe_place(&self.slots, key, &is_it) else { return };
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(index) = self.slots.get(at).copied().and_then(index_of) else { break };
            let wanted = home(&self.slots, key_of(index));
            // It may move up where its own place is not between the hole and it.
            if (at.wrapping_sub(wanted) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots.swap(hole, at);
                hole = at;
            }
        }
        if let Some(slot) = self.slots.get_mut(hole) {
            *slot = 0;
        }
    }

    /// Moves slots of the old table. They are left where they are, too, so that probes through
    /// them still end where they should; both say the same.
    fn move_old(&mut self, count: usize, key_of: &impl Fn(ChatIndex) -> ChatKey) {
        let end = self.moved.saturating_add(count).min(self.old.len());
        for moving in self.old.get(self.moved..end).unwrap_or_default() {
            if let Some(index) = index_of(*moving).filter(|_| *moving != REMOVED) {
                place(&mut self.slots, key_of(index), *moving);
            }
        }
        self.moved = end;
        if self.moved == self.old.len() {
            self.old = Vec::new();
            self.moved = 0;
        }
    }
}

fn slot(key: ChatKey, index: ChatIndex) -> u64 {
    u64::from(tag(key)) << 32 | u64::from(index + 1)
}

fn index_of(slot: u64) -> Option<ChatIndex> {
    u32::try_from(slot & u64::from(u32::MAX)).ok().and_then(|index| index.checked_sub(1))
}

fn tag(key: ChatKey) -> u32 {
    u32::try_from(key >> 64 & u128::from(u32::MAX)).unwrap_or_default()
}

/// Where the search for a key begins.
#[inline]
fn home(slots: &[u64], key: ChatKey) -> usize {
    let low = u64::try_from(key & u128::from(u64::MAX)).unwrap_or_default();
    usize::try_from(low).unwrap_or_default() & (slots.len() - 1)
}

#[inline]
fn probe(slots: &[u64], key: ChatKey, is_it: &impl Fn(ChatIndex) -> bool) -> Option<ChatIndex> {
    index_of(*slots.get(probe_place(slots, key, is_it)?)?)
}

#[inline]
fn probe_place(slots: &[u64], key: ChatKey, is_it: &impl Fn(ChatIndex) -> bool) -> Option<usize> {
    let mut at = home(slots, key);
    // At most half of the slots are used: an empty one ends every search.
    while let Some(&found) = slots.get(at) {
        let index = index_of(found)?;
        if u32::try_from(found >> 32) == Ok(tag(key)) && found != REMOVED && is_it(index) {
            return Some(at);
        }
        at = (at + 1) & (slots.len() - 1);
    }
    None
}

fn place(slots: &mut [u64], key: ChatKey, slot: u64) {
    let mask = slots.len() - 1;
    let mut at = home(slots, key);
    while slots.get(at).is_some_and(|&taken| taken != 0) {
        at = (at + 1) & mask;
    }
    if let Some(free) = slots.get_mut(at) {
        *free = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_while_the_table_grows_and_no_other() {
        let mut table = ChatTable::default();
        let keys: Vec<ChatKey> = (0..100_000_u128)
            .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834))
            .collect();
        let is = |key: ChatKey| {
            let keys = &keys;
            move |found: ChatIndex| keys[found as usize] == key
        };
        for (index, &key) in (0..).zip(&keys) {
            assert_eq!(table.find(key, is(key)), None, "not there before");
            table.insert(key, index, |found| keys[found as usize]);
            let probe = keys[index as usize / 2];
            assert_eq!(table.find(probe, is(probe)), Some(index / 2));
        }
        for (index, &key) in (0..).zip(&keys) {
            assert_eq!(table.find(key, is(key)), Some(index));
        }
    }

    #[test]
    fn removed_keys_are_gone_and_all_others_stay_while_the_table_grows() {
        let mut table = ChatTable::default();
        // Few homes, so that runs are long.
        let keys: Vec<ChatKey> = (0..20_000_u128).map(|n| (n + 1) << 64 | (n * 7 % 3000)).collect();
        let key_of = |index: ChatIndex| keys[index as usize];
        let is = |key: ChatKey| move |found: ChatIndex| key_of(found) == key;
        let mut live = std::collections::BTreeSet::new();
        for index in 0..20_000_u32 {
            table.insert(key_of(index), index, key_of);
            live.insert(index);
            if index % 3 == 2 {
                let gone = index / 3 * 2;
                if live.remove(&gone) {
                    table.remove(key_of(gone), is(key_of(gone)), key_of);
                }
            }
            if index % 997 == 0 {
                for probe in 0..=index {
                    let found = table.find(key_of(probe), is(key_of(probe)));
                    assert_eq!(found, live.contains(&probe).then_some(probe), "{probe} at {index}");
                }
            }
        }
    }
}
