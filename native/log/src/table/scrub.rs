//! Reads a whole table again, from the device, and checks every byte and every rule of it.

use std::sync::Arc;

use super::cache::BlockCache;
use super::reader::{Probe, Table};
use super::scan::{ScanMode, Step};
use crate::error::Result;
use crate::view::Waiting;

impl Table {
    /// Checks the footer, the directory, the filter and every block, as they lie on the device
    /// now, whatever is in memory.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` naming the first bytes that are wrong, `FOQ_VERSION`, `FOQ_UNAVAILABLE`.
    pub fn verify(&self) -> Result<()> {
        let fresh = self.again(&Arc::new(BlockCache::new(0)));
        // The footer alone is read twice: to have the file, and once the cache was dropped.
        fresh.directory(Waiting::Allowed)?;
        fresh.drop_cache()?;
        let fresh = Arc::new(self.again(&Arc::new(BlockCache::new(0))));
        fresh.verify_rows()
    }

    fn verify_rows(self: &Arc<Self>) -> Result<()> {
        let info = self.info();
        let blocks = 0..info.block_bytes;
        let mut scan = self.scan(&[], ScanMode::Sequential);
        let mut last = Vec::new();
        let mut row_count = 0;
        while let Step::Row(key, _) = scan.next(Waiting::Allowed)? {
            if row_count > 0 && last.as_slice() >= key {
                return Err(self.corrupt(blocks, "the keys do not ascend"));
            }
            let prefix = key.get(..info.kind.prefix_bytes()).unwrap_or_default();
            if self.may_contain(prefix, Waiting::Allowed)? != Probe::Possible {
                return Err(self.corrupt(blocks, "the filter does not know a key"));
            }
            let slot = info.kind.slot(key);
            if slot < info.slots.0 || slot > info.slots.1 {
                return Err(self.corrupt(blocks, "a key lies outside the table's slots"));
            }
            last.clear();
            last.extend_from_slice(key);
            row_count += 1;
        }
        if row_count != info.row_count {
            return Err(self.corrupt(blocks, "the table has not as many rows as it says"));
        }
        let Some(directory) = self.directory(Waiting::Allowed)? else { return Ok(()) };
        if directory.last_key(directory.count().saturating_sub(1)) != last {
            return Err(self.corrupt(blocks, "the last key is not the directory's"));
        }
        Ok(())
    }
}
