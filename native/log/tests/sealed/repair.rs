//! What `repair` does with each kind of damaged file, and what it refuses.

use foq_log::env::Disk;
use foq_log::env::sim::SimDisk;
use foq_log::{GapReason, Log, ReadFrom, Repairing, Repairs, repair};

use crate::damage::{a_store, files_under, flip, verified};
use crate::{content, expected, files_of, made, options, world};

fn repaired(disk: &SimDisk) -> Repairs {
    let before = files_of(disk);
    let told = repair(&world(disk, 4), Repairing::DryRun).unwrap();
    assert_eq!(files_of(disk), before, "a dry run changes nothing");
    let done = repair(&world(disk, 5), Repairing::Write).unwrap();
    assert_eq!((&told.damage, &told.steps), (&done.damage, &done.steps));
    assert_eq!((told.written, done.written), (false, !done.steps.is_empty()));
    done
}

fn open(disk: &SimDisk) -> Log {
    Log::open(&world(disk, 6), &options()).unwrap()
}

/// All bytes that a file ever had are somewhere still.
fn is_somewhere(disk: &SimDisk, bytes: &[u8]) -> bool {
    files_of(disk).values().any(|file| file == bytes)
}

#[test]
fn a_sound_store_is_left_as_it_is() {
    let disk = a_store();
    let before = files_of(&disk);
    let repairs = repaired(&disk);
    assert!(repairs.damage.is_empty() && repairs.steps.is_empty() && !repairs.written);
    assert_eq!(files_of(&disk), before);
}

#[test]
fn without_manifests_the_store_is_found_again_from_its_files_under_a_new_epoch() {
    for lose in [
        |disk: &SimDisk, path: &str| disk.remove(path).unwrap(),
        |disk: &SimDisk, path: &str| flip(disk, path, 30),
    ] {
        let disk = a_store();
        let epoch = open(&disk).reader().epoch();
        ["MANIFEST-A", "MANIFEST-B"].into_iter().for_each(|path| lose(&disk, path));
        assert!(Log::open(&world(&disk, 6), &options()).is_err());
        let repairs = repaired(&disk);
        assert!(repairs.written, "{repairs:?}");
        let report = verified(&disk);
        assert!(report.errors.is_empty(), "{report}");
        let log = open(&disk);
        assert_eq!(content(&log.reader()), expected());
        assert_ne!(log.reader().epoch(), epoch);
        log.close().unwrap();
        assert_eq!(content(&open(&disk).reader()), expected());
    }
}

#[test]
fn a_manifest_found_again_goes_on_where_nothing_was_written_since_the_seal() {
    let disk = made();
    let mut log = open(&disk);
    crate::seal(&mut log);
    log.close().unwrap();
    ["MANIFEST-A", "MANIFEST-B"].into_iter().for_each(|path| disk.remove(path).unwrap());
    assert!(repaired(&disk).written);
    let mut log = open(&disk);
    assert_eq!(content(&log.reader()), expected());
    crate::commit(&mut log, &[crate::append("behind", b"more")]);
    log.close().unwrap();
    let head = open(&disk).reader().head("behind").unwrap();
    assert_eq!(head.head_seq, 4);
    assert!(verified(&disk).errors.is_empty());
}

#[test]
fn a_damaged_segment_is_put_aside_and_reads_declare_the_gap() {
    let mut gaps = 0;
    for path in files_under(&a_store(), "segments/") {
        let disk = a_store();
        flip(&disk, &path, 5);
        let bytes = disk.contents(&path).unwrap();
        let repairs = repaired(&disk);
        assert_eq!((repairs.damage.len(), repairs.steps.len(), repairs.written), (1, 1, true));
        assert!(is_somewhere(&disk, &bytes) && disk.contents(&path).is_none());
        let (log, sound) = (open(&disk), open(&a_store()));
        for chat in crate::CHATS {
            let mut from = 1;
            let mut damaged = 0;
            let head = sound.reader().head(chat).unwrap();
            assert_eq!(log.reader().head(chat).unwrap(), head, "heads stay");
            while from <= head.head_seq {
                let read = log.reader().read(chat, ReadFrom::Seq(from), 100, usize::MAX).unwrap();
                let gap = read.gap;
                damaged += u64::from(gap.is_some_and(|gap| gap.reason == GapReason::Damaged));
                let next = read.records.last().map(|record| record.seq + 1);
                let Some(next) = next.or(gap.map(|gap| gap.to_seq + 1)) else { break };
                assert!(next > from, "{chat} goes on");
                from = next;
            }
            let all = |log: &Log| {
                let read = log.reader().read(chat, ReadFrom::Seq(head.first_seq), 100, usize::MAX);
                read.unwrap().records.len()
            };
            assert!(damaged > 0 || all(&log) == all(&sound), "{path}: {chat}");
            gaps += damaged;
        }
    }
    assert!(gaps >= 3, "records were lost: {gaps}");
}

#[test]
fn damaged_inbox_tables_are_written_anew() {
    let disk = a_store();
    let [path] = <[String; 1]>::try_from(files_under(&disk, "inbox/")).unwrap();
    flip(&disk, &path, 5);
    let bytes = disk.contents(&path).unwrap();
    assert!(repaired(&disk).written);
    let report = verified(&disk);
    assert!(report.errors.is_empty() && report.inbox_rows == 5, "{report}");
    assert_eq!(content(&open(&disk).reader()), expected());
    assert!(is_somewhere(&disk, &bytes));
}

#[test]
fn a_damaged_state_table_and_a_corrupt_journal_are_refused_by_name() {
    let states = files_under(&a_store(), "states/");
    for path in &states {
        let disk = a_store();
        flip(&disk, path, 5);
        let before = files_of(&disk);
        let repairs = repaired(&disk);
        assert!(repairs.refused.is_some_and(|why| why.contains(path)) && !repairs.written);
        assert_eq!(files_of(&disk), before);
    }
    let disk = a_store();
    flip(&disk, "journal/0000000000000003.jnl", 600);
    let repairs = repaired(&disk);
    assert!(repairs.refused.is_some_and(|why| why.contains("journal")) && !repairs.written);
    let disk = a_store();
    ["MANIFEST-A", "MANIFEST-B"].into_iter().for_each(|path| disk.remove(path).unwrap());
    disk.remove(states.first().unwrap()).unwrap();
    let repairs = repaired(&disk);
    assert!(repairs.refused.is_some_and(|why| why.contains("a state table is lost")));
}

#[test]
fn files_of_two_stores_and_of_none_are_refused() {
    let disk = a_store();
    ["MANIFEST-A", "MANIFEST-B"].into_iter().for_each(|path| disk.remove(path).unwrap());
    let other = SimDisk::new();
    Log::open(&world(&other, 77), &options()).unwrap().close().unwrap();
    let journal = "journal/0000000000000001.jnl";
    disk.put_file("journal/0000000000000005.jnl", &other.contents(journal).unwrap());
    let error = repair(&world(&disk, 4), Repairing::Write).unwrap_err();
    assert!(error.to_string().contains("another store"), "{error}");
    ["MANIFEST-A", "MANIFEST-B"].into_iter().for_each(|path| other.remove(path).unwrap());
    let error = repair(&world(&other, 4), Repairing::Write).unwrap_err();
    assert!(error.to_string().contains("hash key"), "{error}");
}
