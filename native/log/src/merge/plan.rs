//! What is due: a pure function of the tables that there are, what is known of them, and the time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::scrub;
use crate::catalog::TableSet;
use crate::planted::{Bug, planted};
use crate::seal::policy::{CLASS_FOREVER, CLASS_LONGER};
use crate::state::age::is_older;
use crate::table::{Table, TableInfo, TableKind};

/// Groups of a kind above which neighbours are merged whatever their sizes.
const GROUPS_MAX: usize = 10;
/// Neighbours that are merged then.
const FORCED_WIDTH: usize = 4;
/// A group joins a run of newer ones that have at least this share of its bytes: one in so many.
const RUN_FACTOR: u64 = 2;
/// Segments of one tier are at most so many times as large as the smallest.
const TIER_FACTOR: u64 = 4;
/// Segments, or tables of groups, that one merge takes.
const SEGMENTS_MAX: usize = 16;
const TABLES_MAX: usize = crate::table::REPLACED_MAX;
/// Dead bytes in a thousand above which a segment is written again.
const DEAD_PERMILLE: u32 = 333;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Records that stay longer lie together by so many days.
const LONGER_DAYS: u64 = 8;

pub(super) type TableName = (TableKind, u64);

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// These segments hold nothing that anyone may still want.
    Unlink(Vec<u64>),
    /// Merge neighbours, newest first.
    Neighbours {
        kind: TableKind,
        ids: Vec<u64>,
        nothing_below: bool,
    },
    /// Merge segments, or write one again.
    Segments(Vec<u64>),
    /// See how much of a segment is dead.
    Sample(u64),
    Scrub {
        name: TableName,
        moment: u64,
    },
}

/// What plans are made from.
pub(super) struct Known<'a> {
    pub set: &'a TableSet,
    /// Tables that could not be read: left alone.
    pub damaged: &'a HashSet<TableName>,
    /// When a segment was last sampled, and its dead bytes in a thousand.
    pub sampled: &'a HashMap<u64, (u64, u32)>,
    /// Segments that may hold what was deleted, and since when.
    pub marks: &'a BTreeMap<u64, u64>,
    pub now_ms: u64,
    pub retention_now: u64,
    pub max_age_ms: u64,
    /// No record of any chat stays when it is older.
    pub longest_age_ms: u64,
    pub scrubbed_at: u64,
    pub table_bytes_max: u64,
    pub erase_within_ms: u64,
    pub sample_every_ms: u64,
    /// Samples that may be taken before their time, the oldest first: what is sealed shows that
    /// floors have moved.
    pub samples_early: u32,
    /// Groups, or segments, that make a run or a tier.
    pub width: usize,
}

