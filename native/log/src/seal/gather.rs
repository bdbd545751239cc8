//! What a journal file holds, chat by chat: which chats it touches, and where their records lie.

use crate::env::read_exact;
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{FLAG_ROUND_CONTINUES, Place, ValidBatch, batch_header};
use crate::format::checksum::StoreId;
use crate::format::effect::Effect;
use crate::format::file::journal_path;
use crate::hash::{ChatKey, Hashes};
use crate::merge::Deletion;
use crate::shelf::JournalFile;

/// One record in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedRecord {
    pub key: ChatKey,
    pub seq: u64,
    pub at: u64,
    start: u32,
    length: u32,
}

/// A whole journal file, sorted.
pub(super) struct Gathered {
    bytes: Vec<u8>,
    /// By chat and seq.
    records: Vec<PlacedRecord>,
    /// Every chat that has an effect in the file, ascending.
    pub chats: Vec<ChatKey>,
    /// What was deleted, and when.
    pub deletions: Vec<Deletion>,
    /// First and last position, if there is any effect.
    pub positions: Option<(u64, u64)>,
}

impl Gathered {
    /// Reads the rounds of a file up to `last_round`. All checksums are verified again: what rotted
    /// since it was written must not become a sound table.
    pub fn read(
        file: &JournalFile,
        last_round: u64,
        (store_id, hashes): (&StoreId, &Hashes),
    ) -> Result<Self> {
        let path = journal_path(file.file_id);
        let mut bytes = vec![0_u8; usize::try_from(file.file_bytes).unwrap_or_default()];
        read_exact(file.handle(0), 0, &mut bytes)
            .map_err(|source| Error::io("a journal file cannot be read", &path, source))?;
        let mut gathered = Self {
            bytes,
            records: Vec::new(),
            chats: Vec::new(),
            deletions: Vec::new(),
            positions: None,
        };
        let mut byte_offset = SECTOR_BYTES;
        let mut round = 0;
        while round < last_round {
            let place = Place { store_id, file_id: file.file_id, byte_offset };
            let Some((bytes, continues)) = gathered.batch(place, hashes) else {
                let range = byte_offset..file.file_bytes;
                return Err(Error::corrupt(path, range, "a durable round does not verify"));
            };
            round = gathered.last_round_at(byte_offset);
            byte_offset += bytes;
            if !continues {
                byte_offset = byte_offset.next_multiple_of(SECTOR_BYTES);
            }
        }
        gathered.records.sort_unstable_by_key(|record| (record.key, record.seq));
        gathered.chats.sort_unstable();
        gathered.chats.dedup();
        Ok(gathered)
    }

    /// Takes in the batch at a place; says its bytes, and whether its round goes on behind it.
    fn batch(&mut self, place: Place<'_>, hashes: &Hashes) -> Option<(u64, bool)> {
        let begin = usize::try_from(place.byte_offset).ok()?;
        let batch = ValidBatch::verify(place, self.bytes.get(begin..)?)?;
        let effects_at = begin + batch_header::SIZE;
        for (effect, range) in batch.iterate() {
            let key = hashes.chat(effect.chat_id());
            if self.chats.last() != Some(&key) {
                self.chats.push(key);
            }
            let at = batch.header.at;
            let mut delete = |from_seq, to_seq| {
                self.deletions.push(Deletion { key, at, from_seq, to_seq });
            };
            match &effect {
                Effect::DeleteRecords { ranges, .. } => {
                    ranges.iterate().for_each(|(from_seq, to_seq)| delete(from_seq, to_seq));
                }
                Effect::DeleteChat { floor, .. } => delete(1, floor.saturating_sub(1)),
                _ => {}
            }
            if let Effect::Record(record) = effect {
                let start = u32::try_from(effects_at + range.start).ok()?;
                let length = u32::try_from(range.len()).ok()?;
                let (seq, at) = (record.seq, record.at);
                self.records.push(PlacedRecord { key, seq, at, start, length });
            }
        }
        let header = batch.header;
        if header.effect_count > 0 {
            let last = header.position + u64::from(header.effect_count) - 1;
            let first = self.positions.map_or(header.position, |(first, _)| first);
            self.positions = Some((first, last));
        }
        Some((u64::from(header.batch_bytes), header.flags & FLAG_ROUND_CONTINUES != 0))
    }

    fn last_round_at(&self, byte_offset: u64) -> u64 {
        let begin = usize::try_from(byte_offset).unwrap_or(usize::MAX);
        let batch = self.bytes.get(begin..).and_then(ValidBatch::trusted);
        batch.map_or(u64::MAX, |batch| batch.header.round)
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
