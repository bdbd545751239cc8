//! What is told, to whom, when, and how often.

use std::collections::BTreeMap;

use super::{AttachmentId, Ring};
use crate::env::sim::Dice;
use crate::simulated::{Simulated, append, join, leave, received, simulated};
use crate::view::{NewsPage, NewsRow};
use crate::{Operation, Reader};

const OWNER: u32 = 3;

fn attach(log: &Simulated, consumer: &str) -> AttachmentId {
    log.reader.attach(OWNER, consumer).0
}

fn take(log: &Simulated, id: AttachmentId) -> Vec<NewsRow> {
    log.reader.take_news(OWNER, id, 100).rows
}

fn chats(rows: &[NewsRow]) -> Vec<&str> {
    rows.iter().map(|row| row.chat_id.as_str()).collect()
}

/// Attachments rung since the last look.
fn rung(reader: &Reader) -> Vec<AttachmentId> {
    let mut rings: Vec<Ring> = Vec::new();
    reader.shared.news.take_rings(&mut rings);
    rings.into_iter().map(|ring| ring.attachment).collect()
}

#[test]
fn a_change_is_told_when_it_is_applied_and_not_before() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann")]);
    let ann = attach(&log, "ann");
    log.log.submit(0, &append("chat", b"a")).unwrap();
    let mut round = log.assembled().unwrap();
    log.log.write(&mut round).unwrap();
    log.log.sync(&round).unwrap();
    assert!(take(&log, ann).is_empty() && rung(&log.reader).is_empty());
    log.log.apply(round);
    assert_eq!(rung(&log.reader), [ann]);
    let rows = take(&log, ann);
    assert_eq!((chats(&rows), rows[0].head_seq, rows[0].received), (vec!["chat"], 1, 0));
}

#[test]
fn each_chat_comes_once_in_the_order_of_first_change_and_pages_go_on() {
    let mut log = simulated();
    log.commit(&[join("one", "ann"), join("two", "ann"), join("three", "ann")]);
    let ann = attach(&log, "ann");
    log.commit(&[append("two", b"a"), append("one", b"a"), append("two", b"b")]);
    log.commit(&[append("one", b"a"), append("three", b"a"), append("other", b"a")]);
    let page = log.reader.take_news(OWNER, ann, 2);
    assert_eq!(chats(&page.rows), ["two", "one"]);
    assert_eq!(page.rows.iter().map(|row| row.head_seq).collect::<Vec<_>>(), [2, 2]);
    log.commit(&[append("two", b"c")]);
    assert_eq!(chats(&take(&log, ann)), ["three", "two"]);
    assert!(take(&log, ann).is_empty());
}

#[test]
fn an_attachment_is_rung_once_until_nothing_is_left() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), join("other", "ann")]);
    let ann = attach(&log, "ann");
    log.commit(&[append("chat", b"a")]);
    log.commit(&[append("other", b"a")]);
    assert_eq!(rung(&log.reader), [ann]);
    assert_eq!(log.reader.take_news(OWNER, ann, 1).rows.len(), 1);
    log.commit(&[append("chat", b"b")]);
    assert!(rung(&log.reader).is_empty(), "something was left");
    assert_eq!(log.reader.take_news(OWNER, ann, 2).rows.len(), 2);
    log.commit(&[append("chat", b"c")]);
    assert_eq!(rung(&log.reader), [ann]);
    assert_eq!(take(&log, ann).len(), 1);
    assert!(take(&log, ann).is_empty());
}

#[test]
fn marks_of_others_wait_for_the_next_ring_or_until_the_quiet_are_rung() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), join("chat", "bob"), append("chat", b"a")]);
    let (ann, bob) = (attach(&log, "ann"), attach(&log, "bob"));
    let mut rings = Vec::new();
    log.commit(&[received("chat", "ann", 1)]);
    assert!(log.reader.shared.news.take_rings(&mut rings), "bob is quiet");
    assert!(rings.is_empty());
    log.reader.shared.news.ring_quiet();
    assert_eq!(rung(&log.reader), [bob]);
    assert_eq!(take(&log, bob).len(), 1);
    assert!(!log.reader.shared.news.take_rings(&mut rings), "nobody is quiet any more");

    log.commit(&[append("chat", b"b")]);
    rung(&log.reader).into_iter().for_each(|id| assert_eq!(take(&log, id).len(), 1));
    log.commit(&[received("chat", "ann", 2)]);
    assert!(rung(&log.reader).is_empty());
    log.commit(&[append("chat", b"c")]);
    assert_eq!(rung(&log.reader), [ann, bob], "a record rings who was quiet");
    let rows = take(&log, bob);
    assert_eq!((rows.len(), rows[0].marks, rows[0].head_seq), (1, true, 3));
    log.reader.shared.news.ring_quiet();
    assert!(rung(&log.reader).is_empty(), "it has heard of the marks with the record");
}

