//! The threads, on a real disk: what is submitted is settled once, whatever happens.

mod backlog;
mod backups;
mod barrier;
mod cached;
mod counting;
mod news;
mod race;
mod sealing;
mod space;
mod staged;
mod time;

use std::sync::Arc;

use self::staged::{Act, Call, Heard, Stage, codes, staged};
use super::*;
use crate::env::real;
use crate::env::real::temporary::Temporary;
use crate::ops::{Append, JoinAt, Operation, Outcome};
use crate::view::ReadFrom;

/// A store in a folder of its own, with small files, whose disk the test controls.
struct Scene {
    store: RunningStore,
    stage: Arc<Stage>,
    env: Env,
    folder: Temporary,
}

fn options() -> Options {
    Options { journal_file_bytes: 256 << 10, ..Options::default() }
}

fn a_store(name: &str, options: &Options) -> Scene {
    let folder = Temporary::new(name);
    let (env, stage) = staged(real::env(&folder.path().join("store")).unwrap());
    let store = RunningStore::open(&env, options).unwrap();
    Scene { store, stage, env, folder }
}

impl Scene {
    fn a_caller(&self) -> (Caller, Arc<Heard>) {
        let heard = Arc::new(Heard::default());
        (self.store.caller(heard.clone()), heard)
    }

    /// Appends to `chat`, packed together.
    fn appends(&self, chat: &str, payloads: &[&[u8]]) -> Packed {
        let mut packed = Packed::default();
        for payload in payloads {
            let append = Operation::Append(Append::new(chat, payload));
            self.store.packer().pack(&mut packed, &append).unwrap();
        }
        packed
    }

    fn reopened(&self) -> RunningStore {
        RunningStore::open(&self.env, &options()).unwrap()
    }
}

fn payloads(reader: &Reader, chat: &str) -> Vec<Vec<u8>> {
    let read = reader.read(chat, ReadFrom::Seq(1), 1000, 1 << 20).unwrap();
    read.records.into_iter().map(|record| record.payload).collect()
}

fn numbers(completions: &[Completion]) -> Vec<u64> {
    let mut numbers: Vec<u64> = completions.iter().map(|done| done.ticket.number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn three_appends_of_one_submission_settle_in_one_call_and_are_read() {
    let scene = a_store("driver-appends", &options());
    let (caller, heard) = scene.a_caller();
    assert_eq!(caller.submit(scene.appends("chat", &[b"a", b"b", b"c"])).unwrap(), 0);
    let done = heard.wait_for(3);
    assert_eq!((numbers(&done), heard.calls()), (vec![0, 1, 2], 1));
    let seqs = done.iter().map(|done| match done.outcome {
        Outcome::Appended { seq, .. } => seq,
        _ => 0,
    });
    assert_eq!(seqs.collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(payloads(&scene.store.reader(), "chat"), [b"a", b"b", b"c"]);
}

#[test]
fn what_comes_while_a_sync_runs_is_one_round() {
    let scene = a_store("driver-batching", &options());
    let (one, heard_one) = scene.a_caller();
    let (two, heard_two) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    one.submit(scene.appends("first", &[b"a"])).unwrap();
    scene.stage.wait_for(Call::CommitterSync, 1);
    for _ in 0..5 {
        one.submit(scene.appends("chat", &[b"a"])).unwrap();
        two.submit(scene.appends("chat", &[b"b", b"c"])).unwrap();
    }
    scene.stage.set(Call::CommitterSync, Act::Go);
    assert_eq!(numbers(&heard_one.wait_for(6)), [0, 1, 2, 3, 4, 5]);
    assert_eq!(numbers(&heard_two.wait_for(10)).len(), 10);
    assert_eq!((heard_one.calls(), heard_two.calls()), (2, 1));
}

#[test]
fn close_settles_what_was_submitted_and_a_reopened_store_has_it() {
    let scene = a_store("driver-close", &options());
    let (caller, heard) = scene.a_caller();
    for _ in 0..20 {
        caller.submit(scene.appends("chat", &[b"a".as_slice(); 10])).unwrap();
    }
    scene.store.close().unwrap();
    assert_eq!(numbers(&heard.wait_for(200)), (0..200).collect::<Vec<_>>());
    let late = caller.submit(scene.appends("chat", &[b"a"])).unwrap_err();
    assert_eq!(late.code(), "FOQ_CLOSED");
    scene.store.close().unwrap();
    assert_eq!(scene.reopened().reader().head("chat").unwrap().head_seq, 200);
}

#[test]
fn close_from_four_threads_answers_all_of_them() {
    let scene = a_store("driver-closers", &options());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| scene.store.close().unwrap());
        }
    });
}

