//! Spares: pre-written journal files, prepared ahead of the committer.
//!
//! Invariant: a file is on the shelf only when its header and its name are durable, so that using
//! it costs the committer nothing. A spare may hold bytes of an earlier life: no checksum of it
//! verifies under the new file id.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::env::{Disk, DiskFile, Env, OpenMode, Space, is_full, write_all, write_zeros};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::checksum::StoreId;
use crate::format::file::{FileHeader, journal_path};
use crate::log::IN_FLIGHT_MAX;
use crate::options::Options;
use crate::planted::{Bug, planted};

/// A journal file that is open for the committer and for readers.
#[derive(Clone)]
pub(crate) struct JournalFile {
    pub file_id: u64,
    pub file_bytes: u64,
    /// Readers use the first; each round in flight has one of its own.
    pub handles: [Arc<dyn DiskFile>; HANDLES],
}

/// Retired files are kept up to the window's bytes divided by this.
const RETIRED_SHARE: u64 = 4;

/// Handles of a journal file: as many as rounds can be in flight.
const HANDLES: usize = 2;
const _: () = assert!(HANDLES as u64 == IN_FLIGHT_MAX, "a handle for each round in flight");

impl JournalFile {
    /// The handle of one slot.
    pub fn handle(&self, slot: usize) -> &dyn DiskFile {
        match self.handles.get(slot) {
            Some(handle) => &**handle,
            None => unreachable!("slots are below {HANDLES}"),
        }
    }
}

/// The tables of a journal file have a little more than its bytes.
pub(crate) const FILES_OF_A_SEAL: u64 = 2;

/// Makes names in a folder durable (or does not, where that bug is planted).
pub(crate) fn sync_dir(disk: &dyn Disk, path: &str) -> io::Result<()> {
    if planted(Bug::NoDirectorySync) { Ok(()) } else { disk.sync_dir(path) }
}

struct Shelf {
    spares: VecDeque<JournalFile>,
    /// Id of the next file to prepare.
    next_file_id: u64,
    /// The disk had no room for the last one.
    no_space: bool,
    /// Sealed files that nobody needs but, perhaps, a reader who has them.
    retired: Vec<JournalFile>,
}

/// Prepares spares; see `Log::spare_maker`.
#[derive(Clone)]
pub struct SpareMaker {
    env: Env,
    store_id: StoreId,
    file_bytes: u64,
    wanted: usize,
    /// Retired files that may lie about: seals come in bursts, and a file that is removed in one
    /// is written with zeros again before the next.
    retired_max: usize,
    shelf: Arc<Mutex<Shelf>>,
    /// Zeros and headers that were written.
    bytes_written: Arc<AtomicU64>,
    /// Held while one is prepared, so that ids stay in order. The committer never takes it.
    making: Arc<Mutex<()>>,
}

impl SpareMaker {
    pub(crate) fn new(env: &Env, store_id: StoreId, options: &Options, next_file_id: u64) -> Self {
        let shelf =
            Shelf { spares: VecDeque::new(), next_file_id, no_space: false, retired: Vec::new() };
        let file_bytes = u64::from(options.journal_file_bytes);
        let wanted = usize::from(options.spares);
        let share = options.journal_window_bytes / RETIRED_SHARE / file_bytes.max(1);
        Self {
            env: env.clone(),
            store_id,
            file_bytes,
            wanted,
            retired_max: wanted.max(usize::try_from(share).unwrap_or(usize::MAX)),
            shelf: Arc::new(Mutex::new(shelf)),
            bytes_written: Arc::default(),
            making: Arc::default(),
        }
    }

