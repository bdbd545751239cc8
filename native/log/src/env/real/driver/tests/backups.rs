//! Backups while the threads go on, on a real disk.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::*;

/// Records that fill several journal files while a backup runs.
const RECORDS: usize = 30;
const RECORD_BYTES: usize = 100 << 10;

fn target(scene: &Scene, name: &str) -> Env {
    real::env(&scene.folder.path().join(name)).unwrap()
}

fn sealing() -> Options {
    Options { journal_window_bytes: 512 << 10, background_bytes_per_second: 1 << 30, ..options() }
}

/// Submits records of many chats, and waits until they are answered.
fn fill(scene: &Scene, (caller, heard): &(Caller, Arc<Heard>), before: usize) {
    for nth in before..before + RECORDS {
        let payload = vec![u8::try_from(nth).unwrap(); RECORD_BYTES];
        caller.submit(scene.appends(&format!("chat-{nth}"), &[&payload])).unwrap();
        let last = heard.wait_for(nth + 1).pop();
        assert!(last.is_some_and(|done| matches!(done.outcome, Outcome::Appended { .. })));
        // Sealing keeps up, or appends would be refused.
        scene.store.look_again();
    }
}

#[test]
fn what_was_answered_before_is_in_the_backup_while_appends_and_seals_go_on() {
    let scene = a_store("driver-backup", &sealing());
    let caller = scene.a_caller();
    fill(&scene, &caller, 0);
    let (backup, restored) = (target(&scene, "backup"), target(&scene, "restored"));
    let done = thread::scope(|scope| {
        let writes = scope.spawn(|| fill(&scene, &caller, RECORDS));
        let done = scene.store.backup(&backup, &AtomicBool::new(false)).unwrap();
        writes.join().unwrap();
        done
    });
    assert!(done.linked_tables > 0 && done.copied_tables == 0, "{done:?}");
    let segments = fs::read_dir(scene.folder.path().join("backup/segments")).unwrap();
    assert!(segments.count() > 0);
    for file in fs::read_dir(scene.folder.path().join("backup/journal")).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().nlink(), 1, "the journal is a copy");
    }
    crate::restore(&backup, &restored).unwrap();
    let store = RunningStore::open(&restored, &sealing()).unwrap();
    let reader = store.reader();
    for nth in 0..RECORDS {
        let read = payloads(&reader, &format!("chat-{nth}"));
        let same = read == [vec![u8::try_from(nth).unwrap(); RECORD_BYTES]];
        assert!(same, "chat {nth} has {} records", read.len());
    }
    store.close().unwrap();
}

#[test]
fn one_that_is_given_up_and_one_whose_store_closes_leave_no_file() {
    let slow = Options { background_bytes_per_second: 1, ..options() };
    let scene = a_store("driver-backup-ends", &slow);
    let caller = scene.a_caller();
    fill(&scene, &caller, 0);
    let [one, two] = ["one", "two"].map(|name| target(&scene, name));
    let give_up = AtomicBool::new(false);
    let files =
        |name: &str| fs::read_dir(scene.folder.path().join(name)).map_or(0, Iterator::count);
    thread::scope(|scope| {
        let ended = scope.spawn(|| scene.store.backup(&one, &give_up));
        while files("one/journal") == 0 {
            thread::yield_now();
        }
        let second = scene.store.backup(&two, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(second.code(), "FOQ_BUSY");
        give_up.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ended.join().unwrap().unwrap_err().code(), "FOQ_CLOSED");
        assert_eq!(files("one/journal"), 0);
        let ended = scope.spawn(|| scene.store.backup(&one, &AtomicBool::new(false)));
        while files("one/journal") == 0 {
            thread::yield_now();
        }
        scene.store.close().unwrap();
        assert_eq!(ended.join().unwrap().unwrap_err().code(), "FOQ_CLOSED");
    });
    assert_eq!(files("one/journal") + files("two"), 0);
    let closed = scene.store.backup(&one, &AtomicBool::new(false)).unwrap_err();
    assert_eq!(closed.code(), "FOQ_CLOSED");
}

#[test]
fn a_store_that_is_open_for_reading_is_backed_up_and_a_poisoned_one_too() {
    let scene = a_store("driver-backup-reads", &options());
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat", &[b"durable"])).unwrap();
    heard.wait_for(1);
    scene.stage.set(Call::CommitterSync, Act::Fail);
    caller.submit(scene.appends("chat", &[b"lost"])).unwrap();
    heard.wait_for(2);
    let give_up = AtomicBool::new(false);
    scene.store.backup(&target(&scene, "one"), &give_up).unwrap();
    assert!(scene.store.close().is_err());
    scene.stage.set(Call::CommitterSync, Act::Go);
    let read_only = Options { read_only: true, create: false, ..options() };
    let store = RunningStore::open(&scene.env, &read_only).unwrap();
    store.backup(&target(&scene, "two"), &give_up).unwrap();
    store.close().unwrap();
    for name in ["one", "two"] {
        let restored = target(&scene, &format!("restored-{name}"));
        crate::restore(&target(&scene, name), &restored).unwrap();
        let store = RunningStore::open(&restored, &options()).unwrap();
        assert_eq!(payloads(&store.reader(), "chat")[0], b"durable");
        store.close().unwrap();
    }
}
