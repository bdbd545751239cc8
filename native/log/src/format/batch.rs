//! Header of a batch: its place in the commit order, its time, and the checksum of all headers.
//!
//! The checksum covers the batch header and every effect but the bodies of records; each body has
//! its own checksum, which its record header carries. A batch is valid only if all of them verify.

use super::checksum::{StoreId, crc32c, seed};
use super::effect::{self, Effect};
use super::{LittleEndian, put};

/// Bytes of the header; see FORMAT.md, "Batch header".
pub(crate) mod batch_header {
    pub const CRC32C: usize = 0; // seeded by place; of all effect heads, then the rest of the header
    pub const MAGIC: usize = CRC32C + 4;
    pub const FLAGS: usize = MAGIC + 2;
    pub const BATCH_BYTES: usize = FLAGS + 2;
    pub const EFFECT_COUNT: usize = BATCH_BYTES + 4;
    pub const ROUND: usize = EFFECT_COUNT + 4;
    pub const POSITION: usize = ROUND + 8;
    pub const AT: usize = POSITION + 8;
    pub const SHARD: usize = AT + 6;
    pub const RETENTION_AT: usize = SHARD + 2;
    pub const RESERVED: usize = RETENTION_AT + 6;
    pub const INDEX: usize = RESERVED + 2;
    pub const TERM: usize = INDEX + 8;
    pub const MARK_BACK: usize = TERM + 4;
    pub const SIZE: usize = MARK_BACK + 4;
    const _: () = assert!(SIZE == 64, "FORMAT.md says 64");
}

/// Two bytes that open every batch, after its checksum.
pub(crate) const BATCH_MAGIC: u16 = 0xF09B;

/// Flag: another batch of the same round follows directly.
pub(crate) const FLAG_ROUND_CONTINUES: u16 = 1;

/// A decoded batch header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub flags: u16,
    /// Header included; a multiple of 8.
    pub batch_bytes: u32,
    pub effect_count: u32,
    /// Number of the round, dense per store from 1.
    pub round: u64,
    /// Position of the first effect.
    pub position: u64,
    /// Time stamp of its records, ms since epoch; 48 bits.
    pub at: u64,
    pub shard: u16,
    /// The retention clock; 48 bits.
    pub retention_at: u64,
    /// The mark: how many rounds before this one lies the last durable round.
    pub mark_back: u32,
    /// Consensus index and term; a local store writes the round and 0.
    pub index: u64,
    pub term: u32,
}

impl BatchHeader {
    /// Writes the header's fields, but not its checksum, over the first bytes of `batch`.
    pub fn encode(&self, batch: &mut [u8]) {
        put(batch, batch_header::MAGIC, &BATCH_MAGIC.to_le_bytes());
        put(batch, batch_header::FLAGS, &self.flags.to_le_bytes());
        put(batch, batch_header::BATCH_BYTES, &self.batch_bytes.to_le_bytes());
        put(batch, batch_header::EFFECT_COUNT, &self.effect_count.to_le_bytes());
        put(batch, batch_header::ROUND, &self.round.to_le_bytes());
        put(batch, batch_header::POSITION, &self.position.to_le_bytes());
        put48(batch, batch_header::AT, self.at);
        put(batch, batch_header::SHARD, &self.shard.to_le_bytes());
        put48(batch, batch_header::RETENTION_AT, self.retention_at);
        put(batch, batch_header::MARK_BACK, &self.mark_back.to_le_bytes());
        put(batch, batch_header::INDEX, &self.index.to_le_bytes());
        put(batch, batch_header::TERM, &self.term.to_le_bytes());
        put(batch, batch_header::RESERVED, &[0; 2]);
    }

