//! Where a hot record lies: eight bytes for journal file, byte offset and length.

/// Units of byte offset and length: effects are 8-byte aligned.
const UNIT: u64 = 8;
const BYTE_OFFSET_BITS: u32 = 23;
const LENGTH_BITS: u32 = 18;
const FILE_BITS: u32 = 23;
const _: () = assert!(BYTE_OFFSET_BITS + LENGTH_BITS + FILE_BITS == 64, "a pointer is eight bytes");

/// Largest effect that a pointer can name: 2 MiB less one unit.
pub(crate) const EFFECT_BYTES_MAX: u64 = ((1 << LENGTH_BITS) - 1) * UNIT;

/// A record's place in the journal. File ids are stored modulo 2^23: far more files than a
/// journal ever holds at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(u64);

impl Pointer {
    /// Packs a place; byte offset and length are multiples of 8 within the limits of the format.
    #[inline]
    pub fn new(file_id: u64, byte_offset: u64, length_bytes: u64) -> Self {
        debug_assert!(byte_offset.is_multiple_of(UNIT) && length_bytes.is_multiple_of(UNIT));
        let start = (byte_offset / UNIT) & mask(BYTE_OFFSET_BITS);
        let length = (length_bytes / UNIT) & mask(LENGTH_BITS);
        let file = file_id & mask(FILE_BITS);
        Self(file << (BYTE_OFFSET_BITS + LENGTH_BITS) | start << LENGTH_BITS | length)
    }

    /// The file's id, modulo 2^23.
    pub fn file(self) -> u64 {
        self.0 >> (BYTE_OFFSET_BITS + LENGTH_BITS)
    }

    pub fn byte_offset(self) -> u64 {
        (self.0 >> LENGTH_BITS & mask(BYTE_OFFSET_BITS)) * UNIT
    }

    pub fn length_bytes(self) -> u64 {
        (self.0 & mask(LENGTH_BITS)) * UNIT
    }

    /// How file ids appear in pointers.
    pub fn file_ordinal(file_id: u64) -> u64 {
        file_id & mask(FILE_BITS)
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}
