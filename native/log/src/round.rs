//! One round under construction, and on its way: its bytes, and what must be applied after it.

use crate::format::batch::{BatchHeader, Place, batch_header};
use crate::format::checksum::{StoreId, crc32c};
use crate::format::effect;
use crate::format::{SECTOR_BYTES, put, round_up};
use crate::ops::Completion;
use crate::retention_clock::Instant;
use crate::state::ChatIndex;

/// One effect of a round: whose it is and where its bytes begin in the round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedEffect {
    pub chat: ChatIndex,
    pub start: u32,
}

/// One assembled round. Write, sync and apply it before the next `assemble`.
pub struct Round {
    pub(crate) number: u64,
    /// What the clocks said when it was begun.
    pub(crate) now: Instant,
    pub(crate) position: u64,
    pub(crate) at: u64,
    pub(crate) retention_at: u64,
    pub(crate) file_id: u64,
    pub(crate) byte_offset: u64,
    /// Header first; a multiple of 512 once sealed.
    pub(crate) bytes: Vec<u8>,
    pub(crate) effects: Vec<PlacedEffect>,
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
    bytes: Vec<u8>,
    effects: Vec<PlacedEffect>,
    answers: Vec<Completion>,
}

impl RoundBuffers {
    /// Buffers for rounds of `bytes`, touched once so that no first use faults.
    pub fn new(bytes: usize) -> Self {
        let mut touched = vec![1_u8; bytes];
        touched.clear();
        Self { bytes: touched, effects: Vec::new(), answers: Vec::new() }
    }

    /// An empty round in place of the buffers.
    pub fn begin(&mut self) -> Round {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.resize(batch_header::SIZE, 0);
        Round {
            number: 0,
            now: Instant::default(),
            position: 0,
            at: 0,
            retention_at: 0,
            file_id: 0,
            byte_offset: 0,
            bytes,
            effects: std::mem::take(&mut self.effects),
            answers: std::mem::take(&mut self.answers),
        }
    }

    /// Takes a finished round's buffers back.
    pub fn give_back(&mut self, mut round: Round) {
        round.effects.clear();
        round.answers.clear();
        self.bytes = round.bytes;
        self.effects = round.effects;
        self.answers = round.answers;
    }
}

/// What a round's header says beyond the round itself.
pub(crate) struct RoundSeal<'a> {
    pub store_id: &'a StoreId,
    /// Last durable round.
    pub mark: u64,
}

impl Round {
    /// Writes header and checksum, and fills up to a sector.
    pub(crate) fn seal(&mut self, seal: &RoundSeal<'_>) {
        let batch_bytes = self.bytes.len();
        let header = BatchHeader {
            flags: 0,
            batch_bytes: narrow(batch_bytes),
            effect_count: narrow(self.effects.len()),
            round: self.number,
            position: self.position,
            at: self.at,
            shard: 0,
            retention_at: self.retention_at,
            mark_back: u32::try_from(self.number - seal.mark).unwrap_or(u32::MAX),
            index: self.number,
            term: 0,
        };
        header.encode(&mut self.bytes);
        let place =
            Place { store_id: seal.store_id, file_id: self.file_id, byte_offset: self.byte_offset };
        let mut crc = place.seed();
        for placed in &self.effects {
            let bytes = self.bytes.get(placed.start as usize..).unwrap_or_default();
            let (head, _) = effect::lengths(bytes)
                .unwrap_or_else(|| unreachable!("effects were laid out by this module's callers"));
            crc = crc32c(crc, bytes.get(..head).unwrap_or_default());
        }
        crc = crc32c(
            crc,
            self.bytes.get(batch_header::MAGIC..batch_header::SIZE).unwrap_or_default(),
        );
        put(&mut self.bytes, batch_header::CRC32C, &crc.to_le_bytes());
        let whole = round_up(batch_bytes as u64, SECTOR_BYTES);
        self.bytes.resize(usize::try_from(whole).unwrap_or_default(), 0);
    }
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or_else(|_| unreachable!("a round is far below 4 GiB"))
}
