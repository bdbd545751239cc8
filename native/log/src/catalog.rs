//! The catalog: which tables a store has. Readers take the set as it is and keep it while they
//! need it; background work replaces it, and the manifest first.
//!
//! Invariants: a set that readers can take is durable in the manifest; one thread at a time
//! replaces. A file that no set names is removed only after the manifest that forgot it is durable,
//! and no backup needs it (`leases`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::backup::Leases;
use crate::env::Disk;
use crate::error::{Error, Result};
use crate::format::manifest::{Manifest, Sealed};
use crate::manifests;
use crate::table::{BlockCache, Owner, Table, TableInfo, TableKind};

/// Times that a look at tables is repeated because they were replaced meanwhile.
const TRIES_MAX: usize = 8;

/// The tables of one moment.
#[derive(Default)]
pub(crate) struct TableSet {
    /// Newest first: the first that has a row has the newest.
    pub states: Vec<Arc<Table>>,
    /// Newest first.
    pub inboxes: Vec<Arc<Table>>,
    /// Newest first; a record is in one of them.
    pub segments: Vec<Arc<Table>>,
}

impl TableSet {
    pub fn of(&self, kind: TableKind) -> &[Arc<Table>] {
        match kind {
            TableKind::State => &self.states,
            TableKind::Inbox => &self.inboxes,
            TableKind::Segment => &self.segments,
        }
    }

    pub fn iterate(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.states.iter().chain(&self.inboxes).chain(&self.segments)
    }
}

/// What a replacement of the manifest changes.
#[derive(Default)]
pub(crate) struct Change {
    pub added: Vec<TableInfo>,
    pub removed: Vec<(TableKind, u64)>,
    /// The journal is sealed up to here, and recovery begins with this file.
    pub sealed: Option<(Sealed, u64)>,
    /// Segments in which records were deleted, and when.
    pub erase: Vec<(u64, u64)>,
    /// Marks of `removed` that what is added has dealt with; others pass over to it.
    pub seen_marks: BTreeMap<u64, Mark>,
}

/// Says of a segment that it may hold payloads of deleted records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Time of the oldest deletion.
    pub at: u64,
    /// How often it was marked since the store was opened.
    count: u64,
}

/// See the module.
pub(crate) struct Catalog {
    disk: Arc<dyn Disk>,
    owner: Owner,
    pub cache: Arc<BlockCache>,
    manifest: Mutex<Manifest>,
    set: RwLock<Arc<TableSet>>,
    /// The manifest of the set; held by nobody who waits for the disk.
    listed: RwLock<Arc<Manifest>>,
    pub leases: Leases,
    next_table_id: AtomicU64,
    /// Position up to which all is sealed, as the manifest says.
    sealed_position: AtomicU64,
    /// As in the manifest, and what it will have next.
    longest_age_ms: AtomicU64,
    scrubbed_at: AtomicU64,
    marks: Mutex<BTreeMap<u64, Mark>>,
    /// Tables that are being written over a longer time; the manifest says that their files may go.
    unlisted: Mutex<BTreeSet<(TableKind, u64)>>,
}

impl Catalog {
    pub fn new(disk: &Arc<dyn Disk>, manifest: Manifest, cache_bytes: u64) -> Self {
        let owner = Owner {
            store_id: manifest.store_id,
            hash_key: manifest.hash_key,
            epoch: manifest.epoch,
        };
        let bytes_max = usize::try_from(cache_bytes).unwrap_or(usize::MAX);
        let cache = Arc::new(BlockCache::new(bytes_max));
        let catalog = Self {
            disk: Arc::clone(disk),
            owner,
            cache,
            next_table_id: AtomicU64::new(manifest.next_table_id),
            sealed_position: AtomicU64::new(manifest.sealed.position),
            longest_age_ms: AtomicU64::new(manifest.longest_age_ms),
            scrubbed_at: AtomicU64::new(manifest.scrubbed_at),
            marks: Mutex::new(marks_of(&manifest)),
            unlisted: Mutex::default(),
            listed: RwLock::new(Arc::new(manifest.clone())),
            leases: Leases::default(),
            manifest: Mutex::new(manifest),
            set: RwLock::default(),
        };
        let set = catalog.set_of(&catalog.manifest.lock(), &TableSet::default());
        *catalog.set.write() = Arc::new(set);
        catalog
    }

    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The tables as they are now.
    pub fn set(&self) -> Arc<TableSet> {
        Arc::clone(&self.set.read())
    }

