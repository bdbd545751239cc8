//! Joining and leaving: where a consumer begins, what it gets to its end, and that late retries
//! change nothing.

use foq_log::env::sim::Survivors;
use foq_log::{ChatOptions, Error, JoinAt, Keep, Outcome};
use foq_sim::operation::Op;

use super::verbs::*;

fn joined(world: &mut World, consumer: &str, at: JoinAt) -> (u64, u64, u64, u64) {
    match world.ask(&joining(consumer, at)) {
        Outcome::Joined { join_seq, received, first_seq, head_seq } => {
            (join_seq, received, first_seq, head_seq)
        }
        other => panic!("expected a join, seen {other:?}"),
    }
}

#[test]
fn a_consumer_begins_after_the_head_at_the_floor_or_where_it_says() {
    let mut world = a_store();
    world.filled(6);
    world.ask(&trimming(2));
    assert_eq!(joined(&mut world, "first", JoinAt::First), (3, 2, 3, 6));
    assert_eq!(joined(&mut world, "head", JoinAt::Head), (7, 6, 3, 6));
    assert_eq!(joined(&mut world, "fifth", JoinAt::Seq(5)), (5, 4, 3, 6));
    assert_eq!(joined(&mut world, "next", JoinAt::Seq(7)), (7, 6, 3, 6));
    let refused = world.refused(&joining("beyond", JoinAt::Seq(8)));
    assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 6 }), "{refused}");
    assert_eq!(world.reader().head(CHAT).unwrap().roster, 4);
}

#[test]
fn joining_twice_is_joining_once() {
    let mut world = a_store();
    world.filled(2);
    assert_eq!(joined(&mut world, "ann", JoinAt::First), (1, 0, 1, 2));
    world.receive("ann", 1);
    assert_eq!(joined(&mut world, "ann", JoinAt::Head), (1, 1, 2, 2));
    let head = world.reader().head(CHAT).unwrap();
    assert_eq!((head.roster, world.reader().cursors(CHAT).unwrap().len()), (1, 1));
}

#[test]
fn the_first_device_that_joins_at_the_head_holds_nothing_that_was_before() {
    let mut world = a_store();
    world.filled(3);
    assert_eq!(joined(&mut world, "ann", JoinAt::Head).0, 4);
    assert_eq!(world.show(), "floor 4 head 3, ann 3/0/0");
}

#[test]
fn who_leaves_while_behind_gets_everything_up_to_its_leave_seq_and_then_vanishes() {
    let mut world = a_store();
    world.join("ann");
    world.join("bob");
    world.filled(3);
    world.leave("bob");
    world.filled(2);
    world.receive("ann", 5);
    assert_eq!(world.show(), "floor 1 head 5, ann 5/0/0, bob 0/0/0 until 3");
    let refused = world.refused(&acking("bob", 4, true));
    assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 3 }), "{refused}");
    world.receive("bob", 2);
    assert_eq!(world.show(), "floor 3 head 5, ann 5/0/0, bob 2/0/0 until 3");
    world.power_cut(Survivors::None);
    world.receive("bob", 3);
    assert_eq!(world.show(), "floor 6 head 5, ann 5/0/0");
    assert_eq!(world.refused(&acking("bob", 3, true)).code(), "FOQ_NOT_JOINED");
}

#[test]
fn who_leaves_with_nothing_left_to_get_vanishes_at_once_and_the_seat_is_free() {
    let mut world = a_store();
    for consumer in ["ann", "bob", "cid"] {
        world.join(consumer);
    }
    let seats = |world: &World| {
        let mut seats: Vec<_> = world
            .reader()
            .cursors(CHAT)
            .unwrap()
            .into_iter()
            .map(|view| (view.seat, view.consumer_id))
            .collect();
        seats.sort_unstable();
        seats.into_iter().map(|(seat, id)| format!("{seat} {id}")).collect::<Vec<_>>()
    };
    assert_eq!(seats(&world), ["0 ann", "1 bob", "2 cid"]);
    world.leave("bob");
    assert_eq!(seats(&world), ["0 ann", "2 cid"]);
    world.join("dan");
    assert_eq!(seats(&world), ["0 ann", "1 dan", "2 cid"]);
    world.reopen();
    assert_eq!(seats(&world), ["0 ann", "1 dan", "2 cid"]);
}

#[test]
fn a_late_retry_of_an_older_leave_does_not_end_the_newer_membership() {
    let mut world = a_store();
    world.filled(1);
    let (join_seq, ..) = joined(&mut world, "ann", JoinAt::Head);
    world.leave("ann");
    world.filled(1);
    let (newer, ..) = joined(&mut world, "ann", JoinAt::Head);
    assert!(newer > join_seq);
    let roster = world.reader().head(CHAT).unwrap().roster;
    assert!(matches!(world.ask(&leaving("ann", Some(join_seq))), Outcome::Done));
    assert_eq!(world.reader().head(CHAT).unwrap().roster, roster);
    assert!(matches!(world.ask(&leaving("ann", Some(newer))), Outcome::Done));
    assert_eq!(world.reader().head(CHAT).unwrap().roster, roster + 1);
    assert!(matches!(world.ask(&leaving("ann", None)), Outcome::Done), "leaving twice");
    assert_eq!(world.reader().head(CHAT).unwrap().roster, roster + 1);
}

