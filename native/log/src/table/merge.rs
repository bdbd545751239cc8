//! The rows of several tables in key order; where several have a key, the newest table's row wins
//! and the others are shown as what it shadows.

use super::REPLACED_MAX;
use super::scan::{Moved, Scan};
use crate::error::{Error, Result};
use crate::view::Waiting;

/// See the module.
pub(crate) struct Merge {
    /// Newest first; what is known of where each stands.
    sources: Vec<Source>,
    /// Sources that stand at the key given last, newest first.
    equal: Vec<usize>,
}

struct Source {
    scan: Scan,
    ended: bool,
    /// Its row was given, or it has not begun.
    spent: bool,
}

/// A row of a merge.
pub(crate) struct MergedRow<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    /// Which scan it is from, counted as they were given.
    pub source: usize,
    sources: &'a [Source],
    shadowed: &'a [usize],
}

impl<'a> MergedRow<'a> {
    /// Rows of the same key in older tables: which scan, and the value.
    pub fn shadowed(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let sources = self.sources;
        self.shadowed.iter().filter_map(move |&number| {
            sources.get(number).map(|source| (number, source.scan.value()))
        })
    }
}

impl Merge {
    /// Merges scans that stand before their first rows, of the newest table first.
    ///
    /// # Errors
    /// `FOQ_TOO_LARGE` for more than `REPLACED_MAX`.
    pub fn new(scans: Vec<Scan>) -> Result<Self> {
        if scans.len() > REPLACED_MAX {
            return Err(Error::TooLarge { what: "merged tables", limit: REPLACED_MAX as u64 });
        }
        let begin = |scan| Source { scan, ended: false, spent: true };
        Ok(Self { sources: scans.into_iter().map(begin).collect(), equal: Vec::new() })
    }

    /// The next row; waits for the disk.
    ///
    /// # Errors
    /// As `Scan::next`; it may be asked again, and goes on where it was.
    pub fn next(&mut self) -> Result<Option<MergedRow<'_>>> {
        for source in self.sources.iter_mut().filter(|source| source.spent && !source.ended) {
            source.ended = source.scan.advance(Waiting::Allowed)? != Moved::Row;
            source.spent = false;
        }
        self.equal.clear();
        let mut least: Option<&[u8]> = None;
        for (number, source) in self.sources.iter().enumerate() {
            let key = source.scan.key();
            if source.ended || least.is_some_and(|least| key > least) {
                continue;
            }
            if least.is_none_or(|least| key < least) {
                self.equal.clear();
                least = Some(key);
            }
            self.equal.push(number);
        }
        for &number in &self.equal {
            if let Some(source) = self.sources.get_mut(number) {
                source.spent = true;
            }
        }
        let Some((&source, shadowed)) = self.equal.split_first() else { return Ok(None) };
        let Some(winner) = self.sources.get(source) else { return Ok(None) };
        let (key, value) = (winner.scan.key(), winner.scan.value());
        Ok(Some(MergedRow { key, value, source, sources: &self.sources, shadowed }))
    }
}
