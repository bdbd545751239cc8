//! The sealed records of one chat, in order of seq, from every segment that has some.
//!
//! Invariant: a seq that lies above the floor is in exactly one segment, unless a file was damaged
//! and taken away; what is missing then is said, never skipped.

use std::ops::Range;

use crate::catalog::TableSet;
use crate::error::Result;
use crate::hash::ChatKey;
use crate::seal::rows::segment_key;
use crate::table::{Moved, Probe, Scan, ScanMode};
use crate::view::Waiting;

/// A cursor over them.
pub(crate) struct SealedRecords {
    key: ChatKey,
    end: u64,
    sources: Vec<Source>,
    /// The source whose record was given last.
    given: Option<usize>,
}

struct Source {
    scan: Scan,
    /// Seq of the record it stands at.
    seq: u64,
}

/// One step.
pub(crate) enum SealedStep<'a> {
    /// The next record there is: its seq, and its effect's bytes.
    Record(u64, &'a [u8]),
    End,
    /// The disk would have to be waited for.
    WouldWait,
}

impl SealedRecords {
    /// The records with these seqs. `None` where the disk would have to be waited for.
    pub fn new(
        set: &TableSet,
        key: ChatKey,
        seqs: &Range<u64>,
        waiting: Waiting,
    ) -> Result<Option<Self>> {
        let mut records = Self { key, end: seqs.end, sources: Vec::new(), given: None };
        for table in &set.segments {
            match table.may_contain(&key.to_be_bytes(), waiting)? {
                Probe::Absent => continue,
                Probe::WouldWait => return Ok(None),
                Probe::Possible => {}
            }
            let scan = table.scan(&segment_key(key, seqs.start), ScanMode::Cached);
            records.sources.push(Source { scan, seq: 0 });
            let last = records.sources.len() - 1;
            match records.advance(last, waiting)? {
                Moved::Row => {}
                Moved::End => drop(records.sources.pop()),
                Moved::WouldWait => return Ok(None),
            }
        }
        Ok(Some(records))
    }

    /// The next record.
    pub fn next(&mut self, waiting: Waiting) -> Result<SealedStep<'_>> {
        if let Some(given) = self.given.take() {
            match self.advance(given, waiting)? {
                Moved::Row => {}
                Moved::End => drop(self.sources.swap_remove(given)),
                Moved::WouldWait => {
                    self.given = Some(given);
                    return Ok(SealedStep::WouldWait);
                }
            }
        }
        let next = (0..self.sources.len())
            .min_by_key(|&place| self.sources.get(place).map(|source| source.seq));
        self.given = next;
        Ok(match next.and_then(|place| self.sources.get(place)) {
            Some(source) => SealedStep::Record(source.seq, source.scan.value()),
            None => SealedStep::End,
        })
    }

    /// Moves a source to its next record of the chat.
    fn advance(&mut self, place: usize, waiting: Waiting) -> Result<Moved> {
        let Some(source) = self.sources.get_mut(place) else { return Ok(Moved::End) };
        match source.scan.advance(waiting)? {
            Moved::Row => {}
            other => return Ok(other),
        }
        let key = self.key.to_be_bytes();
        let seq = source.scan.key().strip_prefix(&key).and_then(|seq| seq.try_into().ok());
        match seq.map(u64::from_be_bytes) {
            Some(seq) if seq < self.end => {
                source.seq = seq;
                Ok(Moved::Row)
            }
            _ => Ok(Moved::End),
        }
    }
}
