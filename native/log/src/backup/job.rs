//! A backup as a job that goes forward in bounded steps, on any thread but the committer's.

use std::sync::Arc;

use super::journal::{Copied, JournalCopy};
use super::lease::{Lease, Moment};
use super::made::Made;
use super::tables::TableCopy;
use crate::env::{Disk, write_all};
use crate::error::{Error, Result};
use crate::format::manifest::Manifest;
use crate::ladder::reserve_bytes;
use crate::manifests::{BACKUP_PATH, UNFINISHED_BACKUP_PATH};
use crate::reader::Reader;

/// More than a step writes.
const STEP_BYTES: u64 = 5 << 20;

/// What a backup has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// The last round of its journal: all that was answered before it began is in it.
    pub round: u64,
    /// Journal files, all of them copied.
    pub journal_files: u64,
    /// Tables that are second names of the store's files.
    pub linked_tables: u64,
    /// Tables that were copied.
    pub copied_tables: u64,
    /// Bytes read and written for it.
    pub bytes: u64,
}

/// Where a job stands.
#[expect(clippy::large_enum_variant, reason = "one at a time, never kept in numbers")]
pub enum BackupStep {
    /// There is more to do.
    More(BackupJob),
    /// The backup is whole and durable.
    Done(BackedUp),
}

/// A backup under way; dropped before its end it takes away what it made.
pub struct BackupJob {
    // The files go before the lease does.
    made: Made,
    stage: Stage,
    lease: Lease,
    manifest: Manifest,
    backed_up: BackedUp,
}

/// The journal comes first: until it is copied its files are not used again.
enum Stage {
    Journal(JournalCopy, TableCopy),
    Tables(TableCopy),
    End,
}

impl Reader {
    /// Begins a backup of the store into an empty directory, which is made where it is missing: of
    /// what is durable now. The store may be written meanwhile, and may be poisoned. Blocks on
    /// the disk of the target.
    ///
    /// # Errors
    /// `FOQ_BUSY` while another is made, `FOQ_UNAVAILABLE` where the directory is not empty or
    /// cannot be used, `FOQ_DISK_FULL`.
    pub fn begin_backup(&self, target: &Arc<dyn Disk>) -> Result<BackupJob> {
        let lease = Lease::reserve(&self.shared)?;
        let made = Made::begin(target, UNFINISHED_BACKUP_PATH)?;
        let Moment { manifest, files } = lease.take()?;
        let source = self.shared.catalog.disk();
        let ends = (manifest.sealed, manifest.backup_round);
        let journal = JournalCopy::new(source, manifest.store_id, files, ends);
        let tables = manifest.tables.iter().map(|info| (info.path(), info.file_bytes)).collect();
        let tables = TableCopy::new(source, tables);
        let backed_up = BackedUp { round: manifest.backup_round, ..BackedUp::default() };
        let stage = Stage::Journal(journal, tables);
        Ok(BackupJob { made, stage, lease, manifest, backed_up })
    }
}

impl BackupJob {
    /// Goes on; blocks on both disks. After an error the store is as it was, and the directory
    /// empty or no backup.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where the journal does not verify, `FOQ_DISK_FULL`, `FOQ_UNAVAILABLE`.
    pub fn step(mut self) -> Result<BackupStep> {
        self.check_space()?;
        let copied = match &mut self.stage {
            Stage::Journal(journal, _) => journal.step(&mut self.made)?,
            Stage::Tables(tables) => tables.step(&mut self.made)?,
            Stage::End => return self.finish().map(BackupStep::Done),
        };
        if let Copied::Some(bytes) = copied {
            self.backed_up.bytes += bytes;
            return Ok(BackupStep::More(self));
        }
        self.stage = match self.stage {
            Stage::Journal(journal, tables) => {
                self.backed_up.journal_files = journal.files();
                Stage::Tables(tables)
            }
            Stage::Tables(tables) => {
                self.backed_up.linked_tables = tables.linked;
                self.backed_up.copied_tables = tables.copied;
                Stage::End
            }
            Stage::End => Stage::End,
        };
        Ok(BackupStep::More(self))
    }

    /// The last round that it has.
    #[must_use]
    pub fn round(&self) -> u64 {
        self.backed_up.round
    }

    /// Bytes read and written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.backed_up.bytes
    }

    /// On the disk of the store itself a backup never takes what appends need.
    fn check_space(&self) -> Result<()> {
        let shared = self.lease.shared();
        let spaces = (shared.catalog.disk().space(), self.made.disk.space());
        let (Ok(store), Ok(target)) = spaces else { return Ok(()) };
        let needed = 2 * reserve_bytes(&shared.options, store) + STEP_BYTES;
        if store.total_bytes == target.total_bytes && target.free_bytes < needed {
            let free_bytes = target.free_bytes;
            return Err(Error::DiskFull { free_bytes, needed_bytes: needed });
        }
        Ok(())
    }

    /// All other names are durable before the directory is called a backup.
    fn finish(mut self) -> Result<BackedUp> {
        let (made, mark) = (&mut self.made, UNFINISHED_BACKUP_PATH);
        made.sync_folders()?;
        let disk = Arc::clone(&made.disk);
        let publish = || -> std::io::Result<()> {
            // The names of the folders, and of the mark.
            disk.sync_dir("")?;
            let file = disk.open(mark, crate::env::OpenMode::Update)?;
            write_all(&*file, 0, &self.manifest.encode())?;
            file.sync()?;
            disk.rename(mark, BACKUP_PATH)
        };
        publish().map_err(|failure| made.failed("the backup cannot be ended", mark, failure))?;
        let synced = disk.sync_dir("");
        // Whoever is told that it failed has no backup.
        if synced.is_ok() || disk.rename(BACKUP_PATH, mark).is_err() {
            made.finish();
        }
        synced
            .map_err(|failure| made.failed("the backup cannot be ended", BACKUP_PATH, failure))?;
        Ok(self.backed_up)
    }
}
