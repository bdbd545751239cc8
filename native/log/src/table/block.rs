//! A block: rows in key order, then where each begins, then how many there are. Its checksum lies
//! in the directory.

use std::cmp::Ordering;
use std::ops::Range;

use crate::format::LittleEndian;

/// Bytes after which a block is ended; a row that is larger makes a block of its own.
pub(super) const BLOCK_BYTES: usize = 16 << 10;

/// The most that any block has.
pub(super) const BLOCK_BYTES_MAX: usize = 4 << 20;

/// Bytes of a row's start, and of the count.
const NUMBER_BYTES: usize = 4;

/// A block that was read; its checksum has been verified and its rows lie inside it.
pub(crate) struct Block {
    bytes: Vec<u8>,
    key_bytes: usize,
    row_count: usize,
}

impl Block {
    /// Takes a block's bytes, if its rows add up.
    pub fn decode(bytes: Vec<u8>, key_bytes: usize) -> Option<Self> {
        let count_at = bytes.len().checked_sub(NUMBER_BYTES)?;
        let row_count = usize::try_from(bytes.u32_at(count_at)).ok()?;
        let starts = count_at.checked_sub(row_count.checked_mul(NUMBER_BYTES)?)?;
        let block = Self { bytes, key_bytes, row_count };
        let begins_right = row_count > 0 && block.start(0) == 0;
        let fit = (0..row_count).all(|row| {
            let end = block.start(row + 1);
            end <= starts && block.start(row).checked_add(key_bytes).is_some_and(|at| at <= end)
        });
        (begins_right && fit).then_some(block)
    }

    /// How many rows it has; at least one.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Its size in the file, and nearly that in memory.
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// Where a row begins; for the row after the last one, where the last one ends.
    fn start(&self, row: usize) -> usize {
        let starts = self.bytes.len() - NUMBER_BYTES * (self.row_count + 1);
        if row >= self.row_count {
            return starts;
        }
        usize::try_from(self.bytes.u32_at(starts + NUMBER_BYTES * row)).unwrap_or(usize::MAX)
    }

    /// The key of a row; empty beyond the last.
    pub fn key(&self, row: usize) -> &[u8] {
        let start = self.start(row);
        if row >= self.row_count {
            return &[];
        }
        self.bytes.get(start..start + self.key_bytes).unwrap_or_default()
    }

    /// Where the value of a row lies among the block's bytes.
    pub fn value_range(&self, row: usize) -> Range<usize> {
        self.start(row) + self.key_bytes..self.start(row + 1)
    }

    /// Bytes of the block.
    pub fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// The row of a key, or the first row with a greater key.
    pub fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.row_count);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key(middle).cmp(key) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

/// The block under construction: its rows are the last bytes of whatever collects the file.
#[derive(Default)]
pub(super) struct BlockBuilder {
    row_bytes: usize,
    starts: Vec<u8>,
}

impl BlockBuilder {
    /// Bytes of a block of one row.
    pub fn alone(key: &[u8], value: &[u8]) -> usize {
        key.len().saturating_add(value.len()).saturating_add(2 * NUMBER_BYTES)
    }

    /// Whether one more row keeps the block within its usual size; the first always does.
    pub fn takes(&self, key: &[u8], value: &[u8]) -> bool {
        let bytes = self.row_bytes + self.start_bytes() + Self::alone(key, value);
        self.row_bytes == 0 || bytes <= BLOCK_BYTES
    }

    /// Bytes that are not in the file's collection yet.
    pub fn start_bytes(&self) -> usize {
        self.starts.len()
    }

    /// Appends a row to `into`, whose last bytes are the rows before.
    pub fn add(&mut self, key: &[u8], value: &[u8], into: &mut Vec<u8>) {
        let start = u32::try_from(self.row_bytes).unwrap_or(u32::MAX);
        self.starts.extend_from_slice(&start.to_le_bytes());
        into.extend_from_slice(key);
        into.extend_from_slice(value);
        self.row_bytes += key.len() + value.len();
    }

    /// Ends the block behind its rows and begins the next one; says its size.
    pub fn finish(&mut self, into: &mut Vec<u8>) -> usize {
        let count = u32::try_from(self.starts.len() / NUMBER_BYTES).unwrap_or(u32::MAX);
        let bytes = self.row_bytes + self.starts.len() + NUMBER_BYTES;
        into.append(&mut self.starts);
        into.extend_from_slice(&count.to_le_bytes());
        self.row_bytes = 0;
        bytes
    }
}
