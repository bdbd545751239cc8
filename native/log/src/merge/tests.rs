//! Merging on a simulated disk: what is asked of the store stays as it was, and what must go goes.

use std::sync::Arc;

use super::{Background, BackgroundStep};
use crate::env::sim::{Dice, SimClock, SimDisk, SimRandom};
use crate::env::{Clock, Env};
use crate::simulated::{Simulated, append, join, leave, options, received};
use crate::{ChatOptions, Log, Operation, Options, ReadFrom};

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
const START_MS: u64 = 1_767_225_600_000;

/// A log whose clock and options are ours.
struct Store {
    log: Simulated,
    clock: Arc<SimClock>,
    background: Background,
}

fn store(options: &Options) -> Store {
    open(SimDisk::new(), START_MS, options)
}

fn open(disk: SimDisk, wall_ms: u64, options: &Options) -> Store {
    let clock = Arc::new(SimClock::new(wall_ms));
    let env = Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(SimRandom::new(1)),
    };
    let log = Log::open(&env, options).unwrap();
    let background = log.background().in_small_steps(5);
    let reader = log.reader();
    Store { log: Simulated { log, disk, reader }, clock, background }
}

impl Store {
    /// Lets time pass in steps that the retention clock believes, and something happen in each.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / HOUR_MS {
            self.clock.advance(HOUR_MS);
            self.log.commit(&[append("ticking", b"tick")]);
        }
    }

    /// Works until nothing is due.
    fn merge(&mut self) {
        let now_ms = self.clock.wall_ms();
        while let Some(mut job) = self.background.next(now_ms) {
            let finished = loop {
                match job.step().unwrap() {
                    BackgroundStep::More(more) => job = more,
                    BackgroundStep::Done(finished) => break finished,
                }
            };
            assert!(finished.error().is_none(), "{:?}", finished.error());
            self.background.finish(finished, now_ms);
            self.log.reader.check_tables().unwrap();
        }
    }

    /// The floor of a chat, and its payloads.
    fn read(&self, chat_id: &str) -> (u64, Vec<Vec<u8>>) {
        let first_seq = self.log.reader.head(chat_id).unwrap().first_seq;
        let read = self.log.reader.read(chat_id, ReadFrom::Seq(first_seq), 10_000, 1 << 20);
        let read = read.unwrap();
        assert!(read.gap.is_none(), "{:?}", read.gap);
        (first_seq, read.records.into_iter().map(|record| record.payload).collect())
    }

    /// State tables, inbox tables and segments.
    fn tables(&self) -> [usize; 3] {
        let set = self.log.reader.shared.catalog.set();
        [set.states.len(), set.inboxes.len(), set.segments.len()]
    }

    fn lies_in_a_segment(&self, payload: &[u8]) -> bool {
        let files = self.log.disk.files();
        let mut segments = files.iter().filter(|(path, _)| path.starts_with("segments/"));
        segments.any(|(_, bytes)| bytes.windows(payload.len()).any(|window| window == payload))
    }

    fn count(&self, count: impl Fn(&super::MergeCounts) -> &std::sync::atomic::AtomicU64) -> u64 {
        count(&self.log.reader.shared.merge_counts).load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[test]
fn merged_chats_are_as_they_were() {
    let seed = 7;
    let mut dice = Dice::new(seed);
    let mut store = store(&Options { table_bytes_max: 8192, ..options() });
    let names: Vec<String> = (0..40).map(|nth| format!("chat-{nth}")).collect();
    for turn in 0..12_u32 {
        for _ in 0..30 {
            let chat = dice.pick(&names).clone();
            match dice.below(4) {
                0 => drop(store.log.commit(&[join(&chat, "ann")])),
                1 => drop(store.log.commit(&[leave(&chat, "ann")])),
                _ => {
                    let payload = format!("turn {turn} {}", "x".repeat(200));
                    store.log.commit(&[append(&chat, payload.as_bytes())]);
                }
            }
        }
        store.log.seal();
        let before: Vec<_> = names.iter().map(|name| store.read(name)).collect();
        let heads: Vec<_> = names.iter().map(|name| store.log.reader.head(name)).collect();
        if turn % 3 == 2 {
            store.merge();
            let after: Vec<_> = names.iter().map(|name| store.read(name)).collect();
            assert_eq!(before, after, "seed {seed}, turn {turn}");
            for (name, head) in names.iter().zip(heads) {
                assert_eq!(head.unwrap(), store.log.reader.head(name).unwrap());
            }
        }
    }
    assert!(store.count(|counts| &counts.merges) > 8);
    assert!(store.tables()[2] > 1, "segments are split");
}

#[test]
fn state_tables_are_split_and_merged_with_their_siblings() {
    let mut store = store(&Options { table_bytes_max: 8192, ..options() });
    for turn in 0..6 {
        let names: Vec<String> = (0..100).map(|nth| format!("chat-{}", nth + turn * 50)).collect();
        for name in &names {
            store.log.commit(&[append(name, b"a record"), join(name, "ann")]);
        }
        store.log.seal();
        store.merge();
    }
    let set = store.log.reader.shared.catalog.set();
    let groups = super::plan::groups(&set.states);
    assert!(groups.iter().any(|group| group.ids.len() > 1), "{:?}", store.tables());
    for nth in 0..350 {
        let name = format!("chat-{nth}");
        let twice = u64::from((50..300).contains(&nth));
        assert_eq!(store.log.reader.head(&name).unwrap().head_seq, 1 + twice, "{name}");
    }
}

#[test]
fn what_all_have_received_leaves_the_disk_and_what_is_lacking_stays() {
    let mut store = store(&options());
    let operations = [join("done", "ann"), join("late", "ann")];
    store.log.commit(&operations);
    for _ in 0..20 {
        store.log.commit(&[append("done", b"nobody lacks this"), append("late", b"ann lacks it")]);
    }
    store.log.seal();
    store.log.commit(&[received("done", "ann", 20), received("late", "ann", 5)]);
    store.log.seal();
    assert!(store.lies_in_a_segment(b"nobody lacks this"));
    store.merge();
    assert!(!store.lies_in_a_segment(b"nobody lacks this"));
    assert_eq!(store.read("late"), (6, vec![b"ann lacks it".to_vec(); 15]));
    assert_eq!(store.count(|counts| &counts.dropped_records), 25);
}

#[test]
fn opening_samples_nothing_until_an_hour_has_passed_or_something_is_sealed() {
    let options = options();
    let mut store = store(&options);
    store.log.commit(&[join("done", "ann")]);
    store.log.commit(&vec![append("done", b"nobody lacks this"); 20]);
    store.log.seal();
    store.log.commit(&[received("done", "ann", 20)]);
    for seals in [true, false] {
        let wall_ms = store.clock.wall_ms();
        let Store { log, .. } = store;
        let disk = log.disk.clone();
        drop(log);
        store = open(disk, wall_ms, &options);
        store.background = store.log.log.background();
        store.merge();
        assert!(store.lies_in_a_segment(b"nobody lacks this"), "opening is not the time");
        if seals {
            store.log.commit(&[append("other", b"sealed now")]);
            store.log.seal();
        } else {
            store.pass(HOUR_MS);
        }
        store.merge();
        assert!(!store.lies_in_a_segment(b"nobody lacks this"));
        store.log.commit(&vec![append("done", b"nobody lacks this"); 20]);
        store.log.seal();
        store.log.commit(&[received("done", "ann", 40)]);
    }
}

#[test]
fn a_segment_goes_unread_when_it_is_old_unless_a_chat_keeps_longer() {
    let mut options = options();
    options.retention.max_age_ms = HOUR_MS;
    let mut store = store(&options);
    store.log.commit(&[append("short", b"goes with the hour")]);
    store.log.seal();
    store.pass(3 * HOUR_MS);
    store.merge();
    assert!(!store.lies_in_a_segment(b"goes with the hour"));
    assert_eq!(store.count(|counts| &counts.expired_tables), 1);

    store.log.commit(&[append("long", b"stays for two days"), append("short", b"for an hour")]);
    store.log.seal();
    let keeps = ChatOptions { max_age_ms: Some(2 * DAY_MS), ..ChatOptions::default() };
    store.log.commit(&[Operation::Configure { chat_id: "long", options: keeps }]);
    store.pass(3 * HOUR_MS);
    store.merge();
    assert!(!store.lies_in_a_segment(b"for an hour"), "written again without it");
    assert_eq!(store.read("long"), (1, vec![b"stays for two days".to_vec()]));
    assert_eq!(store.count(|counts| &counts.expired_tables), 1);
    store.log.seal();
    store.pass(4 * DAY_MS);
    store.merge();
    assert!(!store.lies_in_a_segment(b"stays for two days"));
    assert!(store.count(|counts| &counts.expired_tables) > 1);
}

#[test]
fn what_was_deleted_is_erased_within_its_time_and_its_seq_stays() {
    let mut store = store(&Options { erase_within_ms: 8 * HOUR_MS, ..options() });
    let pinned = crate::Append { pin: true, ..crate::Append::new("chat", b"pinned secret") };
    store.log.commit(&[join("chat", "ann"), Operation::Append(pinned)]);
    for text in [b"first", b"other"] {
        store.log.commit(&[append("chat", text)]);
    }
    store.log.commit(&[append("other", &[b'x'; 4000])]);
    store.log.seal();
    let ranges = &[(1, 2)];
    store.log.commit(&[Operation::DeleteRecords { chat_id: "chat", ranges }]);
    store.log.seal();
    store.merge();
    assert!(store.lies_in_a_segment(b"first"), "not yet due");
    store.pass(4 * HOUR_MS);
    store.merge();
    for gone in [b"first".as_slice(), b"pinned secret"] {
        assert!(!store.lies_in_a_segment(gone));
    }
    assert!(store.log.reader.shared.catalog.marks().is_empty());
    let payloads = [b"".to_vec(), b"".to_vec(), b"other".to_vec()];
    assert_eq!(store.read("chat"), (1, payloads.to_vec()));
}

#[test]
fn a_deletion_that_is_sealed_while_a_merge_runs_marks_what_is_merged() {
    let mut store = store(&Options { erase_within_ms: 8 * HOUR_MS, ..options() });
    for nth in 0..2 {
        store.log.commit(&[append("chat", b"a secret"), append(&format!("chat-{nth}"), b"other")]);
        store.log.seal();
    }
    let now_ms = store.clock.wall_ms();
    let mut job = loop {
        // Whatever else comes first.
        let mut job = store.background.next(now_ms).unwrap();
        if matches!(job.work, super::job::Work::Segments(_)) {
            break job;
        }
        let finished = loop {
            match job.step().unwrap() {
                BackgroundStep::More(more) => job = more,
                BackgroundStep::Done(finished) => break finished,
            }
        };
        store.background.finish(finished, now_ms);
    };
    // All is merged, and nothing is named yet.
    job.budget = super::job::Budget::of_rows(1);
    for _ in 0..4 {
        let BackgroundStep::More(more) = job.step().unwrap() else { panic!("four records") };
        job = more;
    }
    store.log.commit(&[Operation::DeleteRecords { chat_id: "chat", ranges: &[(1, 1)] }]);
    store.log.seal();
    let BackgroundStep::Done(finished) = job.step().unwrap() else { panic!("that was all") };
    store.background.finish(finished, now_ms);
    store.log.reader.check_tables().unwrap();
    assert_eq!(store.log.reader.shared.catalog.marks().len(), 1);
    store.pass(4 * HOUR_MS);
    store.merge();
    assert!(store.log.reader.shared.catalog.marks().is_empty());
}

#[test]
fn every_table_is_read_again_in_a_fortnight_and_damage_is_told_once() {
    let mut store = store(&options());
    store.log.commit(&[append("chat", b"a record")]);
    store.log.seal();
    store.merge();
    let scrubbed = store.count(|counts| &counts.scrubbed_tables);
    store.pass(14 * DAY_MS);
    store.merge();
    assert!(store.count(|counts| &counts.scrubbed_tables) >= scrubbed + 2);

    let set = store.log.reader.shared.catalog.set();
    let path = set.states.first().unwrap().info().path();
    store.log.disk.damage(&path, 3, b"??");
    store.pass(14 * DAY_MS);
    let mut told = 0;
    let now_ms = store.clock.wall_ms();
    while let Some(mut job) = store.background.next(now_ms) {
        let finished = loop {
            match job.step().unwrap() {
                BackgroundStep::More(more) => job = more,
                BackgroundStep::Done(finished) => break finished,
            }
        };
        told += u32::from(finished.error().is_some_and(|error| error.code() == "FOQ_CORRUPT"));
        store.background.finish(finished, now_ms);
    }
    assert!((1..=2).contains(&told), "told {told} times");
}