impl Known<'_> {
    /// The most useful thing to do. What is merged is read, and no more is written, until the disk
    /// has the room of it back: so much as `room_bytes` says there is.
    pub fn next(&self, room_bytes: impl FnOnce() -> u64) -> Option<Plan> {
        let expired = self.expired();
        if !expired.is_empty() {
            return Some(Plan::Unlink(expired));
        }
        let merges = self.merges();
        if !merges.is_empty() {
            let room = room_bytes();
            if let Some((plan, _)) = merges.into_iter().find(|(_, bytes)| *bytes <= room) {
                return Some(plan);
            }
        }
        self.sample().or_else(|| self.scrub())
    }

    /// Bytes that wait to be read and written again.
    pub fn debt_bytes(&self) -> u64 {
        self.merges().iter().map(|(_, bytes)| bytes.saturating_mul(2)).sum()
    }

    /// All that should be merged or written again, most urgent first, and its bytes.
    fn merges(&self) -> Vec<(Plan, u64)> {
        let mut merges = Vec::new();
        merges.extend(self.segments().filter(|info| self.must_erase(info)).map(alone));
        for kind in [TableKind::State, TableKind::Inbox] {
            merges.extend(self.neighbours(kind));
        }
        merges.extend(self.tiers());
        merges.extend(self.segments().filter(|info| self.is_rewrite_due(info)).map(alone));
        merges
    }

    fn segments(&self) -> impl Iterator<Item = &TableInfo> {
        let infos = self.set.segments.iter().map(|table| table.info());
        infos.filter(|info| !self.damaged.contains(&(info.kind, info.id)))
    }

    fn expired(&self) -> Vec<u64> {
        let age_ms =
            if planted(Bug::UnlinkedTooEarly) { self.max_age_ms } else { self.longest_age_ms };
        let infos = self.set.segments.iter().map(|table| table.info());
        let is_expired = |info: &&TableInfo| {
            info.class != CLASS_FOREVER && is_older(info.at.1, age_ms, self.retention_now)
        };
        infos.filter(is_expired).map(|info| info.id).collect()
    }

    /// Half of the time is left for doing it, and what is deleted meanwhile goes with it.
    fn must_erase(&self, info: &TableInfo) -> bool {
        let marked = self.marks.get(&info.id);
        marked.is_some_and(|at| self.now_ms >= at.saturating_add(self.erase_within_ms / 2))
    }

    /// Mostly dead; or all but what some chats were told to keep longer.
    fn is_rewrite_due(&self, info: &TableInfo) -> bool {
        let dead = self.sampled.get(&info.id).map_or(0, |(_, permille)| *permille);
        let outlived =
            info.class < CLASS_LONGER && is_older(info.at.1, self.max_age_ms, self.retention_now);
        dead > DEAD_PERMILLE || outlived
    }

    fn neighbours(&self, kind: TableKind) -> Option<(Plan, u64)> {
        let groups = groups(self.set.of(kind));
        let is_damaged =
            |group: &Group| group.ids.iter().any(|id| self.damaged.contains(&(kind, *id)));
        // Only what lies between damaged tables is merged.
        for stretch in groups.split(is_damaged) {
            let sizes: Vec<u64> = stretch.iter().map(|group| group.bytes).collect();
            let Some(run) = choose_run(&sizes, self.width) else { continue };
            let mut chosen: Vec<&Group> = stretch.get(run).unwrap_or_default().iter().collect();
            while chosen.iter().map(|group| group.ids.len()).sum::<usize>() > TABLES_MAX {
                chosen.pop();
            }
            if chosen.len() < 2 {
                continue;
            }
            let oldest = groups.last().map(|group| &group.ids);
            let nothing_below = chosen.last().map(|group| &group.ids) == oldest;
            if chosen.len() > 2 && kind == TableKind::State && planted(Bug::MergedAcrossNeighbour) {
                chosen.remove(1);
            }
            let ids = chosen.iter().flat_map(|group| group.ids.iter().copied()).collect();
            let bytes = chosen.iter().map(|group| group.bytes).sum();
            return Some((Plan::Neighbours { kind, ids, nothing_below }, bytes));
        }
        None
    }

    /// Segments of a class, a time and a size.
    fn tiers(&self) -> Vec<(Plan, u64)> {
        let mut by_time: BTreeMap<(u8, u64), Vec<&TableInfo>> = BTreeMap::new();
        // What is half full already gains nothing.
        for info in self.segments().filter(|info| info.file_bytes <= self.table_bytes_max / 2) {
            by_time.entry((info.class, time_of(info))).or_default().push(info);
        }
        let mut merges = Vec::new();
        for ((class, time), mut infos) in by_time {
            // Nothing joins what has passed: its last segments merge in pairs.
            let passed = class == 0 && time + 1 < self.retention_now / DAY_MS;
            let width = if passed { 2 } else { self.width };
            infos.sort_by_key(|info| (info.file_bytes, info.id));
            if let Some(tier) = tier(&infos, width) {
                let bytes = tier.iter().map(|info| info.file_bytes).sum();
                merges.push((Plan::Segments(tier.iter().map(|info| info.id).collect()), bytes));
            }
        }
        merges.sort_by_key(|(_, bytes)| *bytes);
        merges
    }

    fn sample(&self) -> Option<Plan> {
        let last = |info: &TableInfo| self.sampled.get(&info.id).map_or(0, |(at_ms, _)| *at_ms);
        let is_due = |info: &&TableInfo| {
            self.samples_early > 0 || self.now_ms >= last(info).saturating_add(self.sample_every_ms)
        };
        let oldest = self.segments().filter(is_due).min_by_key(|info| (last(info), info.id));
        oldest.map(|info| Plan::Sample(info.id))
    }

    fn scrub(&self) -> Option<Plan> {
        let infos = self.set.iterate().map(|table| table.info());
        let due = scrub::due(infos, self.scrubbed_at, self.now_ms);
        due.map(|(info, moment)| Plan::Scrub { name: (info.kind, info.id), moment })
    }
}

fn alone(info: &TableInfo) -> (Plan, u64) {
    (Plan::Segments(vec![info.id]), info.file_bytes)
}

/// Segments of one time expire at about the same moment.
fn time_of(info: &TableInfo) -> u64 {
    let day = info.at.1 / DAY_MS;
    match info.class {
        CLASS_FOREVER => 0,
        CLASS_LONGER => day / LONGER_DAYS,
        _ => day,
    }
}

