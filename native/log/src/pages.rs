//! Lists of chats in pages. A token says where the next page begins, and nothing is kept for it.
//!
//! Invariant: a chat that belongs in a list from its first page to its last is in one of them,
//! whatever happens in between; one that changes meanwhile may come twice. `pending` needs care
//! for that, as a chat that gets a record moves to its front: behind the chats as they stood it
//! lists those that changed since its first page, in the order of their last change, so that what
//! moves, moves ahead of the reader.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::state::States;
use crate::state::chat::ChatState;
use crate::state::cursor::Cursor;
use crate::view::ChatRow;

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub rows: Vec<ChatRow>,
    /// Where the next page begins; none at the end of the list.
    pub next: Option<String>,
}

/// Where a page of `pending` begins.
#[derive(Debug, PartialEq, Eq)]
enum From<'a> {
    /// Most recent first, below the chat named; `since` is the position at the first page.
    Below { since: u64, last_at: u64, chat_id: &'a str },
    /// Chats whose last effect lies beyond this position, oldest change first.
    Changed { beyond: u64 },
}

type Found<'a> = (&'a ChatState, &'a Cursor);

impl Reader {
    /// Chats with news for a consumer: records it has not received, or marks of others it was
    /// not handed. Most recent first; then those that changed since the first page.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` when `after` is not the `next` of a page of this list.
    pub fn pending_page(
        &self,
        consumer_id: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page> {
        let from = after.map(parse).transpose()?;
        let limit = limit.max(1);
        let states = self.shared.states.read();
        let mut found = self.cursors_of(&states, consumer_id);
        found.retain(|(chat, cursor)| {
            let version = chat.members.as_ref().map_or(0, |members| members.marks_version);
            cursor.last_seq(chat.head) > cursor.received || version > cursor.marks_seen
        });
        let (since, mut listed) = match from {
            None => (states.position, found.clone()),
            Some(From::Changed { beyond }) => (beyond, Vec::new()),
            Some(From::Below { since, last_at, chat_id }) => {
                let mut below = found.clone();
                below.retain(|(chat, _)| recency(chat) > (Reverse(last_at), chat_id));
                (since, below)
            }
        };
        let more = keep_least(&mut listed, limit, |(chat, _)| recency(chat));
        let next = match listed.last() {
            Some((chat, _)) if more => Some(format!("r:{since}:{}:{}", chat.last_at, chat.chat_id)),
            _ => {
                let told: HashSet<u128> = listed.iter().map(|(chat, _)| chat.key).collect();
                found.retain(|(chat, _)| chat.as_of > since && !told.contains(&chat.key));
                let more = keep_least(&mut found, limit - listed.len(), |(chat, _)| chat.as_of);
                let beyond = found.last().map_or(since, |(chat, _)| chat.as_of);
                listed.append(&mut found);
                more.then(|| format!("c:{beyond}"))
            }
        };
        Ok(Page { rows: self.rows_of(&states, &listed), next })
    }

    /// Chats a consumer is joined in, by chatId; with `closing`, also those it is leaving.
    ///
    /// # Errors
    /// None so far; a page of another list is one of this.
    pub fn chats_of_page(
        &self,
        consumer_id: &str,
        after: Option<&str>,
        limit: usize,
        closing: bool,
    ) -> Result<Page> {
        let states = self.shared.states.read();
        let mut found = self.cursors_of(&states, consumer_id);
        found.retain(|(chat, cursor)| {
            (closing || cursor.closing.is_none())
                && after.is_none_or(|after| &*chat.chat_id > after)
        });
        let more = keep_least(&mut found, limit.max(1), |(chat, _)| chat_id(chat));
        let rows = self.rows_of(&states, &found);
        let next = rows.last().filter(|_| more).map(|row| row.chat_id.clone());
        Ok(Page { rows, next })
    }

    /// All chats that any effect ever touched, oldest first. What rows say of a consumer is 0.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` when `after` is not the `next` of a page of this list.
    pub fn chats_page(&self, after: Option<&str>, limit: usize) -> Result<Page> {
        let states = self.shared.states.read();
        let begin = match after {
            None => 0,
            Some(after) => {
                let key = self.shared.hashes.chat(after.as_bytes());
                states.find(key).ok_or_else(not_a_token)? as usize + 1
            }
        };
        let touched = states.chats_from(begin).filter(|chat| chat.as_of > 0);
        let mut found: Vec<&ChatState> = touched.take(limit.max(1).saturating_add(1)).collect();
        let more = found.len() > limit.max(1);
        found.truncate(limit.max(1));
        let rows: Vec<ChatRow> = found.iter().map(|chat| self.row(&states, chat, None)).collect();
        let next = rows.last().filter(|_| more).map(|row| row.chat_id.clone());
        Ok(Page { rows, next })
    }

    /// The chats in which a consumer has a cursor, and the cursor.
    fn cursors_of<'a>(&self, states: &'a States, consumer_id: &str) -> Vec<Found<'a>> {
        let store = &self.shared.options.retention;
        let name = self.shared.hashes.name(consumer_id.as_bytes());
        let chats = states.chats_of(name);
        let found = chats.filter_map(|chat| {
            let mut live = chat.cursors(store, states.retention_now);
            Some((chat, live.find(|cursor| cursor.name == name)?))
        });
        found.collect()
    }

    fn rows_of(&self, states: &States, found: &[Found<'_>]) -> Vec<ChatRow> {
        found.iter().map(|(chat, cursor)| self.row(states, chat, Some(cursor))).collect()
    }

    fn row(&self, states: &States, chat: &ChatState, cursor: Option<&Cursor>) -> ChatRow {
        let version = chat.members.as_ref().map_or(0, |members| members.marks_version);
        ChatRow {
            chat_id: chat.chat_id.to_string(),
            first_seq: self.floor(states, chat),
            head_seq: chat.head,
            received: cursor.map_or(0, |cursor| cursor.received),
            last_seq: cursor.map_or(chat.head, |cursor| cursor.last_seq(chat.head)),
            join_seq: cursor.map_or(0, |cursor| cursor.join_seq),
            last_at: chat.last_at,
            marks: cursor.is_some_and(|cursor| version > cursor.marks_seen),
        }
    }
}

