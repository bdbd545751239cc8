//! Writes a table, row by row in key order, under a temporary name; the table has its name only
//! when it is whole and synced.

use std::io;
use std::sync::Arc;

use super::REPLACED_MAX;
use super::block::{BLOCK_BYTES_MAX, BlockBuilder};
use super::directory::BlockPlace;
use super::filter::FilterBuilder;
use super::footer::{Footer, layout};
use super::info::{Covered, NewTable, Owner, Seed, TableInfo};
use crate::env::{Disk, DiskFile, OpenMode, is_full, write_all};
use crate::error::{Error, Result};

/// The most that the key and the value of a row have together.
pub(crate) const ROW_BYTES_MAX: usize = BLOCK_BYTES_MAX - 8;

/// Bytes that are collected for one write.
const CHUNK_BYTES: usize = 256 << 10;

/// Bytes between two syncs: a large file that is synced once keeps the journal's syncs waiting.
const SYNC_BYTES: u64 = 8 << 20;

/// See the module. After an error it is of no more use but to be abandoned.
pub(crate) struct TableWriter {
    disk: Arc<dyn Disk>,
    owner: Owner,
    table: NewTable,
    /// None until something is written.
    file: Option<Arc<dyn DiskFile>>,
    /// What the file does not have yet.
    chunk: Vec<u8>,
    file_bytes: u64,
    synced_bytes: u64,
    block: BlockBuilder,
    directory: Vec<u8>,
    filter: FilterBuilder,
    last_key: Vec<u8>,
    row_count: u64,
    slots: (u16, u16),
}

impl TableWriter {
    /// A table without rows; nothing is written yet. The folder of its kind must exist.
    pub fn new(disk: &Arc<dyn Disk>, owner: &Owner, table: NewTable) -> Self {
        Self {
            disk: Arc::clone(disk),
            owner: *owner,
            table,
            file: None,
            chunk: Vec::new(),
            file_bytes: 0,
            synced_bytes: 0,
            block: BlockBuilder::default(),
            directory: Vec::new(),
            filter: FilterBuilder::default(),
            last_key: Vec::new(),
            row_count: 0,
            slots: (u16::MAX, 0),
        }
    }

