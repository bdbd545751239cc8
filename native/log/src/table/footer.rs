//! The last bytes of a table: what it is, and where its directory and its filter lie.

use std::ops::Range;

use super::REPLACED_MAX;
use super::info::{Owner, TableInfo};
use super::kind::TableKind;
use crate::error::{Error, Result};
use crate::format::checksum::crc32c;
use crate::format::{FORMAT_VERSION, LittleEndian, put};

/// Bytes of the footer; see FORMAT.md, "Footer".
pub(crate) mod layout {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = MAGIC + 8;
    pub const CRC32C: usize = VERSION + 4; // of all other bytes of the footer
    pub const STORE_ID: usize = CRC32C + 4;
    pub const HASH_KEY: usize = STORE_ID + 16;
    pub const EPOCH: usize = HASH_KEY + 16;
    pub const KIND: usize = EPOCH + 8;
    pub const CLASS: usize = KIND + 1;
    pub const SHARD: usize = CLASS + 1;
    pub const FIRST_SLOT: usize = SHARD + 2;
    pub const LAST_SLOT: usize = FIRST_SLOT + 2;
    pub const TABLE_ID: usize = LAST_SLOT + 2;
    pub const FIRST_POSITION: usize = TABLE_ID + 8;
    pub const LAST_POSITION: usize = FIRST_POSITION + 8;
    pub const OLDEST_AT: usize = LAST_POSITION + 8;
    pub const NEWEST_AT: usize = OLDEST_AT + 8;
    pub const ROW_COUNT: usize = NEWEST_AT + 8;
    pub const BLOCK_BYTES: usize = ROW_COUNT + 8;
    pub const DIRECTORY_BYTES: usize = BLOCK_BYTES + 8;
    pub const FILTER_BYTES: usize = DIRECTORY_BYTES + 8;
    pub const FILE_BYTES: usize = FILTER_BYTES + 8;
    pub const DIRECTORY_CRC: usize = FILE_BYTES + 8;
    pub const FILTER_CRC: usize = DIRECTORY_CRC + 4;
    pub const REPLACED_COUNT: usize = FILTER_CRC + 4;
    pub const RESERVED: usize = REPLACED_COUNT + 4; // for compression and encryption
    pub const REPLACED: usize = 512;
    pub const SIZE: usize = REPLACED + 8 * super::REPLACED_MAX;
    const _: () = assert!(RESERVED == 156 && SIZE == 1024, "FORMAT.md says so");
}

/// First bytes of every footer.
pub(crate) const TABLE_MAGIC: [u8; 8] = *b"FOQTABL\n";

/// A decoded footer. Directory and filter follow the blocks, then the footer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    pub owner: Owner,
    pub info: TableInfo,
    pub directory_bytes: u64,
    pub directory_crc: u32,
    pub filter_bytes: u64,
    pub filter_crc: u32,
}

impl Footer {
    /// The footer's bytes.
    pub fn encode(&self) -> [u8; layout::SIZE] {
        let mut bytes = [0_u8; layout::SIZE];
        let info = &self.info;
        put(&mut bytes, layout::MAGIC, &TABLE_MAGIC);
        put(&mut bytes, layout::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, layout::STORE_ID, &self.owner.store_id);
        put(&mut bytes, layout::HASH_KEY, &self.owner.hash_key);
        put(&mut bytes, layout::EPOCH, &self.owner.epoch.to_le_bytes());
        put(&mut bytes, layout::KIND, &[info.kind.number(), info.class]);
        put(&mut bytes, layout::SHARD, &info.shard.to_le_bytes());
        put(&mut bytes, layout::FIRST_SLOT, &info.slots.0.to_le_bytes());
        put(&mut bytes, layout::LAST_SLOT, &info.slots.1.to_le_bytes());
        let numbers = [
            (layout::TABLE_ID, info.id),
            (layout::FIRST_POSITION, info.positions.0),
            (layout::LAST_POSITION, info.positions.1),
            (layout::OLDEST_AT, info.at.0),
            (layout::NEWEST_AT, info.at.1),
            (layout::ROW_COUNT, info.row_count),
            (layout::BLOCK_BYTES, info.block_bytes),
            (layout::DIRECTORY_BYTES, self.directory_bytes),
            (layout::FILTER_BYTES, self.filter_bytes),
            (layout::FILE_BYTES, info.file_bytes),
        ];
        for (at, number) in numbers {
            put(&mut bytes, at, &number.to_le_bytes());
        }
        put(&mut bytes, layout::DIRECTORY_CRC, &self.directory_crc.to_le_bytes());
        put(&mut bytes, layout::FILTER_CRC, &self.filter_crc.to_le_bytes());
        let count = u32::try_from(info.replaced.len()).unwrap_or(u32::MAX);
        put(&mut bytes, layout::REPLACED_COUNT, &count.to_le_bytes());
        for (index, id) in info.replaced.iter().enumerate() {
            put(&mut bytes, layout::REPLACED + 8 * index, &id.to_le_bytes());
        }
        let crc = checksum(&bytes);
        put(&mut bytes, layout::CRC32C, &crc.to_le_bytes());
        bytes
    }