#[test]
fn who_gets_or_loses_a_cursor_hears_of_it() {
    let mut log = simulated();
    let ann = attach(&log, "ann");
    log.commit(&[append("chat", b"a"), join("chat", "ann"), join("chat", "bob")]);
    assert_eq!(take(&log, ann)[0].received, 1);
    log.commit(&[append("chat", b"b"), leave("chat", "ann"), append("chat", b"c")]);
    let closing = &take(&log, ann)[0];
    assert_eq!((closing.last_seq, closing.head_seq, closing.gone), (2, 3, false));
    log.commit(&[received("chat", "ann", 2)]);
    assert!(take(&log, ann)[0].gone, "its last ack ended the closing cursor");
    log.commit(&[append("chat", b"d")]);
    assert!(take(&log, ann).is_empty());
    log.commit(&[join("chat", "ann")]);
    assert!(!take(&log, ann)[0].gone);
    log.commit(&[Operation::DeleteChat { chat_id: "chat" }]);
    assert!(take(&log, ann)[0].gone);
}

#[test]
fn the_marks_of_others_are_news_and_its_own_are_not() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), join("chat", "bob"), append("chat", b"a")]);
    let (ann, bob) = (attach(&log, "ann"), attach(&log, "bob"));
    log.commit(&[received("chat", "ann", 1)]);
    assert!(take(&log, ann).is_empty());
    let rows = take(&log, bob);
    assert_eq!((rows[0].marks, rows[0].marks_version), (true, 1));
    log.commit(&[received("chat", "ann", 1)]);
    assert!(take(&log, bob).is_empty(), "a late duplicate changes nothing");
}

#[test]
fn a_watch_hears_of_its_chat_alone_even_before_there_is_one() {
    let mut log = simulated();
    let watch = log.reader.watch(OWNER, "chat").0;
    log.commit(&[append("other", b"a")]);
    assert!(take(&log, watch).is_empty());
    log.commit(&[append("chat", b"a")]);
    let rows = take(&log, watch);
    assert_eq!((rows[0].head_seq, rows[0].last_seq, rows[0].gone), (1, 1, false));
    log.commit(&[Operation::Trim { chat_id: "chat", up_to_seq: 1 }]);
    assert_eq!(take(&log, watch)[0].first_seq, 2);
    log.reader.shared.news.detach(OWNER + 1, watch);
    log.commit(&[append("chat", b"b")]);
    assert_eq!(take(&log, watch).len(), 1, "only its owner ends it");
    log.reader.shared.news.detach(OWNER, watch);
    log.commit(&[append("chat", b"c")]);
    assert!(take(&log, watch).is_empty() && rung(&log.reader).is_empty());
    assert!(log.reader.shared.news.is_idle());
}

#[test]
fn a_newer_attachment_fences_the_older_which_is_rung_to_hear_that() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), append("chat", b"a")]);
    let old = attach(&log, "ann");
    let (new, rings) = log.reader.attach(OWNER + 1, "ann");
    assert!(rings);
    assert_eq!(rung(&log.reader), [old]);
    let page = log.reader.take_news(OWNER, old, 1);
    assert!(page.fenced && page.rows.is_empty());
    log.commit(&[append("chat", b"b")]);
    assert_eq!(rung(&log.reader), [new]);
    log.reader.shared.news.detach(OWNER, old);
    assert_eq!(log.reader.take_news(OWNER + 1, new, 1).rows.len(), 1);
    assert_eq!(log.reader.take_news(OWNER, new, 1), NewsPage::default());
}

