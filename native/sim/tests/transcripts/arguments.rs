//! Arguments that no store could take are refused before anything happens.

use foq_log::ChatOptions;
use foq_sim::operation::{Op, OwnedAppend};

use super::verbs::*;

/// Refused when submitted or when judged; either way nothing is written.
fn code(world: &mut World, op: &Op) -> &'static str {
    let submitted = op.with(|operation| world.log().submit(0, operation));
    let code = match submitted {
        Err(error) => error.code(),
        Ok(ticket) => {
            world.commit();
            match world.answer(ticket) {
                Some(foq_log::Outcome::Failed(error)) => error.code(),
                other => panic!("expected a refusal, seen {other:?}"),
            }
        }
    };
    assert!(world.reader().chats().unwrap().is_empty(), "{op:?}");
    code
}

#[test]
fn a_chat_id_has_1_to_128_bytes() {
    let mut world = a_store();
    for chat in [String::new(), "x".repeat(129)] {
        let op = Op::Append(OwnedAppend { chat, ..appending("a") });
        assert_eq!(code(&mut world, &op), "FOQ_INVALID_ARGUMENT");
    }
    let chat = "ü".repeat(64);
    let op = Op::Append(OwnedAppend { chat: chat.clone(), ..appending("a") });
    assert_eq!(world.appended(&op).0, 1);
    assert_eq!(world.reader().chats().unwrap(), [chat]);
}

#[test]
fn a_consumer_id_is_an_owner_with_or_without_a_name() {
    let mut world = a_store();
    let long = "x".repeat(64);
    for id in ["", "/", "ann/", "/phone", "a/b/c", "ann smith", "änn", &long] {
        let op = joining(id, foq_log::JoinAt::Head);
        assert_eq!(code(&mut world, &op), "FOQ_INVALID_ARGUMENT", "{id:?}");
    }
    let longest = format!("{0}/{0}", "x".repeat(63));
    for id in ["ann", "ann/phone", "ann/-", "A_z0.9~:@-/x", &longest] {
        world.join(id);
    }
    assert_eq!(world.reader().cursors(CHAT).unwrap().len(), 5);
}

#[test]
fn a_key_needs_a_sender_and_has_at_most_128_bytes() {
    let mut world = a_store();
    let nobody = OwnedAppend { sender_id: None, ..keyed("", "key", "a") };
    assert_eq!(code(&mut world, &Op::Append(nobody)), "FOQ_INVALID_ARGUMENT");
    let long = keyed("ann", &"k".repeat(129), "a");
    assert_eq!(code(&mut world, &Op::Append(long)), "FOQ_TOO_LARGE");
    let longest = keyed("ann", &"k".repeat(128), "a");
    assert_eq!(world.appended(&Op::Append(longest)).0, 1);
}

#[test]
fn a_payload_has_its_limit() {
    let mut world = a_store_with(|options| options.payload_bytes_max = 100);
    let too_long = plain(&"x".repeat(101));
    assert_eq!(code(&mut world, &too_long), "FOQ_TOO_LARGE");
    assert_eq!(world.appended(&plain(&"x".repeat(100))).0, 1);
}

#[test]
fn at_most_1000_join_or_leave_with_one_record() {
    let mut world = a_store();
    let ids: Vec<String> = (0..1001).map(|number| format!("c{number}")).collect();
    let joins = OwnedAppend { join: ids.clone(), ..appending("a") };
    assert_eq!(code(&mut world, &Op::Append(joins)), "FOQ_TOO_LARGE");
    let leaves = OwnedAppend { leave: ids, ..appending("a") };
    assert_eq!(code(&mut world, &Op::Append(leaves)), "FOQ_TOO_LARGE");
}

#[test]
fn ranges_ages_and_places_that_cannot_be_are_invalid() {
    let mut world = a_store();
    for range in [(0, 1), (2, 1)] {
        assert_eq!(code(&mut world, &deleting(&[range])), "FOQ_INVALID_ARGUMENT");
    }
    let unset = ChatOptions::default();
    for options in [
        ChatOptions { max_age_ms: Some(0), ..unset },
        ChatOptions { max_bytes: Some(511), ..unset },
    ] {
        let op = Op::Configure { chat: CHAT.to_owned(), options };
        assert_eq!(code(&mut world, &op), "FOQ_INVALID_ARGUMENT");
    }
    let op = joining("ann", foq_log::JoinAt::Seq(0));
    assert_eq!(code(&mut world, &op), "FOQ_INVALID_ARGUMENT");
}

#[test]
fn the_longest_names_come_back_from_the_disk() {
    let mut world = a_store();
    let chat = "c".repeat(128);
    let sender = format!("{0}/{0}", "s".repeat(63));
    let append = OwnedAppend {
        chat: chat.clone(),
        join: vec![sender.clone(), "slow".to_owned()],
        sender_as: Some(sender.clone()),
        sender_id: None,
        ..keyed("", &"k".repeat(128), "text")
    };
    assert_eq!(world.appended(&Op::Append(append.clone())).0, 1);
    world.reopen();
    let read = world.reader().read(&chat, foq_log::ReadFrom::Seq(1), 10, 1000).unwrap();
    assert_eq!(read.records[0].sender_id, sender);
    assert_eq!(world.reader().cursors(&chat).unwrap()[0].consumer_id, sender);
    assert!(world.appended(&Op::Append(append)).2, "the key too");
}
