//! The floor: what leaves when, and what never does.

use foq_log::{ChatOptions, GapReason, JoinAt, Keep, Outcome, ReadFrom};

use super::verbs::*;

fn floor(world: &World) -> u64 {
    world.reader().head(CHAT).unwrap().first_seq
}

const UNSET: ChatOptions =
    ChatOptions { keep: None, max_age_ms: None, keep_at_least_ms: None, max_bytes: None };

#[test]
fn a_chat_in_which_nobody_holds_keeps_its_records_until_max_age() {
    let mut world = a_store();
    world.filled(3);
    for _ in 0..5 {
        world.pass_days_by_reopening(6);
    }
    assert_eq!(floor(&world), 1, "the day they were written on is not over for 30 days");
    world.pass(DAY_MS);
    assert_eq!(floor(&world), 4);
    assert_eq!(world.read(ReadFrom::Seq(1)).gap.unwrap().reason, GapReason::Expired);
}

#[test]
fn when_the_last_device_has_left_the_rest_waits_for_the_next_one() {
    let mut world = a_store();
    world.join("old/phone");
    world.filled(3);
    world.receive("old/phone", 3);
    world.filled(2);
    world.receive("old/phone", 5);
    world.leave("old/phone");
    world.filled(2);
    world.pass(DAY_MS);
    world.ask(&joining("new/phone", JoinAt::First));
    assert_eq!(world.show(), "floor 6 head 7, new/phone 5/0/0");
}

#[test]
fn a_device_that_was_silent_with_its_chat_gets_what_comes_after_the_silence() {
    let mut world = a_store();
    for consumer in ["ann", "bob"] {
        world.join(consumer);
    }
    world.filled(1);
    for consumer in ["ann", "bob"] {
        world.receive(consumer, 1);
    }
    for _ in 0..8 {
        world.pass_days_by_reopening(4);
    }
    world.filled(1);
    world.receive("ann", 2);
    world.pass(HOUR_MS);
    assert_eq!(world.show(), "floor 2 head 2, ann 2/0/0, bob 1/0/0");
    assert_eq!(world.texts(), ["text"], "it is there for bob");
}

#[test]
fn the_slowest_holder_decides_and_nobody_else() {
    let mut world = a_store();
    for consumer in ["ann", "bob", "cid"] {
        world.join(consumer);
    }
    world.filled(5);
    world.receive("ann", 5);
    world.receive("bob", 3);
    assert_eq!(floor(&world), 1);
    world.receive("cid", 2);
    assert_eq!(floor(&world), 3);
    world.leave("cid");
    assert_eq!(floor(&world), 3, "closing, it still holds");
    world.receive("cid", 5);
    assert_eq!(floor(&world), 4);
}

#[test]
fn a_holder_that_never_comes_back_holds_for_max_age_only() {
    let mut world = a_store();
    world.join("ann");
    world.join("lost/phone");
    world.filled(2);
    world.receive("ann", 2);
    for _ in 0..6 {
        world.pass_days_by_reopening(5);
    }
    assert_eq!(floor(&world), 1);
    world.pass(DAY_MS);
    assert_eq!(floor(&world), 3);
    world.receive("lost/phone", 1);
    assert_eq!(world.show(), "floor 3 head 2, ann 2/0/0, lost/phone 1/0/0");
}

#[test]
fn keep_at_least_keeps_what_all_have_received_for_that_long() {
    let mut world = a_store();
    world.configure(ChatOptions { keep_at_least_ms: Some(2 * HOUR_MS), ..UNSET });
    world.join("ann");
    world.filled(1);
    world.pass(HOUR_MS);
    world.filled(1);
    world.receive("ann", 2);
    assert_eq!(floor(&world), 1);
    world.pass(2 * HOUR_MS);
    assert_eq!(floor(&world), 2, "the hour of the first is two hours over");
    world.pass(HOUR_MS);
    assert_eq!(floor(&world), 3);
}

#[test]
fn a_window_ignores_acks_and_forever_ignores_age() {
    let mut world = a_store();
    world.configure(ChatOptions { keep: Some(Keep::Window), ..UNSET });
    world.join("ann");
    world.filled(2);
    world.receive("ann", 2);
    assert_eq!(floor(&world), 1);
    world.configure(ChatOptions { keep: Some(Keep::Forever), ..UNSET });
    for _ in 0..10 {
        world.pass_days_by_reopening(7);
    }
    assert_eq!(floor(&world), 1);
    world.configure(UNSET);
    assert_eq!(floor(&world), 3);
}

#[test]
fn no_join_return_or_longer_max_age_lowers_the_floor() {
    let mut world = a_store();
    world.join("ann");
    world.join("lost/phone");
    world.configure(ChatOptions { max_age_ms: Some(HOUR_MS), ..UNSET });
    world.filled(4);
    world.receive("ann", 2);
    world.pass(2 * HOUR_MS);
    assert_eq!(floor(&world), 5);
    world.configure(ChatOptions { max_age_ms: Some(90 * DAY_MS), ..UNSET });
    assert_eq!(floor(&world), 5, "a longer max age");
    world.receive("lost/phone", 1);
    assert_eq!(floor(&world), 5, "a return");
    world.ask(&joining("newcomer", JoinAt::Seq(1)));
    assert_eq!(floor(&world), 5, "a join below the floor");
    assert_eq!(world.cursor("newcomer").unwrap().received, 0);
    world.configure(ChatOptions { keep: Some(Keep::Forever), ..UNSET });
    assert_eq!(floor(&world), 5, "keep forever");
    world.reopen();
    assert_eq!(floor(&world), 5, "a reopening");
}