    /// Bytes that were written to prepare files; a file that is used again costs its header.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Relaxed)
    }

    /// Whether fewer than `options.spares` files are ready.
    #[must_use]
    pub fn wants(&self) -> bool {
        self.shelf.lock().spares.len() < self.wanted
    }

    /// Whether the disk had no room for the last spare; a later success clears it.
    #[must_use]
    pub fn no_space(&self) -> bool {
        self.shelf.lock().no_space
    }

    /// Prepares one; blocks on the disk.
    ///
    /// # Errors
    /// `FOQ_DISK_FULL` when the disk has no room: appends are refused until one succeeds. Any
    /// other failure is a failed write: the store must be poisoned.
    pub fn prepare(&self) -> Result<()> {
        let _making = self.making.lock();
        let file_id = self.shelf.lock().next_file_id;
        match self.make(file_id) {
            Ok(handles) => {
                let mut shelf = self.shelf.lock();
                shelf.next_file_id = file_id + 1;
                shelf.no_space = false;
                let file_bytes = self.file_bytes;
                shelf.spares.push_back(JournalFile { file_id, file_bytes, handles });
                Ok(())
            }
            Err(failure) => {
                if !is_full(&failure) {
                    return Err(Error::io("a spare failed", journal_path(file_id), failure));
                }
                // What was written of it is given back; nobody has seen the file.
                let _ = self.env.disk.remove(&temporary_path(file_id));
                self.shelf.lock().no_space = true;
                let free_bytes = self.env.disk.space().map_or(0, |space| space.free_bytes);
                Err(Error::DiskFull { free_bytes, needed_bytes: self.file_bytes })
            }
        }
    }

    /// As `prepare`, but leaves a disk that has little space what the tables of a file need: the
    /// file that is sealed then is the next spare.
    ///
    /// # Errors
    /// As `prepare`.
    pub fn prepare_with_care(&self) -> Result<()> {
        let needed_bytes = self.file_bytes.saturating_mul(FILES_OF_A_SEAL + 1);
        let space = if self.has_retired() { None } else { self.env.disk.space().ok() };
        match space {
            Some(Space { free_bytes, .. }) if free_bytes < needed_bytes => {
                self.shelf.lock().no_space = true;
                Err(Error::DiskFull { free_bytes, needed_bytes })
            }
            _ => self.prepare(),
        }
    }

    /// A spare that recovery found ready.
    pub(crate) fn shelve(&self, file: JournalFile) {
        let mut shelf = self.shelf.lock();
        shelf.next_file_id = shelf.next_file_id.max(file.file_id + 1);
        shelf.spares.push_back(file);
    }

    /// The oldest spare, for the committer.
    pub(crate) fn take(&self) -> Option<JournalFile> {
        self.shelf.lock().spares.pop_front()
    }

    /// A sealed file: a spare is made of it when no reader has it any more.
    pub(crate) fn retire(&self, file: JournalFile) {
        self.shelf.lock().retired.push(file);
    }

    /// Removes retired files that are too many; blocks on the disk.
    ///
    /// # Errors
    /// `FOQ_UNAVAILABLE`.
    pub fn remove_some(&self) -> Result<()> {
        while self.has_more_than(self.retired_max) && self.remove_one()? {}
        Ok(())
    }

    /// Removes one retired file that no spare needs; called now and then, it gives back after a
    /// burst what the journal does not need in quiet times.
    ///
    /// # Errors
    /// `FOQ_UNAVAILABLE`.
    pub fn trim(&self) -> Result<()> {
        if self.has_more_than(self.wanted) {
            self.remove_one()?;
        }
        Ok(())
    }

    fn has_retired(&self) -> bool {
        self.shelf.lock().retired.iter().any(is_free)
    }

    fn has_more_than(&self, count: usize) -> bool {
        self.shelf.lock().retired.len() > count
    }

    /// False when readers have all of them.
    fn remove_one(&self) -> Result<bool> {
        let Some(file) = self.take_retired() else { return Ok(false) };
        let path = journal_path(file.file_id);
        let removed = self.env.disk.remove(&path);
        removed.map_err(|source| Error::io("a sealed file cannot be removed", path, source))?;
        Ok(true)
    }

    /// The oldest retired file that no reader has.
    fn take_retired(&self) -> Option<JournalFile> {
        let mut shelf = self.shelf.lock();
        let place = shelf.retired.iter().position(is_free)?;
        Some(shelf.retired.remove(place))
    }

    /// Written under a temporary name and renamed when its header is durable: a file with a
    /// journal name always has a whole header.
    fn make(&self, file_id: u64) -> io::Result<[Arc<dyn DiskFile>; HANDLES]> {
        let disk = &*self.env.disk;
        let temporary = temporary_path(file_id);
        let file = match self.recycle(&temporary)? {
            Some(file) => file,
            None => self.make_new(&temporary)?,
        };
        self.bytes_written.fetch_add(SECTOR_BYTES, Relaxed);
        let header = FileHeader {
            store_id: self.store_id,
            file_id,
            previous_file_id: file_id - 1,
            file_bytes: self.file_bytes,
        };
        write_all(&*file, 0, &header.encode())?;
        file.sync()?;
        disk.rename(&temporary, &journal_path(file_id))?;
        sync_dir(disk, "journal")?;
        Ok([file, disk.open(&journal_path(file_id), OpenMode::Update)?])
    }

    /// A file that nobody needs any more, under its new temporary name.
    fn recycle(&self, temporary: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let disk = &*self.env.disk;
        if let Some(file) = self.take_retired() {
            disk.rename(&journal_path(file.file_id), temporary)?;
            if file.file_bytes == self.file_bytes {
                return Ok(Some(disk.open(temporary, OpenMode::Update)?));
            }
            disk.remove(temporary)?;
        }
        let names = disk.list("journal")?;
        for name in names.iter().filter(|name| name.ends_with(".free")) {
            let path = format!("journal/{name}");
            disk.rename(&path, temporary)?;
            let file = disk.open(temporary, OpenMode::Update)?;
            if file.size()? == self.file_bytes {
                return Ok(Some(file));
            }
            disk.remove(temporary)?;
        }
        Ok(None)
    }

    fn make_new(&self, temporary: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.env.disk.open(temporary, OpenMode::Create)?;
        self.bytes_written.fetch_add(self.file_bytes, Relaxed);
        write_zeros(&*file, self.file_bytes)?;
        Ok(file)
    }
}

/// Whether no reader has a retired file any more.
fn is_free(file: &JournalFile) -> bool {
    file.handles.first().is_none_or(|handle| Arc::strong_count(handle) == 1)
        || planted(Bug::RecycledUnderReader)
}

fn temporary_path(file_id: u64) -> String {
    format!("journal/{file_id:016x}.tmp")
}
