//! A table written again for another store: the same rows at the same places, under checksums that
//! are seeded with the other store's id.

use std::io;

use super::info::{Owner, Seed, TableInfo};
use super::reader::Table;
use crate::env::{DiskFile, write_all};
use crate::error::{Error, Result};
use crate::view::Waiting;

/// Bytes of blocks that are written by one call.
const CHUNK_BYTES: usize = 1 << 20;

impl Table {
    /// Writes the table of `owner` to an empty file and syncs it; `failed` says what a failure of
    /// that file is. Every byte is verified on the way.
    ///
    /// # Errors
    /// `FOQ_CORRUPT`, `FOQ_VERSION` or `FOQ_UNAVAILABLE` where this table cannot be read, and what
    /// `failed` says.
    pub fn write_for(
        &self,
        owner: &Owner,
        to: &dyn DiskFile,
        failed: &dyn Fn(io::Error) -> Error,
    ) -> Result<()> {
        let TableInfo { kind, id, block_bytes, .. } = *self.info();
        let seed = Seed { store_id: owner.store_id, kind, id };
        let missing = || unreachable!("who may wait gets an answer");
        let directory = self.directory(Waiting::Allowed)?.unwrap_or_else(missing);
        let (mut rows, mut chunk, mut written) = (Vec::new(), Vec::new(), 0_u64);
        for number in 0..directory.count() {
            let Some(mut place) = directory.place(number) else { continue };
            let bytes = self.bytes(place.byte_offset..place.end(), Waiting::Allowed)?;
            let bytes = bytes.unwrap_or_default();
            self.checked(&place, bytes.clone())?;
            place.crc = seed.checksum(place.byte_offset, &bytes);
            place.encode(directory.last_key(number), &mut rows);
            chunk.extend_from_slice(&bytes);
            if chunk.len() >= CHUNK_BYTES {
                write_all(to, written, &chunk).map_err(failed)?;
                written += chunk.len() as u64;
                chunk.clear();
            }
        }
        let opened = self.opened(Waiting::Allowed)?;
        let mut footer = opened.map_or_else(|| unreachable!("it was read"), |o| o.footer.clone());
        let filter = self.filter_bytes(&footer, Waiting::Allowed)?.unwrap_or_default();
        footer.owner = *owner;
        footer.directory_crc = seed.checksum(block_bytes, &rows);
        footer.filter_crc = seed.checksum(footer.filter().start, &filter);
        chunk.extend_from_slice(&rows);
        chunk.extend_from_slice(&filter);
        chunk.extend_from_slice(&footer.encode());
        write_all(to, written, &chunk).and_then(|()| to.sync()).map_err(failed)
    }
}
