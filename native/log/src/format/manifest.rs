//! The manifest: what a store is. Two files, MANIFEST-A and MANIFEST-B, of equal form; the valid
//! one with the greater counter counts. Replacing writes both, one after the other, so that a
//! crash leaves a valid one, and later damage of one leaves the other with the same content.

use std::collections::BTreeMap;

use super::checksum::{StoreId, crc32c};
use super::{FORMAT_VERSION, LittleEndian, put};
use crate::error::{Error, Result};
use crate::table::{TableInfo, TableKind};

/// Bytes of a manifest; see FORMAT.md, "Manifest".
pub(crate) mod layout {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = MAGIC + 8;
    pub const CRC32C: usize = VERSION + 4; // of all other bytes
    pub const COUNTER: usize = CRC32C + 4;
    pub const STORE_ID: usize = COUNTER + 8;
    pub const HASH_KEY: usize = STORE_ID + 16;
    pub const EPOCH: usize = HASH_KEY + 16;
    pub const BOOT_ID: usize = EPOCH + 8;
    pub const FIRST_FILE_ID: usize = BOOT_ID + 16;
    pub const SEALED_POSITION: usize = FIRST_FILE_ID + 8;
    pub const SEALED_ROUND: usize = SEALED_POSITION + 8;
    pub const JOURNAL_FILE_BYTES: usize = SEALED_ROUND + 8;
    pub const STATE: usize = JOURNAL_FILE_BYTES + 8; // 1 being made, 2 ready
    pub const DURABILITY: usize = STATE + 1; // 1 fsync, 2 page-cache-unsafe
    pub const CLEAN: usize = DURABILITY + 1; // 1 closed cleanly (kept for the unsafe class)
    pub const TABLE_COUNT: usize = CLEAN + 2;
    pub const SEALED_AT: usize = TABLE_COUNT + 4;
    pub const SEALED_RETENTION_AT: usize = SEALED_AT + 8;
    pub const NEXT_TABLE_ID: usize = SEALED_RETENTION_AT + 8;
    pub const LONGEST_AGE: usize = NEXT_TABLE_ID + 8;
    pub const SCRUBBED_AT: usize = LONGEST_AGE + 8;
    pub const BACKUP_ROUND: usize = SCRUBBED_AT + 8;
    pub const TABLES: usize = 512;
    /// The file is a multiple of this: small manifests are replaced in place.
    pub const UNIT: usize = 4096;
    /// Far more tables than merging leaves.
    pub const SIZE_MAX: usize = 64 << 20;
}

/// One table in the manifest; see FORMAT.md, "Tables of the manifest".
pub(crate) mod table_row {
    pub const KIND: usize = 0;
    pub const CLASS: usize = 1; // retention class of a segment
    pub const STATE: usize = 2; // 1 live, 2 replaced: to be removed
    pub const SHARD: usize = 4;
    pub const SLOT_FIRST: usize = 6;
    pub const SLOT_LAST: usize = 8;
    pub const ERASE_AT: usize = 10; // 6 bytes; a segment with payloads of deleted records
    pub const ID: usize = 16;
    pub const FIRST_POSITION: usize = 24;
    pub const LAST_POSITION: usize = 32;
    pub const FIRST_AT: usize = 40;
    pub const LAST_AT: usize = 48;
    pub const ROW_COUNT: usize = 56;
    pub const BLOCK_BYTES: usize = 64;
    pub const FILE_BYTES: usize = 72;
    pub const SIZE: usize = 80;
}

/// First bytes of both manifests.
pub(crate) const MANIFEST_MAGIC: [u8; 8] = *b"FOQMANI\n";

/// The two files.
pub(crate) const MANIFEST_PATHS: [&str; 2] = ["MANIFEST-A", "MANIFEST-B"];

/// A decoded manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Grows with every write of either file.
    pub counter: u64,
    pub store_id: StoreId,
    /// Key of chat keys and other hashes.
    pub hash_key: [u8; 16],
    /// Identity of this history.
    pub epoch: u64,
    /// Boot in which the store was last opened.
    pub boot_id: [u8; 16],
    /// First journal file that recovery reads.
    pub first_file_id: u64,
    /// Where recovery begins: all up to here is in tables, or was allowed to go.
    pub sealed: Sealed,
    pub journal_file_bytes: u64,
    /// False while the store is being made; nothing was acked in it yet.
    pub ready: bool,
    /// True for the class that loses its tail on power loss.
    pub unsafe_class: bool,
    /// True when the last close was clean.
    pub clean: bool,
    /// Greater than the id of every table there ever was.
    pub next_table_id: u64,
    /// Tables that hold data, and those that were replaced and may still have a file.
    pub tables: Vec<TableInfo>,
    pub replaced: Vec<(TableKind, u64)>,
    /// Segments that may hold payloads of deleted records: since when, the oldest of them.
    pub erase: BTreeMap<u64, u64>,
    /// Greatest age that a chat was ever told to keep records for; `u64::MAX` for ever.
    pub longest_age_ms: u64,
    /// Up to this moment all tables that were due have been read again (see `merge::scrub`).
    pub scrubbed_at: u64,
    /// Of a backup: the last round of its journal; 0 in a store.
    pub backup_round: u64,
}

