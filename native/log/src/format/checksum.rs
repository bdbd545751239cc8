//! CRC-32C in its two uses: unseeded over bodies, seeded by place over headers.
//!
//! The seed names store, file and byte offset, so that bytes of another store, of a file's earlier
//! life, or written to the wrong place never verify.

use crate::planted::{Bug, planted};
use crate::processor::crc32c_of_few;

/// Identity of a store: 16 random bytes.
pub(crate) type StoreId = [u8; 16];

/// CRC-32C of `bytes`, continued from `crc` (0 to begin).
#[inline]
pub(crate) fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    crc32c_of_few(crc, bytes).unwrap_or_else(|| crc32c::crc32c_append(crc, bytes))
}

/// The seed of everything at `byte_offset` of file `file_id`.
pub(crate) fn seed(store: &StoreId, file_id: u64, byte_offset: u64) -> u32 {
    if planted(Bug::StaleRecycledBytesAccepted) {
        return crc32c(0, store);
    }
    let mut bytes = [0_u8; 32];
    let (id, place) = bytes.split_at_mut(16);
    id.copy_from_slice(store);
    let (file, start) = place.split_at_mut(8);
    file.copy_from_slice(&file_id.to_le_bytes());
    start.copy_from_slice(&byte_offset.to_le_bytes());
    crc32c(0, &bytes)
}
