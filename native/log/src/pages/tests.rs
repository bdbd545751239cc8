//! Pages of lists on a simulated disk.

use super::*;
use crate::env::sim::Dice;
use crate::simulated::{Simulated, append, join, leave, received, simulated};

const COUNT: usize = 40;

/// Ann is in `COUNT` chats, and behind in all.
fn ann_is_behind() -> (Simulated, Vec<String>) {
    let mut log = simulated();
    let ids: Vec<String> = (0..COUNT).map(|n| format!("{}:{n}", n * 7 % COUNT)).collect();
    for id in &ids {
        log.commit(&[join(id, "ann"), append(id, b"a")]);
    }
    (log, ids)
}

#[test]
fn pages_put_together_are_the_whole_list() {
    let (mut log, ids) = ann_is_behind();
    log.commit(&[leave(&ids[3], "ann"), append(&ids[3], b"b"), received(&ids[5], "ann", 1)]);
    let reader = log.reader.clone();
    for limit in [1, 3, COUNT - 1, COUNT, COUNT + 1] {
        let whole = [reader.pending("ann").unwrap(), reader.chats_of("ann").unwrap()];
        let mut pages = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for (list, into) in pages.iter_mut().enumerate() {
            let mut after: Option<String> = None;
            loop {
                let page = match list {
                    0 => reader.pending_page("ann", after.as_deref(), limit),
                    1 => reader.chats_of_page("ann", after.as_deref(), limit, false),
                    2 => reader.chats_of_page("ann", after.as_deref(), limit, true),
                    _ => reader.chats_page(after.as_deref(), limit),
                };
                let Page { mut rows, next } = page.unwrap();
                assert!(rows.len() <= limit);
                into.append(&mut rows);
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        assert_eq!([&pages[0], &pages[1]], [&whole[0], &whole[1]], "{limit} a page");
        assert_eq!((pages[1].len(), pages[2].len()), (COUNT - 1, COUNT));
        let listed: BTreeSet<&String> = pages[3].iter().map(|row| &row.chat_id).collect();
        assert_eq!((listed, pages[3].len()), (ids.iter().collect(), COUNT));
    }
}

#[test]
fn a_chat_that_stays_pending_is_not_missed_whatever_changes_between_pages() {
    let mut moved = 0;
    for seed in 0..60 {
        let (mut log, ids) = ann_is_behind();
        let mut dice = Dice::new(seed);
        let mut seen: HashSet<String> = HashSet::new();
        let mut after: Option<String> = None;
        for pages in 0.. {
            let page = log.reader.pending_page("ann", after.as_deref(), 4).unwrap();
            moved += page.rows.iter().filter(|row| !seen.insert(row.chat_id.clone())).count();
            after = page.next;
            if after.is_none() {
                break;
            }
            assert!(pages < 100, "it ends");
            for _ in 0..dice.below(4) {
                log.commit(&[append(dice.pick::<String>(&ids), b"b")]);
            }
        }
        assert_eq!(seen.len(), COUNT, "seed {seed}");
    }
    assert!(moved > 0, "some chats came twice");
}

#[test]
fn what_is_no_token_is_refused() {
    let log = simulated();
    for token in ["", "x", "c:", "c:x", "r:1:2", "r:x:2:chat"] {
        let refused = log.reader.pending_page("ann", Some(token), 1).unwrap_err();
        assert_eq!(refused.code(), "FOQ_INVALID_ARGUMENT", "{token}");
    }
    assert!(log.reader.chats_page(Some("chat"), 1).is_err());
    assert_eq!(parse("r:1:2:a:b").ok(), Some(From::Below { since: 1, last_at: 2, chat_id: "a:b" }));
}

#[test]
fn whoever_replay_may_have_put_behind_is_asked_be_they_few_or_many() {
    for count in [FEW_PARTIALS, FEW_PARTIALS + 1] {
        let mut log = simulated();
        for n in 0..count {
            log.commit(&[join(&n.to_string(), "ann"), join(&n.to_string(), "bob")]);
        }
        log.commit(&[leave("0", "ann")]);
        log.seal();
        for n in 0..count {
            log.commit(&[append(&n.to_string(), b"a")]);
        }
        let log = log.reopened();
        assert_eq!(log.reader.shared.states.read().partials.len(), count);
        assert_eq!(log.reader.pending("ann").unwrap().len(), count - 1, "{count} partial chats");
        assert_eq!(log.reader.pending("bob").unwrap().len(), count, "{count} partial chats");
        assert_eq!(log.reader.pending("cid").unwrap().len(), 0, "{count} partial chats");
    }
}
