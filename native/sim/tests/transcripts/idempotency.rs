//! Idempotency: a retry gets the first answer, and a record appears once.

use foq_log::env::sim::Survivors;
use foq_log::{Assembled, Error, Outcome};
use foq_sim::operation::{Op, OwnedAppend};

use super::verbs::*;

#[test]
fn a_retry_of_an_accepted_append_gets_its_first_answer_although_the_guard_has_moved() {
    let mut world = a_store();
    let commit = OwnedAppend { guard: Some((0, 1)), ..keyed("ann", "commit", "epoch 1") };
    assert_eq!(world.appended(&Op::Append(commit.clone())), (1, START_MS, false));
    world.clock.advance(1000);
    let next = OwnedAppend { guard: Some((1, 2)), ..appending("epoch 2") };
    world.appended(&Op::Append(next));
    assert_eq!(world.appended(&Op::Append(commit)), (1, START_MS, true));
    assert_eq!(world.texts().len(), 2);
}

#[test]
fn a_retry_gets_its_first_answer_although_the_sender_was_removed_since() {
    let mut world = a_store();
    world.join("ann");
    let send =
        OwnedAppend { sender_id: None, sender_as: Some("ann".to_owned()), ..keyed("", "k", "a") };
    let first = world.appended(&Op::Append(send.clone()));
    world.leave("ann");
    assert_eq!(world.appended(&Op::Append(send.clone())), (first.0, first.1, true));
    world.power_cut(Survivors::None);
    assert_eq!(world.appended(&Op::Append(send)), (first.0, first.1, true));
}

#[test]
fn a_repeat_whose_first_is_in_flight_waits_for_it() {
    let mut world = a_store();
    let send = Op::Append(keyed("ann", "k", "a"));
    let other = Op::Append(keyed("ann", "k", "b"));
    let first = world.submit_as(0, &send);
    let repeat = world.submit_as(1, &send);
    let conflict = world.submit_as(2, &other);
    let round = world.assemble().unwrap();
    for ticket in [first, repeat, conflict] {
        assert!(world.answer(ticket).is_none(), "{ticket:?}");
    }
    world.finish(Assembled::Round(round));
    let answers = [first, repeat, conflict].map(|ticket| world.answer(ticket).unwrap());
    assert!(matches!(answers[0], Outcome::Appended { seq: 1, at: START_MS, duplicate: false }));
    assert!(matches!(answers[1], Outcome::Appended { seq: 1, at: START_MS, duplicate: true }));
    let Outcome::Failed(error) = &answers[2] else { panic!("{:?}", answers[2]) };
    assert!(matches!(**error, Error::DedupConflict { seq: 1, at: START_MS }), "{error}");
}

#[test]
fn the_same_key_with_another_payload_is_a_conflict_that_tells_where_the_first_is() {
    let mut world = a_store();
    world.filled(2);
    world.appended(&Op::Append(keyed("ann", "k", "a")));
    world.clock.advance(5);
    let refused = world.refused(&Op::Append(keyed("ann", "k", "b")));
    assert!(matches!(refused, Error::DedupConflict { seq: 3, at: START_MS }), "{refused}");
    assert_eq!(world.reader().head(CHAT).unwrap().head_seq, 3);
}

#[test]
fn what_the_client_sent_is_hashed_when_it_is_given_and_other_options_never_are() {
    let mut world = a_store();
    let send = |sealed: &str, kind| OwnedAppend {
        dedup_over: Some(b"the encoded command".to_vec()),
        kind,
        ..keyed("ann", "k", sealed)
    };
    assert_eq!(world.appended(&Op::Append(send("sealed once", 1))).0, 1);
    let again = OwnedAppend { pin: true, join: names(&["bob"]), ..send("sealed anew", 2) };
    assert_eq!(world.appended(&Op::Append(again)), (1, START_MS, true));
    assert_eq!(world.texts(), ["sealed once"]);
    assert!(world.cursor("bob").is_none(), "a repeat does nothing");
}

#[test]
fn keys_belong_to_a_sender_and_a_chat() {
    let mut world = a_store();
    assert_eq!(world.appended(&Op::Append(keyed("ann", "k", "a"))).0, 1);
    assert_eq!(world.appended(&Op::Append(keyed("bob", "k", "b"))).0, 2);
    let elsewhere = OwnedAppend { chat: "other".to_owned(), ..keyed("ann", "k", "c") };
    assert_eq!(world.appended(&Op::Append(elsewhere)), (1, START_MS, false));
}

#[test]
fn within_the_span_no_retry_makes_a_second_copy_and_beyond_it_the_key_is_new() {
    let mut world = a_store_with(|options| options.dedup_depth = 4);
    let send = |key: u32| Op::Append(keyed("ann", &format!("k{key}"), "text"));
    for key in 1..=4 {
        assert_eq!(world.appended(&send(key)), (u64::from(key), START_MS, false));
    }
    for _ in 0..2 {
        assert_eq!(world.appended(&send(1)), (1, START_MS, true), "the oldest is remembered");
        world.reopen();
    }
    assert_eq!(world.appended(&send(5)).0, 5);
    assert_eq!(world.appended(&send(2)), (2, START_MS, true));
    assert_eq!(world.appended(&send(1)), (6, START_MS, false), "the 4th key after it was sent");
}

#[test]
fn a_joined_sender_may_be_offline_for_a_year_between_send_and_retry() {
    let mut world = a_store();
    world.join("ann");
    let send = Op::Append(keyed("ann", "k", "sent, and the battery died"));
    assert_eq!(world.appended(&send).0, 1);
    for _ in 0..73 {
        world.pass(5 * DAY_MS);
        world.reopen();
    }
    assert_eq!(world.appended(&send), (1, START_MS, true));
}

#[test]
fn a_sender_that_is_not_joined_is_remembered_until_max_age_after_its_last_keyed_append() {
    let mut world = a_store();
    let send = Op::Append(keyed("back-end", "k", "order 42"));
    assert_eq!(world.appended(&send).0, 1);
    // In steps that the clock believes at open.
    for _ in 0..5 {
        world.pass_days_by_reopening(5);
    }
    world.clock.advance(5 * DAY_MS - 1);
    world.reopen();
    world.tick();
    assert_eq!(world.appended(&send), (1, START_MS, true));
    world.clock.advance(1);
    world.tick();
    assert_eq!(world.appended(&send).0, 2);
}

#[test]
fn an_answer_that_was_lost_in_a_power_cut_comes_again_and_a_lost_record_is_written_once() {
    let send = Op::Append(keyed("ann", "k", "a"));
    for survivors in [Survivors::None, Survivors::All] {
        for steps in 0..4 {
            let mut world = a_store();
            world.filled(1);
            world.submit(&send);
            let mut round = world.assemble().unwrap();
            if steps > 0 {
                world.log().write(&mut round).unwrap();
            }
            if steps > 1 {
                world.log().sync(&round).unwrap();
            }
            if steps > 2 {
                world.log().apply(round);
            }
            world.power_cut(survivors);
            let survived = world.reader().head(CHAT).unwrap().head_seq == 2;
            assert!(survived || steps < 2, "it was synced");
            let (seq, _, duplicate) = world.appended(&send);
            assert_eq!((seq, duplicate), (2, survived), "{survivors:?} after {steps} steps");
            assert_eq!(world.texts(), ["text", "a"]);
        }
    }
}
