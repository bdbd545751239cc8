//! Seals, lookups and merges by the threads, on a real disk.

use std::fs;

use super::*;

/// Each waits until nothing is left to do.
const LOOKS_MAX: usize = 10_000;
/// Records that fill several journal files.
const RECORDS: usize = 12;
const RECORD_BYTES: usize = 100 << 10;

fn sealing() -> Options {
    Options { journal_window_bytes: 512 << 10, ..options() }
}

/// A store whose first chats are sealed and have left RAM.
fn a_sealed_store(name: &str) -> Scene {
    let scene = a_store(name, &sealing());
    let (caller, heard) = scene.a_caller();
    for nth in 0..RECORDS {
        let payload = vec![u8::try_from(nth).unwrap(); RECORD_BYTES];
        caller.submit(scene.appends(&format!("chat-{nth}"), &[&payload])).unwrap();
        heard.wait_for(nth + 1);
    }
    scene.store.look_again();
    assert!(scene.store.counters().seals > 0, "the journal is larger than its window");
    scene
}

#[test]
fn what_is_sealed_is_read_and_goes_on_where_it_was() {
    let scene = a_sealed_store("driver-sealed");
    let reader = scene.store.reader();
    let in_ram = scene.store.counters().chats;
    assert!(in_ram < RECORDS as u64, "{in_ram} chats are still in RAM");
    assert_eq!(payloads(&reader, "chat-0"), [vec![0; RECORD_BYTES]]);
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat-0", &[b"next", b"last"])).unwrap();
    let seqs = heard.wait_for(2).into_iter().map(|done| match done.outcome {
        Outcome::Appended { seq, .. } => seq,
        _ => 0,
    });
    assert_eq!(seqs.collect::<Vec<_>>(), [2, 3]);
    assert!(scene.store.counters().cold_lookups > 0);
}

#[test]
fn damage_that_background_work_meets_is_counted_and_stops_nothing_else() {
    let scene = a_sealed_store("driver-damaged");
    scene.store.close().unwrap();
    let segments = scene.folder.path().join("store/segments");
    for segment in fs::read_dir(segments).unwrap() {
        let path = segment.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes[RECORD_BYTES / 2] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let store = RunningStore::open(&scene.env, &sealing()).unwrap();
    // Seals let older segments be sampled.
    let heard = Arc::new(Heard::default());
    let caller = store.caller(heard.clone());
    for nth in 0..RECORDS {
        caller.submit(scene.appends("another", &[&[7; RECORD_BYTES]])).unwrap();
        heard.wait_for(nth + 1);
    }
    let is_met = (0..LOOKS_MAX).any(|_| {
        store.look_again();
        store.counters().background_failures > 0
    });
    assert!(is_met, "somebody may know");
    assert_eq!(kinds(&store), ["damaged"]);
    let reader = store.reader();
    let refusal = |nth| reader.read(&format!("chat-{nth}"), ReadFrom::Seq(1), 10, 1 << 20).err();
    let refused: Vec<_> = (0..RECORDS).filter_map(refusal).map(|error| error.code()).collect();
    assert!(
        !refused.is_empty() && refused.iter().all(|code| *code == "FOQ_CORRUPT"),
        "{refused:?}"
    );
    let heard = Arc::new(Heard::default());
    store.caller(heard.clone()).submit(scene.appends("chat-0", &[b"next"])).unwrap();
    assert_eq!(numbers(&heard.wait_for(1)), [0]);
    assert_eq!(reader.head("chat-0").unwrap().head_seq, 2);
    store.close().unwrap();
}

#[test]
fn a_damaged_journal_file_that_is_to_be_sealed_is_told_and_seldom_read_again() {
    let scene = a_store("driver-journal-damaged", &sealing());
    let (caller, heard) = scene.a_caller();
    let payload = vec![7; RECORD_BYTES];
    caller.submit(scene.appends("chat", &[&payload])).unwrap();
    heard.wait_for(1);
    let journal = fs::read_dir(scene.folder.path().join("store/journal")).unwrap();
    let oldest = journal.map(|file| file.unwrap().path()).min().unwrap();
    let file = fs::OpenOptions::new().write(true).open(oldest).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"spoilt", RECORD_BYTES as u64 / 2).unwrap();
    for nth in 1..RECORDS {
        caller.submit(scene.appends("chat", &[&payload])).unwrap();
        heard.wait_for(nth + 1);
    }
    let attempts = || scene.store.counters().background_failures;
    let tried_again = (0..LOOKS_MAX).any(|_| {
        scene.store.look_again();
        attempts() >= 2
    });
    assert!(tried_again, "a seal that met damage is tried again");
    assert_eq!(kinds(&scene.store), ["damaged"]);
    assert!(heard.rings().contains(&crate::CONDITIONS), "callers are rung");
    assert!(scene.store.poisoned().is_none());
    scene.store.close().unwrap();
}

fn kinds(store: &RunningStore) -> Vec<&'static str> {
    store.conditions().into_iter().map(|condition| condition.kind).collect()
}