/// The end of what is sealed: the last round that tables cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub round: u64,
    /// Position of its last effect, or of the last before it.
    pub position: u64,
    pub at: u64,
    pub retention_at: u64,
}

impl Manifest {
    /// Whether this table holds data.
    pub fn lists(&self, kind: TableKind, id: u64) -> bool {
        self.tables.iter().any(|table| (table.kind, table.id) == (kind, id))
    }

    /// Whether a table that it does not list is nobody's to delete: it was neither replaced nor
    /// under way when the manifest was written.
    pub fn puts_aside(&self, kind: TableKind, id: u64) -> bool {
        id < self.next_table_id && !self.replaced.contains(&(kind, id))
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let rows = self.tables.len() + self.replaced.len();
        let size = layout::TABLES + rows * table_row::SIZE;
        let mut bytes = vec![0_u8; size.next_multiple_of(layout::UNIT)];
        put(&mut bytes, layout::MAGIC, &MANIFEST_MAGIC);
        put(&mut bytes, layout::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, layout::COUNTER, &self.counter.to_le_bytes());
        put(&mut bytes, layout::STORE_ID, &self.store_id);
        put(&mut bytes, layout::HASH_KEY, &self.hash_key);
        put(&mut bytes, layout::EPOCH, &self.epoch.to_le_bytes());
        put(&mut bytes, layout::BOOT_ID, &self.boot_id);
        put(&mut bytes, layout::FIRST_FILE_ID, &self.first_file_id.to_le_bytes());
        put(&mut bytes, layout::SEALED_POSITION, &self.sealed.position.to_le_bytes());
        put(&mut bytes, layout::SEALED_ROUND, &self.sealed.round.to_le_bytes());
        put(&mut bytes, layout::SEALED_AT, &self.sealed.at.to_le_bytes());
        put(&mut bytes, layout::SEALED_RETENTION_AT, &self.sealed.retention_at.to_le_bytes());
        put(&mut bytes, layout::NEXT_TABLE_ID, &self.next_table_id.to_le_bytes());
        put(&mut bytes, layout::LONGEST_AGE, &self.longest_age_ms.to_le_bytes());
        put(&mut bytes, layout::SCRUBBED_AT, &self.scrubbed_at.to_le_bytes());
        put(&mut bytes, layout::BACKUP_ROUND, &self.backup_round.to_le_bytes());
        let count = u32::try_from(rows).unwrap_or(u32::MAX);
        put(&mut bytes, layout::TABLE_COUNT, &count.to_le_bytes());
        let places = bytes.get_mut(layout::TABLES..).unwrap_or_default();
        let mut places = places.chunks_exact_mut(table_row::SIZE);
        for (table, place) in self.tables.iter().zip(&mut places) {
            let erase_at = match table.kind {
                TableKind::Segment => self.erase.get(&table.id).copied().unwrap_or_default(),
                TableKind::State | TableKind::Inbox => 0,
            };
            put_table(place, table, erase_at);
        }
        for (&(kind, id), place) in self.replaced.iter().zip(&mut places) {
            put(place, table_row::KIND, &[kind.number(), 0, REPLACED]);
            put(place, table_row::ID, &id.to_le_bytes());
        }
        put(&mut bytes, layout::JOURNAL_FILE_BYTES, &self.journal_file_bytes.to_le_bytes());
        put(&mut bytes, layout::STATE, &[if self.ready { 2 } else { 1 }]);
        put(&mut bytes, layout::DURABILITY, &[if self.unsafe_class { 2 } else { 1 }]);
        put(&mut bytes, layout::CLEAN, &[u8::from(self.clean)]);
        let crc = checksum(&bytes);
        put(&mut bytes, layout::CRC32C, &crc.to_le_bytes());
        bytes
    }

