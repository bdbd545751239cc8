//! Acks: cursors that only grow, marks that move nothing, and what an ack is worth when.

use foq_log::env::sim::Survivors;
use foq_log::{Assembled, Error, Outcome};

use super::verbs::*;

/// A chat of so many records with ann and bob at its beginning.
fn a_chat_of(count: u64) -> World {
    let mut world = a_store();
    world.join("ann");
    world.join("bob");
    world.filled(count);
    world
}

#[test]
fn an_ack_is_cumulative_and_a_lower_one_is_a_late_duplicate() {
    let mut world = a_chat_of(5);
    for up_to in [4, 2, 4, 0] {
        world.receive("ann", up_to);
        assert_eq!(world.show(), "floor 1 head 5, ann 4/0/0, bob 0/0/0");
    }
    world.power_cut(Survivors::None);
    assert_eq!(world.show(), "floor 1 head 5, ann 4/0/0, bob 0/0/0");
}

#[test]
fn reading_the_newest_does_not_free_an_unseen_backlog() {
    let mut world = a_chat_of(5);
    world.receive("bob", 5);
    world.ask(&marking("ann", [None, Some(5), Some(5)], true));
    assert_eq!(world.show(), "floor 1 head 5, ann 0/5/5, bob 5/0/0");
    world.ask(&marking("ann", [Some(3), Some(2), Some(1)], true));
    assert_eq!(world.show(), "floor 4 head 5, ann 3/5/5, bob 5/0/0");
}

#[test]
fn an_ack_beyond_the_head_raises_nothing_at_all() {
    let mut world = a_chat_of(3);
    for marks in [[Some(4), None, None], [Some(1), Some(4), None], [Some(1), Some(2), Some(9)]] {
        let refused = world.refused(&marking("ann", marks, true));
        assert!(matches!(refused, Error::SeqOutOfRange { head_seq: 3 }), "{refused}");
    }
    assert_eq!(world.cursor("ann").unwrap().received, 0);
}

#[test]
fn the_head_of_an_ack_is_the_durable_one() {
    let mut world = a_chat_of(1);
    let append = world.submit(&plain("undurable"));
    let ack = world.submit_as(1, &acking("ann", 2, true));
    world.commit();
    assert!(matches!(world.answer(append), Some(Outcome::Appended { seq: 2, .. })));
    let Some(Outcome::Failed(error)) = world.answer(ack) else { panic!("accepted") };
    assert!(matches!(*error, Error::SeqOutOfRange { head_seq: 1 }), "{error}");
    world.receive("ann", 2);
}

#[test]
fn who_is_not_in_the_chat_has_nothing_to_ack() {
    let mut world = a_chat_of(1);
    let refused = world.refused(&acking("cid", 1, true));
    assert!(matches!(refused, Error::NotJoined { ref consumer_id } if consumer_id == "cid"));
}

#[test]
fn an_ack_that_nobody_waits_for_is_answered_at_once_and_durable_after_ack_flush_ms() {
    let mut world = a_chat_of(3);
    for flushed in [false, true] {
        let ticket = world.submit(&acking("ann", 3, false));
        assert!(world.assemble().is_none(), "an ack alone makes no round");
        assert!(matches!(world.answer(ticket), Some(Outcome::Acked)));
        assert_eq!(world.cursor("ann").unwrap().received, 0, "readers see durable state only");
        assert!(world.log().next_deadline_ms().is_some());
        if flushed {
            world.clock.advance(world.options.ack_flush_ms);
            world.commit();
            assert!(world.log().next_deadline_ms().is_none());
        }
        world.power_cut(Survivors::None);
        assert_eq!(world.cursor("ann").unwrap().received, if flushed { 3 } else { 0 });
    }
}

#[test]
fn a_waiting_ack_goes_with_the_next_round_of_anything() {
    let mut world = a_chat_of(3);
    world.ask(&acking("ann", 2, false));
    world.ask(&plain("more"));
    assert_eq!(world.cursor("ann").unwrap().received, 2);
    world.power_cut(Survivors::None);
    assert_eq!(world.cursor("ann").unwrap().received, 2);
}

#[test]
fn a_durable_ack_takes_the_waiting_ones_along_and_answers_when_they_are_safe() {
    let mut world = a_chat_of(3);
    world.ask(&acking("ann", 2, false));
    let ticket = world.submit(&acking("bob", 1, true));
    let round = world.assemble().unwrap();
    assert!(world.answer(ticket).is_none());
    world.finish(Assembled::Round(round));
    assert!(matches!(world.answer(ticket), Some(Outcome::Acked)));
    world.power_cut(Survivors::None);
    assert_eq!(world.show(), "floor 2 head 3, ann 2/0/0, bob 1/0/0");
}

#[test]
fn repeating_an_undurable_ack_durably_waits_for_it() {
    let mut world = a_chat_of(3);
    world.ask(&acking("ann", 3, false));
    let outcome = world.ask(&acking("ann", 3, true));
    assert!(matches!(outcome, Outcome::Acked));
    world.power_cut(Survivors::None);
    assert_eq!(world.cursor("ann").unwrap().received, 3);
}

#[test]
fn only_durable_cursors_release_records() {
    let mut world = a_chat_of(3);
    world.ask(&acking("ann", 3, false));
    world.ask(&acking("bob", 3, false));
    assert_eq!(world.show(), "floor 1 head 3, ann 0/0/0, bob 0/0/0");
    world.power_cut(Survivors::None);
    assert_eq!(world.texts().len(), 3, "what a crash delivers again is still there");
    world.receive("ann", 3);
    world.receive("bob", 3);
    assert_eq!(world.show(), "floor 4 head 3, ann 3/0/0, bob 3/0/0");
}

#[test]
fn waiting_acks_are_durable_after_a_clean_close() {
    let mut world = a_chat_of(3);
    world.ask(&acking("ann", 3, false));
    world.reopen();
    assert_eq!(world.cursor("ann").unwrap().received, 3);
}

#[test]
fn consumers_are_independent() {
    let mut world = a_chat_of(4);
    world.ask(&marking("ann", [Some(4), Some(4), Some(4)], true));
    let before = world.cursor("bob").unwrap();
    world.leave("ann");
    world.join("ann");
    world.refused(&acking("ann", 9, true));
    assert_eq!(world.cursor("bob").unwrap(), before);
}
