//! A table that is open for reading, from any thread. It reads nothing before it is asked: then
//! the footer, the directory and the filter, each once, and blocks through the cache. Two threads
//! may load the same part at once; the first to be done publishes it, and no one waits.

use std::io;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use super::block::Block;
use super::cache::BlockCache;
use super::directory::{BlockPlace, Directory};
use super::filter::Filter;
use super::footer::{Footer, layout};
use super::info::{Owner, Seed, TableInfo};
use super::kind::TableKind;
use crate::env::{Disk, DiskFile, OpenMode, read_exact};
use crate::error::{Error, Result};
use crate::view::Waiting;

/// What `get` found.
pub(crate) enum Found {
    Value(Value),
    Missing,
    /// The disk would have had to be waited for.
    WouldWait,
}

/// Whether a table has keys with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// It may have.
    Possible,
    /// It certainly has none.
    Absent,
    /// The disk would have had to be waited for.
    WouldWait,
}

/// The bytes of a value, kept alive with their block.
pub(crate) struct Value {
    block: Arc<Block>,
    range: Range<usize>,
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.block.slice(self.range.clone())
    }
}

/// See the module.
pub(crate) struct Table {
    info: TableInfo,
    owner: Owner,
    disk: Arc<dyn Disk>,
    cache: Arc<BlockCache>,
    opened: OnceLock<Opened>,
    directory: OnceLock<Directory>,
    filter: OnceLock<Filter>,
}

pub(super) struct Opened {
    file: Arc<dyn DiskFile>,
    pub(super) footer: Footer,
}

/// Reads whose table this is and what it holds: what a manifest is rebuilt from. Checks the footer
/// only.
///
/// # Errors
/// `FOQ_CORRUPT`, `FOQ_VERSION`, `FOQ_UNAVAILABLE`.
pub(crate) fn read_footer(disk: &dyn Disk, kind: TableKind, id: u64) -> Result<(Owner, TableInfo)> {
    let Opened { footer, .. } = open_file(disk, kind, id)?;
    Ok((footer.owner, footer.info))
}

impl Table {
    /// A table that a manifest lists; touches no disk.
    pub fn listed(
        disk: &Arc<dyn Disk>,
        info: TableInfo,
        owner: &Owner,
        cache: &Arc<BlockCache>,
    ) -> Self {
        Self {
            info,
            owner: *owner,
            disk: Arc::clone(disk),
            cache: Arc::clone(cache),
            opened: OnceLock::new(),
            directory: OnceLock::new(),
            filter: OnceLock::new(),
        }
    }

    /// Opens a table by its name; reads the footer.
    ///
    /// # Errors
    /// As `read_footer`; `FOQ_CORRUPT` also for a table of another store.
    pub fn open(
        disk: &Arc<dyn Disk>,
        (kind, id): (TableKind, u64),
        owner: &Owner,
        cache: &Arc<BlockCache>,
    ) -> Result<Self> {
        let opened = open_file(&**disk, kind, id)?;
        let table = Self::listed(disk, opened.footer.info.clone(), owner, cache);
        table.check_owner(&opened.footer)?;
        let _ = table.opened.set(opened);
        Ok(table)
    }

    /// The same table, as if it had not been read yet.
    pub(super) fn again(&self, cache: &Arc<BlockCache>) -> Self {
        Self::listed(&self.disk, self.info.clone(), &self.owner, cache)
    }

    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    /// Bytes that it holds in memory besides blocks: its directory and filter, once loaded.
    pub fn memory_bytes(&self) -> usize {
        self.directory.get().map_or(0, Directory::byte_count)
            + self.filter.get().map_or(0, Filter::byte_count)
    }

    /// Whether there may be keys that begin with `prefix`, which has the kind's `prefix_bytes`.
    ///
    /// # Errors
    /// `FOQ_CORRUPT`, `FOQ_VERSION` or `FOQ_UNAVAILABLE` when the filter cannot be read.
    pub fn may_contain(&self, prefix: &[u8], waiting: Waiting) -> Result<Probe> {
        let kind = self.info.kind;
        let slot = kind.slot(prefix);
        let is_whole = kind.slot_lies_in_prefix() && prefix.len() == kind.prefix_bytes();
        // Tables of one group lie apart; no filter has to be asked.
        if is_whole && !(self.info.slots.0..=self.info.slots.1).contains(&slot) {
            return Ok(Probe::Absent);
        }
        Ok(match self.filter(waiting)? {
            None => Probe::WouldWait,
            Some(filter) if filter.may_contain(prefix) => Probe::Possible,
            Some(_) => Probe::Absent,
        })
    }

