//! What the committer does by itself when time passes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::staged::{Act, Call};
use super::*;
use crate::env::Clock;

/// A clock that moves when the test says so.
#[derive(Default)]
struct Hands(AtomicU64);

impl Hands {
    const START_MS: u64 = 1_800_000_000_000;

    fn advance(&self, by_ms: u64) {
        self.0.fetch_add(by_ms, Ordering::Release);
    }
}

impl Clock for Hands {
    fn wall_ms(&self) -> u64 {
        Self::START_MS + self.monotonic_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

fn a_store_with_hands(name: &str, options: &Options) -> (Scene, Arc<Hands>) {
    let folder = Temporary::new(name);
    let hands = Arc::new(Hands::default());
    let (env, stage) = staged(real::env(&folder.path().join("store")).unwrap());
    let env = Env { clock: hands.clone(), ..env };
    let store = RunningStore::open(&env, options).unwrap();
    (Scene { store, stage, env, folder }, hands)
}

fn an_ack(received: u64) -> Operation<'static> {
    Operation::Ack {
        chat_id: "chat",
        consumer_id: "ann/phone",
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: false,
    }
}

#[test]
fn an_ack_that_nobody_waits_for_is_synced_when_it_is_due() {
    let scene =
        a_store("driver-due", &Options { ack_flush_ms: 1, idle_mark_ms: 60_000, ..options() });
    let (caller, heard) = scene.a_caller();
    let mut packed = scene.appends("chat", &[b"a"]);
    let join = Operation::Join { chat_id: "chat", consumer_id: "ann/phone", at: JoinAt::First };
    scene.store.packer().pack(&mut packed, &join).unwrap();
    caller.submit(packed).unwrap();
    heard.wait_for(2);
    let synced = scene.stage.count(Call::CommitterSync);
    let mut packed = caller.emptied();
    scene.store.packer().pack(&mut packed, &an_ack(1)).unwrap();
    caller.submit(packed).unwrap();
    scene.stage.wait_for(Call::CommitterSync, synced + 1);
}

#[test]
fn an_idle_store_carries_the_time_once_a_minute() {
    // Never a mark, which is a round as well.
    let unmarked = Options { idle_mark_ms: u64::MAX, ..options() };
    let (scene, hands) = a_store_with_hands("driver-tick", &unmarked);
    let (caller, heard) = scene.a_caller();
    for appends in 1..=3 {
        caller.submit(scene.appends("chat", &[b"a"])).unwrap();
        heard.wait_for(appends);
        let synced = scene.stage.count(Call::CommitterSync);
        hands.advance(60_000);
        // The committer sleeps by the machine's time; a caller that leaves wakes it.
        drop(scene.a_caller());
        scene.stage.wait_for(Call::CommitterSync, synced + 1);
    }
}

#[test]
fn a_look_at_the_clock_returns_when_what_is_due_is_done() {
    let (scene, hands) = a_store_with_hands("driver-look", &options());
    let (caller, heard) = scene.a_caller();
    scene.store.look_again();
    assert_eq!(scene.stage.count(Call::SealerCreate), usize::from(options().spares));
    for appends in 1..=20 {
        caller.submit(scene.appends("chat", &[b"a"])).unwrap();
        heard.wait_for(appends);
        let synced = scene.stage.count(Call::CommitterSync);
        hands.advance(options().idle_mark_ms - 1);
        scene.store.look_again();
        assert_eq!(scene.stage.count(Call::CommitterSync), synced, "no mark before its time");
        hands.advance(1);
        scene.store.look_again();
        assert_eq!(scene.stage.count(Call::CommitterSync), synced + 1, "a mark at its time");
    }
}

#[test]
fn a_look_does_not_wait_for_a_store_that_is_poisoned_closed_or_only_read() {
    let (scene, _) = a_store_with_hands("driver-look-ended", &options());
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Fail);
    caller.submit(scene.appends("chat", &[b"a"])).unwrap();
    heard.wait_for(1);
    scene.store.look_again();
    assert_eq!(scene.store.close().unwrap_err().code(), "FOQ_POISONED");
    scene.store.look_again();
    let read_only = Options { read_only: true, ..options() };
    RunningStore::open(&scene.env, &read_only).unwrap().look_again();
}
