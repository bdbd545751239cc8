//! Chooses jobs, one after the other, and remembers what came of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::job::{BackgroundJob, Budget, FinishedJob, Outcome, Work};
use super::neighbours::NeighbourMerge;
use super::plan::{Known, Plan, TableName};
use super::segments::SegmentMerge;
use crate::catalog::TableSet;
use crate::error::{Error, Result};
use crate::ladder::merge_room_bytes;
use crate::log::Log;
use crate::options::Keep;
use crate::shared::Shared;
use crate::table::{Table, TableKind};

/// A segment is sampled again after this time.
const SAMPLE_EVERY_MS: u64 = 60 * 60 * 1000;
/// Besides, each seal lets so many be sampled: with it records have died that were sealed before.
const SAMPLES_A_SEAL: u64 = 4;
const SAMPLES_EARLY_MAX: u64 = 64;
/// After a full disk nothing is begun for this long.
const PAUSE_MS: u64 = 60 * 1000;
/// Neighbours, or segments of a size, that are worth a merge.
const WIDTH: usize = 4;

/// See the module. Owned by the one thread that works in the background.
pub struct Background {
    shared: Arc<Shared>,
    rows_per_step: usize,
    width: usize,
    sample_every_ms: u64,
    damaged: HashSet<TableName>,
    sampled: HashMap<u64, (u64, u32)>,
    paused_until_ms: u64,
    /// Seals that were counted, and samples that they still allow.
    seals: u64,
    samples_early: u64,
}

impl Log {
    /// Background work on this log's tables. There must be one at a time.
    #[must_use]
    pub fn background(&self) -> Background {
        Background {
            shared: Arc::clone(&self.shared),
            rows_per_step: usize::MAX,
            width: WIDTH,
            sample_every_ms: SAMPLE_EVERY_MS,
            damaged: HashSet::new(),
            sampled: HashMap::new(),
            paused_until_ms: 0,
            seals: 0,
            samples_early: 0,
        }
    }
}

impl Background {
    /// Merges as few tables as can be, in steps of so many rows: in a simulation there is
    /// something between them.
    #[must_use]
    pub fn in_small_steps(mut self, rows: usize) -> Self {
        self.rows_per_step = rows.max(1);
        self.width = 2;
        self.sample_every_ms = 60_000;
        self
    }

    /// The most useful job at this wall time, if any is due. The one before must have ended.
    pub fn next(&mut self, now_ms: u64) -> Option<BackgroundJob> {
        if now_ms < self.paused_until_ms && self.paused_until_ms - now_ms <= PAUSE_MS {
            return None;
        }
        let seals = self.shared.counts.seals.load(Relaxed);
        let early = self.samples_early + (seals - self.seals) * SAMPLES_A_SEAL;
        (self.seals, self.samples_early) = (seals, early.min(SAMPLES_EARLY_MAX));
        // Read before the tables: what is marked later stays marked.
        let marks = self.shared.catalog.marks();
        let set = self.shared.catalog.set();
        self.sampled.retain(|id, _| set.segments.iter().any(|table| table.info().id == *id));
        // A new segment lives whole; of those that a store has when it opens nothing is read for
        // this, while whoever was away comes back.
        for table in &set.segments {
            let (at_ms, _) = self.sampled.entry(table.info().id).or_insert((now_ms, 0));
            // The clock may have been ahead.
            *at_ms = now_ms.min(*at_ms);
        }
        self.damaged.retain(|&(kind, id)| find(&set, kind, id).is_some());
        let room = || merge_room_bytes(&**self.shared.catalog.disk(), &self.shared.options);
        let plan = self.known(&set, now_ms, |known| known.next(room))?;
        match self.begin(&set, plan) {
            Ok((work, tables)) => Some(BackgroundJob {
                shared: Arc::clone(&self.shared),
                work,
                budget: Budget::of_rows(self.rows_per_step),
                tables,
                marks,
            }),
            Err(_) => unreachable!("plans name tables that there are, and no more than may be"),
        }
    }