    /// Reads a header whose lengths fit in `bytes`; says nothing about checksums.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < batch_header::SIZE || bytes.u16_at(batch_header::MAGIC) != BATCH_MAGIC {
            return None;
        }
        let header = Self {
            flags: bytes.u16_at(batch_header::FLAGS),
            batch_bytes: bytes.u32_at(batch_header::BATCH_BYTES),
            effect_count: bytes.u32_at(batch_header::EFFECT_COUNT),
            round: bytes.u64_at(batch_header::ROUND),
            position: bytes.u64_at(batch_header::POSITION),
            at: u48_at(bytes, batch_header::AT),
            shard: bytes.u16_at(batch_header::SHARD),
            retention_at: u48_at(bytes, batch_header::RETENTION_AT),
            mark_back: bytes.u32_at(batch_header::MARK_BACK),
            index: bytes.u64_at(batch_header::INDEX),
            term: bytes.u32_at(batch_header::TERM),
        };
        let length = header.batch_bytes as usize;
        let fits =
            length >= batch_header::SIZE && length <= bytes.len() && length.is_multiple_of(8);
        fits.then_some(header)
    }

    /// Last round that was durable when this batch was written.
    pub fn mark(&self) -> u64 {
        self.round.saturating_sub(u64::from(self.mark_back))
    }
}

/// Where a batch lies: what seeds its checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub store_id: &'a StoreId,
    pub file_id: u64,
    pub byte_offset: u64,
}

impl Place<'_> {
    /// What the checksum of a batch here begins with.
    pub fn seed(&self) -> u32 {
        seed(self.store_id, self.file_id, self.byte_offset)
    }
}

/// A batch whose checksums all verify.
pub(crate) struct ValidBatch<'a> {
    pub header: BatchHeader,
    /// The effects' bytes, after the header.
    pub effects: &'a [u8],
}

impl<'a> ValidBatch<'a> {
    /// Verifies the batch that begins at `bytes[0]`; `None` when anything does not.
    pub fn verify(place: Place<'_>, bytes: &'a [u8]) -> Option<Self> {
        let header = BatchHeader::decode(bytes)?;
        let effects = bytes.get(batch_header::SIZE..header.batch_bytes as usize)?;
        if Self::checksum(place, bytes)? != bytes.u32_at(batch_header::CRC32C) {
            return None;
        }
        let valid = Self { header, effects };
        valid.iterate().all(|(effect, _)| effect.body_verifies()).then_some(valid)
    }

    /// The checksum that a batch of these bytes has at that place; `None` where they do not add up.
    #[inline]
    pub fn checksum(place: Place<'_>, bytes: &[u8]) -> Option<u32> {
        let header = BatchHeader::decode(bytes)?;
        let batch = bytes.get(..header.batch_bytes as usize)?;
        let mut crc = place.seed();
        let mut rest = batch.get(batch_header::SIZE..)?;
        for _ in 0..header.effect_count {
            let (head_bytes, effect_bytes) = effect::lengths(rest)?;
            crc = crc32c(crc, rest.get(..head_bytes)?);
            rest = rest.get(effect_bytes..)?;
        }
        let described = batch.get(batch_header::MAGIC..batch_header::SIZE)?;
        rest.is_empty().then(|| crc32c(crc, described))
    }

    /// The batch that begins at `bytes[0]` and was verified before.
    pub fn trusted(bytes: &'a [u8]) -> Option<Self> {
        let header = BatchHeader::decode(bytes)?;
        let effects = bytes.get(batch_header::SIZE..header.batch_bytes as usize)?;
        Some(Self { header, effects })
    }

    /// Effects in order, each with its range within `effects`.
    pub fn iterate(&self) -> impl Iterator<Item = (Effect<'a>, std::ops::Range<usize>)> + use<'a> {
        let effects = self.effects;
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = effects.get(at..)?;
            let (_, length) = effect::lengths(rest)?;
            let decoded = Effect::decode(rest)?;
            let range = at..at + length;
            at = range.end;
            Some((decoded, range))
        })
    }
}

fn u48_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(bytes.u32_at(at)) | u64::from(bytes.u16_at(at + 4)) << 32
}

fn put48(into: &mut [u8], at: usize, value: u64) {
    let bytes = value.to_le_bytes();
    put(into, at, bytes.get(..6).unwrap_or_default());
}
