//! Tables on a simulated disk.

mod bytes;
mod crash;
mod damage;
mod dump;
mod merge;
mod misplaced;
mod real;
mod round_trip;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::footer::layout;
use super::*;
use crate::env::Disk;
use crate::env::sim::{Dice, SimDisk};
use crate::error::{Error, Result};
use crate::view::Waiting;

pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) const OWNER: Owner = Owner { store_id: [7; 16], hash_key: [8; 16], epoch: 9 };

/// A disk with the folders of all kinds.
pub(super) fn a_disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_root().unwrap();
    for kind in TableKind::ALL {
        disk.create_dir(kind.folder()).unwrap();
    }
    disk.sync_dir("").unwrap();
    disk
}

pub(super) fn shared(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

pub(super) fn new_table(kind: TableKind, id: u64) -> NewTable {
    NewTable { kind, class: 2, id, shard: 3 }
}

pub(super) fn covered() -> Covered {
    Covered { positions: (10, 20), at: (1_000, 2_000), replaced: vec![4, 5] }
}

/// A value of up to `bytes`, mostly short, some empty.
pub(super) fn a_value(dice: &mut Dice, bytes: u64) -> Vec<u8> {
    let length = if dice.one_in(10) { dice.below(bytes + 1) } else { dice.below(90) };
    (0..length).map(|_| dice.throw().to_le_bytes()[0]).collect()
}

/// Random rows; several keys share a prefix where a kind has more behind it.
pub(super) fn some_rows(dice: &mut Dice, kind: TableKind, count: usize, bytes: u64) -> Rows {
    let mut rows = Rows::new();
    while rows.len() < count {
        let mut key = vec![0; kind.key_bytes()];
        for part in key.chunks_mut(8) {
            let word = if dice.one_in(3) { dice.below(4) } else { dice.throw() };
            part.copy_from_slice(&word.to_be_bytes()[..part.len()]);
        }
        rows.insert(key, a_value(dice, bytes));
    }
    rows
}

pub(super) fn try_write(disk: &SimDisk, table: NewTable, rows: &Rows) -> Result<TableInfo> {
    let mut writer = TableWriter::new(&shared(disk), &OWNER, table);
    for (key, value) in rows {
        if let Err(error) = writer.add(key, value) {
            writer.abandon();
            return Err(error);
        }
    }
    let info = writer.finish(covered())?.expect("there are rows");
    let folder = table.kind.folder();
    disk.sync_dir(folder).map_err(|failure| Error::io("sync", folder, failure))?;
    Ok(info)
}

pub(super) fn write(disk: &SimDisk, kind: TableKind, id: u64, rows: &Rows) -> TableInfo {
    try_write(disk, new_table(kind, id), rows).unwrap()
}

pub(super) fn open(disk: &SimDisk, kind: TableKind, id: u64) -> Result<Arc<Table>> {
    let cache = Arc::new(BlockCache::new(1 << 20));
    Table::open(&shared(disk), (kind, id), &OWNER, &cache).map(Arc::new)
}

pub(super) fn get(table: &Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
    Ok(match table.get(key, Waiting::Allowed)? {
        Found::Value(value) => Some(bytes(&value)),
        Found::Missing => None,
        Found::WouldWait => panic!("waiting is allowed"),
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_vec()
}

pub(super) fn scan(table: &Arc<Table>, from: &[u8], mode: ScanMode) -> Result<Rows> {
    let mut scan = table.scan(from, mode);
    let mut rows = Rows::new();
    while let Step::Row(key, value) = scan.next(Waiting::Allowed)? {
        assert!(rows.last_key_value().is_none_or(|(last, _)| last.as_slice() < key));
        rows.insert(key.to_vec(), value.to_vec());
    }
    Ok(rows)
}

/// Uses a table in every way; the first error. What it gives must be `rows`.
pub(super) fn use_all(disk: &SimDisk, kind: TableKind, id: u64, rows: &Rows) -> Result<()> {
    read_footer(disk, kind, id)?;
    let table = open(disk, kind, id)?;
    for (key, value) in rows {
        assert_eq!(get(&table, key)?.as_ref(), Some(value));
    }
    assert_eq!(&scan(&table, &[], ScanMode::Cached)?, rows);
    assert_eq!(&scan(&table, &[], ScanMode::Sequential)?, rows);
    table.verify()
}

/// Each use of a table by itself: none gives anything but the rows, and one at least fails.
pub(super) fn is_refused(disk: &SimDisk, kind: TableKind, id: u64, rows: &Rows) -> Error {
    if let Ok(table) = open(disk, kind, id) {
        for (key, value) in rows {
            if let Ok(found) = get(&table, key) {
                assert_eq!(found.as_ref(), Some(value));
            }
        }
        for mode in [ScanMode::Cached, ScanMode::Sequential] {
            if let Ok(found) = scan(&table, &[], mode) {
                assert_eq!(&found, rows);
            }
        }
        assert!(table.verify().is_err(), "a scrub finds it");
    }
    use_all(disk, kind, id, rows).expect_err("damage is found")
}

/// Byte offset of the footer.
pub(super) fn footer_at(info: &TableInfo) -> u64 {
    info.file_bytes - layout::SIZE as u64
}
