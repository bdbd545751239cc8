//! What a consumer finds when it comes back: the chats that have something for it.

use foq_log::env::sim::Survivors;
use foq_log::{ChatRow, JoinAt, Outcome};
use foq_sim::operation::{Op, OwnedAppend};

use super::verbs::*;

fn send(world: &mut World, chat: &str, sender: &str) {
    let append = OwnedAppend {
        chat: chat.to_owned(),
        sender_as: Some(sender.to_owned()),
        ..appending("text")
    };
    assert!(matches!(world.ask(&Op::Append(append)), Outcome::Appended { .. }));
}

fn join(world: &mut World, chat: &str, consumer: &str) {
    let join = Op::Join { chat: chat.to_owned(), consumer: consumer.to_owned(), at: JoinAt::Head };
    assert!(matches!(world.ask(&join), Outcome::Joined { .. }));
}

fn ack(world: &mut World, chat: &str, consumer: &str, marks: [Option<u64>; 3], seen: Option<u32>) {
    let Op::Ack { received, delivered, read, .. } = marking(consumer, marks, true) else {
        panic!("an ack");
    };
    let ack = Op::Ack {
        chat: chat.to_owned(),
        consumer: consumer.to_owned(),
        received,
        delivered,
        read,
        marks_seen: seen,
        durable: true,
    };
    assert!(matches!(world.ask(&ack), Outcome::Acked));
}

fn show(rows: &[ChatRow]) -> Vec<String> {
    let show = |row: &ChatRow| {
        let marks = if row.marks { " marks" } else { "" };
        format!("{} {}/{}{marks}", row.chat_id, row.received, row.head_seq)
    };
    rows.iter().map(show).collect()
}

fn pending(world: &World, consumer: &str) -> Vec<String> {
    show(&world.reader().pending(consumer).unwrap())
}

#[test]
fn pending_lists_exactly_the_chats_with_news_most_recent_first() {
    let mut world = a_store();
    for chat in ["a", "b", "c", "d"] {
        join(&mut world, chat, "ann");
        join(&mut world, chat, "bob");
    }
    for chat in ["c", "a", "b"] {
        world.clock.advance(10);
        send(&mut world, chat, "ann");
    }
    assert_eq!(pending(&world, "bob"), ["b 0/1", "a 0/1", "c 0/1"]);
    assert!(pending(&world, "ann").is_empty(), "what it wrote itself it has");
    assert!(pending(&world, "stranger").is_empty());
    ack(&mut world, "a", "bob", [Some(1), None, None], None);
    for _ in 0..2 {
        let quiet = pending(&world, "bob");
        assert_eq!(quiet, ["b 0/1", "c 0/1"]);
        world.power_cut(Survivors::None);
    }
    assert_eq!(
        show(&world.reader().chats_of("bob").unwrap()),
        ["a 1/1", "b 0/1", "c 0/1", "d 0/0"]
    );
}

#[test]
fn chats_of_the_same_moment_are_listed_by_their_id() {
    let mut world = a_store();
    for chat in ["b", "c", "a"] {
        join(&mut world, chat, "bob");
        world.ask(&Op::Append(OwnedAppend { chat: chat.to_owned(), ..appending("text") }));
    }
    assert_eq!(pending(&world, "bob"), ["a 0/1", "b 0/1", "c 0/1"]);
}

#[test]
fn a_sender_who_was_offline_finds_his_ticks() {
    let mut world = a_store();
    join(&mut world, "a", "ann");
    join(&mut world, "a", "bob");
    send(&mut world, "a", "ann");
    assert_eq!(world.reader().head("a").unwrap().marks_version, 0, "sending is not a mark");
    ack(&mut world, "a", "bob", [Some(1), None, None], None);
    assert_eq!(world.reader().head("a").unwrap().marks_version, 1);
    assert_eq!(pending(&world, "ann"), ["a 1/1 marks"]);
    assert!(pending(&world, "bob").is_empty(), "its own marks are no news");
    ack(&mut world, "a", "ann", [None; 3], Some(1));
    assert!(pending(&world, "ann").is_empty());
    ack(&mut world, "a", "bob", [None, None, Some(1)], None);
    assert_eq!(world.reader().head("a").unwrap().marks_version, 2);
    world.reopen();
    assert_eq!(pending(&world, "ann"), ["a 1/1 marks"]);
}

#[test]
fn marks_that_others_cannot_see_are_no_news() {
    let mut world = a_store();
    join(&mut world, "a", "ann");
    join(&mut world, "a", "bob");
    send(&mut world, "a", "ann");
    ack(&mut world, "a", "bob", [Some(1), None, None], None);
    ack(&mut world, "a", "bob", [None, Some(1), None], None);
    assert_eq!(world.reader().head("a").unwrap().marks_version, 1, "received already showed it");
    ack(&mut world, "a", "ann", [None; 3], Some(99));
    let seen =
        world.reader().cursors("a").unwrap().into_iter().find(|view| view.consumer_id == "ann");
    assert_eq!(seen.unwrap().marks_seen, 1, "nobody has seen what is not there");
}

#[test]
fn a_closing_cursor_is_pending_until_it_has_what_was_written_before_it_left() {
    let mut world = a_store();
    join(&mut world, "a", "ann");
    join(&mut world, "a", "bob");
    send(&mut world, "a", "ann");
    let leave = Op::Leave { chat: "a".to_owned(), consumer: "bob".to_owned(), join_seq: None };
    world.ask(&leave);
    send(&mut world, "a", "ann");
    assert_eq!(pending(&world, "bob"), ["a 0/2"]);
    assert!(world.reader().chats_of("bob").unwrap().is_empty());
    ack(&mut world, "a", "bob", [Some(1), None, None], None);
    assert!(pending(&world, "bob").is_empty());
}