    /// Keys that lie so many places apart, evenly over the bytes; fewer where there are not as many
    /// blocks, and none where the disk would have to be waited for.
    ///
    /// # Errors
    /// As `get`.
    pub fn spread_keys(&self, places: usize, waiting: Waiting) -> Result<Vec<Vec<u8>>> {
        let Some(directory) = self.directory(waiting)? else { return Ok(Vec::new()) };
        let count = directory.count();
        let places = places.min(count);
        let key = |place: usize| directory.last_key(place * count / places.max(1)).to_vec();
        Ok((0..places).map(key).collect())
    }

    /// The value of a key.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` naming the bytes that do not verify, `FOQ_VERSION`, `FOQ_UNAVAILABLE`.
    pub fn get(&self, key: &[u8], waiting: Waiting) -> Result<Found> {
        let prefix = key.get(..self.info.kind.prefix_bytes()).unwrap_or_default();
        match self.may_contain(prefix, waiting)? {
            Probe::Possible => {}
            Probe::Absent => return Ok(Found::Missing),
            Probe::WouldWait => return Ok(Found::WouldWait),
        }
        let Some(directory) = self.directory(waiting)? else { return Ok(Found::WouldWait) };
        let number = directory.find(key);
        if number >= directory.count() {
            return Ok(Found::Missing);
        }
        let Some(block) = self.block(number, waiting)? else { return Ok(Found::WouldWait) };
        Ok(match block.find(key) {
            Ok(row) => Found::Value(Value { range: block.value_range(row), block }),
            Err(_) => Found::Missing,
        })
    }

    /// Forgets what the page cache holds of the file, once it was opened; for who has just read or
    /// written all of it.
    ///
    /// # Errors
    /// `FOQ_UNAVAILABLE`.
    pub fn drop_cache(&self) -> Result<()> {
        let Some(opened) = self.opened.get() else { return Ok(()) };
        opened.file.drop_cache().map_err(|failure| self.unreadable(failure))
    }

    /// A block, from the cache or the disk; `None` where the disk would have to be waited for.
    pub(super) fn block(&self, number: usize, waiting: Waiting) -> Result<Option<Arc<Block>>> {
        let key = (self.info.kind, self.info.id, number);
        if let Some(block) = self.cache.get(key) {
            return Ok(Some(block));
        }
        let Some(directory) = self.directory(waiting)? else { return Ok(None) };
        let Some(place) = directory.place(number) else {
            unreachable!("blocks are numbered as the directory says")
        };
        let Some(bytes) = self.bytes(place.byte_offset..place.end(), waiting)? else {
            return Ok(None);
        };
        let block = Arc::new(self.checked(&place, bytes)?);
        self.cache.insert(key, &block);
        Ok(Some(block))
    }

    /// A block of these bytes, if they are what was written there.
    pub(super) fn checked(&self, place: &BlockPlace, bytes: Vec<u8>) -> Result<Block> {
        let range = place.byte_offset..place.end();
        let crc = self.seed_checksum(place.byte_offset, &bytes);
        if crc != place.crc {
            return Err(self.corrupt(range, "a block's checksum does not verify"));
        }
        Block::decode(bytes, self.info.kind.key_bytes())
            .ok_or_else(|| self.corrupt(range, "the rows of a block do not add up"))
    }

    pub(super) fn directory(&self, waiting: Waiting) -> Result<Option<&Directory>> {
        if let Some(directory) = self.directory.get() {
            return Ok(Some(directory));
        }
        let Some(opened) = self.opened(waiting)? else { return Ok(None) };
        let range = opened.footer.directory();
        let Some(bytes) = self.bytes(range.clone(), waiting)? else { return Ok(None) };
        if self.seed_checksum(range.start, &bytes) != opened.footer.directory_crc {
            return Err(self.corrupt(range, "the directory's checksum does not verify"));
        }
        let directory = Directory::decode(bytes, self.info.kind.key_bytes(), self.info.block_bytes)
            .ok_or_else(|| self.corrupt(range, "the directory's blocks do not add up"))?;
        let _ = self.directory.set(directory);
        Ok(self.directory.get())
    }

