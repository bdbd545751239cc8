//! The directory of a table: a row a block, in key order, with the block's last key, so that the
//! block that may hold a key is the first whose last key is not smaller.

use crate::format::LittleEndian;

use super::block::BLOCK_BYTES_MAX;

/// Bytes of a directory row before its key; see FORMAT.md, "Directory row".
pub(crate) mod layout {
    pub const BYTE_OFFSET: usize = 0;
    pub const BYTES: usize = BYTE_OFFSET + 8;
    pub const CRC32C: usize = BYTES + 4; // of the block, seeded by its place
    pub const SIZE: usize = CRC32C + 4;
    const _: () = assert!(SIZE == 16, "FORMAT.md says 16");
}

/// Where a block lies, and its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockPlace {
    pub byte_offset: u64,
    pub bytes: u32,
    pub crc: u32,
}

impl BlockPlace {
    pub fn end(&self) -> u64 {
        self.byte_offset + u64::from(self.bytes)
    }

    /// Appends its directory row to `into`.
    pub fn encode(&self, last_key: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(&self.byte_offset.to_le_bytes());
        into.extend_from_slice(&self.bytes.to_le_bytes());
        into.extend_from_slice(&self.crc.to_le_bytes());
        into.extend_from_slice(last_key);
    }
}

/// A directory that was read; its checksum has been verified.
pub(super) struct Directory {
    bytes: Vec<u8>,
    key_bytes: usize,
    count: usize,
}

impl Directory {
    /// Takes a directory's bytes, if its blocks follow each other up to `block_bytes` and its
    /// keys ascend.
    pub fn decode(bytes: Vec<u8>, key_bytes: usize, block_bytes: u64) -> Option<Self> {
        let row_bytes = layout::SIZE + key_bytes;
        if !bytes.len().is_multiple_of(row_bytes) {
            return None;
        }
        let count = bytes.len() / row_bytes;
        let directory = Self { bytes, key_bytes, count };
        let mut end = 0;
        for number in 0..count {
            let place = directory.place(number)?;
            let sized = usize::try_from(place.bytes).is_ok_and(|size| size <= BLOCK_BYTES_MAX);
            let ascends =
                number == 0 || directory.last_key(number - 1) < directory.last_key(number);
            if place.byte_offset != end || !sized || !ascends {
                return None;
            }
            end = place.end();
        }
        (end == block_bytes).then_some(directory)
    }

    /// How many blocks there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes in memory.
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    fn row(&self, number: usize) -> &[u8] {
        let row_bytes = layout::SIZE + self.key_bytes;
        let start = number.saturating_mul(row_bytes);
        self.bytes.get(start..start.saturating_add(row_bytes)).unwrap_or_default()
    }

    /// Where a block lies.
    pub fn place(&self, number: usize) -> Option<BlockPlace> {
        let row = self.row(number);
        (!row.is_empty()).then(|| BlockPlace {
            byte_offset: row.u64_at(layout::BYTE_OFFSET),
            bytes: row.u32_at(layout::BYTES),
            crc: row.u32_at(layout::CRC32C),
        })
    }

    /// The last key of a block.
    pub fn last_key(&self, number: usize) -> &[u8] {
        self.row(number).get(layout::SIZE..).unwrap_or_default()
    }

    /// The first block that may hold `key` or a greater one; the count where none does.
    pub fn find(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.last_key(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
