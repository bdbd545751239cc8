//! Reads: ranges, limits, declared gaps with their reasons, and tombstones.

use foq_log::env::sim::Survivors;
use foq_log::{ChatOptions, Error, Gap, GapReason, ReadFrom};
use foq_sim::operation::{Op, OwnedAppend};

use super::verbs::*;

fn seqs(world: &World, from: ReadFrom, limit: usize) -> (Vec<u64>, Option<Gap>) {
    let read = world.reader().read(CHAT, from, limit, usize::MAX).unwrap();
    (read.records.iter().map(|record| record.seq).collect(), read.gap)
}

fn gap(from_seq: u64, to_seq: u64, reason: GapReason) -> Option<Gap> {
    Some(Gap { from_seq, to_seq, reason })
}

#[test]
fn a_never_seen_chat_is_empty_and_begins_at_1() {
    let world = a_store();
    let read = world.read(ReadFrom::Seq(1));
    assert_eq!((read.first_seq, read.head_seq, read.records.len(), read.gap), (1, 0, 0, None));
    assert_eq!(world.reader().head(CHAT).unwrap().first_seq, 1);
    assert!(
        world.reader().cursors(CHAT).unwrap().is_empty()
            && world.reader().chats().unwrap().is_empty()
    );
}

#[test]
fn a_read_goes_up_from_a_seq_down_from_a_seq_or_shows_the_newest() {
    let mut world = a_store();
    world.filled(6);
    assert_eq!(seqs(&world, ReadFrom::Seq(3), 2), (vec![3, 4], None));
    assert_eq!(seqs(&world, ReadFrom::Seq(0), 2), (vec![1, 2], None));
    assert_eq!(seqs(&world, ReadFrom::Seq(7), 2), (vec![], None));
    assert_eq!(seqs(&world, ReadFrom::Before(5), 2), (vec![3, 4], None));
    assert_eq!(seqs(&world, ReadFrom::Before(2), 9), (vec![1], None));
    assert_eq!(seqs(&world, ReadFrom::Last, 2), (vec![5, 6], None));
}

#[test]
fn beyond_the_head_plus_1_a_read_is_out_of_range() {
    let mut world = a_store();
    world.filled(2);
    let refused = world.reader().read(CHAT, ReadFrom::Seq(4), 1, 1).unwrap_err();
    assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 2 }), "{refused}");
    let refused = world.reader().read("never seen", ReadFrom::Seq(2), 1, 1).unwrap_err();
    assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 0 }), "{refused}");
}

#[test]
fn a_read_returns_at_least_one_record_whatever_the_byte_limit() {
    let mut world = a_store();
    for _ in 0..3 {
        world.submit(&plain(&"x".repeat(100)));
    }
    world.commit();
    let count = |bytes| {
        let read = world.reader().read(CHAT, ReadFrom::Seq(1), 9, bytes).unwrap();
        read.records.len()
    };
    assert_eq!(count(0), 1);
    assert!((1..=2).contains(&count(200)), "{}", count(200));
    assert_eq!(count(10_000), 3);
}

#[test]
fn below_the_floor_lies_a_gap_with_the_reason_of_its_last_rise() {
    let mut world = a_store();
    world.filled(8);
    world.ask(&trimming(2));
    assert_eq!(seqs(&world, ReadFrom::Seq(1), 2), (vec![3, 4], gap(1, 2, GapReason::Trimmed)));
    assert_eq!(seqs(&world, ReadFrom::Seq(2), 1), (vec![3], gap(2, 2, GapReason::Trimmed)));
    assert_eq!(seqs(&world, ReadFrom::Before(4), 3), (vec![3], gap(1, 2, GapReason::Trimmed)));
    assert_eq!(seqs(&world, ReadFrom::Before(7), 3), (vec![4, 5, 6], None));
    assert_eq!(seqs(&world, ReadFrom::Last, 100).1, None);
    world.ask(&joining("ann", foq_log::JoinAt::First));
    world.receive("ann", 4);
    assert_eq!(seqs(&world, ReadFrom::Seq(1), 1), (vec![5], gap(1, 4, GapReason::Expired)));
    world.ask(&Op::DeleteChat { chat: CHAT.to_owned() });
    world.reopen();
    assert_eq!(seqs(&world, ReadFrom::Seq(1), 9), (vec![], gap(1, 8, GapReason::Deleted)));
    assert_eq!(seqs(&world, ReadFrom::Seq(9), 9), (vec![], None));
}