    /// The manifest that lists these tables.
    pub fn listed(&self) -> Arc<Manifest> {
        Arc::clone(&self.listed.read())
    }

    /// Position up to which all is in tables.
    pub fn sealed_position(&self) -> u64 {
        self.sealed_position.load(Ordering::Acquire)
    }

    /// An id for a table that is about to be written.
    pub fn new_table_id(&self) -> u64 {
        self.next_table_id.fetch_add(1, Ordering::Relaxed)
    }

    /// An id for a table that is written while others come and go. Until it is added, whoever opens
    /// the store removes its file.
    pub fn new_unlisted_table(&self, kind: TableKind) -> u64 {
        let id = self.new_table_id();
        self.unlisted.lock().insert((kind, id));
        id
    }

    /// Such a table was given up, and has no file.
    pub fn forget_unlisted(&self, kind: TableKind, id: u64) {
        self.unlisted.lock().remove(&(kind, id));
    }

    /// The id that the next table gets.
    pub fn next_table_id(&self) -> u64 {
        self.next_table_id.load(Ordering::Relaxed)
    }

    /// Removes what tables with ids from here on have left, as far as possible: they were given up,
    /// and no manifest has ever named them.
    pub fn discard_from(&self, first_id: u64) {
        for id in first_id..self.next_table_id() {
            for kind in TableKind::ALL {
                let _ = self.disk.remove(&kind.temporary_path(id));
                let _ = self.disk.remove(&kind.path(id));
            }
        }
    }

    /// Greatest age that a chat was ever told to keep records for.
    pub fn longest_age_ms(&self) -> u64 {
        self.longest_age_ms.load(Ordering::Acquire)
    }

    /// A chat is told so; the next manifest has it.
    pub fn note_age(&self, age_ms: u64) {
        self.longest_age_ms.fetch_max(age_ms, Ordering::AcqRel);
    }

    /// Up to which moment tables were read again.
    pub fn scrubbed_at(&self) -> u64 {
        self.scrubbed_at.load(Ordering::Acquire)
    }

    /// The next manifest has it.
    pub fn note_scrubbed(&self, moment: u64) {
        self.scrubbed_at.store(moment, Ordering::Release);
    }

    /// Segments that may hold payloads of deleted records.
    pub fn marks(&self) -> BTreeMap<u64, Mark> {
        self.marks.lock().clone()
    }

    /// Looks at the tables; again where they were replaced meanwhile and their files are gone.
    pub fn look<T>(&self, mut see: impl FnMut(&TableSet) -> Result<T>) -> Result<T> {
        for _ in 1..TRIES_MAX {
            let set = self.set();
            match see(&set) {
                Err(_) if !Arc::ptr_eq(&set, &self.set()) => {}
                seen => return seen,
            }
        }
        see(&self.set())
    }

    /// Changes the manifest by `edit` and makes that durable.
    pub fn edit_manifest(&self, edit: impl FnOnce(&mut Manifest)) -> Result<()> {
        let mut manifest = self.manifest.lock();
        let mut edited = manifest.clone();
        edit(&mut edited);
        manifests::store(&*self.disk, &mut edited)?;
        *manifest = edited;
        Ok(())
    }