    fn filter(&self, waiting: Waiting) -> Result<Option<&Filter>> {
        if let Some(filter) = self.filter.get() {
            return Ok(Some(filter));
        }
        let Some(opened) = self.opened(waiting)? else { return Ok(None) };
        let range = opened.footer.filter();
        let Some(bytes) = self.filter_bytes(&opened.footer, waiting)? else { return Ok(None) };
        let filter = Filter::decode(bytes)
            .ok_or_else(|| self.corrupt(range, "the filter has an impossible size"))?;
        let _ = self.filter.set(filter);
        Ok(self.filter.get())
    }

    /// The filter as it lies in the file.
    pub(super) fn filter_bytes(
        &self,
        footer: &Footer,
        waiting: Waiting,
    ) -> Result<Option<Vec<u8>>> {
        let range = footer.filter();
        let Some(bytes) = self.bytes(range.clone(), waiting)? else { return Ok(None) };
        if self.seed_checksum(range.start, &bytes) != footer.filter_crc {
            return Err(self.corrupt(range, "the filter's checksum does not verify"));
        }
        Ok(Some(bytes))
    }

    /// The file and its footer. Opening a file may wait, so it is for those who may.
    pub(super) fn opened(&self, waiting: Waiting) -> Result<Option<&Opened>> {
        if self.opened.get().is_none() && waiting == Waiting::Allowed {
            let opened = open_file(&*self.disk, self.info.kind, self.info.id)?;
            self.check_owner(&opened.footer)?;
            // A manifest does not list what a table replaced.
            let [found, listed] = [&opened.footer.info, &self.info]
                .map(|info| TableInfo { replaced: Vec::new(), ..info.clone() });
            if found != listed {
                let range = footer_range(self.info.file_bytes);
                return Err(self.corrupt(range, "the table is not the one that is listed"));
            }
            let _ = self.opened.set(opened);
        }
        Ok(self.opened.get())
    }

    /// Bytes of the file; `None` where the disk would have to be waited for.
    pub(super) fn bytes(&self, range: Range<u64>, waiting: Waiting) -> Result<Option<Vec<u8>>> {
        let Some(opened) = self.opened(waiting)? else { return Ok(None) };
        let length = usize::try_from(range.end - range.start).unwrap_or_default();
        let mut bytes = vec![0; length];
        let read = match waiting {
            Waiting::Allowed => {
                read_exact(&*opened.file, range.start, &mut bytes).map(|()| Some(length))
            }
            Waiting::Never => opened.file.read_at_cached(range.start, &mut bytes),
        };
        match read {
            Ok(read) => Ok((read == Some(length)).then_some(bytes)),
            Err(failure) if failure.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.corrupt(range, "the file ends before these bytes"))
            }
            Err(failure) => Err(self.unreadable(failure)),
        }
    }

    fn check_owner(&self, footer: &Footer) -> Result<()> {
        let Owner { store_id, hash_key, .. } = footer.owner;
        if store_id != self.owner.store_id || hash_key != self.owner.hash_key {
            let range = footer_range(footer.info.file_bytes);
            return Err(self.corrupt(range, "the table belongs to another store"));
        }
        Ok(())
    }

    fn seed_checksum(&self, byte_offset: u64, bytes: &[u8]) -> u32 {
        let Owner { store_id, .. } = self.owner;
        let seed = Seed { store_id, kind: self.info.kind, id: self.info.id };
        seed.checksum(byte_offset, bytes)
    }

    pub(super) fn corrupt(&self, range: Range<u64>, what: &str) -> Error {
        Error::corrupt(self.info.path(), range, what)
    }

    fn unreadable(&self, failure: io::Error) -> Error {
        Error::io("a table cannot be read", self.info.path(), failure)
    }
}

fn footer_range(file_bytes: u64) -> Range<u64> {
    file_bytes.saturating_sub(layout::SIZE as u64)..file_bytes
}

/// Opens a file and reads its footer.
fn open_file(disk: &dyn Disk, kind: TableKind, id: u64) -> Result<Opened> {
    let path = kind.path(id);
    let unreadable = |failure| Error::io("a table cannot be read", &path, failure);
    let file = disk.open(&path, OpenMode::Read).map_err(|failure| match failure.kind() {
        io::ErrorKind::NotFound => Error::corrupt(&path, 0..0, "the table is missing"),
        _ => unreadable(failure),
    })?;
    let file_bytes = file.size().map_err(unreadable)?;
    let range = footer_range(file_bytes);
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
    read_exact(&*file, range.start, &mut bytes).map_err(unreadable)?;
    let footer = Footer::decode(&bytes, kind, id, file_bytes)?;
    Ok(Opened { file, footer })
}