fn chat_id(chat: &ChatState) -> &str {
    &chat.chat_id
}

/// Least of the most recent.
fn recency(chat: &ChatState) -> (Reverse<u64>, &str) {
    (Reverse(chat.last_at), &chat.chat_id)
}

/// Keeps the `limit` least, in order, and says whether there were more.
fn keep_least<T, K: Ord>(all: &mut Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> bool {
    let more = all.len() > limit;
    if more {
        if limit > 0 {
            all.select_nth_unstable_by_key(limit - 1, &key);
        }
        all.truncate(limit);
    }
    all.sort_unstable_by_key(key);
    more
}

fn parse(token: &str) -> Result<From<'_>> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| not_a_token());
    match token.split_once(':') {
        Some(("c", beyond)) => Ok(From::Changed { beyond: number(beyond)? }),
        Some(("r", rest)) => {
            let mut parts = rest.splitn(3, ':');
            let mut part = || parts.next().ok_or_else(not_a_token);
            Ok(From::Below { since: number(part()?)?, last_at: number(part()?)?, chat_id: part()? })
        }
        _ => Err(not_a_token()),
    }
}

fn not_a_token() -> Error {
    Error::invalid("after: not the next of a page of this list")
}

#[cfg(test)]
mod tests {
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
            let whole = [reader.pending("ann"), reader.chats_of("ann")];
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
            let listed: Vec<&String> = pages[3].iter().map(|row| &row.chat_id).collect();
            assert_eq!(listed, ids.iter().collect::<Vec<_>>());
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
        assert_eq!(
            parse("r:1:2:a:b").ok(),
            Some(From::Below { since: 1, last_at: 2, chat_id: "a:b" })
        );
    }
}
