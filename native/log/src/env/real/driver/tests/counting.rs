//! What the store counts is what was done.

use super::*;

#[test]
fn counters_say_what_was_answered_written_and_synced() {
    let scene = a_store("driver-counters", &Options { idle_mark_ms: u64::MAX, ..options() });
    let found = scene.store.counters();
    // Spares are written from the first moment on.
    let spare_bytes = found.spare_bytes;
    let fresh = crate::Counters { journal_files: 1, spare_bytes, ..crate::Counters::default() };
    assert_eq!(found, fresh);
    let (caller, heard) = scene.a_caller();
    let mut packed = scene.appends("chat", &[&[7; 1000], &[7; 500]]);
    let consumer_id = "ann";
    let ack = |received| Operation::Ack {
        chat_id: "chat",
        consumer_id,
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: true,
    };
    let join = Operation::Join { chat_id: "chat", consumer_id, at: JoinAt::First };
    scene.store.packer().pack(&mut packed, &join).unwrap();
    scene.store.packer().pack(&mut packed, &ack(9)).unwrap();
    caller.submit(packed).unwrap();
    heard.wait_for(4);
    let mut packed = Packed::default();
    scene.store.packer().pack(&mut packed, &ack(2)).unwrap();
    caller.submit(packed).unwrap();
    heard.wait_for(5);
    scene.store.close().unwrap();
    let counted = scene.store.counters();
    assert_eq!((counted.appends, counted.acks, counted.refused), (2, 1, 1));
    assert_eq!((counted.rounds, counted.syncs, counted.payload_bytes), (2, 2, 1500));
    assert_eq!((counted.chats, counted.pending_bytes, counted.poisoned), (1, 0, false));
    assert!(counted.journal_files >= 1 && counted.journal_bytes >= 2048);
    assert!(counted.ack_bytes > 0 && counted.membership_bytes > 0);
    assert_eq!(counted.sync_us.iter().sum::<u64>(), 2);
    assert_eq!((counted.round_operations[1], counted.round_operations[3]), (1, 1));
}
