//! A cursor over the rows of a table, in ascending order from any key.

use std::ops::Range;
use std::sync::Arc;

use super::block::Block;
use super::reader::Table;
use crate::error::Result;
use crate::view::Waiting;

/// Bytes that are read ahead, where all rows are wanted.
const READ_AHEAD_BYTES: u64 = 1 << 20;

/// Which way a scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanMode {
    /// Block by block through the cache: for a few rows.
    Cached,
    /// Up to 1 MiB at a time, past the cache: for who reads (nearly) all, as merges do.
    Sequential,
}

/// What a step of a scan gives; keys and values live until the next step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Row(&'a [u8], &'a [u8]),
    End,
    /// The disk would have had to be waited for; the next step goes on here.
    WouldWait,
}

/// See the module. After an error it stands where it stood, and may be asked again.
pub(crate) struct Scan {
    table: Arc<Table>,
    mode: ScanMode,
    /// Where to begin, until the first block is there.
    from: Option<Vec<u8>>,
    block: Option<Arc<Block>>,
    /// The row at hand, in `block`; none before the first step and at the end.
    row: Option<usize>,
    /// The row and the block that are next.
    next_row: usize,
    next_block: usize,
    ahead: Ahead,
}

/// Bytes of blocks that were read ahead.
#[derive(Default)]
struct Ahead {
    byte_offset: u64,
    bytes: Vec<u8>,
}

/// Whether a scan moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Row,
    End,
    WouldWait,
}

impl Table {
    /// A cursor before the first row whose key is at least `from` (empty: the first row).
    pub fn scan(self: &Arc<Self>, from: &[u8], mode: ScanMode) -> Scan {
        Scan {
            table: Arc::clone(self),
            mode,
            from: Some(from.to_vec()),
            block: None,
            row: None,
            next_row: 0,
            next_block: 0,
            ahead: Ahead::default(),
        }
    }
}

impl Scan {
    /// The next row.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` naming the bytes that do not verify, `FOQ_VERSION`, `FOQ_UNAVAILABLE`.
    pub fn next(&mut self, waiting: Waiting) -> Result<Step<'_>> {
        Ok(match self.advance(waiting)? {
            Moved::Row => Step::Row(self.key(), self.value()),
            Moved::End => Step::End,
            Moved::WouldWait => Step::WouldWait,
        })
    }

    /// The key of the row at hand; empty where there is none.
    pub fn key(&self) -> &[u8] {
        match (&self.block, self.row) {
            (Some(block), Some(row)) => block.key(row),
            _ => &[],
        }
    }

    /// The value of the row at hand; empty where there is none.
    pub fn value(&self) -> &[u8] {
        match (&self.block, self.row) {
            (Some(block), Some(row)) => block.slice(block.value_range(row)),
            _ => &[],
        }
    }

    pub fn advance(&mut self, waiting: Waiting) -> Result<Moved> {
        // At most one block has to be skipped: the first, when `from` lies behind its rows.
        loop {
            if self.block.as_ref().is_some_and(|block| self.next_row < block.row_count()) {
                self.row = Some(self.next_row);
                self.next_row += 1;
                return Ok(Moved::Row);
            }
            match self.load(waiting)? {
                Moved::Row => {}
                moved => {
                    self.row = None;
                    return Ok(moved);
                }
            }
        }
    }

    /// Brings the next block.
    fn load(&mut self, waiting: Waiting) -> Result<Moved> {
        let Some(directory) = self.table.directory(waiting)? else { return Ok(Moved::WouldWait) };
        if let Some(from) = &self.from {
            self.next_block = directory.find(from);
        }
        let number = self.next_block;
        if number >= directory.count() {
            (self.from, self.block) = (None, None);
            return Ok(Moved::End);
        }
        let block = match self.mode {
            ScanMode::Cached => self.table.block(number, waiting)?,
            ScanMode::Sequential => self.block_ahead(number, waiting)?,
        };
        let Some(block) = block else { return Ok(Moved::WouldWait) };
        self.next_row = match self.from.take() {
            Some(from) => block.find(&from).unwrap_or_else(|row| row),
            None => 0,
        };
        self.block = Some(block);
        self.next_block = number + 1;
        Ok(Moved::Row)
    }

    /// A block from the bytes read ahead, which are read where they have come to an end.
    fn block_ahead(&mut self, number: usize, waiting: Waiting) -> Result<Option<Arc<Block>>> {
        let table = Arc::clone(&self.table);
        let Some(directory) = table.directory(waiting)? else { return Ok(None) };
        let Some(place) = directory.place(number) else { return Ok(None) };
        let range = place.byte_offset..place.end();
        if self.ahead.get(&range).is_none() {
            let next = (number + 1..).map_while(|number| directory.place(number));
            let fits = |end: &u64| end - range.start <= READ_AHEAD_BYTES;
            let end = next.map(|place| place.end()).take_while(fits).last();
            let wanted = range.start..end.unwrap_or(range.end);
            let Some(bytes) = table.bytes(wanted, waiting)? else { return Ok(None) };
            self.ahead = Ahead { byte_offset: range.start, bytes };
        }
        let bytes = self.ahead.get(&range).unwrap_or_default().to_vec();
        Ok(Some(Arc::new(table.checked(&place, bytes)?)))
    }
}

impl Ahead {
    fn get(&self, range: &Range<u64>) -> Option<&[u8]> {
        let start = usize::try_from(range.start.checked_sub(self.byte_offset)?).ok()?;
        let end = usize::try_from(range.end - self.byte_offset).ok()?;
        self.bytes.get(start..end)
    }
}
