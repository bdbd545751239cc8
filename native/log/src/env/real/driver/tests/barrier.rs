//! Barriers are answered when all that came before is settled and durable, and not earlier.

use super::*;

fn an_ack(scene: &Scene, received: u64) -> Packed {
    let mut packed = Packed::default();
    let ack = Operation::Ack {
        chat_id: "chat",
        consumer_id: "ann",
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: false,
    };
    scene.store.packer().pack(&mut packed, &ack).unwrap();
    packed
}

/// A store in which ann lacks ten records, and whose acks are never due by themselves.
fn a_store_with_ann(name: &str) -> Scene {
    let patient = Options { ack_flush_ms: u64::MAX, idle_mark_ms: u64::MAX, ..options() };
    let scene = a_store(name, &patient);
    let (caller, heard) = scene.a_caller();
    let mut packed = Packed::default();
    let join = Operation::Join { chat_id: "chat", consumer_id: "ann", at: JoinAt::Head };
    scene.store.packer().pack(&mut packed, &join).unwrap();
    caller.submit(packed).unwrap();
    caller.submit(scene.appends("chat", &[b"a".as_slice(); 10])).unwrap();
    heard.wait_for(11);
    scene
}

#[test]
fn acks_of_others_are_durable_when_a_barrier_is_answered() {
    let scene = a_store_with_ann("barrier-acks");
    let (acker, heard_acker) = scene.a_caller();
    let (caller, heard) = scene.a_caller();
    for received in 1..=10 {
        acker.submit(an_ack(&scene, received)).unwrap();
        if received % 2 == 0 {
            heard_acker.wait_for(usize::try_from(received).unwrap());
        }
        caller.barrier().unwrap();
        let answers = heard.wait_for(usize::try_from(received).unwrap());
        assert!(answers.iter().all(|answer| matches!(answer.outcome, Outcome::Done)));
        let cursors = scene.store.reader().cursors("chat").unwrap();
        assert_eq!(cursors.first().map(|cursor| cursor.received), Some(received));
    }
}

#[test]
fn a_barrier_waits_for_what_is_on_its_way_and_its_caller_goes_on_meanwhile() {
    let scene = a_store_with_ann("barrier-waits");
    let (writer, heard_writer) = scene.a_caller();
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Hold);
    let held = scene.stage.count(Call::CommitterSync) + 1;
    writer.submit(scene.appends("chat", &[b"b"])).unwrap();
    scene.stage.wait_for(Call::CommitterSync, held);
    // Numbers go on where an earlier caller of this number left them.
    let first = caller.barrier().unwrap();
    assert_eq!(caller.submit(scene.appends("chat", &[b"c", b"d"])).unwrap(), first + 1);
    assert_eq!(caller.barrier().unwrap(), first + 3);
    assert!(heard.calls() == 0 && heard_writer.calls() == 0);
    scene.stage.set(Call::CommitterSync, Act::Go);
    assert_eq!(numbers(&heard.wait_for(4)), (first..first + 4).collect::<Vec<_>>());
    heard_writer.wait_for(1);
    assert_eq!(scene.store.reader().head("chat").unwrap().head_seq, 13);
}

#[test]
fn what_is_submitted_after_an_answered_barrier_is_answered_by_its_own_number() {
    let scene = a_store("barrier-numbers", &options());
    let (caller, heard) = scene.a_caller();
    for round in 0..3 {
        assert_eq!(caller.submit(scene.appends("chat", &[b"a"])).unwrap(), 2 * round);
        assert_eq!(caller.barrier().unwrap(), 2 * round + 1);
        let answers = heard.wait_for(usize::try_from(2 * round + 2).unwrap());
        assert_eq!(numbers(&answers), (0..2 * round + 2).collect::<Vec<_>>());
    }
    assert!(scene.store.close().is_ok());
}

#[test]
fn a_barrier_on_an_idle_store_is_answered_at_once_and_writes_nothing() {
    let scene = a_store_with_ann("barrier-idle");
    let (caller, heard) = scene.a_caller();
    let synced = scene.stage.count(Call::CommitterSync);
    let first = caller.barrier().unwrap();
    for number in 1..10 {
        assert_eq!(caller.barrier().unwrap(), first + number);
    }
    heard.wait_for(10);
    assert_eq!(scene.stage.count(Call::CommitterSync), synced);
}

#[test]
fn barriers_before_a_close_are_answered_and_those_of_a_poisoned_store_fail() {
    let scene = a_store_with_ann("barrier-close");
    let (caller, heard) = scene.a_caller();
    caller.submit(an_ack(&scene, 3)).unwrap();
    (0..3).for_each(|_| assert!(caller.barrier().is_ok()));
    scene.store.close().unwrap();
    assert_eq!(codes(&heard.wait_for(4)), ["ok"; 4]);
    assert_eq!(caller.barrier().unwrap_err().code(), "FOQ_CLOSED");

    let scene = a_store_with_ann("barrier-poison");
    let (caller, heard) = scene.a_caller();
    scene.stage.set(Call::CommitterSync, Act::Fail);
    caller.submit(an_ack(&scene, 3)).unwrap();
    caller.barrier().unwrap();
    assert_eq!(codes(&heard.wait_for(2)), ["ok", "FOQ_POISONED"]);
    assert_eq!(caller.barrier().unwrap_err().code(), "FOQ_POISONED");
    assert!(scene.store.close().is_err());
}