/// The smallest segments, ascending by size, of which enough are about equal.
fn tier<'a>(infos: &[&'a TableInfo], width: usize) -> Option<Vec<&'a TableInfo>> {
    for (first, least) in infos.iter().enumerate() {
        let rest = infos.get(first..).unwrap_or_default();
        let limit = least.file_bytes.saturating_mul(TIER_FACTOR);
        let equal = rest.iter().take_while(|info| info.file_bytes <= limit).take(SEGMENTS_MAX);
        let equal: Vec<&TableInfo> = equal.copied().collect();
        if equal.len() >= width {
            return Some(equal);
        }
    }
    None
}

/// Tables of equal positions.
pub(super) struct Group {
    pub ids: Vec<u64>,
    pub bytes: u64,
}

/// The groups of a list that is newest first, in that order.
pub(super) fn groups(tables: &[Arc<Table>]) -> Vec<Group> {
    let equal =
        |left: &Arc<Table>, right: &Arc<Table>| left.info().positions == right.info().positions;
    let group = |tables: &[Arc<Table>]| Group {
        ids: tables.iter().map(|table| table.info().id).collect(),
        bytes: tables.iter().map(|table| table.info().file_bytes).sum(),
    };
    tables.chunk_by(equal).map(group).collect()
}

/// Which neighbours to merge, of sizes newest first: a run in which each is at most twice as large
/// as all newer ones of it together, so that a row that is written again is in a table which is
/// larger by half; or, where there are too many, those whose merging costs least.
fn choose_run(sizes: &[u64], width: usize) -> Option<Range<usize>> {
    for begin in 0..sizes.len() {
        let mut sum = *sizes.get(begin)?;
        let mut end = begin + 1;
        while let Some(&size) = sizes.get(end) {
            if size > sum.saturating_mul(RUN_FACTOR) {
                break;
            }
            sum = sum.saturating_add(size);
            end += 1;
        }
        // A large one in front must not be written again for the sake of a few small ones.
        let first = *sizes.get(begin)?;
        if end - begin >= width && first <= (sum - first).saturating_mul(RUN_FACTOR) {
            return Some(begin..end);
        }
    }
    if sizes.len() <= GROUPS_MAX {
        return None;
    }
    let cost = |begin: usize| {
        let window = sizes.get(begin..begin + FORCED_WIDTH).unwrap_or_default();
        let sum: u64 = window.iter().sum();
        let largest = window.iter().max().copied().unwrap_or_default();
        // Bytes written for each byte that comes into a larger table, in thousandths.
        sum.saturating_mul(1000) / (sum - largest).max(1)
    };
    let begin = (0..=sizes.len() - FORCED_WIDTH).min_by_key(|&begin| (cost(begin), begin))?;
    Some(begin..begin + FORCED_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::sim::Dice;

    /// Seals tables of random sizes and merges as long as something is chosen; says how many
    /// groups there were at most afterwards, and how often a byte was written.
    fn grow(seed: u64, tables: u64, size_max: u64) -> (usize, u64) {
        let mut dice = Dice::new(seed);
        let mut sizes: Vec<u64> = Vec::new();
        let (mut groups_max, mut sealed, mut written) = (0, 0, 0);
        for _ in 0..tables {
            let size = 1 + dice.below(size_max);
            sizes.insert(0, size);
            sealed += size;
            while let Some(run) = choose_run(&sizes, 4) {
                assert!(run.len() >= 2, "seed {seed}: {run:?} of {sizes:?}");
                let sum: u64 = sizes[run.clone()].iter().sum();
                written += sum;
                sizes.splice(run, [sum]);
            }
            groups_max = groups_max.max(sizes.len());
        }
        (groups_max, written / sealed)
    }

    #[test]
    fn a_lookup_asks_few_tables_and_a_row_is_written_a_few_times() {
        for seed in 0..20 {
            for size_max in [1, 10, 1_000_000] {
                let (groups, written) = grow(seed, 4000, size_max);
                assert!(groups <= GROUPS_MAX, "seed {seed}, {size_max}: {groups} groups");
                assert!(written <= 14, "seed {seed}, {size_max}: written {written} times");
            }
        }
    }

    #[test]
    fn a_large_table_is_not_written_again_for_a_few_small_ones() {
        assert_eq!(choose_run(&[1, 1, 1, 1000], 4), None);
        assert_eq!(choose_run(&[1000, 1, 1, 1], 4), None);
        assert_eq!(choose_run(&[1, 1, 1, 1, 1000], 4), Some(0..4));
    }

    #[test]
    fn too_many_tables_are_merged_where_it_costs_least() {
        let mut sizes: Vec<u64> = (0..11).map(|nth| 1 << (4 * nth)).collect();
        assert!(choose_run(&sizes, 4).is_some());
        sizes.pop();
        assert_eq!(choose_run(&sizes, 4), None);
    }
}
