//! Prints what a table file holds, one JSON object a line: the table, its blocks, its rows. It
//! believes nothing: damage is shown where it lies, and what follows it too.

use std::sync::Arc;

use super::cache::BlockCache;
use super::kind::TableKind;
use super::reader::{Table, read_footer};
use crate::env::Disk;
use crate::error::{Error, Result};
use crate::json::Line;
use crate::view::Waiting;

/// Dumps every table of a kind that has a file; a missing folder holds none.
pub(crate) fn dump_tables(
    disk: &Arc<dyn Disk>,
    kind: TableKind,
    sink: &mut dyn FnMut(String),
) -> Result<()> {
    let names = match disk.list(kind.folder()) {
        Ok(names) => names,
        Err(failure) if failure.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(failure) => {
            return Err(Error::io("a folder cannot be read", kind.folder(), failure));
        }
    };
    for name in names {
        match kind.id_in(&name) {
            Some(id) => dump_table(disk, kind, id, sink),
            None => sink(Line::new("unfinished file").text("file", name.as_bytes()).finish()),
        }
    }
    Ok(())
}

/// Dumps one table.
pub(crate) fn dump_table(
    disk: &Arc<dyn Disk>,
    kind: TableKind,
    id: u64,
    sink: &mut dyn FnMut(String),
) {
    let path = kind.path(id);
    let line = Line::new("table").text("file", path.as_bytes());
    let opened = read_footer(&**disk, kind, id).and_then(|(owner, _)| {
        Ok((owner, Table::open(disk, (kind, id), &owner, &Arc::new(BlockCache::new(0)))?))
    });
    let (owner, table) = match opened {
        Ok(opened) => opened,
        Err(error) => return sink(line.text("error", error.to_string().as_bytes()).finish()),
    };
    let info = table.info();
    let pair = |(first, last): (u64, u64)| std::iter::once((first, last));
    let slots = (u64::from(info.slots.0), u64::from(info.slots.1));
    let line = line
        .hex("storeId", &owner.store_id)
        .hex("epoch", &owner.epoch.to_be_bytes())
        .number("id", info.id)
        .number("class", u64::from(info.class))
        .number("shard", u64::from(info.shard))
        .pairs("slots", pair(slots))
        .pairs("positions", pair(info.positions))
        .pairs("at", pair(info.at))
        .number("rows", info.row_count)
        .number("blockBytes", info.block_bytes)
        .number("fileBytes", info.file_bytes)
        .numbers("replaced", &info.replaced);
    sink(line.finish());
    dump_blocks(&table, sink);
}

fn dump_blocks(table: &Table, sink: &mut dyn FnMut(String)) {
    let directory = match table.directory(Waiting::Allowed) {
        Ok(Some(directory)) => directory,
        Ok(None) => return,
        Err(error) => {
            let line = Line::new("damaged").text("error", error.to_string().as_bytes());
            return sink(line.finish());
        }
    };
    if let Err(error) = table.may_contain(&[], Waiting::Allowed) {
        sink(Line::new("damaged").text("error", error.to_string().as_bytes()).finish());
    }
    for number in 0..directory.count() {
        let Some(place) = directory.place(number) else { return };
        let line = Line::new("block").number("byteOffset", place.byte_offset);
        let line = line.number("bytes", u64::from(place.bytes));
        match table.block(number, Waiting::Allowed) {
            Ok(Some(block)) => {
                sink(line.number("rows", block.row_count() as u64).finish());
                for row in 0..block.row_count() {
                    let line = Line::new("row").hex("key", block.key(row));
                    let bytes = block.value_range(row).len() as u64;
                    sink(line.number("valueBytes", bytes).finish());
                }
            }
            Ok(None) => {}
            Err(error) => sink(line.text("error", error.to_string().as_bytes()).finish()),
        }
    }
}
