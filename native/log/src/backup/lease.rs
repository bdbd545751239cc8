//! A lease: one moment of a store, of which nothing goes away while it lasts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::env::DiskFile;
use crate::error::{Error, Result};
use crate::format::manifest::Manifest;
use crate::shared::Shared;
use crate::table::TableKind;

/// Times that the moment is looked for again, because a seal ended meanwhile.
const TRIES_MAX: usize = 8;

/// What is leased of a store: one lease at a time.
#[derive(Default)]
pub(crate) struct Leases {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    is_taken: bool,
    tables: BTreeSet<(TableKind, u64)>,
    /// Replaced tables that still have their files.
    deferred: Vec<(TableKind, u64)>,
}

impl Leases {
    /// Whether the file of a table that no manifest lists any more must stay; it is removed when
    /// the lease ends.
    pub fn defers(&self, kind: TableKind, id: u64) -> bool {
        let mut held = self.held.lock();
        let defers = held.tables.contains(&(kind, id));
        if defers {
            held.deferred.push((kind, id));
        }
        defers
    }

    /// Replaced tables whose files are there: manifests go on saying so.
    pub fn deferred(&self) -> Vec<(TableKind, u64)> {
        self.held.lock().deferred.clone()
    }

    fn take(&self) -> Result<()> {
        let mut held = self.held.lock();
        if held.is_taken {
            return Err(Error::Busy { what: "another backup of this store is under way" });
        }
        held.is_taken = true;
        Ok(())
    }
}

/// A journal file that is not written anew as long as this is there.
pub(super) struct PinnedFile {
    pub file_id: u64,
    pub file: Arc<dyn DiskFile>,
}

/// See the module; first reserved, so that one is made at a time, then taken.
pub(super) struct Lease {
    shared: Arc<Shared>,
}

/// What a lease holds.
pub(super) struct Moment {
    /// As the manifest of the backup has it.
    pub manifest: Manifest,
    /// From the first that recovery reads, at least up to the one with the last round.
    pub files: VecDeque<PinnedFile>,
}

impl Lease {
    /// # Errors
    /// `FOQ_BUSY` while there is another.
    pub fn reserve(shared: &Arc<Shared>) -> Result<Self> {
        shared.catalog.leases.take()?;
        Ok(Self { shared: Arc::clone(shared) })
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes the lease.
    ///
    /// # Errors
    /// `FOQ_BUSY` where seals end faster than one can look.
    pub fn take(&self) -> Result<Moment> {
        for _ in 0..TRIES_MAX {
            if let Some(moment) = self.look() {
                return Ok(moment);
            }
        }
        Err(Error::Busy { what: "the journal is sealed faster than a backup can begin" })
    }

    /// The manifest first: what it does not list as sealed is in the journal, and what is applied
    /// later is in files that are still there. `None` where a seal ended in between.
    fn look(&self) -> Option<Moment> {
        let catalog = &self.shared.catalog;
        let mut manifest = {
            let mut held = catalog.leases.held.lock();
            let manifest = catalog.listed();
            held.tables = manifest.tables.iter().map(|info| (info.kind, info.id)).collect();
            Manifest::clone(&manifest)
        };
        manifest.backup_round = self.shared.states.read().round;
        let mut files = VecDeque::new();
        let mut file_id = manifest.first_file_id;
        while let Some(file) = self.shared.file_of(file_id) {
            files.push_back(PinnedFile { file_id, file });
            file_id += 1;
        }
        if files.is_empty() {
            return None;
        }
        manifest.counter = 1;
        manifest.replaced.clear();
        manifest.longest_age_ms = manifest.longest_age_ms.max(catalog.longest_age_ms());
        Some(Moment { manifest, files })
    }
}

impl Drop for Lease {
    /// The files that waited for it are removed; one that cannot be waits for the next, or for
    /// whoever opens the store.
    fn drop(&mut self) {
        let catalog = &self.shared.catalog;
        let deferred = {
            let mut held = catalog.leases.held.lock();
            held.tables.clear();
            held.deferred.clone()
        };
        for (kind, id) in deferred {
            if catalog.remove_file(kind, id).is_ok() {
                catalog.leases.held.lock().deferred.retain(|&table| table != (kind, id));
            }
        }
        catalog.leases.held.lock().is_taken = false;
    }
}