#[test]
fn a_join_right_after_the_ack_that_raised_the_floor_leaves_it_there() {
    let mut world = a_store();
    world.join("ann");
    world.filled(4);
    world.receive("ann", 3);
    world.ask(&joining("newcomer", JoinAt::Seq(1)));
    assert_eq!(world.show(), "floor 4 head 4, ann 3/0/0, newcomer 0/0/0");
    world.reopen();
    assert_eq!(world.show(), "floor 4 head 4, ann 3/0/0, newcomer 0/0/0");
}

#[test]
fn a_join_does_not_bring_back_what_time_alone_has_released() {
    let mut world = a_store();
    world.configure(ChatOptions { keep_at_least_ms: Some(2 * HOUR_MS), ..UNSET });
    world.join("ann");
    world.filled(2);
    world.receive("ann", 2);
    assert_eq!(floor(&world), 1);
    world.pass(4 * HOUR_MS);
    assert_eq!(floor(&world), 3);
    world.ask(&joining("newcomer", JoinAt::Seq(1)));
    assert_eq!(floor(&world), 3);
}

#[test]
fn the_floor_is_the_same_after_replay() {
    let mut world = a_store();
    world.join("ann");
    world.filled(6);
    world.receive("ann", 4);
    let shown = world.show();
    for _ in 0..3 {
        world.power_cut(foq_log::env::sim::Survivors::None);
        assert_eq!(world.show(), shown);
    }
}

#[test]
fn a_clock_set_a_month_ahead_for_5_seconds_erases_nothing() {
    let mut world = a_store();
    world.filled(3);
    world.pass(HOUR_MS);
    world.clock.set_wall(START_MS + 32 * DAY_MS);
    world.tick();
    world.filled(1);
    assert!(world.log().clock_frozen());
    assert_eq!(floor(&world), 1);
    world.clock.set_wall(START_MS + HOUR_MS + 5000);
    world.clock.advance(5000);
    world.tick();
    assert!(!world.log().clock_frozen());
    assert_eq!(floor(&world), 1);
    world.pass(DAY_MS);
    assert_eq!(floor(&world), 1);
}

#[test]
fn a_clock_that_stays_a_month_ahead_is_believed_after_a_day() {
    let mut world = a_store();
    world.filled(3);
    world.clock.set_wall(START_MS + 32 * DAY_MS);
    world.tick();
    world.pass(DAY_MS - 1);
    assert_eq!(floor(&world), 1);
    world.pass(1);
    assert!(!world.log().clock_frozen());
    assert_eq!(floor(&world), 4);
}

#[test]
fn a_store_that_opens_a_week_later_goes_on_and_one_that_opens_a_month_later_waits() {
    for (days, frozen) in [(7, false), (32, true)] {
        let mut world = a_store();
        world.configure(ChatOptions { max_age_ms: Some(5 * DAY_MS), ..UNSET });
        world.filled(1);
        world.reopen();
        world.clock.set_wall(START_MS + days * DAY_MS);
        world.reopen_without_marks();
        world.tick();
        assert_eq!(world.log().clock_frozen(), frozen, "{days} days");
        assert_eq!(floor(&world), if frozen { 1 } else { 2 }, "{days} days");
    }
}

#[test]
fn what_a_person_trims_stays_trimmed_and_pinned_things_are_not_held_by_anyone() {
    let mut world = a_store();
    world.join("ann");
    world.filled(3);
    world.ask(&trimming(2));
    assert_eq!(world.show(), "floor 3 head 3, ann 0/0/0");
    world.receive("ann", 1);
    assert_eq!(floor(&world), 3);
}

#[test]
fn what_passes_max_bytes_leaves_by_sections_whoever_lacks_it() {
    let mut world = a_store();
    world.join("ann");
    world.filled(20);
    world.configure(ChatOptions { keep: Some(Keep::Forever), max_bytes: Some(2048), ..UNSET });
    // A record of 40 bytes; four of them are a section of 128 bytes or more.
    world.filled(51);
    assert_eq!(floor(&world), 1, "what was there before is not counted, and 51 fit");
    world.filled(1);
    let gap = world.read(ReadFrom::Seq(1)).gap.unwrap();
    assert_eq!((gap.from_seq, gap.to_seq, gap.reason), (1, 24, GapReason::Quota));
    world.filled(8);
    let shown = "floor 33 head 80, ann 0/0/0";
    assert_eq!(world.show(), shown);
    world.power_cut(foq_log::env::sim::Survivors::None);
    assert_eq!(world.show(), shown);
    world.receive("ann", 80);
    world.configure(UNSET);
    assert_eq!(floor(&world), 81);
    assert_eq!(world.read(ReadFrom::Seq(1)).gap.unwrap().reason, GapReason::Expired);
}

#[test]
fn a_join_at_the_first_record_knows_what_the_limit_takes_in_the_same_round() {
    let mut world = a_store_with(|options| options.retention.max_bytes = 512);
    for _ in 0..20 {
        world.submit(&plain("text"));
    }
    let ticket = world.submit(&joining("ann", JoinAt::First));
    world.commit();
    let first_seq = floor(&world);
    assert!(first_seq > 1);
    let joined = world.answer(ticket);
    assert!(
        matches!(joined, Some(Outcome::Joined { join_seq, .. }) if join_seq == first_seq),
        "{joined:?}, floor {first_seq}"
    );
}

#[test]
fn a_limit_that_was_taken_away_begins_to_count_anew() {
    let mut world = a_store();
    let limited = ChatOptions { max_bytes: Some(512), ..UNSET };
    world.configure(limited);
    world.filled(12);
    world.configure(UNSET);
    world.filled(100);
    world.configure(limited);
    world.filled(12);
    assert_eq!(floor(&world), 1);
    world.filled(1);
    assert_eq!(floor(&world), 114);
}
