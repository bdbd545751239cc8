//! The merge, or the rewriting, of segments: what lies below the floors stays behind, what was
//! deleted loses its payload, and each record goes to its chat's present class.

use std::sync::Arc;

use super::counts::MergeTally;
use super::job::Budget;
use super::neighbours::positions_of;
use super::output::{Output, OutputShape};
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::format::tombstone::tombstone;
use crate::hash::ChatKey;
use crate::planted::{Bug, planted};
use crate::seal::policy::{CLASSES, ChatPolicy, Fate};
use crate::seal::rows::parse_segment_key;
use crate::shared::Shared;
use crate::table::{Merge, ScanMode, Table, TableInfo, TableKind};

/// See the module.
pub(super) struct SegmentMerge {
    inputs: Vec<Arc<Table>>,
    merge: Merge,
    /// One for each class.
    outputs: Vec<Output>,
    policy: Option<(ChatKey, ChatPolicy)>,
    tally: MergeTally,
}

impl SegmentMerge {
    pub fn new(tables: &[Arc<Table>], bytes_max: u64) -> Result<Self> {
        let scans = tables.iter().map(|table| table.scan(&[], ScanMode::Sequential));
        let shape = OutputShape {
            kind: TableKind::Segment,
            class: 0,
            positions: positions_of(tables),
            replaced: tables.iter().map(|table| table.info().id).collect(),
            bytes_max,
        };
        let of_class = |class| Output::new(OutputShape { class, ..shape.clone() });
        Ok(Self {
            merge: Merge::new(scans.collect())?,
            inputs: tables.to_vec(),
            outputs: (0..CLASSES).map(of_class).collect(),
            policy: None,
            tally: MergeTally::default(),
        })
    }

    /// Merges some records; says whether that was all.
    pub fn step(&mut self, shared: &Shared, budget: &mut Budget) -> Result<bool> {
        while budget.has_more() {
            let Some(row) = self.merge.next()? else { return Ok(true) };
            let row_bytes = row.key.len() + row.value.len();
            budget.spend(row_bytes);
            self.tally.bytes_read += row_bytes as u64;
            let (key, seq) = parse_segment_key(row.key);
            if self.policy.as_ref().is_none_or(|(chat, _)| *chat != key) {
                self.policy = Some((key, ChatPolicy::read(shared, key)?));
            }
            let fate = self.policy.as_ref().map(|(_, policy)| policy.fate(seq));
            let erased;
            let (class, bytes) = match fate {
                None | Some(Fate::Dropped) => {
                    self.tally.dropped_records += 1;
                    continue;
                }
                Some(Fate::Erased { class }) if planted(Bug::DeletedRangeLostOnMerge) => {
                    (class, row.value)
                }
                Some(Fate::Kept { class }) => (class, row.value),
                Some(Fate::Erased { class }) => {
                    self.tally.erased_records += 1;
                    erased = tombstone(row.value);
                    (class, erased.as_slice())
                }
            };
            let Some(Effect::Record(record)) = Effect::decode(bytes) else {
                let table = self.inputs.get(row.source);
                let path = table.map(|table| table.info().path()).unwrap_or_default();
                return Err(Error::corrupt(path, 0..0, "a record makes no sense"));
            };
            if let Some(output) = self.outputs.get_mut(usize::from(class)) {
                output.add(&shared.catalog, (row.key, bytes), record.at)?;
            }
        }
        Ok(false)
    }

    pub fn tally(&self) -> MergeTally {
        let bytes_written = self.outputs.iter().map(Output::bytes).sum();
        MergeTally { bytes_written, ..self.tally }
    }

    pub fn finish(&mut self) -> Result<Vec<TableInfo>> {
        let mut tables = Vec::new();
        for output in &mut self.outputs {
            tables.extend(output.finish()?);
        }
        Ok(tables)
    }

    pub fn abandon(self, shared: &Shared) {
        self.outputs.into_iter().for_each(|output| output.abandon(&shared.catalog));
    }
}
