//! Whether the tables agree with each other: what lookups, reads and merges rely on, and no answer
//! may show. For simulations, which look at it between any two steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::TableSet;
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::hash::ChatKey;
use crate::inbox::{self, InboxRow};
use crate::reader::Reader;
use crate::seal::rows::parse_segment_key;
use crate::state::chat::ChatState;
use crate::state::row;
use crate::table::{Moved, ScanMode, Table, TableKind};
use crate::view::Waiting;

impl Reader {
    /// Reads all tables. Rows of a kind are in groups that lie apart; a record is in one segment;
    /// inbox tables have the rows that state rows say they have; a segment with the payload of a
    /// record whose deletion is sealed is marked for being written again.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` with what does not agree, or whatever reading the tables met.
    pub fn check_tables(&self) -> Result<()> {
        let set = self.shared.catalog.set();
        check_groups(&set.states)?;
        check_groups(&set.inboxes)?;
        let chats = self.sealed_chats(&set)?;
        check_inboxes(&set, chats.values())?;
        self.check_segments(&set, &chats)
    }

    /// The newest row of each chat.
    fn sealed_chats(&self, set: &TableSet) -> Result<BTreeMap<ChatKey, ChatState>> {
        let mut chats = BTreeMap::new();
        for (key, value) in newest_rows(&set.states)? {
            let key = key.first_chunk().map_or(0, |bytes| ChatKey::from_be_bytes(*bytes));
            let chat = row::decode(key, &self.shared.hashes, &value);
            chats.insert(key, chat.ok_or_else(|| wrong("a chat's row makes no sense"))?);
        }
        Ok(chats)
    }

    fn check_segments(&self, set: &TableSet, chats: &BTreeMap<ChatKey, ChatState>) -> Result<()> {
        let sealed_position = self.shared.catalog.sealed_position();
        let marks = self.shared.catalog.marks();
        let mut seen = BTreeSet::new();
        for table in &set.segments {
            let marked = marks.contains_key(&table.info().id);
            let mut scan = table.scan(&[], ScanMode::Sequential);
            while scan.advance(Waiting::Allowed)? == Moved::Row {
                let (key, seq) = parse_segment_key(scan.key());
                if !seen.insert((key, seq)) {
                    return Err(wrong(format!("seq {seq} of a chat is in two segments")));
                }
                let Some(Effect::Record(record)) = Effect::decode(scan.value()) else {
                    return Err(wrong(format!("seq {seq} of a chat is no record")));
                };
                // Deletions in the journal mark nothing yet.
                let chat = chats.get(&key).filter(|chat| chat.as_of <= sealed_position);
                let pinned = chat.and_then(|chat| chat.cold()?.pinned);
                let is_deleted = chat.is_some_and(|chat| chat.is_deleted(seq))
                    || pinned.is_some_and(|pinned| pinned.seq == seq && pinned.deleted);
                if is_deleted && !record.payload.is_empty() && !marked {
                    let id = table.info().id;
                    return Err(wrong(format!("deleted seq {seq} keeps its payload in {id:x}")));
                }
            }
        }
        Ok(())
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::corrupt("the tables", 0..0, what)
}

/// By key; of tables that are newest first.
fn newest_rows(tables: &[Arc<Table>]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut rows = BTreeMap::new();
    for table in tables {
        let mut scan = table.scan(&[], ScanMode::Sequential);
        while scan.advance(Waiting::Allowed)? == Moved::Row {
            rows.entry(scan.key().to_vec()).or_insert_with(|| scan.value().to_vec());
        }
    }
    Ok(rows)
}

/// Positions of tables are equal or lie apart, in order; keys of equal ones lie apart.
fn check_groups(tables: &[Arc<Table>]) -> Result<()> {
    for (newer, older) in tables.iter().zip(tables.iter().skip(1)) {
        let (newer, older) = (newer.info(), older.info());
        if newer.positions != older.positions && newer.positions.0 <= older.positions.1 {
            return Err(wrong(format!("positions of {:x} and {:x} meet", newer.id, older.id)));
        }
    }
    let equal =
        |left: &Arc<Table>, right: &Arc<Table>| left.info().positions == right.info().positions;
    for group in tables.chunk_by(equal) {
        let mut ranges = Vec::new();
        for table in group {
            let rows = newest_rows(std::slice::from_ref(table))?;
            ranges.push((rows.keys().next().cloned(), rows.keys().next_back().cloned()));
        }
        ranges.sort();
        if !ranges.is_sorted_by(|left, right| left.1 < right.0) {
            return Err(wrong("the keys of a group meet"));
        }
    }
    Ok(())
}

/// The rows that hold are those that the chats' rows name.
fn check_inboxes<'a>(set: &TableSet, chats: impl Iterator<Item = &'a ChatState>) -> Result<()> {
    let kind = TableKind::Inbox;
    let mut rows = newest_rows(set.of(kind))?;
    rows.retain(|_, value| !inbox::has_ended(value));
    let mut wanted: Vec<InboxRow> = Vec::new();
    for chat in chats {
        let members = chat.members.as_deref();
        for cursor in members.map(|members| members.cursors.as_slice()).unwrap_or_default() {
            inbox::rows(chat, (cursor.name, 0, cursor.listed), &mut wanted);
        }
    }
    for row in &wanted {
        if rows.remove(row.key.as_slice()).is_none() {
            return Err(wrong("a consumer lacks an inbox row"));
        }
    }
    match rows.is_empty() {
        true => Ok(()),
        false => Err(wrong("an inbox row holds that was ended")),
    }
}