#[test]
fn a_return_while_closing_keeps_received_and_what_was_missed_is_a_hole() {
    let mut world = a_store();
    world.join("ann");
    world.filled(2);
    world.leave("ann");
    world.filled(3);
    assert_eq!(joined(&mut world, "ann", JoinAt::Head), (6, 0, 1, 5));
    world.power_cut(Survivors::None);
    let view = world.cursor("ann").unwrap();
    assert_eq!((view.received, view.join_seq, view.leave_seq), (0, 6, None));
    assert_eq!(view.holes, [(3, 5)]);
    world.receive("ann", 5);
    assert!(world.cursor("ann").unwrap().holes.is_empty(), "a gap is acked like a record");
}

#[test]
fn a_return_before_anything_was_missed_leaves_no_hole() {
    let mut world = a_store();
    world.join("ann");
    world.filled(2);
    world.leave("ann");
    joined(&mut world, "ann", JoinAt::Head);
    assert!(world.cursor("ann").unwrap().holes.is_empty());
    assert_eq!(world.reader().head(CHAT).unwrap().roster, 3);
}

#[test]
fn a_cursor_has_at_most_8_holes_and_acks_make_room_again() {
    let mut world = a_store();
    world.join("ann");
    world.filled(1);
    for _ in 0..8 {
        world.leave("ann");
        world.filled(2);
        joined(&mut world, "ann", JoinAt::Head);
        world.filled(1);
    }
    assert_eq!(world.cursor("ann").unwrap().holes.len(), 8);
    world.leave("ann");
    world.filled(2);
    assert_eq!(world.refused(&joining("ann", JoinAt::Head)).code(), "FOQ_BUSY");
    world.receive("ann", 10);
    joined(&mut world, "ann", JoinAt::Head);
    let holes = world.cursor("ann").unwrap().holes;
    assert!(holes.iter().all(|&(_, to)| to > 10), "{holes:?}");
}

#[test]
fn a_closing_cursor_ends_at_max_age_and_the_floor_does_not_fall_back() {
    let mut world = a_store();
    world.join("ann");
    world.configure(ChatOptions { max_age_ms: Some(3 * HOUR_MS), ..ChatOptions::default() });
    world.filled(3);
    world.clock.advance(HOUR_MS / 2);
    world.leave("ann");
    world.receive("ann", 2);
    assert_eq!(world.show(), "floor 3 head 3, ann 2/0/0 until 3");
    world.pass(HOUR_MS / 2 + 3 * HOUR_MS - 1);
    assert_eq!(world.show(), "floor 3 head 3, ann 2/0/0 until 3", "the grain is an hour");
    world.pass(1);
    assert_eq!(world.show(), "floor 4 head 3", "all that it held has ended with it");
    assert_eq!(world.refused(&acking("ann", 3, true)).code(), "FOQ_NOT_JOINED");
}

#[test]
fn deleting_a_chat_ends_all_memberships_and_the_seq_goes_on() {
    let mut world = a_store();
    world.configure(ChatOptions { keep: Some(Keep::Window), ..ChatOptions::default() });
    world.join("ann");
    world.join("bob");
    world.filled(3);
    world.leave("bob");
    let delete = Op::DeleteChat { chat: CHAT.to_owned() };
    assert!(matches!(world.ask(&delete), Outcome::Done));
    for _ in 0..2 {
        assert_eq!(world.show(), "floor 4 head 3");
        assert_eq!(world.reader().head(CHAT).unwrap().roster, 4);
        world.power_cut(Survivors::None);
    }
    assert_eq!(world.appended(&plain("after")).0, 4);
    assert_eq!(world.texts(), ["after"]);
    assert_eq!(world.reader().head(CHAT).unwrap().options.keep, Some(Keep::Window));
}

#[test]
fn who_is_forgotten_holds_nothing_and_can_come_back_as_new() {
    let mut world = a_store();
    world.join("ann");
    world.join("bob");
    world.filled(3);
    world.receive("bob", 2);
    assert_eq!(world.show(), "floor 1 head 3, ann 0/0/0, bob 2/0/0");
    assert!(matches!(world.ask(&forgetting("ann")), Outcome::Done));
    for _ in 0..2 {
        assert_eq!(world.show(), "floor 3 head 3, bob 2/0/0");
        assert_eq!(world.reader().head(CHAT).unwrap().roster, 3);
        assert_eq!(world.refused(&acking("ann", 3, true)).code(), "FOQ_NOT_JOINED");
        world.power_cut(Survivors::None);
    }
    assert!(matches!(world.ask(&forgetting("ann")), Outcome::Done), "forgetting twice");
    assert_eq!(world.reader().head(CHAT).unwrap().roster, 3);
    assert_eq!(joined(&mut world, "ann", JoinAt::Head), (4, 3, 3, 3));
}

#[test]
fn a_closing_cursor_is_forgotten_without_a_change_of_the_roster() {
    let mut world = a_store();
    world.join("ann");
    world.filled(3);
    world.leave("ann");
    assert_eq!(world.show(), "floor 1 head 3, ann 0/0/0 until 3");
    let roster = world.reader().head(CHAT).unwrap().roster;
    world.power_cut(Survivors::None);
    assert!(matches!(world.ask(&forgetting("ann")), Outcome::Done));
    assert_eq!(world.show(), "floor 1 head 3", "where nobody holds, only age releases");
    assert_eq!(world.reader().head(CHAT).unwrap().roster, roster);
    assert_eq!(joined(&mut world, "ann", JoinAt::First), (1, 0, 1, 3));
    assert!(world.cursor("ann").unwrap().holes.is_empty());
}
