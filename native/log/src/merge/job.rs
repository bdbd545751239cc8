//! One job, stepped by whoever owns it; between two steps commits, seals and readers go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::MergeTally;
use super::neighbours::NeighbourMerge;
use super::plan::TableName;
use super::sample::sample;
use super::segments::SegmentMerge;
use crate::catalog::{Change, Mark};
use crate::error::{Error, Result};
use crate::seal::sync_folders;
use crate::shared::Shared;
use crate::table::{Table, TableInfo};

/// Bytes of rows that a step deals with.
const BYTES_PER_STEP: usize = 1 << 20;

/// What one step may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    rows: usize,
    bytes: usize,
}

impl Budget {
    pub fn of_rows(rows: usize) -> Self {
        Self { rows, bytes: BYTES_PER_STEP }
    }

    pub fn has_more(&self) -> bool {
        self.rows > 0 && self.bytes > 0
    }

    pub fn spend(&mut self, bytes: usize) {
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

pub(super) enum Work {
    Unlink,
    Neighbours(Box<NeighbourMerge>),
    Segments(Box<SegmentMerge>),
    Sample(Arc<Table>),
    Scrub(Arc<Table>, u64),
}

/// See the module. Dropped before its end it changes nothing; files that it leaves are removed
/// when the store is opened.
pub struct BackgroundJob {
    pub(super) shared: Arc<Shared>,
    pub(super) work: Work,
    pub(super) budget: Budget,
    /// The tables it is about.
    pub(super) tables: Vec<TableName>,
    /// What was marked as holding deleted records when it began.
    pub(super) marks: BTreeMap<u64, Mark>,
}

/// Where a job stands.
pub enum BackgroundStep {
    /// There is more to do.
    More(BackgroundJob),
    /// It has ended, for `Background::finish`.
    Done(FinishedJob),
}

/// A job that has ended.
pub struct FinishedJob {
    pub(super) tables: Vec<TableName>,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Done,
    Sampled { id: u64, dead_permille: u32 },
    Scrubbed { moment: u64 },
    GaveUp { error: Error, scrubbed: Option<u64> },
}

impl FinishedJob {
    /// Why the job gave up, where it did: a table that cannot be read, which is to be reported, or
    /// a full disk. Nothing was changed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.outcome {
            Outcome::GaveUp { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl BackgroundJob {
    /// Bytes of rows that it has read and written so far, for who paces it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let tally = self.tally();
        tally.bytes_read + tally.bytes_written
    }

    fn tally(&self) -> MergeTally {
        match &self.work {
            Work::Neighbours(merge) => merge.tally(),
            Work::Segments(merge) => merge.tally(),
            Work::Unlink | Work::Sample(_) | Work::Scrub(..) => MergeTally::default(),
        }
    }

    /// Goes on; blocks on the disk.
    ///
    /// # Errors
    /// A failed write: poison the log. What can be met without harm is in `FinishedJob`.
    pub fn step(mut self) -> Result<BackgroundStep> {
        let mut budget = self.budget;
        let stepped = match &mut self.work {
            Work::Neighbours(merge) => merge.step(&self.shared.catalog, &mut budget),
            Work::Segments(merge) => merge.step(&self.shared, &mut budget),
            Work::Unlink | Work::Sample(_) | Work::Scrub(..) => Ok(true),
        };
        match stepped {
            Ok(false) => Ok(BackgroundStep::More(self)),
            Ok(true) => self.end().map(BackgroundStep::Done),
            Err(error) => self.give_up(error, None).map(BackgroundStep::Done),
        }
    }

    fn end(mut self) -> Result<FinishedJob> {
        let added = match &mut self.work {
            Work::Unlink => Ok(Vec::new()),
            Work::Neighbours(merge) => merge.finish(),
            Work::Segments(merge) => merge.finish(),
            Work::Sample(table) => {
                let (id, sampled) = (table.info().id, sample(&self.shared, table));
                return match sampled {
                    Ok(sample) => {
                        let dead_permille = sample.dead_permille();
                        Ok(self.done(Outcome::Sampled { id, dead_permille }))
                    }
                    Err(error) => self.give_up(error, None),
                };
            }
            Work::Scrub(table, moment) => {
                let (moment, verified) = (*moment, table.verify());
                return match verified {
                    Ok(()) => Ok(self.done(Outcome::Scrubbed { moment })),
                    Err(error) => self.give_up(error, Some(moment)),
                };
            }
        };
        match added {
            Ok(added) => self.replace(added),
            Err(error) => self.give_up(error, None),
        }
    }

    /// The outputs take the place of the inputs.
    fn replace(self, added: Vec<TableInfo>) -> Result<FinishedJob> {
        let counts = &self.shared.merge_counts;
        sync_folders(&self.shared)?;
        // What was left out rests on effects that the device must have.
        self.shared.sync_unsafe_journal()?;
        let tally = MergeTally {
            bytes_written: added.iter().map(|info| info.file_bytes).sum(),
            ..self.tally()
        };
        let replaced = self.shared.catalog.replace(Change {
            added,
            removed: self.tables.clone(),
            seen_marks: self.marks.clone(),
            ..Change::default()
        });
        match replaced {
            Err(full @ Error::DiskFull { .. }) => return self.give_up(full, None),
            replaced => replaced?,
        }
        match self.work {
            Work::Unlink => counts.expire(self.tables.len() as u64),
            _ => counts.merge(&tally),
        }
        Ok(self.done(Outcome::Done))
    }

    fn done(self, outcome: Outcome) -> FinishedJob {
        FinishedJob { tables: self.tables, outcome }
    }

    fn give_up(self, error: Error, scrubbed: Option<u64>) -> Result<FinishedJob> {
        match self.work {
            Work::Neighbours(merge) => merge.abandon(&self.shared.catalog),
            Work::Segments(merge) => merge.abandon(&self.shared),
            Work::Unlink | Work::Sample(_) | Work::Scrub(..) => {}
        }
        if is_failed_write(&error) {
            return Err(error);
        }
        self.shared.merge_counts.give_up();
        let outcome = Outcome::GaveUp { error, scrubbed };
        Ok(FinishedJob { tables: self.tables, outcome })
    }
}

/// What is written has a temporary name; everything else was read.
fn is_failed_write(error: &Error) -> bool {
    match error {
        Error::DiskFull { .. } | Error::Corrupt { .. } | Error::Version { .. } => false,
        Error::Unavailable { path, .. } => path.ends_with(".tmp"),
        _ => true,
    }
}