    /// Reads the last bytes of a file of `file_bytes`, which is named as table `id` of a kind.
    ///
    /// # Errors
    /// `FOQ_VERSION` for a newer format, `FOQ_CORRUPT` naming the file for anything else.
    pub fn decode(bytes: &[u8], kind: TableKind, id: u64, file_bytes: u64) -> Result<Self> {
        let range = file_bytes.saturating_sub(layout::SIZE as u64)..file_bytes;
        let corrupt = |what: &str| Error::corrupt(kind.path(id), range.clone(), what);
        if bytes.len() != layout::SIZE || !bytes.starts_with(&TABLE_MAGIC) {
            return Err(corrupt("not the footer of a table"));
        }
        if bytes.u32_at(layout::CRC32C) != checksum(bytes) {
            return Err(corrupt("the footer's checksum does not verify"));
        }
        let found = bytes.u32_at(layout::VERSION);
        if found > FORMAT_VERSION {
            return Err(Error::Version { found, supported: FORMAT_VERSION });
        }
        let footer = Self::fields(bytes, kind);
        let number = bytes.get(layout::KIND).copied().unwrap_or_default();
        if TableKind::of_number(number) != Some(kind) || footer.info.id != id {
            return Err(corrupt("the footer is of another table than the file's name"));
        }
        if footer.info.file_bytes != file_bytes || footer.end() != Some(file_bytes) {
            return Err(corrupt("the file has another size than its footer says"));
        }
        Ok(footer)
    }

    fn fields(bytes: &[u8], kind: TableKind) -> Self {
        let owner = Owner {
            store_id: array_at(bytes, layout::STORE_ID),
            hash_key: array_at(bytes, layout::HASH_KEY),
            epoch: bytes.u64_at(layout::EPOCH),
        };
        let count = usize::try_from(bytes.u32_at(layout::REPLACED_COUNT)).unwrap_or(usize::MAX);
        let replaced = 0..count.min(REPLACED_MAX);
        let info = TableInfo {
            kind,
            class: bytes.get(layout::CLASS).copied().unwrap_or_default(),
            id: bytes.u64_at(layout::TABLE_ID),
            shard: bytes.u16_at(layout::SHARD),
            slots: (bytes.u16_at(layout::FIRST_SLOT), bytes.u16_at(layout::LAST_SLOT)),
            positions: (bytes.u64_at(layout::FIRST_POSITION), bytes.u64_at(layout::LAST_POSITION)),
            at: (bytes.u64_at(layout::OLDEST_AT), bytes.u64_at(layout::NEWEST_AT)),
            row_count: bytes.u64_at(layout::ROW_COUNT),
            block_bytes: bytes.u64_at(layout::BLOCK_BYTES),
            file_bytes: bytes.u64_at(layout::FILE_BYTES),
            replaced: replaced.map(|index| bytes.u64_at(layout::REPLACED + 8 * index)).collect(),
        };
        Self {
            owner,
            info,
            directory_bytes: bytes.u64_at(layout::DIRECTORY_BYTES),
            directory_crc: bytes.u32_at(layout::DIRECTORY_CRC),
            filter_bytes: bytes.u64_at(layout::FILTER_BYTES),
            filter_crc: bytes.u32_at(layout::FILTER_CRC),
        }
    }

    /// Where the file ends, if its parts are of possible sizes.
    fn end(&self) -> Option<u64> {
        let end = self.info.block_bytes.checked_add(self.directory_bytes)?;
        end.checked_add(self.filter_bytes)?.checked_add(layout::SIZE as u64)
    }

    /// Where the directory lies.
    pub fn directory(&self) -> Range<u64> {
        let start = self.info.block_bytes;
        start..start + self.directory_bytes
    }

    /// Where the filter lies.
    pub fn filter(&self) -> Range<u64> {
        let start = self.directory().end;
        start..start + self.filter_bytes
    }
}

fn array_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes.get(at..at + 16).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

fn checksum(bytes: &[u8]) -> u32 {
    let before = bytes.get(..layout::CRC32C).unwrap_or_default();
    let after = bytes.get(layout::STORE_ID..).unwrap_or_default();
    crc32c(crc32c(0, before), after)
}
