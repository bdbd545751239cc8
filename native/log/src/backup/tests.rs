//! Backups and restores of a store on a simulated disk, by hand; the simulator makes them at random.

use std::sync::Arc;

use super::*;
use crate::env::sim::{CallKind, Fault, FaultRule, SimDisk, SimRandom};
use crate::env::{Disk, Env};
use crate::simulated::{Simulated, append, join, options, simulated};
use crate::{Error, Log, Options, ReadFrom, Reader, Report, verify};

const STEPS_MAX: usize = 1000;

/// A store with sealed records of two chats, and one of each in the journal.
fn a_store() -> Simulated {
    let mut store = simulated();
    store.commit(&[join("one", "a/1"), append("one", b"1"), append("two", b"1")]);
    store.seal();
    store.commit(&[append("one", b"2"), append("two", b"2")]);
    store
}

fn begin(store: &Simulated, target: &SimDisk) -> crate::Result<BackupJob> {
    let target: Arc<dyn Disk> = Arc::new(target.clone());
    store.reader.begin_backup(&target)
}

fn finish(mut job: BackupJob) -> crate::Result<BackedUp> {
    for _ in 0..STEPS_MAX {
        match job.step()? {
            BackupStep::More(more) => job = more,
            BackupStep::Done(done) => return Ok(done),
        }
    }
    unreachable!("a backup of so little ends")
}

fn back_up(store: &Simulated, target: &SimDisk) -> BackedUp {
    finish(begin(store, target).unwrap()).unwrap()
}

fn env_of(store: &Simulated, disk: &SimDisk, seed: u64) -> Env {
    let random = Arc::new(SimRandom::new(seed));
    Env { disk: Arc::new(disk.clone()), random, ..store.log.env.clone() }
}

fn restore_into(store: &Simulated, from: &SimDisk, to: &SimDisk) -> crate::Result<Report> {
    restore(&env_of(store, from, 7), &env_of(store, to, 8))
}

fn open(store: &Simulated, disk: &SimDisk) -> crate::Result<Log> {
    Log::open(&env_of(store, disk, 9), &options())
}

fn payloads(reader: &Reader, chat_id: &str) -> Vec<Vec<u8>> {
    let read = reader.read(chat_id, ReadFrom::Seq(1), 100, 1 << 20).unwrap();
    read.records.into_iter().map(|record| record.payload).collect()
}

fn refusal<T>(refused: crate::Result<T>) -> String {
    let error = refused.err().unwrap();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
    error.to_string()
}

#[test]
fn a_restored_store_has_what_was_there_when_the_backup_began() {
    let mut store = a_store();
    let (backup, target) = (store.disk.directory("backup"), store.disk.directory("restored"));
    let job = begin(&store, &backup).unwrap();
    store.commit(&[append("one", b"later")]);
    let done = finish(job).unwrap();
    assert!(done.linked_tables > 0 && done.copied_tables == 0, "{done:?}");
    let report = restore_into(&store, &backup, &target).unwrap();
    assert!(report.tables > 0 && report.last_round == done.round, "{report}");
    let mut restored = open(&store, &target).unwrap();
    let reader = restored.reader();
    assert_eq!(payloads(&reader, "one"), [b"1", b"2"]);
    assert_eq!(payloads(&reader, "two"), [b"1", b"2"]);
    assert_eq!(reader.cursors("one").unwrap().len(), 1);
    assert!(reader.epoch() != store.reader.epoch(), "it has another history");
    assert_eq!(payloads(&store.reader, "one"), [&b"1"[..], b"2", b"later"]);
    restored.submit(0, &append("one", b"3")).unwrap();
    restored.finish().unwrap();
    drop(restored);
    assert!(verify(&env_of(&store, &target, 1)).unwrap().errors.is_empty());
}

#[test]
fn on_another_file_system_tables_are_copied() {
    let store = a_store();
    let (backup, target) = (SimDisk::new(), SimDisk::new());
    let done = back_up(&store, &backup);
    assert!(done.linked_tables == 0 && done.copied_tables > 0, "{done:?}");
    restore_into(&store, &backup, &target).unwrap();
    assert_eq!(payloads(&open(&store, &target).unwrap().reader(), "one"), [b"1", b"2"]);
}