    /// Appends a row; its key must be greater than the one before.
    ///
    /// # Errors
    /// `FOQ_TOO_LARGE` above `ROW_BYTES_MAX`, `FOQ_INVALID_ARGUMENT` for a key that is out of order
    /// or of a wrong length, `FOQ_DISK_FULL`, `FOQ_UNAVAILABLE` when a write fails.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let kind = self.table.kind;
        let in_order = self.row_count == 0 || self.last_key.as_slice() < key;
        debug_assert!(in_order && key.len() == kind.key_bytes(), "keys of a table ascend");
        if !in_order || key.len() != kind.key_bytes() {
            return Err(Error::invalid("the keys of a table are of one length and ascend"));
        }
        if BlockBuilder::alone(key, value) > BLOCK_BYTES_MAX {
            return Err(Error::TooLarge { what: "a row of a table", limit: ROW_BYTES_MAX as u64 });
        }
        if !self.block.takes(key, value) {
            self.end_block()?;
        }
        self.block.add(key, value, &mut self.chunk);
        self.filter.add(key.get(..kind.prefix_bytes()).unwrap_or_default());
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        let slot = kind.slot(key);
        self.slots = (self.slots.0.min(slot), self.slots.1.max(slot));
        self.row_count += 1;
        Ok(())
    }

    /// Rows so far.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// About the size of the file if it ended here.
    pub fn bytes_written(&self) -> u64 {
        let rest = self.chunk.len() + self.block.start_bytes() + self.directory.len();
        self.file_bytes + rest as u64
    }

    /// Writes the rest, syncs, and gives the file its name, which is durable once the caller has
    /// synced the folder. A table without rows leaves no file and is `None`.
    ///
    /// # Errors
    /// As `add`; the file is removed then, as far as possible.
    pub fn finish(mut self, covered: Covered) -> Result<Option<TableInfo>> {
        if self.row_count == 0 {
            return Ok(None);
        }
        let done = self.complete(covered);
        if done.is_err() {
            self.abandon();
        }
        done.map(Some)
    }

    /// Gives up; what was written is removed.
    pub fn abandon(self) {
        if self.file.is_some() {
            // Whoever opens the store removes it, if this fails.
            let _ = self.disk.remove(&self.temporary_path());
        }
    }

    fn complete(&mut self, covered: Covered) -> Result<TableInfo> {
        if covered.replaced.len() > REPLACED_MAX {
            return Err(Error::TooLarge { what: "merged tables", limit: REPLACED_MAX as u64 });
        }
        self.end_block()?;
        let seed = self.seed();
        let block_bytes = self.end();
        let directory = std::mem::take(&mut self.directory);
        let directory_crc = seed.checksum(block_bytes, &directory);
        self.chunk.extend_from_slice(&directory);
        let filter = self.filter.finish();
        let filter_crc = seed.checksum(self.end(), &filter);
        self.chunk.extend_from_slice(&filter);
        let NewTable { kind, class, id, shard } = self.table;
        let info = TableInfo {
            kind,
            class,
            id,
            shard,
            slots: self.slots,
            positions: covered.positions,
            at: covered.at,
            row_count: self.row_count,
            block_bytes,
            file_bytes: self.end() + layout::SIZE as u64,
            replaced: covered.replaced,
        };
        let footer = Footer {
            owner: self.owner,
            info,
            directory_bytes: directory.len() as u64,
            directory_crc,
            filter_bytes: filter.len() as u64,
            filter_crc,
        };
        self.chunk.extend_from_slice(&footer.encode());
        self.write_chunk()?;
        self.publish().map_err(|failure| self.failed(failure))?;
        Ok(footer.info)
    }

    fn publish(&self) -> io::Result<()> {
        if let Some(file) = &self.file {
            sync(&**file)?;
        }
        self.disk.rename(&self.temporary_path(), &self.table.kind.path(self.table.id))
    }

    fn end_block(&mut self) -> Result<()> {
        let block_bytes = self.block.finish(&mut self.chunk);
        let before = self.chunk.len().saturating_sub(block_bytes);
        let byte_offset = self.file_bytes + before as u64;
        let bytes = self.chunk.get(before..).unwrap_or_default();
        let crc = self.seed().checksum(byte_offset, bytes);
        let bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let place = BlockPlace { byte_offset, bytes, crc };
        place.encode(&self.last_key, &mut self.directory);
        if self.chunk.len() >= CHUNK_BYTES { self.write_chunk() } else { Ok(()) }
    }

    fn write_chunk(&mut self) -> Result<()> {
        self.write().map_err(|failure| self.failed(failure))
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => self.disk.open(&self.temporary_path(), OpenMode::Create)?,
        };
        self.file = Some(Arc::clone(&file));
        write_all(&*file, self.file_bytes, &self.chunk)?;
        self.file_bytes += self.chunk.len() as u64;
        self.chunk.clear();
        if self.file_bytes - self.synced_bytes >= SYNC_BYTES {
            sync(&*file)?;
            self.synced_bytes = self.file_bytes;
        }
        Ok(())
    }

    /// Where the next byte goes.
    fn end(&self) -> u64 {
        self.file_bytes + self.chunk.len() as u64
    }

    fn seed(&self) -> Seed {
        let NewTable { kind, id, .. } = self.table;
        Seed { store_id: self.owner.store_id, kind, id }
    }

    fn temporary_path(&self) -> String {
        self.table.kind.temporary_path(self.table.id)
    }

    fn failed(&self, failure: io::Error) -> Error {
        if is_full(&failure) {
            let free_bytes = self.disk.space().map_or(0, |space| space.free_bytes);
            return Error::DiskFull { free_bytes, needed_bytes: self.bytes_written() };
        }
        Error::io("a table cannot be written", self.temporary_path(), failure)
    }
}

/// Syncs, and lets the page cache go of what the device has: copies into pages that are free
/// again cost half of those into new ones. Who reads it soon, a merge above all, reads the device.
fn sync(file: &dyn DiskFile) -> io::Result<()> {
    file.sync()?;
    // Only advice: without it the kernel lets go when it must.
    let _ = file.drop_cache();
    Ok(())
}
