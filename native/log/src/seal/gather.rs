//! What a journal file holds, chat by chat: which chats it touches, and where their records lie.

use std::io;

use super::JournalPart;
use super::policy::is_dropped;
use crate::env::read_exact;
use crate::error::{Error, Result};
use crate::format::batch::{FLAG_ROUND_CONTINUES, Place, ValidBatch, batch_header};
use crate::format::effect::Effect;
use crate::format::file::journal_path;
use crate::format::{LittleEndian, SECTOR_BYTES};
use crate::hash::ChatKey;
use crate::merge::Deletion;
use crate::shared::Shared;
use crate::shelf::JournalFile;

/// Records whose chats are looked at under one lock.
const RECORDS_PER_LOOK: usize = 256;

/// One record in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedRecord {
    pub key: ChatKey,
    pub seq: u64,
    pub at: u64,
    /// Among the bytes that were kept.
    start: u32,
    length: u32,
}

/// A whole journal file, sorted.
#[derive(Default)]
pub(super) struct Gathered {
    /// Of the records.
    bytes: Vec<u8>,
    /// By chat and seq, without those that were dead when they were read.
    records: Vec<PlacedRecord>,
    pub dead_records: u64,
    /// Every chat that has an effect in the file, ascending.
    pub chats: Vec<ChatKey>,
    /// What was deleted, and when.
    pub deletions: Vec<Deletion>,
    /// First and last position, if there is any effect.
    pub positions: Option<(u64, u64)>,
}

impl Gathered {
    /// Reads the rounds of a file up to its last. All checksums are verified again: what rotted
    /// since it was written must not become a sound table.
    pub fn read(shared: &Shared, part: &JournalPart) -> Result<Self> {
        let file = &part.file;
        let path = journal_path(file.file_id);
        let unread = |source| Error::io("a journal file cannot be read", &path, source);
        let mut ahead = ReadAhead::new(file);
        let mut gathered = Self::default();
        let mut byte_offset = SECTOR_BYTES;
        let mut round = 0;
        while round < part.end.round {
            let place = Place { store_id: &shared.store_id, file_id: file.file_id, byte_offset };
            let header = ahead.from(byte_offset, batch_header::SIZE).map_err(unread)?;
            let length = header.u32_at(batch_header::BATCH_BYTES) as usize;
            let bytes = ahead.from(byte_offset, length).map_err(unread)?;
            let Some(batch) = ValidBatch::verify(place, bytes) else {
                let range = byte_offset..file.file_bytes;
                return Err(Error::corrupt(path, range, "a durable round does not verify"));
            };
            gathered.take(&batch, shared);
            round = batch.header.round;
            byte_offset += u64::from(batch.header.batch_bytes);
            if batch.header.flags & FLAG_ROUND_CONTINUES == 0 {
                byte_offset = byte_offset.next_multiple_of(SECTOR_BYTES);
            }
        }
        gathered.records.sort_unstable_by_key(|record| (record.key, record.seq));
        gathered.chats.sort_unstable();
        gathered.chats.dedup();
        Ok(gathered)
    }

    fn take(&mut self, batch: &ValidBatch<'_>, shared: &Shared) {
        let batch_at = batch.header.at;
        let mut records = Vec::new();
        for (effect, range) in batch.iterate() {
            let key = shared.hashes.chat(effect.chat_id());
            if self.chats.last() != Some(&key) {
                self.chats.push(key);
            }
            let mut delete = |from_seq, to_seq| {
                self.deletions.push(Deletion { key, at: batch_at, from_seq, to_seq });
            };
            match &effect {
                Effect::DeleteRecords { ranges, .. } => {
                    ranges.iterate().for_each(|(from_seq, to_seq)| delete(from_seq, to_seq));
                }
                Effect::DeleteChat { floor, .. } => delete(1, floor.saturating_sub(1)),
                Effect::Record(record) => {
                    let bytes = batch.effects.get(range).unwrap_or_default();
                    records.push((key, record.seq, record.at, bytes));
                }
                _ => {}
            }
        }
        for some in records.chunks(RECORDS_PER_LOOK) {
            self.keep(some, shared);
        }
        let header = batch.header;
        if header.effect_count > 0 {
            let last = header.position + u64::from(header.effect_count) - 1;
            let first = self.positions.map_or(header.position, |(first, _)| first);
            self.positions = Some((first, last));
        }
    }

    /// Keeps the bytes of what is not dead by now: most records are, and theirs are never copied.
    /// Floors only rise, so a dead record stays dead until the rows are made.
    fn keep(&mut self, records: &[(ChatKey, u64, u64, &[u8])], shared: &Shared) {
        let states = shared.states.read();
        let (store, now) = (&shared.options.retention, states.retention_now);
        states.touch_all(records.iter().map(|&(key, ..)| key));
        for &(key, seq, at, bytes) in records {
            if states.find_chat(key).is_some_and(|chat| is_dropped(chat, (store, now), seq)) {
                self.dead_records += 1;
                continue;
            }
            let place = (u32::try_from(self.bytes.len()), u32::try_from(bytes.len()));
            let (Ok(start), Ok(length)) = place else {
                unreachable!("a journal file has at most 64 MiB")
            };
            self.bytes.extend_from_slice(bytes);
            self.records.push(PlacedRecord { key, seq, at, start, length });
        }
    }

    /// The records of a chat, in order.
    pub fn records_of(&self, key: ChatKey) -> &[PlacedRecord] {
        let begin = self.records.partition_point(|record| record.key < key);
        let end = self.records.partition_point(|record| record.key <= key);
        self.records.get(begin..end).unwrap_or_default()
    }

    /// A record's bytes.
    pub fn record(&self, record: &PlacedRecord) -> &[u8] {
        let start = record.start as usize;
        self.bytes.get(start..start + record.length as usize).unwrap_or_default()
    }
}

/// Bytes that are read at once: few enough to stay near the processor until they are verified.
const READ_BYTES: usize = 512 << 10;

/// Reads a file from its begin to its end, a little ahead of need and in the same memory.
struct ReadAhead<'a> {
    file: &'a JournalFile,
    buffer: Vec<u8>,
    filled: usize,
    /// Where in the file the buffer begins.
    begin: u64,
}

impl<'a> ReadAhead<'a> {
    fn new(file: &'a JournalFile) -> Self {
        Self { file, buffer: vec![0; READ_BYTES], filled: 0, begin: 0 }
    }

    /// From this byte offset on at least so many bytes, or all there are; each call begins where the last did or behind.
    fn from(&mut self, byte_offset: u64, length: usize) -> io::Result<&[u8]> {
        let skip = usize::try_from(byte_offset - self.begin).unwrap_or(usize::MAX);
        if length > self.filled.saturating_sub(skip) {
            self.buffer.copy_within(skip.min(self.filled)..self.filled, 0);
            self.filled = self.filled.saturating_sub(skip);
            self.begin = byte_offset;
            self.fill(length)?;
            return Ok(self.buffer.get(..self.filled).unwrap_or_default());
        }
        Ok(self.buffer.get(skip..self.filled).unwrap_or_default())
    }

    fn fill(&mut self, length: usize) -> io::Result<()> {
        let rest = self.file.file_bytes.saturating_sub(self.begin);
        let wanted = length.max(READ_BYTES).min(usize::try_from(rest).unwrap_or(usize::MAX));
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        let at = self.begin + self.filled as u64;
        if let Some(missing) = self.buffer.get_mut(self.filled..wanted) {
            read_exact(self.file.handle(0), at, missing)?;
            self.filled = wanted;
        }
        Ok(())
    }
}
