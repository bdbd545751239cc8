//! Callers that go on submitting while the store ends: every ticket is settled once.
#![expect(clippy::cast_possible_truncation, reason = "counts of a test fit everywhere")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::staged::{Act, Call};
use super::*;

const CALLERS: usize = 4;
/// Submissions of one caller that may be unanswered.
const IN_FLIGHT_MAX: u64 = 64;

/// What one caller did and heard.
struct Told {
    submitted: u64,
    heard: Arc<Heard>,
}

/// Submits until the store refuses; `under_way` is set when all have been answered once.
fn submit_until_refused(scene: &Scene, under_way: &AtomicBool, number: usize) -> Told {
    let (caller, heard) = scene.a_caller();
    let chat = format!("chat-{}", number % 2);
    let mut submitted = 0;
    loop {
        let packed = scene.appends(&chat, &[b"a", b"b"]);
        match caller.submit(packed) {
            Ok(first) => assert_eq!(first, submitted),
            Err(error) => {
                assert!(["FOQ_CLOSED", "FOQ_POISONED"].contains(&error.code()), "{error}");
                return Told { submitted, heard };
            }
        }
        submitted += 2;
        if submitted >= IN_FLIGHT_MAX {
            heard.wait_for((submitted - IN_FLIGHT_MAX) as usize + 1);
            under_way.store(true, Ordering::Release);
        }
    }
}

/// Runs callers on threads, ends the store amid them by `end`, and counts.
fn ends_amid_submissions(name: &str, end: impl Fn(&Scene)) {
    let scene = a_store(name, &options());
    let under_way = AtomicBool::new(false);
    let told: Vec<Told> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                scope.spawn({
                    let (scene, under_way) = (&scene, &under_way);
                    move || submit_until_refused(scene, under_way, number)
                })
            })
            .collect();
        while !under_way.load(Ordering::Acquire) {
            thread::yield_now();
        }
        end(&scene);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let _ = scene.store.close();
    let mut acked = 0;
    for Told { submitted, heard } in told {
        let done = heard.wait_for(submitted as usize);
        assert_eq!(numbers(&done), (0..submitted).collect::<Vec<_>>());
        acked += codes(&done).iter().filter(|code| **code == "ok").count() as u64;
    }
    let reader = scene.reopened().reader();
    let kept = reader.head("chat-0").unwrap().head_seq + reader.head("chat-1").unwrap().head_seq;
    assert!(kept >= acked && acked > 0, "{acked} were acked, {kept} are kept");
}

#[test]
fn a_store_that_closes_amid_submissions_settles_each_once() {
    for _ in 0..5 {
        ends_amid_submissions("driver-race-close", |scene| scene.store.close().unwrap());
    }
}

#[test]
fn a_store_that_is_poisoned_amid_submissions_settles_each_once() {
    for call in [Call::CommitterSync, Call::CommitterWrite] {
        for act in [Act::Fail, Act::Panic] {
            ends_amid_submissions("driver-race-poison", |scene| {
                scene.stage.set(call, act);
                while scene.store.poisoned().is_none() {
                    thread::yield_now();
                }
                scene.stage.set(call, Act::Go);
            });
        }
    }
}
