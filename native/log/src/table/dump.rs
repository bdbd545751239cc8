//! Prints what a table file holds, one JSON object a line: the table, its blocks, its rows. It
//! believes nothing: damage is shown where it lies, and what follows it too.

use std::sync::Arc;

use super::cache::BlockCache;
use super::kind::TableKind;
use super::reader::{Table, read_footer};
use crate::dump::record_fields;
use crate::env::Disk;
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::hash::{ChatKey, Hashes};
use crate::inbox;
use crate::json::Line;
use crate::state::row;
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
    dump_blocks(&table, &Hashes::new(owner.hash_key), sink);
}

fn dump_blocks(table: &Table, hashes: &Hashes, sink: &mut dyn FnMut(String)) {
    let directory = match table.directory(Waiting::Allowed) {
        Ok(Some(directory)) => directory,
        Ok(None) => return,
        Err(error) => {
            let line = Line::new("damaged").text("error", error.to_string().as_bytes());
            return sink(line.finish());
        }
    };
    // A key that is there: the filter is not asked for one that lies outside the table's slots.
    let prefix = directory.last_key(0).get(..table.info().kind.prefix_bytes()).unwrap_or_default();
    if let Err(error) = table.may_contain(prefix, Waiting::Allowed) {
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
                    let value = block.slice(block.value_range(row));
                    sink(row_line(table.info().kind, hashes, block.key(row), value));
                }
            }
            Ok(None) => {}
            Err(error) => sink(line.text("error", error.to_string().as_bytes()).finish()),
        }
    }
}

/// A row with what its value says; with `error` where it says nothing.
fn row_line(kind: TableKind, hashes: &Hashes, key: &[u8], value: &[u8]) -> String {
    let line = Line::new("row").hex("key", key).number("valueBytes", value.len() as u64);
    let decoded = match kind {
        TableKind::Segment => match Effect::decode(value) {
            Some(Effect::Record(record)) => Ok((line, record)),
            _ => Err(line),
        }
        .map(|(line, record)| record_fields(line.text("chatId", record.chat_id), &record)),
        TableKind::State => {
            let key = key.try_into().map_or(0, ChatKey::from_be_bytes);
            match row::decode(key, hashes, value) {
                Some(chat) => Ok(chat.dump_fields(line)),
                None => Err(line),
            }
        }
        TableKind::Inbox => match inbox::parse(key, value) {
            Some(row) => Ok(inbox::dump_fields(line, &row)),
            None => Err(line),
        },
    };
    decoded.unwrap_or_else(|line| line.text("error", b"the row makes no sense")).finish()
}