    /// Replaces manifest and set, then removes the files of tables that nobody names any more.
    pub fn replace(&self, change: Change) -> Result<()> {
        let mut retired = self.manifest.lock().replaced.clone();
        let deferred = self.leases.deferred();
        retired.retain(|replaced| !deferred.contains(replaced));
        let next_table_id = self.next_table_id();
        let Change { added, removed, sealed, erase, seen_marks } = change;
        let marks = self.marks_after(&added, &removed, &erase, &seen_marks);
        let unlisted = {
            let mut unlisted = self.unlisted.lock();
            unlisted.retain(|&(kind, id)| !added.iter().any(|t| (t.kind, t.id) == (kind, id)));
            unlisted.clone()
        };
        self.edit_manifest(|manifest| {
            manifest.next_table_id = next_table_id;
            manifest.tables.retain(|table| !removed.contains(&(table.kind, table.id)));
            manifest.tables.extend(added);
            manifest.tables.sort_by_key(|table| std::cmp::Reverse((table.positions.1, table.id)));
            manifest.replaced.retain(|replaced| !retired.contains(replaced));
            manifest.replaced.extend(&removed);
            manifest.replaced.retain(|replaced| !unlisted.contains(replaced));
            manifest.replaced.extend(&unlisted);
            manifest.erase = marks.iter().map(|(&id, mark)| (id, mark.at)).collect();
            manifest.longest_age_ms = self.longest_age_ms();
            manifest.scrubbed_at = self.scrubbed_at();
            if let Some((sealed, first_file_id)) = sealed {
                manifest.sealed = sealed;
                manifest.first_file_id = first_file_id;
            }
        })?;
        *self.marks.lock() = marks;
        let manifest = self.manifest.lock().clone();
        let set = self.set_of(&manifest, &self.set());
        *self.set.write() = Arc::new(set);
        *self.listed.write() = Arc::new(manifest.clone());
        self.sealed_position.store(manifest.sealed.position, Ordering::Release);
        let mut removed = removed.into_iter().filter(|&(kind, id)| !self.leases.defers(kind, id));
        removed.try_for_each(|(kind, id)| self.remove_file(kind, id))
    }

    /// The marks once a change is made.
    fn marks_after(
        &self,
        added: &[TableInfo],
        removed: &[(TableKind, u64)],
        erase: &[(u64, u64)],
        seen: &BTreeMap<u64, Mark>,
    ) -> BTreeMap<u64, Mark> {
        let mut marks = self.marks();
        for &(id, at) in erase {
            let mark = marks.entry(id).or_insert(Mark { at, count: 0 });
            *mark = Mark { at: mark.at.min(at), count: mark.count + 1 };
        }
        for (kind, id) in removed.iter().filter(|(kind, _)| *kind == TableKind::Segment) {
            let Some(mark) = marks.remove(id) else { continue };
            if seen.get(id) == Some(&mark) {
                continue;
            }
            for table in added.iter().filter(|table| table.kind == *kind) {
                let passed = marks.entry(table.id).or_insert(mark);
                passed.at = passed.at.min(mark.at);
            }
        }
        marks
    }

    /// The file goes at once: who has it open reads on.
    pub fn remove_file(&self, kind: TableKind, id: u64) -> Result<()> {
        let path = kind.path(id);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("a replaced table cannot be removed", path, error))
            }
            _ => Ok(()),
        }
    }

    /// The set that a manifest lists; tables that are open stay open.
    fn set_of(&self, manifest: &Manifest, open: &TableSet) -> TableSet {
        let mut set = TableSet::default();
        for info in &manifest.tables {
            let known = open.of(info.kind).iter().find(|table| table.info().id == info.id);
            let table = known.cloned().unwrap_or_else(|| {
                Arc::new(Table::listed(&self.disk, info.clone(), &self.owner, &self.cache))
            });
            match info.kind {
                TableKind::State => set.states.push(table),
                TableKind::Inbox => set.inboxes.push(table),
                TableKind::Segment => set.segments.push(table),
            }
        }
        set
    }
}

fn marks_of(manifest: &Manifest) -> BTreeMap<u64, Mark> {
    manifest.erase.iter().map(|(&id, &at)| (id, Mark { at, count: 0 })).collect()
}