#[test]
fn a_restored_store_is_backed_up_and_restored_again() {
    let store = a_store();
    let [first, second, third, last] = ["1", "2", "3", "4"].map(|name| store.disk.directory(name));
    back_up(&store, &first);
    restore_into(&store, &first, &second).unwrap();
    let log = open(&store, &second).unwrap();
    let reader = log.reader();
    let again = Simulated { log, disk: second.clone(), reader };
    back_up(&again, &third);
    restore_into(&store, &third, &last).unwrap();
    assert_eq!(payloads(&open(&store, &last).unwrap().reader(), "two"), [b"1", b"2"]);
}

#[test]
fn two_restores_of_one_backup_are_two_stores() {
    let store = a_store();
    let [backup, one, two] = ["1", "2", "3"].map(|name| store.disk.directory(name));
    back_up(&store, &backup);
    for (to, seed) in [(&one, 21), (&two, 22)] {
        restore(&env_of(&store, &backup, 7), &env_of(&store, to, seed)).unwrap();
    }
    let ids = [&one, &two].map(|disk| {
        let log = open(&store, disk).unwrap();
        (log.shared.store_id, log.shared.epoch)
    });
    assert!(ids[0].0 != ids[1].0 && ids[0].1 != ids[1].1, "{ids:?}");
    // A table of the one is foreign in the other.
    let files = store.disk.files();
    let (path, bytes) = files.iter().find(|(path, _)| path.starts_with("2/states/")).unwrap();
    store.disk.damage(&path.replacen('2', "3", 1), 0, bytes);
    let report = verify(&env_of(&store, &two, 1)).unwrap();
    assert!(report.errors.iter().any(|error| error.code() == "FOQ_CORRUPT"), "{report}");
}

#[test]
fn a_backup_opens_for_reading_only_and_is_not_repaired() {
    let store = a_store();
    let backup = store.disk.directory("backup");
    back_up(&store, &backup);
    assert!(refusal(open(&store, &backup)).contains("restore it"));
    let env = env_of(&store, &backup, 1);
    assert!(refusal(crate::repair(&env, crate::Repairing::Write)).contains("a backup"));
    let read_only = Options { read_only: true, create: false, ..options() };
    let log = Log::open(&env, &read_only).unwrap();
    assert_eq!(payloads(&log.reader(), "one"), [b"1", b"2"]);
    let found = verify(&env).unwrap();
    assert!(found.errors.is_empty() && found.repairs.is_empty(), "{found}");
    let mut lines = Vec::new();
    crate::dump(&env, &mut |line| lines.push(line)).unwrap();
    let last = found.last_round;
    assert!(lines[0].contains(&format!("\"backupRound\":{last}")), "{}", lines[0]);
    assert!(lines.iter().all(|line| !line.contains("error")), "{lines:?}");
}

#[test]
fn a_store_is_no_backup_and_a_target_must_be_empty() {
    let store = a_store();
    let [backup, target, full] = ["1", "2", "3"].map(|name| store.disk.directory(name));
    assert!(refusal(restore_into(&store, &store.disk, &target)).contains("no backup"));
    full.create_root().unwrap();
    store.disk.put_file("3/notes", b"mine");
    assert!(refusal(begin(&store, &full).map(drop)).contains("it has notes"));
    back_up(&store, &backup);
    assert!(refusal(begin(&store, &backup).map(drop)).contains("not empty"));
    assert!(refusal(restore_into(&store, &backup, &full)).contains("it has notes"));
    assert!(refusal(restore_into(&store, &backup, &store.disk)).contains("not empty"));
}

#[test]
fn one_backup_is_made_at_a_time_and_one_that_is_given_up_takes_away_what_it_made() {
    let store = a_store();
    let [one, two] = ["1", "2"].map(|name| store.disk.directory(name));
    let job = begin(&store, &one).unwrap();
    assert!(matches!(begin(&store, &two).err().unwrap(), Error::Busy { .. }));
    let BackupStep::More(job) = job.step().unwrap() else { unreachable!("a step does not do") };
    drop(job);
    assert!(store.disk.files().iter().all(|(path, _)| !path.starts_with("1/")));
    back_up(&store, &one);
}

