//! What the committer shares with readers and background work: durable chat states, the journal
//! files they point into, and the tables of what is sealed.
//!
//! Locks, in this order where two are held: states, news, files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;

use crate::catalog::Catalog;
use crate::counters::Counters;
use crate::env::{Disk, DiskFile};
use crate::error::{Error, Result};
use crate::format::checksum::StoreId;
use crate::format::manifest::Manifest;
use crate::hash::Hashes;
use crate::merge::MergeCounts;
use crate::news::News;
use crate::options::{Durability, Options};
use crate::seal::SealCounts;
use crate::shelf::JournalFile;
use crate::state::pointer::Pointer;
use crate::state::{KeyMap, States};

/// One store's shared part.
pub(crate) struct Shared {
    pub store_id: StoreId,
    pub epoch: u64,
    pub hashes: Hashes,
    pub options: Options,
    pub states: RwLock<States>,
    pub news: News,
    pub catalog: Catalog,
    pub counts: SealCounts,
    pub cold_lookups: AtomicU64,
    pub merge_counts: MergeCounts,
    files: RwLock<KeyMap<u64, Arc<dyn DiskFile>>>,
}

impl Shared {
    pub fn new(disk: &Arc<dyn Disk>, manifest: Manifest, options: &Options) -> Self {
        Self {
            store_id: manifest.store_id,
            epoch: manifest.epoch,
            hashes: Hashes::new(manifest.hash_key),
            catalog: Catalog::new(disk, manifest, options.cache_bytes),
            options: options.clone(),
            counts: SealCounts::default(),
            cold_lookups: AtomicU64::new(0),
            merge_counts: MergeCounts::default(),
            states: RwLock::default(),
            news: News::default(),
            files: RwLock::default(),
        }
    }

    /// Lets readers find a journal file.
    pub fn add_file(&self, file: &JournalFile) {
        let ordinal = Pointer::file_ordinal(file.file_id);
        let [handle, _] = &file.handles;
        self.files.write().insert(ordinal, Arc::clone(handle));
    }

    /// Nobody finds this journal file any more; who has it reads on.
    pub fn remove_file(&self, file: &JournalFile) {
        self.files.write().remove(&Pointer::file_ordinal(file.file_id));
    }

    /// Syncs every journal file of the unsafe class, whose rounds are not, so that tables may rest
    /// on what is applied.
    pub fn sync_unsafe_journal(&self) -> Result<()> {
        if self.options.durability == Durability::Fsync {
            return Ok(());
        }
        self.sync_journal()
            .map_err(|source| Error::io("the journal cannot be synced", "journal", source))
    }

    fn sync_journal(&self) -> std::io::Result<()> {
        let files: Vec<Arc<dyn DiskFile>> = self.files.read().values().cloned().collect();
        files.iter().try_for_each(|file| file.sync())
    }

    /// Adds what is known of tables.
    pub fn count_tables(&self, counters: Counters) -> Counters {
        let (seals, merges) = (&self.counts, &self.merge_counts);
        let (cache_hits, cache_misses) = self.catalog.cache.hits_and_misses();
        let set = self.catalog.set();
        let tables: Vec<_> = set.iterate().collect();
        Counters {
            seals: seals.seals.load(Relaxed),
            sealed_records: seals.sealed_records.load(Relaxed),
            dropped_records: seals.dropped_records.load(Relaxed),
            segment_bytes: seals.segment_bytes.load(Relaxed),
            state_bytes: seals.state_bytes.load(Relaxed),
            inbox_bytes: seals.inbox_bytes.load(Relaxed),
            merges: merges.merges.load(Relaxed),
            merged_bytes: merges.merged_bytes_written.load(Relaxed),
            merge_debt_bytes: merges.debt_bytes.load(Relaxed),
            expired_tables: merges.expired_tables.load(Relaxed),
            background_failures: seals.given_up.load(Relaxed) + merges.given_up.load(Relaxed),
            cold_lookups: self.cold_lookups.load(Relaxed),
            cache_hits,
            cache_misses,
            tables: tables.len() as u64,
            table_bytes: tables.iter().map(|table| table.info().file_bytes).sum(),
            filter_bytes: tables.iter().map(|table| table.memory_bytes() as u64).sum(),
            ..counters
        }
    }

    /// Journal files that readers can find.
    pub fn files(&self) -> usize {
        self.files.read().len()
    }

    /// A journal file by its id.
    pub fn file_of(&self, file_id: u64) -> Option<Arc<dyn DiskFile>> {
        self.files.read().get(&Pointer::file_ordinal(file_id)).cloned()
    }

    /// The journal file a pointer names.
    pub fn file(&self, pointer: Pointer) -> Option<Arc<dyn DiskFile>> {
        self.files.read().get(&pointer.file()).cloned()
    }
}
