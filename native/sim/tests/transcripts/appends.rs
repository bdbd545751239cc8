//! Appends: order, checks, and what they do atomically.

use foq_log::env::sim::Survivors;
use foq_log::{Assembled, Error, Outcome, ReadFrom};
use foq_sim::operation::{Op, OwnedAppend};

use super::verbs::*;

#[test]
fn seqs_are_dense_from_1_and_bytes_come_out_as_they_went_in() {
    let mut world = a_store();
    let payloads: Vec<Vec<u8>> = [0, 1, 7, 8, 511, 512, 513, 1024, 5000]
        .map(|bytes| (0..=250).cycle().take(bytes).collect())
        .to_vec();
    for (seq, payload) in (1..).zip(&payloads) {
        let op = OwnedAppend { payload: payload.clone(), kind: 9, ..by_id("ann", "") };
        assert_eq!(world.appended(&Op::Append(op)), (seq, START_MS, false));
    }
    for _ in 0..2 {
        let records = world.read(ReadFrom::Seq(1)).records;
        assert_eq!(records.len(), payloads.len());
        for (record, (seq, payload)) in records.iter().zip((1..).zip(&payloads)) {
            assert_eq!((record.seq, &record.payload), (seq, payload));
            assert_eq!((record.kind, record.sender_id.as_str()), (9, "ann"));
        }
        world.power_cut(Survivors::None);
    }
}

fn by_id(sender: &str, text: &str) -> OwnedAppend {
    OwnedAppend { sender_id: Some(sender.to_owned()), ..appending(text) }
}

#[test]
fn nothing_is_visible_or_answered_before_its_round_is_applied() {
    let mut world = a_store();
    let ticket = world.submit(&plain("a"));
    let mut round = world.assemble().unwrap();
    for step in ["assembled", "written", "synced"] {
        assert_eq!(world.show(), "floor 1 head 0", "{step}");
        assert!(world.answer(ticket).is_none(), "{step}");
        assert!(world.reader().chats().unwrap().is_empty(), "{step}");
        match step {
            "assembled" => world.log().write(&mut round).unwrap(),
            "written" => world.log().sync(&round).unwrap(),
            _ => {}
        }
    }
    world.log().apply(round);
    assert_eq!(world.show(), "floor 1 head 1");
    assert!(matches!(world.answer(ticket), Some(Outcome::Appended { seq: 1, .. })));
}

#[test]
fn a_callers_appends_keep_their_order_while_others_send_too() {
    let mut world = a_store();
    for number in 0..20 {
        for caller in 0..3 {
            world.submit_as(caller, &plain(&format!("{caller} {number:02}")));
        }
    }
    world.commit();
    let texts = world.texts();
    assert_eq!(texts.len(), 60);
    for caller in ["0", "1", "2"] {
        let own: Vec<_> = texts.iter().filter(|text| text.starts_with(caller)).collect();
        assert!(own.is_sorted(), "{own:?}");
        assert_eq!(own.len(), 20);
    }
}

#[test]
fn the_first_operations_after_a_reopening_keep_their_order_too() {
    let mut world = a_store();
    world.join("ann");
    world.filled(3);
    world.reopen();
    world.submit(&plain("m1"));
    world.submit(&Op::Append(by("ann", "m2")));
    let ack = world.submit(&acking("ann", 3, true));
    world.submit(&plain("m3"));
    world.commit();
    assert_eq!(world.texts(), ["m1", "m2", "m3"]);
    assert!(matches!(world.answer(ack), Some(Outcome::Acked)));
    assert_eq!(world.show(), "floor 4 head 6, ann 3/0/0");
}

#[test]
fn a_time_stamp_never_decreases_although_the_wall_clock_goes_back() {
    let mut world = a_store();
    world.clock.set_wall(START_MS + 500);
    assert_eq!(world.appended(&plain("a")).1, START_MS + 500);
    world.clock.set_wall(START_MS);
    assert_eq!(world.appended(&plain("b")).1, START_MS + 500);
    world.reopen();
    assert_eq!(world.appended(&plain("c")).1, START_MS + 500);
}