#[test]
fn tables_that_are_replaced_keep_their_files_until_the_backup_ends() {
    let mut store = a_store();
    let backup = store.disk.directory("backup");
    let job = begin(&store, &backup).unwrap();
    let before = tables(&store.disk);
    for nth in 0..4 {
        store.commit(&[append("one", &[nth])]);
        store.seal();
    }
    merge_all(&store);
    let during = tables(&store.disk);
    assert!(before.iter().all(|path| during.contains(path)), "{before:?}, then {during:?}");
    finish(job).unwrap();
    let after = tables(&store.disk);
    assert!(before.iter().any(|path| !after.contains(path)), "{before:?}, then {after:?}");
    restore_into(&store, &backup, &store.disk.directory("restored")).unwrap();
    // Those that went late are no strangers to whoever opens the store.
    let store = store.reopened();
    assert!(store.disk.files().iter().all(|(path, _)| !path.starts_with("quarantine/")));
}

#[test]
fn journal_files_that_are_sealed_meanwhile_are_not_written_again() {
    let mut store = a_store();
    let backup = store.disk.directory("backup");
    let job = begin(&store, &backup).unwrap();
    for nth in 0..40 {
        store.commit(&[append("one", &[nth; 4000])]);
        store.seal();
    }
    finish(job).unwrap();
    let target = store.disk.directory("restored");
    restore_into(&store, &backup, &target).unwrap();
    assert_eq!(payloads(&open(&store, &target).unwrap().reader(), "one"), [b"1", b"2"]);
}

#[test]
fn a_backup_whose_bytes_rot_is_refused_by_name_and_so_is_one_that_lost_its_last_round() {
    let store = a_store();
    let [backup, target] = ["1", "2"].map(|name| store.disk.directory(name));
    back_up(&store, &backup);
    let files = store.disk.files();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("1/")) {
        for at in [0, bytes.len() / 2, bytes.len() - 700.min(bytes.len())] {
            let was = bytes.get(at).copied().unwrap_or_default();
            store.disk.damage(path, at as u64, &[was ^ 1]);
            let found = restore_into(&store, &backup, &target).err();
            store.disk.damage(path, at as u64, &[was]);
            let found = found.unwrap_or_else(|| unreachable!("{path} byte {at}"));
            assert_eq!(found.code(), "FOQ_CORRUPT", "{path} byte {at}: {found}");
            assert!(target.list("").is_err(), "nothing was begun");
        }
    }
    // The last round alone: a store would be cut there.
    let (path, bytes) = files.iter().find(|(path, _)| path.starts_with("1/journal/")).unwrap();
    let last = bytes.len() as u64 - 512;
    store.disk.damage(path, last, &[0; 512]);
    let found = restore_into(&store, &backup, &target).err().unwrap();
    assert!(found.to_string().contains("the journal ends with round"), "{found}");
    store.disk.damage(path, last, &bytes[bytes.len() - 512..]);
    restore_into(&store, &backup, &target).unwrap();
}

#[test]
fn a_backup_for_which_there_is_no_space_says_so_and_leaves_nothing() {
    let store = a_store();
    let backup = store.disk.directory("backup");
    for nth in 1..4 {
        let rule = FaultRule {
            path_start: "backup".to_owned(),
            ..FaultRule::nth(CallKind::Write, nth, Fault::NoSpace)
        };
        store.disk.add_fault(rule);
        let failed = begin(&store, &backup).and_then(finish).err().unwrap();
        assert_eq!(failed.code(), "FOQ_DISK_FULL", "{failed}");
        store.disk.clear_faults();
        assert!(store.disk.files().iter().all(|(path, _)| !path.starts_with("backup/")));
        assert!(store.log.poisoned().is_none());
    }
    back_up(&store, &backup);
}

fn tables(disk: &SimDisk) -> Vec<String> {
    let kinds = ["segments/", "states/", "inbox/"];
    let paths = disk.files().into_iter().map(|(path, _)| path);
    paths.filter(|path| kinds.iter().any(|kind| path.starts_with(kind))).collect()
}

fn merge_all(store: &Simulated) {
    let mut background = store.log.background().in_small_steps(100);
    while let Some(mut job) = background.next(0) {
        let finished = loop {
            match job.step().unwrap() {
                crate::BackgroundStep::More(more) => job = more,
                crate::BackgroundStep::Done(finished) => break finished,
            }
        };
        background.finish(finished, 0);
    }
}
