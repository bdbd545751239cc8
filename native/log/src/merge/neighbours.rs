//! The merge of neighbouring groups of state or inbox tables: the newest row of a key stays.

use std::sync::Arc;

use super::counts::MergeTally;
use super::job::Budget;
use super::output::{Output, OutputShape};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::inbox;
use crate::planted::{Bug, planted};
use crate::table::{Merge, ScanMode, Table, TableInfo, TableKind};

/// See the module.
pub(super) struct NeighbourMerge {
    merge: Merge,
    output: Output,
    /// Whether no older table has rows that one which says "ended" must cover.
    nothing_below: bool,
    bytes_read: u64,
}

impl NeighbourMerge {
    /// Of tables of one kind, newest first.
    pub fn new(tables: &[Arc<Table>], nothing_below: bool, bytes_max: u64) -> Result<Self> {
        let scans = tables.iter().map(|table| table.scan(&[], ScanMode::Sequential));
        let first = tables.first().map(|table| table.info().kind);
        let kind = first.unwrap_or(TableKind::State);
        let shape = OutputShape {
            kind,
            class: 0,
            positions: positions_of(tables),
            replaced: tables.iter().map(|table| table.info().id).collect(),
            bytes_max,
        };
        let nothing_below =
            kind == TableKind::Inbox && (nothing_below || planted(Bug::EndedRowDroppedEarly));
        let merge = Merge::new(scans.collect())?;
        Ok(Self { merge, output: Output::new(shape), nothing_below, bytes_read: 0 })
    }

    /// Merges some rows; says whether that was all.
    pub fn step(&mut self, catalog: &Catalog, budget: &mut Budget) -> Result<bool> {
        while budget.has_more() {
            let Some(row) = self.merge.next()? else { return Ok(true) };
            let shadowed = row.shadowed().map(|(_, value)| row.key.len() + value.len());
            let row_bytes = row.key.len() + row.value.len() + shadowed.sum::<usize>();
            budget.spend(row_bytes);
            self.bytes_read += row_bytes as u64;
            if self.nothing_below && inbox::has_ended(row.value) {
                continue;
            }
            self.output.add(catalog, (row.key, row.value), 0)?;
        }
        Ok(false)
    }

    pub fn tally(&self) -> MergeTally {
        let bytes_written = self.output.bytes();
        MergeTally { bytes_read: self.bytes_read, bytes_written, ..MergeTally::default() }
    }

    pub fn finish(&mut self) -> Result<Vec<TableInfo>> {
        self.output.finish()
    }

    pub fn abandon(self, catalog: &Catalog) {
        self.output.abandon(catalog);
    }
}

/// The positions that tables cover together.
pub(super) fn positions_of(tables: &[Arc<Table>]) -> (u64, u64) {
    let all = || tables.iter().map(|table| table.info().positions);
    let first = all().map(|positions| positions.0).min().unwrap_or_default();
    (first, all().map(|positions| positions.1).max().unwrap_or_default())
}