#[test]
fn a_guard_that_was_expected_moves_and_any_other_writes_nothing() {
    let mut world = a_store();
    let guarded = |expected, next, text: &str| {
        Op::Append(OwnedAppend { guard: Some((expected, next)), ..appending(text) })
    };
    assert_eq!(world.appended(&guarded(0, 5, "first commit")).0, 1);
    let refused = world.refused(&guarded(0, 6, "late commit"));
    assert!(matches!(refused, Error::GuardConflict { current: 5, head_seq: 1 }), "{refused}");
    world.power_cut(Survivors::None);
    let refused = world.refused(&guarded(4, 6, "later commit"));
    assert!(matches!(refused, Error::GuardConflict { current: 5, head_seq: 1 }), "{refused}");
    assert_eq!(world.appended(&guarded(5, 6, "second commit")).0, 2);
    assert_eq!(world.texts(), ["first commit", "second commit"]);
    assert_eq!(world.reader().head(CHAT).unwrap().guard, 6);
}

#[test]
fn a_chat_is_created_once_and_who_loses_learns_it_when_the_winner_is_durable() {
    let mut world = a_store();
    let create = |text: &str| Op::Append(OwnedAppend { if_head: Some(0), ..appending(text) });
    let winner = world.submit_as(0, &create("ann's"));
    let loser = world.submit_as(1, &create("bob's"));
    let round = world.assemble().unwrap();
    assert!(world.answer(loser).is_none(), "it rests on a record that is not durable");
    world.finish(Assembled::Round(round));
    assert!(matches!(world.answer(winner), Some(Outcome::Appended { seq: 1, .. })));
    let Some(Outcome::Failed(error)) = world.answer(loser) else { panic!("no refusal") };
    assert!(matches!(*error, Error::HeadConflict { head_seq: 1 }), "{error}");
    assert_eq!(world.texts(), ["ann's"]);
}

#[test]
fn a_stale_roster_is_refused_with_the_roster_of_now() {
    let mut world = a_store();
    world.join("ann");
    world.join("bob");
    let with_roster =
        |roster| Op::Append(OwnedAppend { if_roster: Some(roster), ..appending("x") });
    let refused = world.refused(&with_roster(1));
    assert!(matches!(refused, Error::RosterStale { roster: 2 }), "{refused}");
    assert_eq!(world.appended(&with_roster(2)).0, 1);
}

#[test]
fn checks_come_in_the_order_dedup_guard_head_roster_sender() {
    let mut world = a_store();
    let all_right = keyed("ann", "key", "x");
    world.appended(&Op::Append(all_right));
    let wrong = OwnedAppend {
        sender_as: Some("ann".to_owned()),
        sender_id: None,
        guard: Some((9, 9)),
        if_head: Some(9),
        if_roster: Some(9),
        ..keyed("", "key", "y")
    };
    let code = |world: &mut World, append: OwnedAppend| world.refused(&Op::Append(append)).code();
    assert_eq!(code(&mut world, wrong.clone()), "FOQ_DEDUP_CONFLICT");
    let wrong = OwnedAppend { dedup_key: Some(b"new".to_vec()), ..wrong };
    assert_eq!(code(&mut world, wrong.clone()), "FOQ_GUARD_CONFLICT");
    let wrong = OwnedAppend { guard: None, ..wrong };
    assert_eq!(code(&mut world, wrong.clone()), "FOQ_HEAD_CONFLICT");
    let wrong = OwnedAppend { if_head: None, ..wrong };
    assert_eq!(code(&mut world, wrong.clone()), "FOQ_ROSTER_STALE");
    let wrong = OwnedAppend { if_roster: None, ..wrong };
    assert_eq!(code(&mut world, wrong), "FOQ_NOT_JOINED");
    assert_eq!(world.texts(), ["x"], "a refused append writes nothing");
}

