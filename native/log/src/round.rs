//! One round under construction, and on its way: its bytes, and what must be applied after it.

use crate::format::batch::{BatchHeader, Place, batch_header};
use crate::format::checksum::{StoreId, crc32c};
use crate::format::effect::{self, kind, record_head};
use crate::format::{LittleEndian, SECTOR_BYTES, put, round_up};
use crate::ops::Completion;
use crate::retention_clock::Instant;
use crate::shelf::JournalFile;
use crate::state::ChatIndex;

/// One effect of a round: whose it is and where its bytes begin in the round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedEffect {
    pub chat: ChatIndex,
    pub start: u32,
    /// Seq of a record that carries nothing but itself; 0 where the bytes say what it is.
    pub plain_seq: u64,
}

/// What a round's bytes are spent on; what is not here is headers and the rarer effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub payload_bytes: u32,
    pub ack_bytes: u32,
    pub membership_bytes: u32,
}

/// One assembled round. Rounds are written, become durable and are applied in order.
pub struct Round {
    pub(crate) number: u64,
    /// What the clocks said when it was begun.
    pub(crate) now: Instant,
    pub(crate) position: u64,
    pub(crate) at: u64,
    pub(crate) retention_at: u64,
    /// The file it goes to, and where in it; missing only in a read-only store.
    pub(crate) file: Option<JournalFile>,
    pub(crate) byte_offset: u64,
    /// Header first; a multiple of 512 once sealed.
    pub(crate) bytes: Vec<u8>,
    /// The batch checksum so far: seed and effect heads.
    crc: u32,
    pub(crate) batch_bytes: u32,
    pub(crate) effects: Vec<PlacedEffect>,
    pub(crate) tally: Tally,
    /// Answers that rest on this round.
    pub(crate) answers: Vec<Completion>,
}

impl Round {
    /// Its number; dense per store.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Time stamp of its records.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The retention clock as of this round.
    #[must_use]
    pub fn retention_at(&self) -> u64 {
        self.retention_at
    }

    /// Bytes it writes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Effects it holds; 0 in a mark.
    #[must_use]
    pub fn effects(&self) -> usize {
        self.effects.len()
    }
}

/// Buffers of finished rounds, to be used again: the hot path allocates nothing.
#[derive(Default)]
pub(crate) struct RoundBuffers {
    rounds: Vec<Round>,
}

/// Two rounds on their way and one assembled ahead.
const BUFFERS: usize = 3;

impl RoundBuffers {
    /// Buffers for rounds of `bytes`, touched once so that no first use faults.
    pub fn new(bytes: usize) -> Self {
        let touched = |_| {
            let mut round = Round::empty();
            round.bytes = vec![1; bytes];
            round
        };
        Self { rounds: (0..BUFFERS).map(touched).collect() }
    }

    /// An empty round that begins where `file` says.
    pub fn begin(&mut self, file: Option<JournalFile>, byte_offset: u64, store: &StoreId) -> Round {
        let mut round = self.rounds.pop().unwrap_or_else(Round::empty);
        round.bytes.clear();
        round.bytes.resize(batch_header::SIZE, 0);
        round.place(file, byte_offset, store);
        round
    }

    /// Takes a finished round's buffers back.
    pub fn give_back(&mut self, mut round: Round) {
        round.effects.clear();
        round.tally = Tally::default();
        round.answers.clear();
        round.file = None;
        if self.rounds.len() < BUFFERS {
            self.rounds.push(round);
        }
    }
}

impl Round {
    fn empty() -> Self {
        Self {
            number: 0,
            now: Instant::default(),
            position: 0,
            at: 0,
            retention_at: 0,
            file: None,
            byte_offset: 0,
            bytes: Vec::new(),
            crc: 0,
            batch_bytes: 0,
            effects: Vec::new(),
            tally: Tally::default(),
            answers: Vec::new(),
        }
    }

    pub(crate) fn file_id(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.file_id)
    }

    /// Gives a round without effects its place, on which its checksum rests.
    pub(crate) fn place(&mut self, file: Option<JournalFile>, byte_offset: u64, store: &StoreId) {
        assert!(self.effects.is_empty(), "what is laid out is checked under its place");
        self.file = file;
        self.byte_offset = byte_offset;
        let place = Place { store_id: store, file_id: self.file_id(), byte_offset };
        self.crc = place.seed();
    }

    /// Notes the effect whose bytes begin at `start` and end the round so far.
    pub(crate) fn note_effect(&mut self, chat: ChatIndex, start: usize) {
        let bytes = self.bytes.get(start..).unwrap_or_default();
        let (head, _) =
            effect::lengths(bytes).unwrap_or_else(|| unreachable!("an effect was laid out"));
        self.note_record(chat, start, head, 0);
    }

    /// Notes the record whose bytes begin at `start` and end the round so far, and whose head has
    /// so many; for `plain_seq` see `PlacedEffect`.
    #[inline]
    pub(crate) fn note_record(
        &mut self,
        chat: ChatIndex,
        start: usize,
        head: usize,
        plain_seq: u64,
    ) {
        let effect = self.bytes.get(start..).unwrap_or_default();
        match effect.first().copied().unwrap_or_default() {
            kind::RECORD => {
                self.tally.payload_bytes += effect.u32_at(record_head::PAYLOAD_BYTES);
            }
            kind::ACKS => self.tally.ack_bytes += narrow(effect.len()),
            kind::JOIN | kind::LEAVE | kind::FORGET => {
                self.tally.membership_bytes += narrow(effect.len());
            }
            _ => {}
        }
        self.crc = crc32c(self.crc, self.bytes.get(start..start + head).unwrap_or_default());
        self.effects.push(PlacedEffect { chat, start: narrow(start), plain_seq });
    }

    /// Ends the layout: fills up to a sector.
    pub(crate) fn end_layout(&mut self) {
        self.batch_bytes = narrow(self.bytes.len());
        let whole = round_up(u64::from(self.batch_bytes), SECTOR_BYTES);
        self.bytes.resize(usize::try_from(whole).unwrap_or_default(), 0);
    }

    /// Writes header and checksum, just before the round goes to the disk: `mark` is the last
    /// round that is durable then.
    pub(crate) fn seal(&mut self, mark: u64) {
        let header = BatchHeader {
            flags: 0,
            batch_bytes: self.batch_bytes,
            effect_count: narrow(self.effects.len()),
            round: self.number,
            position: self.position,
            at: self.at,
            shard: 0,
            retention_at: self.retention_at,
            mark_back: u32::try_from(self.number - mark).unwrap_or(u32::MAX),
            index: self.number,
            term: 0,
        };
        header.encode(&mut self.bytes);
        let rest = self.bytes.get(batch_header::MAGIC..batch_header::SIZE).unwrap_or_default();
        let crc = crc32c(self.crc, rest);
        put(&mut self.bytes, batch_header::CRC32C, &crc.to_le_bytes());
    }
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or_else(|_| unreachable!("a round is far below 4 GiB"))
}
