//! Seal's output: up to three segments, one for each retention class, a state table and an inbox
//! table.

use super::gather::{Gathered, PlacedRecord};
use super::policy::{CLASSES, ChatPolicy, Fate};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::format::tombstone::tombstone;
use crate::hash::ChatKey;
use crate::inbox::{self, InboxRow};
use crate::options::Retention;
use crate::state::chat::ChatState;
use crate::state::row;
use crate::table::{Covered, NewTable, TableInfo, TableKind, TableWriter};

/// Rows of most chats have no more.
const ROW_BYTES: usize = 160;

/// One touched chat as it stood at some moment: all that its rows are made of.
pub(super) struct Touched {
    pub key: ChatKey,
    policy: ChatPolicy,
    pub row: Vec<u8>,
    /// Name, and which inbox rows the tables have of it afterwards.
    pub listed: Vec<(u64, u8)>,
    pub inbox: Vec<InboxRow>,
}

impl Touched {
    /// Copies what is needed of a chat.
    pub fn of(chat: &ChatState, store: &Retention, retention_now: u64) -> Self {
        let mut touched = Self {
            key: chat.key,
            policy: ChatPolicy::of(chat, store, retention_now),
            row: Vec::with_capacity(ROW_BYTES),
            listed: Vec::new(),
            inbox: Vec::new(),
        };
        row::encode(&mut touched.row, chat, touched.policy.floor);
        for change in inbox::changes(chat) {
            touched.listed.push((change.0, change.2));
            inbox::rows(chat, change, &mut touched.inbox);
        }
        touched
    }
}

/// A segment under construction.
struct Segment {
    writer: TableWriter,
    at: (u64, u64),
}

/// What was kept and what was let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SealTally {
    pub sealed_records: u64,
    pub dropped_records: u64,
    pub segment_bytes: u64,
    pub state_bytes: u64,
    pub inbox_bytes: u64,
}

/// See the module.
pub(super) struct Output<'a> {
    catalog: &'a Catalog,
    segments: [Option<Segment>; CLASSES as usize],
    states: TableWriter,
    inbox: Vec<InboxRow>,
    pub tally: SealTally,
}

fn new_table(catalog: &Catalog, kind: TableKind, class: u8) -> TableWriter {
    let table = NewTable { kind, class, id: catalog.new_table_id(), shard: 0 };
    TableWriter::new(catalog.disk(), &catalog.owner(), table)
}

impl<'a> Output<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            segments: Default::default(),
            states: new_table(catalog, TableKind::State, 0),
            inbox: Vec::new(),
            tally: SealTally::default(),
        }
    }

    /// Writes the rows of a chat; chats come in the order of their keys.
    pub fn add(&mut self, chat: Touched, gathered: &Gathered) -> Result<()> {
        for record in gathered.records_of(chat.key) {
            let bytes = gathered.record(record);
            match chat.policy.fate(record.seq) {
                Fate::Dropped => self.tally.dropped_records += 1,
                Fate::Kept { class } => self.add_record(class, record, bytes)?,
                Fate::Erased { class } => self.add_record(class, record, &tombstone(bytes))?,
            }
        }
        self.states.add(&chat.key.to_be_bytes(), &chat.row)?;
        self.inbox.extend(chat.inbox);
        Ok(())
    }

    fn add_record(&mut self, class: u8, record: &PlacedRecord, bytes: &[u8]) -> Result<()> {
        let catalog = self.catalog;
        let Some(place) = self.segments.get_mut(usize::from(class)) else {
            unreachable!("there are {CLASSES} classes")
        };
        let segment = place.get_or_insert_with(|| Segment {
            writer: new_table(catalog, TableKind::Segment, class),
            at: (record.at, record.at),
        });
        segment.at = (segment.at.0.min(record.at), segment.at.1.max(record.at));
        segment.writer.add(&segment_key(record.key, record.seq), bytes)?;
        self.tally.sealed_records += 1;
        Ok(())
    }

    /// Ends every table; their files have names that are not durable yet.
    pub fn finish(mut self, positions: (u64, u64)) -> Result<(Vec<TableInfo>, SealTally)> {
        let mut tables = Vec::new();
        let covered = Covered { positions, at: (0, 0), replaced: Vec::new() };
        for segment in self.segments.into_iter().flatten() {
            let covered = Covered { at: segment.at, ..covered.clone() };
            tables.extend(segment.writer.finish(covered)?);
        }
        tables.extend(self.states.finish(covered.clone())?);
        self.inbox.sort_unstable_by_key(|row| row.key);
        let mut inbox = new_table(self.catalog, TableKind::Inbox, 0);
        for row in &self.inbox {
            inbox.add(&row.key, &row.value)?;
        }
        tables.extend(inbox.finish(covered)?);
        for table in &tables {
            match table.kind {
                TableKind::Segment => self.tally.segment_bytes += table.file_bytes,
                TableKind::State => self.tally.state_bytes += table.file_bytes,
                TableKind::Inbox => self.tally.inbox_bytes += table.file_bytes,
            }
        }
        Ok((tables, self.tally))
    }
}

/// Chat and seq of a segment's key.
pub(crate) fn parse_segment_key(key: &[u8]) -> (ChatKey, u64) {
    let chat = key.first_chunk().map_or(0, |bytes| ChatKey::from_be_bytes(*bytes));
    (chat, key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)))
}

/// The key of a record in a segment.
pub(crate) fn segment_key(key: ChatKey, seq: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&key.to_be_bytes());
    bytes[16..].copy_from_slice(&seq.to_be_bytes());
    bytes
}
