//! Which prefixes of keys a table may hold: a Bloom filter of lines of 64 bytes, the size of a
//! cache line, each prefix in one line. Keys are keyed hashes already, or begin with one, so
//! nobody can aim for a clash.

/// Bits for each distinct prefix: about one wrong answer in a hundred.
const BITS_EACH: usize = 10;

/// Bits that are set for a prefix.
const PROBES: usize = 6;

/// Bytes of a line.
const LINE_BYTES: usize = 64;

/// Spreads a number over 64 bits (the last step of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn hash(prefix: &[u8]) -> u64 {
    prefix.chunks(8).fold(prefix.len() as u64, |hash, part| {
        let mut word = [0; 8];
        word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        mix(hash.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ u64::from_le_bytes(word))
    })
}

/// Byte of the filter and bit of that byte, for each probe of a hash.
fn probes(hash: u64, line_count: usize) -> impl Iterator<Item = (usize, u8)> {
    let line = (u128::from(hash) * line_count as u128) >> 64;
    let start = usize::try_from(line).unwrap_or_default() * LINE_BYTES;
    // The line is chosen by the hash, the bits by another mix of it, 9 for each probe.
    let bits = mix(hash);
    (0..PROBES).map(move |probe| {
        let bit = usize::try_from((bits >> (9 * probe)) & 511).unwrap_or_default();
        (start + bit / 8, 1 << (bit % 8))
    })
}

/// A filter that was read; its checksum has been verified.
pub(super) struct Filter {
    bytes: Vec<u8>,
}

impl Filter {
    /// Takes a filter's bytes, if they are lines.
    pub fn decode(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty() && bytes.len().is_multiple_of(LINE_BYTES)).then_some(Self { bytes })
    }

    /// False where the table certainly has no key with this prefix.
    pub fn may_contain(&self, prefix: &[u8]) -> bool {
        let mut all = probes(hash(prefix), self.bytes.len() / LINE_BYTES);
        all.all(|(at, bit)| self.bytes.get(at).is_some_and(|byte| byte & bit != 0))
    }

    /// Bytes in memory.
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }
}

/// Collects the prefixes of keys that come in ascending order.
#[derive(Default)]
pub(super) struct FilterBuilder {
    hashes: Vec<u64>,
}

impl FilterBuilder {
    /// Adds a prefix; one that comes again at once counts once.
    pub fn add(&mut self, prefix: &[u8]) {
        let hash = hash(prefix);
        if self.hashes.last() != Some(&hash) {
            self.hashes.push(hash);
        }
    }

    /// The filter's bytes.
    pub fn finish(&self) -> Vec<u8> {
        let line_count = (self.hashes.len() * BITS_EACH).div_ceil(8 * LINE_BYTES).max(1);
        let mut bytes = vec![0; line_count * LINE_BYTES];
        for hash in &self.hashes {
            for (at, bit) in probes(*hash, line_count) {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte |= bit;
                }
            }
        }
        bytes
    }
}
