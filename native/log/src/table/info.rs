//! What is known of a table without reading its rows; its footer repeats all of it.

use super::kind::TableKind;
use crate::format::checksum::{StoreId, crc32c, seed};

/// What all tables of a store share; in every footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub store_id: StoreId,
    /// Key of chat keys.
    pub hash_key: [u8; 16],
    /// Identity of the history in which the table was written.
    pub epoch: u64,
}

/// A table that is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewTable {
    pub kind: TableKind,
    /// Retention class of a segment; 0 for the other kinds.
    pub class: u8,
    pub id: u64,
    pub shard: u16,
}

/// What a table's writer says of it at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Covered {
    /// First and last journal position that it covers.
    pub positions: (u64, u64),
    /// Oldest and newest time stamp of its records, ms; zeros where it has none.
    pub at: (u64, u64),
    /// Ids of the tables that it was merged from, at most `REPLACED_MAX`.
    pub replaced: Vec<u64>,
}

/// What a manifest lists of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableInfo {
    pub kind: TableKind,
    /// Retention class of a segment; 0 for the other kinds.
    pub class: u8,
    pub id: u64,
    pub shard: u16,
    /// First and last slot of its chats, 0 to 16383.
    pub slots: (u16, u16),
    /// First and last journal position that it covers.
    pub positions: (u64, u64),
    /// Oldest and newest time stamp of its records, ms; zeros where it has none.
    pub at: (u64, u64),
    pub row_count: u64,
    /// Bytes of its blocks.
    pub block_bytes: u64,
    pub file_bytes: u64,
    /// Ids of the tables that it was merged from.
    pub replaced: Vec<u64>,
}

impl TableInfo {
    /// The path of its file.
    pub fn path(&self) -> String {
        self.kind.path(self.id)
    }
}

/// Whose checksums are meant: a table of a store.
#[derive(Clone, Copy)]
pub(super) struct Seed {
    pub store_id: StoreId,
    pub kind: TableKind,
    pub id: u64,
}

impl Seed {
    /// The checksum of what lies at `byte_offset` of the table's file.
    pub fn checksum(&self, byte_offset: u64, bytes: &[u8]) -> u32 {
        let place = seed(&self.store_id, self.id, byte_offset);
        crc32c(crc32c(place, &[self.kind.number()]), bytes)
    }
}