#[test]
fn an_ack_that_nobody_waits_for_survives_close() {
    let scene = a_store("driver-ack", &options());
    let (caller, heard) = scene.a_caller();
    let mut packed = scene.appends("chat", &[b"a", b"b"]);
    let join = Operation::Join { chat_id: "chat", consumer_id: "ann/phone", at: JoinAt::First };
    scene.store.packer().pack(&mut packed, &join).unwrap();
    caller.submit(packed).unwrap();
    heard.wait_for(3);
    let ack = Operation::Ack {
        chat_id: "chat",
        consumer_id: "ann/phone",
        received: Some(1),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: false,
    };
    let mut packed = caller.emptied();
    scene.store.packer().pack(&mut packed, &ack).unwrap();
    caller.submit(packed).unwrap();
    assert_eq!(codes(&heard.wait_for(4)), ["ok"; 4]);
    scene.store.close().unwrap();
    let cursors = scene.reopened().reader().cursors("chat").unwrap();
    assert_eq!(cursors.first().map(|cursor| cursor.received), Some(1));
}

/// The store is poisoned by `act`: all that is outstanding and all that comes is refused.
fn poisons(name: &str, call: Call, act: Act) {
    let scene = a_store(name, &options());
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat", &[b"a"])).unwrap();
    heard.wait_for(1);
    scene.stage.set(call, Act::Hold);
    let held = scene.stage.count(call) + 1;
    caller.submit(scene.appends("chat", &[b"b", b"c"])).unwrap();
    scene.stage.wait_for(call, held);
    let (other, heard_other) = scene.a_caller();
    other.submit(scene.appends("chat", &[b"d"])).unwrap();
    scene.stage.set(call, act);
    let done = heard.wait_for(3);
    assert_eq!(codes(&done), ["ok", "FOQ_POISONED", "FOQ_POISONED"]);
    assert_eq!(numbers(&done), [0, 1, 2]);
    assert_eq!(codes(&heard_other.wait_for(1)), ["FOQ_POISONED"]);
    let late = caller.submit(scene.appends("chat", &[b"e"])).unwrap_err();
    assert_eq!(late.code(), "FOQ_POISONED");
    assert_eq!(scene.store.poisoned().unwrap().code(), "FOQ_POISONED");
    assert_eq!(payloads(&scene.store.reader(), "chat"), [b"a"]);
    scene.stage.set(call, Act::Go);
    assert_eq!(scene.store.close().unwrap_err().code(), "FOQ_POISONED");
    assert_eq!(scene.store.close().unwrap_err().code(), "FOQ_POISONED");
    // The failed round may have reached the disk; what was acked must be there.
    assert_eq!(payloads(&scene.reopened().reader(), "chat")[0], b"a");
}

#[test]
fn a_failed_sync_poisons_and_settles_everything_once() {
    poisons("driver-sync-fails", Call::CommitterSync, Act::Fail);
}

#[test]
fn a_failed_write_poisons_and_settles_everything_once() {
    poisons("driver-write-fails", Call::CommitterWrite, Act::Fail);
}

#[test]
fn a_panic_of_the_committer_poisons_and_settles_everything_once() {
    poisons("driver-committer-panics", Call::CommitterSync, Act::Panic);
}

#[test]
fn a_panic_of_the_sealer_poisons_the_store() {
    let scene = a_store("driver-sealer-panics", &options());
    scene.stage.set(Call::SealerCreate, Act::Panic);
    let (caller, heard) = scene.a_caller();
    let large = [7; 16 << 10];
    let mut submitted = 0;
    while caller.submit(scene.appends("chat", &[&large])).is_ok() {
        submitted += 1;
        heard.wait_for(submitted);
    }
    assert!(scene.store.poisoned().unwrap().to_string().contains("the test panics"));
    assert_eq!(numbers(&heard.wait_for(submitted)).len(), submitted);
}

#[test]
fn a_sink_that_panics_poisons_and_the_others_are_told() {
    struct Panics;
    impl CompletionSink for Panics {
        fn complete(&self, _completions: &mut Vec<Completion>) {
            panic!("the sink of the test panics");
        }
    }
    let scene = a_store("driver-sink-panics", &options());
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    let bad = scene.store.caller(Arc::new(Panics));
    bad.submit(scene.appends("chat", &[b"a"])).unwrap();
    scene.stage.wait_for(Call::CommitterSync, 1);
    caller.submit(scene.appends("chat", &[b"b"])).unwrap();
    scene.stage.set(Call::CommitterSync, Act::Go);
    assert_eq!(codes(&heard.wait_for(1)), ["FOQ_POISONED"]);
    assert!(scene.store.close().is_err());
}