#[test]
fn a_trim_beyond_the_head_goes_to_the_head_and_one_below_the_floor_nowhere() {
    let mut world = a_store();
    world.filled(4);
    world.ask(&trimming(3));
    world.ask(&trimming(1));
    assert_eq!(world.show(), "floor 4 head 4");
    world.ask(&trimming(100));
    assert_eq!(world.show(), "floor 5 head 4");
    assert_eq!(world.appended(&plain("next")).0, 5);
}

#[test]
fn deleted_records_are_unreadable_at_once_and_keep_their_seqs() {
    let mut world = a_store();
    for text in ["one", "two", "three", "four"] {
        world.ask(&Op::Append(OwnedAppend {
            sender_id: Some("ann".to_owned()),
            kind: 3,
            ..appending(text)
        }));
    }
    world.ask(&deleting(&[(2, 2)]));
    world.ask(&deleting(&[(2, 3)]));
    for _ in 0..3 {
        assert_eq!(world.texts(), ["one", "", "", "four"]);
        let records = world.read(ReadFrom::Seq(1)).records;
        let deleted: Vec<_> = records.iter().map(|record| record.deleted).collect();
        assert_eq!(deleted, [false, true, true, false]);
        assert_eq!((records[1].kind, records[1].sender_id.as_str()), (3, "ann"));
        world.reopen();
        world.power_cut(Survivors::None);
    }
    let refused = world.refused(&deleting(&[(1, 5)]));
    assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 4 }), "{refused}");
}

#[test]
fn a_chat_has_at_most_256_deleted_ranges_and_the_floor_makes_room_again() {
    let mut world = a_store();
    world.filled(530);
    let ranges: Vec<_> = (0..256).map(|number| (2 * number + 1, 2 * number + 1)).collect();
    assert!(matches!(world.ask(&deleting(&ranges)), foq_log::Outcome::Done));
    assert_eq!(world.refused(&deleting(&[(520, 520)])).code(), "FOQ_BUSY");
    world.ask(&trimming(10));
    assert!(matches!(world.ask(&deleting(&[(520, 520)])), foq_log::Outcome::Done));
}

#[test]
fn a_deleted_pinned_record_stays_deleted_when_the_floor_passes_it() {
    let mut world = a_store();
    world.ask(&Op::Append(OwnedAppend { pin: true, ..appending("secret") }));
    world.filled(1);
    world.ask(&deleting(&[(1, 1)]));
    for _ in 0..2 {
        let pinned = world.reader().pinned(CHAT).unwrap().unwrap();
        assert!(pinned.deleted && pinned.payload.is_empty(), "{pinned:?}");
        world.ask(&trimming(2));
        world.reopen();
    }
}

#[test]
fn a_pinned_record_can_be_deleted_below_the_floor_and_the_next_one_is_readable() {
    let mut world = a_store();
    let pin = |text: &str| Op::Append(OwnedAppend { pin: true, ..appending(text) });
    world.ask(&pin("secret"));
    world.ask(&trimming(1));
    world.ask(&deleting(&[(1, 1)]));
    world.power_cut(Survivors::None);
    assert!(world.reader().pinned(CHAT).unwrap().unwrap().deleted);
    world.ask(&pin("members"));
    let pinned = world.reader().pinned(CHAT).unwrap().unwrap();
    assert_eq!((pinned.seq, pinned.payload.as_slice()), (2, b"members".as_slice()));
}

#[test]
fn options_of_a_chat_replace_each_other_as_a_whole() {
    let mut world = a_store();
    let first = ChatOptions { max_age_ms: Some(DAY_MS), ..ChatOptions::default() };
    world.configure(first);
    let second = ChatOptions { keep_at_least_ms: Some(HOUR_MS), ..ChatOptions::default() };
    world.configure(second);
    world.power_cut(Survivors::None);
    assert_eq!(world.reader().head(CHAT).unwrap().options, second);
}