    /// Reads one manifest file.
    ///
    /// # Errors
    /// `FOQ_VERSION` for a newer format, `FOQ_CORRUPT` naming `file` for anything else.
    pub fn decode(bytes: &[u8], file: &str) -> Result<Self> {
        let whole = 0..bytes.len() as u64;
        let sized = !bytes.is_empty() && bytes.len().is_multiple_of(layout::UNIT);
        if !sized || !bytes.starts_with(&MANIFEST_MAGIC) {
            return Err(Error::corrupt(file, whole, "not a manifest"));
        }
        if bytes.u32_at(layout::CRC32C) != checksum(bytes) {
            return Err(Error::corrupt(file, whole, "the manifest's checksum does not verify"));
        }
        let found = bytes.u32_at(layout::VERSION);
        if found > FORMAT_VERSION {
            return Err(Error::Version { found, supported: FORMAT_VERSION });
        }
        let (tables, replaced, erase) = tables_of(bytes)
            .ok_or_else(|| Error::corrupt(file, whole, "the manifest's tables make no sense"))?;
        Ok(Self {
            counter: bytes.u64_at(layout::COUNTER),
            store_id: array_at(bytes, layout::STORE_ID),
            hash_key: array_at(bytes, layout::HASH_KEY),
            epoch: bytes.u64_at(layout::EPOCH),
            boot_id: array_at(bytes, layout::BOOT_ID),
            first_file_id: bytes.u64_at(layout::FIRST_FILE_ID),
            sealed: Sealed {
                round: bytes.u64_at(layout::SEALED_ROUND),
                position: bytes.u64_at(layout::SEALED_POSITION),
                at: bytes.u64_at(layout::SEALED_AT),
                retention_at: bytes.u64_at(layout::SEALED_RETENTION_AT),
            },
            journal_file_bytes: bytes.u64_at(layout::JOURNAL_FILE_BYTES),
            ready: bytes.get(layout::STATE) == Some(&2),
            unsafe_class: bytes.get(layout::DURABILITY) == Some(&2),
            clean: bytes.get(layout::CLEAN) == Some(&1),
            // A store of version 0 has no tables.
            next_table_id: bytes.u64_at(layout::NEXT_TABLE_ID).max(1),
            tables,
            replaced,
            erase,
            longest_age_ms: bytes.u64_at(layout::LONGEST_AGE),
            scrubbed_at: bytes.u64_at(layout::SCRUBBED_AT),
            backup_round: bytes.u64_at(layout::BACKUP_ROUND),
        })
    }
}

/// States of a table in the manifest.
const LIVE: u8 = 1;
const REPLACED: u8 = 2;

fn put_table(place: &mut [u8], table: &TableInfo, erase_at: u64) {
    put(place, table_row::KIND, &[table.kind.number(), table.class, LIVE]);
    put(place, table_row::SHARD, &table.shard.to_le_bytes());
    put(place, table_row::SLOT_FIRST, &table.slots.0.to_le_bytes());
    put(place, table_row::SLOT_LAST, &table.slots.1.to_le_bytes());
    // Time stamps have 48 bits.
    put(place, table_row::ERASE_AT, erase_at.to_le_bytes().get(..6).unwrap_or_default());
    let numbers = [
        (table_row::ID, table.id),
        (table_row::FIRST_POSITION, table.positions.0),
        (table_row::LAST_POSITION, table.positions.1),
        (table_row::FIRST_AT, table.at.0),
        (table_row::LAST_AT, table.at.1),
        (table_row::ROW_COUNT, table.row_count),
        (table_row::BLOCK_BYTES, table.block_bytes),
        (table_row::FILE_BYTES, table.file_bytes),
    ];
    numbers.into_iter().for_each(|(at, number)| put(place, at, &number.to_le_bytes()));
}

type Tables = (Vec<TableInfo>, Vec<(TableKind, u64)>, BTreeMap<u64, u64>);

/// The tables a manifest lists; `None` where they make no sense.
fn tables_of(bytes: &[u8]) -> Option<Tables> {
    let count = usize::try_from(bytes.u32_at(layout::TABLE_COUNT)).ok()?;
    let end = count.checked_mul(table_row::SIZE)?.checked_add(layout::TABLES)?;
    let rows = bytes.get(layout::TABLES..end)?;
    let (mut tables, mut replaced, mut erase) = Tables::default();
    for row in rows.chunks_exact(table_row::SIZE) {
        let kind = TableKind::of_number(*row.first()?)?;
        let id = row.u64_at(table_row::ID);
        let erase_at = row.u64_at(table_row::ERASE_AT) & 0xFFFF_FFFF_FFFF;
        if erase_at != 0 && kind == TableKind::Segment {
            erase.insert(id, erase_at);
        }
        match row.get(table_row::STATE).copied()? {
            LIVE => tables.push(TableInfo {
                kind,
                class: row.get(table_row::CLASS).copied()?,
                id,
                shard: row.u16_at(table_row::SHARD),
                slots: (row.u16_at(table_row::SLOT_FIRST), row.u16_at(table_row::SLOT_LAST)),
                positions: (
                    row.u64_at(table_row::FIRST_POSITION),
                    row.u64_at(table_row::LAST_POSITION),
                ),
                at: (row.u64_at(table_row::FIRST_AT), row.u64_at(table_row::LAST_AT)),
                row_count: row.u64_at(table_row::ROW_COUNT),
                block_bytes: row.u64_at(table_row::BLOCK_BYTES),
                file_bytes: row.u64_at(table_row::FILE_BYTES),
                replaced: Vec::new(),
            }),
            REPLACED => replaced.push((kind, id)),
            _ => return None,
        }
    }
    Some((tables, replaced, erase))
}

fn array_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes.get(at..at + 16).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

fn checksum(bytes: &[u8]) -> u32 {
    let before = bytes.get(..layout::CRC32C).unwrap_or_default();
    let after = bytes.get(layout::COUNTER..).unwrap_or_default();
    crc32c(crc32c(0, before), after)
}