#[test]
fn a_submission_beyond_the_bound_is_refused_whole_and_can_be_made_again() {
    let limited = Options { pending_bytes_max: 40_000, ..options() };
    let scene = a_store("driver-busy", &limited);
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    caller.submit(scene.appends("chat", &[&[1; 30_000]])).unwrap();
    let mut packed = scene.appends("chat", &[&[2; 20_000]]);
    assert_eq!(caller.submit_from(&mut packed).unwrap_err().code(), "FOQ_BUSY");
    assert_eq!(packed.len(), 1);
    let large = scene.appends("chat", &[&[2; 50_000]]);
    assert_eq!(caller.submit(large).unwrap_err().code(), "FOQ_TOO_LARGE");
    scene.stage.set(Call::CommitterSync, Act::Go);
    heard.wait_for(1);
    assert_eq!(caller.submit_from(&mut packed).unwrap(), 1);
    assert!(packed.is_empty());
    heard.wait_for(2);
}

#[test]
fn every_call_on_an_idle_store_returns() {
    let scene = a_store("driver-idle", &options());
    let (caller, _heard) = scene.a_caller();
    assert_eq!(caller.submit(Packed::default()).unwrap(), 0);
    assert_eq!(scene.store.reader().head("chat").unwrap().head_seq, 0);
    assert!(scene.store.poisoned().is_none());
    drop(caller);
    scene.store.close().unwrap();
}

#[test]
fn a_caller_that_is_gone_is_still_told_and_its_number_goes_on() {
    let scene = a_store("driver-gone", &options());
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    caller.submit(scene.appends("chat", &[b"a", b"b"])).unwrap();
    drop(caller);
    scene.stage.set(Call::CommitterSync, Act::Go);
    assert_eq!(codes(&heard.wait_for(2)), ["ok"; 2]);
    let (other, heard) = scene.a_caller();
    let first = other.submit(scene.appends("chat", &[b"c"])).unwrap();
    assert_eq!(numbers(&heard.wait_for(1)), [first]);
}

#[test]
fn an_idle_store_writes_one_mark_by_itself() {
    let scene = a_store("driver-mark", &Options { idle_mark_ms: 1, ..options() });
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat", &[b"a"])).unwrap();
    heard.wait_for(1);
    scene.stage.wait_for(Call::CommitterSync, 2);
    scene.store.close().unwrap();
}

#[test]
fn a_sink_may_close_the_store() {
    struct Closes(Mutex<Option<Arc<RunningStore>>>);
    impl CompletionSink for Closes {
        fn complete(&self, _completions: &mut Vec<Completion>) {
            let store = self.0.lock().take();
            store.unwrap().close().unwrap();
        }
    }
    let Scene { store, env, folder, .. } = a_store("driver-sink-closes", &options());
    let store = Arc::new(store);
    let caller = store.caller(Arc::new(Closes(Mutex::new(Some(Arc::clone(&store))))));
    let mut packed = Packed::default();
    let append = Operation::Append(Append::new("chat", b"a"));
    store.packer().pack(&mut packed, &append).unwrap();
    caller.submit(packed).unwrap();
    store.close().unwrap();
    drop(store);
    let reopened = RunningStore::open(&env, &options()).unwrap();
    assert_eq!(reopened.reader().head("chat").unwrap().head_seq, 1);
    drop((reopened, folder));
}

#[test]
fn a_second_store_on_the_same_directory_is_refused_with_this_pid() {
    let scene = a_store("driver-second", &options());
    match RunningStore::open(&scene.env, &options()) {
        Err(Error::Locked { pid }) => assert_eq!(pid, std::process::id()),
        other => panic!("locked, not {:?}", other.err()),
    }
    drop(scene.folder);
}

#[test]
fn a_store_opened_for_reading_serves_and_refuses_what_would_change_it() {
    let scene = a_store("driver-read-only", &options());
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat", &[b"a"])).unwrap();
    heard.wait_for(1);
    scene.store.close().unwrap();
    let reading = Options { create: false, read_only: true, ..options() };
    let store = RunningStore::open(&scene.env, &reading).unwrap();
    assert_eq!(payloads(&store.reader(), "chat"), [b"a"]);
    let caller = store.caller(heard);
    let refused = caller.submit(scene.appends("chat", &[b"b"])).unwrap_err();
    assert_eq!(refused.code(), "FOQ_UNAVAILABLE");
    store.close().unwrap();
}

#[test]
fn journal_files_follow_one_another_while_appends_go_on() {
    let scene = a_store("driver-files", &options());
    let (caller, heard) = scene.a_caller();
    let large = [7; 16 << 10];
    for count in 1..=100 {
        caller.submit(scene.appends("chat", &[&large])).unwrap();
        heard.wait_for(count);
    }
    assert_eq!(codes(&heard.wait_for(100)), ["ok"; 100]);
    scene.store.close().unwrap();
    assert_eq!(scene.reopened().reader().head("chat").unwrap().head_seq, 100);
}