#[test]
fn the_end_rings_everybody_and_those_who_come_later() {
    let log = simulated();
    let ann = attach(&log, "ann");
    log.reader.shared.news.end();
    let bob = attach(&log, "bob");
    assert_eq!(rung(&log.reader), [ann, bob]);
    assert!(log.reader.take_news(OWNER, bob, 1).ended);
}

const CONSUMERS: [&str; 3] = ["ann", "bob", "eve/phone"];
const CHATS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What a listener believes of its chats from what it read once and was told since.
type Belief = BTreeMap<String, NewsRow>;

/// What is so: as if every chat had just changed.
fn truth(reader: &Reader, consumer: &str) -> Belief {
    let mut truth = Belief::new();
    for chat in CHATS {
        let head = reader.head(chat).unwrap();
        let cursors = reader.cursors(chat).unwrap();
        let Some(cursor) = cursors.iter().find(|cursor| cursor.consumer_id == consumer) else {
            continue;
        };
        let row = NewsRow {
            chat_id: chat.to_owned(),
            first_seq: head.first_seq,
            head_seq: head.head_seq,
            received: 0,
            last_seq: cursor.leave_seq.unwrap_or(head.head_seq),
            join_seq: cursor.join_seq,
            marks_version: 0,
            marks: head.marks_version > cursor.marks_seen,
            gone: false,
        };
        truth.insert(chat.to_owned(), row);
    }
    truth
}

fn learn(belief: &mut Belief, row: NewsRow) {
    if row.gone {
        belief.remove(&row.chat_id);
    } else {
        // Its own acks move what it received, and are no news.
        let row = NewsRow { received: 0, marks_version: 0, ..row };
        belief.insert(row.chat_id.clone(), row);
    }
}

fn any_operation<'a>(dice: &mut Dice, reader: &Reader) -> Operation<'a> {
    let (chat, consumer) = (*dice.pick(&CHATS), *dice.pick(&CONSUMERS));
    let head = reader.head(chat).unwrap().head_seq;
    match dice.below(12) {
        0..=3 => append(chat, b"text"),
        4..=5 => join(chat, consumer),
        6 => leave(chat, consumer),
        7..=9 => received(chat, consumer, dice.below(head + 1)),
        10 => Operation::Trim { chat_id: chat, up_to_seq: dice.below(head + 1) },
        _ if dice.one_in(4) => Operation::DeleteChat { chat_id: chat },
        _ => append(chat, b"more text"),
    }
}

#[test]
fn who_reads_once_and_follows_the_news_knows_what_is_so() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let mut log = simulated();
        let mut listeners: Vec<(AttachmentId, &str, Belief)> = Vec::new();
        for _ in 0..60 {
            if listeners.len() < CONSUMERS.len() && dice.one_in(4) {
                let consumer = CONSUMERS[listeners.len()];
                let id = attach(&log, consumer);
                listeners.push((id, consumer, truth(&log.reader, consumer)));
            }
            let count = 1 + dice.below(4);
            let some: Vec<_> = (0..count).map(|_| any_operation(&mut dice, &log.reader)).collect();
            log.commit(&some);
            if dice.one_in(3) {
                log.reader.shared.news.ring_quiet();
            }
            let rings = if dice.one_in(2) { rung(&log.reader) } else { Vec::new() };
            for (id, _, belief) in listeners.iter_mut().filter(|(id, ..)| rings.contains(id)) {
                loop {
                    let page = log.reader.take_news(OWNER, *id, *dice.pick(&[1, 2, 3]));
                    if page.rows.is_empty() {
                        break;
                    }
                    page.rows.into_iter().for_each(|row| learn(belief, row));
                }
            }
        }
        log.reader.shared.news.ring_quiet();
        let rings = rung(&log.reader);
        for (id, consumer, mut belief) in listeners {
            if rings.contains(&id) {
                take(&log, id).into_iter().for_each(|row| learn(&mut belief, row));
            }
            let mut truth = truth(&log.reader, consumer);
            // Having been handed marks is its own doing.
            for (chat, row) in &mut truth {
                row.marks |= belief.get(chat).is_some_and(|known| known.marks);
            }
            assert_eq!(belief, truth, "seed {seed}, {consumer}");
        }
    }
}
