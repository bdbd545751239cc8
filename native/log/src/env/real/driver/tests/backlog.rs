//! Rounds under backlog: the writer puts one on the disk while the next is judged.

use super::staged::{Act, Call};
use super::*;

/// Rounds so small that a few appends are a backlog.
fn small_rounds() -> Options {
    Options { round_bytes_max: 4096, ..options() }
}

#[test]
fn a_backlog_is_committed_in_order_and_answered_once() {
    let scene = a_store("driver-backlog", &small_rounds());
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    caller.submit(scene.appends("chat", &[b"first"])).unwrap();
    scene.stage.wait_for(Call::CommitterSync, 1);
    for _ in 0..50 {
        caller.submit(scene.appends("chat", &[[7; 500].as_slice(); 20])).unwrap();
    }
    scene.stage.set(Call::CommitterSync, Act::Go);
    let done = heard.wait_for(1001);
    assert_eq!(numbers(&done), (0..1001).collect::<Vec<_>>());
    assert!(codes(&done).iter().all(|code| *code == "ok"));
    assert!(heard.calls() > 20, "it took many rounds");
    scene.store.close().unwrap();
    assert_eq!(scene.reopened().reader().head("chat").unwrap().head_seq, 1001);
}

/// The disk fails under a backlog, with one round on its way and one judged ahead.
fn fails(name: &str, call: Call, act: Act) {
    let scene = a_store(name, &small_rounds());
    let (caller, heard) = scene.a_caller();
    scene.stage.set(call, Act::Hold);
    caller.submit(scene.appends("chat", &[b"first"])).unwrap();
    scene.stage.wait_for(call, 1);
    for _ in 0..10 {
        caller.submit(scene.appends("chat", &[[7; 500].as_slice(); 20])).unwrap();
    }
    scene.stage.set(call, Act::Go);
    // The first rounds succeed; then the disk fails under what is left.
    heard.wait_for(8);
    scene.stage.set(call, act);
    let done = heard.wait_for(201);
    let answered = codes(&done).iter().filter(|code| **code == "ok").count();
    assert!((1..=201).contains(&answered));
    assert!(codes(&done)[answered..].iter().all(|code| *code == "FOQ_POISONED"));
    assert_eq!(numbers(&done), (0..201).collect::<Vec<_>>(), "each once");
    scene.stage.set(call, Act::Go);
    let _ = scene.store.close();
    let head = scene.reopened().reader().head("chat").unwrap().head_seq;
    assert!(head >= answered as u64, "nothing acked is lost: {head} of {answered}");
}

#[test]
fn a_sync_that_fails_under_backlog_settles_everything_once() {
    fails("driver-backlog-sync", Call::CommitterSync, Act::Fail);
}

#[test]
fn a_write_that_fails_under_backlog_settles_everything_once() {
    fails("driver-backlog-write", Call::CommitterWrite, Act::Fail);
}

#[test]
fn a_panic_of_the_writer_under_backlog_settles_everything_once() {
    fails("driver-backlog-panic", Call::CommitterSync, Act::Panic);
}