#[test]
fn a_sender_must_be_joined_or_join_with_this_very_record() {
    let mut world = a_store();
    let refused = world.refused(&Op::Append(by("ann", "hello")));
    assert!(matches!(refused, Error::NotJoined { ref consumer_id } if consumer_id == "ann"));
    let joins = OwnedAppend { join: names(&["ann"]), ..by("ann", "ann is in") };
    assert_eq!(world.appended(&Op::Append(joins)).0, 1);
    let leaves = OwnedAppend { leave: names(&["ann"]), ..by("ann", "ann is out") };
    assert_eq!(world.appended(&Op::Append(leaves)).0, 2);
    let refused = world.refused(&Op::Append(by("ann", "once more")));
    assert_eq!(refused.code(), "FOQ_NOT_JOINED");
    assert_eq!(world.show(), "floor 3 head 2");
}

#[test]
fn a_device_never_acks_what_it_wrote_unless_something_lies_before_it() {
    let mut world = a_store();
    world.join("ann");
    world.join("bob");
    world.appended(&Op::Append(by("ann", "one")));
    assert_eq!(world.show(), "floor 1 head 1, ann 1/0/0, bob 0/0/0");
    world.appended(&Op::Append(by("bob", "two")));
    assert_eq!(world.show(), "floor 1 head 2, ann 1/0/0, bob 0/0/0", "bob has not received one");
    world.power_cut(Survivors::None);
    assert_eq!(world.show(), "floor 1 head 2, ann 1/0/0, bob 0/0/0");
}

#[test]
fn memberships_change_with_their_record_or_not_at_all() {
    let mut world = a_store();
    world.join("ann");
    let change = OwnedAppend {
        join: names(&["bob", "cid"]),
        leave: names(&["ann"]),
        ..by("ann", "the group changes")
    };
    for survivors in [Survivors::None, Survivors::All] {
        world.submit(&Op::Append(change.clone()));
        let mut round = world.assemble().unwrap();
        world.log().write(&mut round).unwrap();
        world.power_cut(survivors);
        let head = world.reader().head(CHAT).unwrap();
        match head.head_seq {
            0 => assert_eq!((world.show().as_str(), head.roster), ("floor 1 head 0, ann 0/0/0", 1)),
            _ => {
                assert_eq!(head.roster, 4);
                let bob = world.cursor("bob").unwrap();
                assert_eq!((bob.join_seq, bob.received), (1, 0));
                assert!(world.cursor("cid").is_some() && world.cursor("ann").is_none());
            }
        }
    }
}

#[test]
fn the_newest_pinned_record_is_readable_below_the_floor() {
    let mut world = a_store();
    let pin = |text: &str| Op::Append(OwnedAppend { pin: true, ..appending(text) });
    assert!(world.reader().pinned(CHAT).unwrap().is_none());
    world.appended(&pin("members: ann"));
    world.appended(&pin("members: ann, bob"));
    world.filled(3);
    world.ask(&trimming(4));
    world.power_cut(Survivors::None);
    let pinned = world.reader().pinned(CHAT).unwrap().unwrap();
    assert_eq!((pinned.seq, pinned.payload.as_slice()), (2, b"members: ann, bob".as_slice()));
    assert_eq!(world.read(ReadFrom::Seq(1)).records[0].seq, 5);
}

#[test]
fn at_most_1024_consumers_are_joined_and_the_append_that_passes_it_writes_nothing() {
    let mut world = a_store_with(|options| {
        options.round_bytes_max = 256 << 10;
        options.journal_file_bytes = 1 << 20;
    });
    let ids: Vec<String> = (0..1025).map(|number| format!("user/{number}")).collect();
    let join =
        |ids: &[String]| Op::Append(OwnedAppend { join: ids.to_vec(), ..appending("newcomers") });
    world.appended(&join(&ids[..1000]));
    let refused = world.refused(&join(&ids[1000..]));
    assert!(matches!(refused, Error::TooLarge { limit: 1024, .. }), "{refused}");
    assert_eq!(world.reader().head(CHAT).unwrap().roster, 1000);
    assert_eq!(world.appended(&join(&ids[1000..1024])).0, 2);
    assert_eq!(world.reader().cursors(CHAT).unwrap().len(), 1024);
}
