//! A new store from a backup.
//!
//! Invariants: nothing is written before all of the backup verifies; the backup is only read; the
//! target does not open as a store before it is whole and durable; nothing of it verifies as the
//! backup's, nor the other way round.

use std::sync::Arc;

use super::made::{Made, refuse_unless_empty};
use crate::env::{Disk, Env, LockError, OpenMode, write_all};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{BatchHeader, FLAG_ROUND_CONTINUES, Place, ValidBatch, batch_header};
use crate::format::checksum::StoreId;
use crate::format::file::{FileHeader, journal_file_id, journal_path};
use crate::format::manifest::{MANIFEST_PATHS, Manifest};
use crate::format::put;
use crate::manifests::{self, UNFINISHED_RESTORE_PATH};
use crate::table::{BlockCache, Owner, Table};
use crate::verify::{self, Report, read_file};

/// Makes a store of the backup `from` in the empty directory `to`, which is made where it is
/// missing. It has the chats, records and cursors of the backup, and a store id and an epoch of
/// its own. Says what was verified.
///
/// # Errors
/// `FOQ_UNAVAILABLE` where there is no backup, or one that did not end, where the target is not
/// empty, or a disk fails; `FOQ_CORRUPT` naming the first damage of the backup; `FOQ_VERSION`;
/// `FOQ_DISK_FULL`; `FOQ_LOCKED` where somebody else has the target. Afterwards the target is
/// empty, or says that it is no store.
pub fn restore(from: &Env, to: &Env) -> Result<Report> {
    let manifest = manifests::load_backup(&*from.disk)?;
    let report = verify::verify(from)?;
    if let Some(damage) = report.errors.first() {
        return Err(damage.clone());
    }
    let root = to.disk.create_root();
    root.map_err(|failure| Error::io("the directory cannot be made", to.disk.name(), failure))?;
    refuse_unless_empty(&*to.disk)?;
    let _lock = to.disk.lock(true).map_err(|error| match error {
        LockError::Held { pid } => Error::Locked { pid },
        LockError::Io(source) => Error::io("the store cannot be locked", to.disk.name(), source),
    })?;
    let mut made = Made::begin(&to.disk, UNFINISHED_RESTORE_PATH)?;
    let mut restored = manifest.clone();
    identify(to, &mut restored);
    write_tables(&from.disk, (&manifest, &restored), &mut made)?;
    write_journal(&*from.disk, (&manifest, &restored), &mut made)?;
    made.sync_folders()?;
    publish(&mut restored, made)?;
    Ok(report)
}

/// Another store with another history, closed cleanly.
fn identify(to: &Env, manifest: &mut Manifest) {
    let mut epoch = [0; 8];
    to.random.fill(&mut manifest.store_id);
    to.random.fill(&mut epoch);
    manifest.epoch = u64::from_le_bytes(epoch);
    manifest.boot_id = to.disk.boot_id();
    manifest.clean = true;
    manifest.counter = 0;
    manifest.backup_round = 0;
}

fn write_tables(
    from: &Arc<dyn Disk>,
    (backup, restored): (&Manifest, &Manifest),
    made: &mut Made,
) -> Result<()> {
    let owner = |manifest: &Manifest| {
        let Manifest { store_id, hash_key, epoch, .. } = *manifest;
        Owner { store_id, hash_key, epoch }
    };
    let cache = Arc::new(BlockCache::new(0));
    for info in &backup.tables {
        let path = info.path();
        let table = Table::listed(from, info.clone(), &owner(backup), &cache);
        let file = made.create(&path)?;
        let failed = |failure| made.failed("a table cannot be restored", &path, failure);
        table.write_for(&owner(restored), &*file, &failed)?;
    }
    Ok(())
}

/// A file at a time: it is at most as large as one that every opening reads whole.
fn write_journal(
    from: &dyn Disk,
    (backup, restored): (&Manifest, &Manifest),
    made: &mut Made,
) -> Result<()> {
    let names = from.list("journal");
    let names = names.map_err(|failure| Error::io("cannot be listed", "journal", failure))?;
    let ids = names.iter().filter_map(|name| journal_file_id(name));
    for file_id in ids.filter(|&id| id >= backup.first_file_id) {
        let path = journal_path(file_id);
        let mut bytes = read_file(from, &path, u64::MAX)?;
        reseed(&mut bytes, file_id, (&backup.store_id, &restored.store_id))?;
        let file = made.create(&path)?;
        let written = write_all(&*file, 0, &bytes).and_then(|()| file.sync());
        written.map_err(|failure| made.failed("the journal cannot be restored", &path, failure))?;
    }
    Ok(())
}

/// Gives a journal file to another store: its header, and the checksum of every batch.
fn reseed(bytes: &mut [u8], file_id: u64, (from, to): (&StoreId, &StoreId)) -> Result<()> {
    let path = journal_path(file_id);
    let header = FileHeader { store_id: *to, ..FileHeader::decode(bytes, &path)? };
    put(bytes, 0, &header.encode());
    let mut byte_offset = SECTOR_BYTES;
    while byte_offset < bytes.len() as u64 {
        let at = usize::try_from(byte_offset).unwrap_or(usize::MAX);
        let place = |store_id| Place { store_id, file_id, byte_offset };
        let batch = bytes.get(at..).unwrap_or_default();
        let Some(ValidBatch { header, .. }) = ValidBatch::verify(place(from), batch) else {
            let range = byte_offset..bytes.len() as u64;
            return Err(Error::corrupt(path, range, "a batch does not verify"));
        };
        let BatchHeader { batch_bytes, flags, .. } = header;
        let crc = ValidBatch::checksum(place(to), batch).unwrap_or_default();
        put(bytes, at + batch_header::CRC32C, &crc.to_le_bytes());
        byte_offset += u64::from(batch_bytes);
        if flags & FLAG_ROUND_CONTINUES == 0 {
            byte_offset = byte_offset.next_multiple_of(SECTOR_BYTES);
        }
    }
    Ok(())
}

/// The manifests first; only then may the directory open.
fn publish(restored: &mut Manifest, mut made: Made) -> Result<()> {
    let disk = Arc::clone(&made.disk);
    for path in MANIFEST_PATHS {
        made.add(path);
        made.add(&format!("{path}.tmp"));
    }
    manifests::store(&*disk, restored)?;
    let opened = disk.remove(UNFINISHED_RESTORE_PATH).and_then(|()| disk.sync_dir(""));
    // Whoever is told that it failed has no store.
    if opened.is_ok() || disk.open(UNFINISHED_RESTORE_PATH, OpenMode::Create).is_err() {
        made.finish();
    }
    opened.map_err(|failure| made.failed("the restore cannot be ended", "", failure))
}