    /// Bytes that wait to be read and written, for who paces the work; counted as seen now.
    #[must_use]
    pub fn debt_bytes(&self, now_ms: u64) -> u64 {
        let set = self.shared.catalog.set();
        let bytes = self.known(&set, now_ms, |known| known.debt_bytes());
        self.shared.merge_counts.debt_bytes.store(bytes, Relaxed);
        bytes
    }

    /// Takes note of how a job ended.
    pub fn finish(&mut self, finished: FinishedJob, now_ms: u64) {
        match finished.outcome {
            Outcome::Done => {}
            Outcome::Sampled { id, dead_permille } => {
                self.sampled.insert(id, (now_ms, dead_permille));
                self.samples_early = self.samples_early.saturating_sub(1);
            }
            Outcome::Scrubbed { moment } => self.note_scrubbed(moment),
            Outcome::GaveUp { error: Error::DiskFull { .. }, .. } => {
                self.paused_until_ms = now_ms.saturating_add(PAUSE_MS);
            }
            Outcome::GaveUp { scrubbed, .. } => {
                self.damaged.extend(finished.tables);
                scrubbed.into_iter().for_each(|moment| self.note_scrubbed(moment));
            }
        }
    }

    fn note_scrubbed(&self, moment: u64) {
        self.shared.merge_counts.scrub();
        self.shared.catalog.note_scrubbed(moment);
    }

    fn known<T>(&self, set: &TableSet, now_ms: u64, see: impl FnOnce(&Known<'_>) -> T) -> T {
        let shared = &self.shared;
        let options = &shared.options;
        // Before the ages: an age that is asked for later finds what is old by now gone already.
        let retention_now = shared.states.read().retention_now;
        let longest = match options.retention.keep {
            Keep::Forever => u64::MAX,
            _ => options.retention.max_age_ms.max(shared.catalog.longest_age_ms()),
        };
        see(&Known {
            set,
            damaged: &self.damaged,
            sampled: &self.sampled,
            marks: &shared.catalog.marks().into_iter().map(|(id, mark)| (id, mark.at)).collect(),
            now_ms,
            retention_now,
            max_age_ms: options.retention.max_age_ms,
            longest_age_ms: longest,
            scrubbed_at: shared.catalog.scrubbed_at(),
            table_bytes_max: options.table_bytes_max,
            erase_within_ms: options.erase_within_ms,
            sample_every_ms: self.sample_every_ms,
            samples_early: u32::try_from(self.samples_early).unwrap_or(u32::MAX),
            width: self.width,
        })
    }

    fn begin(&self, set: &TableSet, plan: Plan) -> Result<(Work, Vec<TableName>)> {
        let bytes_max = self.shared.options.table_bytes_max;
        let tables_of = |kind: TableKind, ids: &[u64]| -> Vec<Arc<Table>> {
            ids.iter().filter_map(|&id| find(set, kind, id)).collect()
        };
        let names = |kind: TableKind, ids: &[u64]| ids.iter().map(|&id| (kind, id)).collect();
        Ok(match plan {
            Plan::Unlink(ids) => (Work::Unlink, names(TableKind::Segment, &ids)),
            Plan::Neighbours { kind, ids, nothing_below } => {
                let merge = NeighbourMerge::new(&tables_of(kind, &ids), nothing_below, bytes_max)?;
                (Work::Neighbours(Box::new(merge)), names(kind, &ids))
            }
            Plan::Segments(ids) => {
                let tables = tables_of(TableKind::Segment, &ids);
                let merge = SegmentMerge::new(&tables, bytes_max)?;
                (Work::Segments(Box::new(merge)), names(TableKind::Segment, &ids))
            }
            Plan::Sample(id) => {
                let table = find(set, TableKind::Segment, id);
                let table = table.ok_or_else(|| Error::invalid("no such table"))?;
                (Work::Sample(table), vec![(TableKind::Segment, id)])
            }
            Plan::Scrub { name: (kind, id), moment } => {
                let table = find(set, kind, id);
                let table = table.ok_or_else(|| Error::invalid("no such table"))?;
                (Work::Scrub(table, moment), vec![(kind, id)])
            }
        })
    }
}

fn find(set: &TableSet, kind: TableKind, id: u64) -> Option<Arc<Table>> {
    set.of(kind).iter().find(|table| table.info().id == id).cloned()
}
