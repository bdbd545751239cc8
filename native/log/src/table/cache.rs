//! Blocks that were read lately, shared by all tables of a store and bounded in bytes. What was
//! used since the hand last passed stays (the CLOCK rule). Ids of tables are never used twice, so
//! blocks of removed tables only age out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::block::Block;
use super::filter::mix;
use super::kind::TableKind;

/// Parts with a lock each, so that readers rarely meet.
const SHARD_COUNT: usize = 16;

/// What a kept block costs besides its bytes.
const OVERHEAD_BYTES: usize = 128;

/// Which block.
pub(super) type BlockKey = (TableKind, u64, usize);

/// See the module.
pub(crate) struct BlockCache {
    shards: Vec<Mutex<Shard>>,
    shard_bytes_max: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Default)]
struct Shard {
    places: HashMap<BlockKey, usize>,
    kept: Vec<Kept>,
    hand: usize,
    bytes: usize,
}

struct Kept {
    key: BlockKey,
    block: Arc<Block>,
    used: bool,
}

impl BlockCache {
    /// A cache of at most `bytes_max`; 0 keeps nothing. A block larger than a sixteenth of it is
    /// never kept.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| Mutex::default()).collect(),
            shard_bytes_max: bytes_max / SHARD_COUNT,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Blocks that were found, and that were not, so far.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Bytes in use.
    #[cfg(test)]
    pub fn byte_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().bytes).sum()
    }

    fn shard(&self, key: BlockKey) -> Option<&Mutex<Shard>> {
        let (kind, id, number) = key;
        let hash = mix(mix(id ^ u64::from(kind.number()) << 56) ^ number as u64);
        self.shards.get(usize::try_from(hash % SHARD_COUNT as u64).unwrap_or_default())
    }

    pub(super) fn get(&self, key: BlockKey) -> Option<Arc<Block>> {
        let found = self.shard(key).and_then(|shard| shard.lock().get(key));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn insert(&self, key: BlockKey, block: &Arc<Block>) {
        if let Some(shard) = self.shard(key) {
            shard.lock().insert(key, block, self.shard_bytes_max);
        }
    }
}

impl Shard {
    fn get(&mut self, key: BlockKey) -> Option<Arc<Block>> {
        let place = *self.places.get(&key)?;
        let kept = self.kept.get_mut(place)?;
        kept.used = true;
        Some(Arc::clone(&kept.block))
    }

    fn insert(&mut self, key: BlockKey, block: &Arc<Block>, bytes_max: usize) {
        let bytes = cost(block);
        if bytes > bytes_max || self.places.contains_key(&key) {
            return;
        }
        while self.bytes + bytes > bytes_max {
            self.pass();
        }
        self.places.insert(key, self.kept.len());
        self.kept.push(Kept { key, block: Arc::clone(block), used: false });
        self.bytes += bytes;
    }

    /// Moves the hand over one block: it goes, unless it was used since the last time.
    fn pass(&mut self) {
        if self.hand >= self.kept.len() {
            self.hand = 0;
        }
        let Some(kept) = self.kept.get_mut(self.hand) else {
            unreachable!("an empty shard holds no bytes")
        };
        if std::mem::take(&mut kept.used) {
            self.hand += 1;
            return;
        }
        let gone = self.kept.swap_remove(self.hand);
        self.places.remove(&gone.key);
        self.bytes -= cost(&gone.block);
        if let Some(moved) = self.kept.get(self.hand) {
            self.places.insert(moved.key, self.hand);
        }
    }
}

fn cost(block: &Block) -> usize {
    block.byte_count() + OVERHEAD_BYTES
}
