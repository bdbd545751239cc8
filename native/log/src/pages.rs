//! Lists of chats in pages. A token says where the next page begins, and nothing is kept for it.
//!
//! Invariant: a chat that belongs in a list from its first page to its last is in one of them,
//! whatever happens in between; one that changes meanwhile may come twice. `pending` needs care
//! for that, as a chat that gets a record moves to its front: behind the chats as they stood it
//! lists those that changed since its first page, in the order of their last change, so that what
//! moves, moves ahead of the reader.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::inbox::{self, RowClass};
use crate::reader::Reader;
use crate::seen::Seen;
use crate::state::chat::ChatState;
use crate::state::cursor::Cursor;
use crate::table::{Moved, ScanMode};
use crate::view::{ChatRow, Waiting};

/// So many chats that replay left are each asked whether a consumer is in them; if there are more,
/// all chats of the consumer are read.
const FEW_PARTIALS: usize = 64;

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

/// A row, and what lists are made by.
struct Found {
    key: ChatKey,
    /// Position of the chat's last effect.
    as_of: u64,
    closing: bool,
    row: ChatRow,
}

impl Reader {
    /// Chats with news for a consumer: records it has not received, or marks of others it was
    /// not handed. Most recent first; then those that changed since the first page.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` when `after` is not the `next` of a page of this list; `FOQ_CORRUPT`,
    /// `FOQ_UNAVAILABLE` where a table cannot be read.
    pub fn pending_page(
        &self,
        consumer_id: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page> {
        let from = after.map(parse).transpose()?;
        let limit = limit.max(1);
        let (position, found) = self.chats_with(consumer_id, RowClass::Behind)?;
        let (since, listed) = match from {
            None => (position, found.iter().collect()),
            Some(From::Changed { beyond }) => (beyond, Vec::new()),
            Some(From::Below { since, last_at, chat_id }) => {
                let below = |found: &&Found| recency(&found.row) > (Reverse(last_at), chat_id);
                (since, found.iter().filter(below).collect())
            }
        };
        let mut listed: Vec<&Found> = listed;
        let more = keep_least(&mut listed, limit, |found| recency(&found.row));
        let next = match listed.last() {
            Some(Found { row, .. }) if more => {
                Some(format!("r:{since}:{}:{}", row.last_at, row.chat_id))
            }
            _ => {
                let told: HashSet<ChatKey> = listed.iter().map(|found| found.key).collect();
                let changed =
                    found.iter().filter(|found| found.as_of > since && !told.contains(&found.key));
                let mut changed: Vec<&Found> = changed.collect();
                let more = keep_least(&mut changed, limit - listed.len(), |found| found.as_of);
                let beyond = changed.last().map_or(since, |found| found.as_of);
                listed.append(&mut changed);
                more.then(|| format!("c:{beyond}"))
            }
        };
        let rows = listed.into_iter().map(|found| found.row.clone()).collect();
        Ok(Page { rows, next })
    }

    /// Chats a consumer is joined in, by chatId; with `closing`, also those it is leaving.
    ///
    /// # Errors
    /// `FOQ_CORRUPT`, `FOQ_UNAVAILABLE` where a table cannot be read.
    pub fn chats_of_page(
        &self,
        consumer_id: &str,
        after: Option<&str>,
        limit: usize,
        closing: bool,
    ) -> Result<Page> {
        let (_, mut found) = self.chats_with(consumer_id, RowClass::Member)?;
        found.retain(|found| {
            (closing || !found.closing) && after.is_none_or(|after| &*found.row.chat_id > after)
        });
        let more = keep_least(&mut found, limit.max(1), |found| found.row.chat_id.clone());
        let rows: Vec<ChatRow> = found.into_iter().map(|found| found.row).collect();
        let next = rows.last().filter(|_| more).map(|row| row.chat_id.clone());
        Ok(Page { rows, next })
    }

    /// All chats that any effect ever touched, in no order that means anything. What rows say of a
    /// consumer is 0.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` when `after` names no chat, `FOQ_CORRUPT`, `FOQ_UNAVAILABLE` where a
    /// table cannot be read.
    pub fn chats_page(&self, after: Option<&str>, limit: usize) -> Result<Page> {
        let mut begin = None;
        if let Some(after) = after {
            let key = self.key(after);
            let seen = self.see(key, Waiting::Allowed, |seen| seen.chat.is_some())?;
            if seen != Some(true) {
                return Err(not_a_token());
            }
            begin = Some(key);
        }
        let limit = limit.max(1);
        let keys = self.keys_after(begin, limit.saturating_add(1))?;
        let more = keys.len() > limit;
        let mut rows = Vec::new();
        for key in keys.into_iter().take(limit) {
            let row = self.see(key, Waiting::Allowed, |Seen { chat, retention_now }| {
                let chat = chat.filter(|chat| chat.as_of > 0)?;
                Some(self.row(chat, None, retention_now))
            })?;
            rows.extend(row.flatten());
        }
        let next = rows.last().filter(|_| more).map(|row: &ChatRow| row.chat_id.clone());
        Ok(Page { rows, next })
    }

    /// The least keys behind `begin` of chats that were ever seen.
    fn keys_after(&self, begin: Option<ChatKey>, limit: usize) -> Result<Vec<ChatKey>> {
        let is_after = |key: &ChatKey| begin.is_none_or(|begin| *key > begin);
        let mut keys: BTreeSet<ChatKey> = {
            let states = self.shared.states.read();
            let touched = states.iterate().filter(|chat| chat.as_of > 0);
            let mut hot: Vec<ChatKey> = touched
                .map(|chat| chat.key)
                .chain(states.partials.keys())
                .filter(is_after)
                .collect();
            keep_least(&mut hot, limit, |key| *key);
            hot.into_iter().collect()
        };
        let from = begin.map(|begin| begin.saturating_add(1).to_be_bytes()).unwrap_or_default();
        self.shared.catalog.look(|set| {
            for table in &set.states {
                let mut scan = table.scan(&from, ScanMode::Cached);
                for _ in 0..limit {
                    if scan.advance(Waiting::Allowed)? != Moved::Row {
                        break;
                    }
                    let key = scan.key().try_into().map(ChatKey::from_be_bytes);
                    keys.extend(key.ok().filter(is_after));
                }
            }
            Ok(())
        })?;
        Ok(keys.into_iter().take(limit).collect())
    }

    /// The chats in which a consumer has a cursor, or is behind, as the class says; and the
    /// position up to which all of that was applied.
    fn chats_with(&self, consumer_id: &str, class: RowClass) -> Result<(u64, Vec<Found>)> {
        let name = self.shared.hashes.name(consumer_id.as_bytes());
        let mut found = Vec::new();
        let mut told: HashSet<ChatKey> = HashSet::new();
        let mut cold: BTreeSet<ChatKey> = BTreeSet::new();
        let (position, partials) = {
            let states = self.shared.states.read();
            for chat in states.chats_of(name) {
                told.insert(chat.key);
                found.extend(self.found(chat, (name, class), states.retention_now));
            }
            cold.extend(states.partials.joined_by(name));
            let few = states.partials.len() <= FEW_PARTIALS;
            let keys: Option<Vec<ChatKey>> = few.then(|| states.partials.keys().collect());
            (states.position, keys)
        };
        let listed = |class| self.shared.catalog.look(|set| inbox::chats_of(set, name, class));
        cold.extend(listed(class)?.into_iter().map(|(key, _)| key));
        // What replay left may have put any of its members behind.
        match partials {
            _ if class != RowClass::Behind => {}
            Some(keys) => {
                for key in keys {
                    let is_member = |set: &_| inbox::holds(set, name, RowClass::Member, key);
                    if self.shared.catalog.look(is_member)? {
                        cold.insert(key);
                    }
                }
            }
            None => {
                let members = listed(RowClass::Member)?;
                let states = self.shared.states.read();
                let keys = members.into_iter().map(|(key, _)| key);
                cold.extend(
                    keys.filter(|&key| states.partials.contains(key) || states.find(key).is_some()),
                );
            }
        }
        for key in cold.into_iter().filter(|key| !told.contains(key)) {
            let row = self.see(key, Waiting::Allowed, |Seen { chat, retention_now }| {
                self.found(chat?, (name, class), retention_now)
            })?;
            found.extend(row.flatten());
        }
        Ok((position, found))
    }

    /// The consumer's row of a chat, where it belongs in a list of this class.
    fn found(
        &self,
        chat: &ChatState,
        (name, class): (u64, RowClass),
        retention_now: u64,
    ) -> Option<Found> {
        let mut live = chat.cursors(&self.shared.options.retention, retention_now);
        let cursor = live.find(|cursor| cursor.name == name)?;
        if class == RowClass::Behind && !inbox::is_behind(chat, cursor) {
            return None;
        }
        Some(Found {
            key: chat.key,
            as_of: chat.as_of,
            closing: cursor.closing().is_some(),
            row: self.row(chat, Some(cursor), retention_now),
        })
    }

    fn row(&self, chat: &ChatState, cursor: Option<&Cursor>, retention_now: u64) -> ChatRow {
        let version = chat.members.as_ref().map_or(0, |members| members.marks_version);
        ChatRow {
            chat_id: chat.chat_id.to_string(),
            first_seq: self.floor(chat, retention_now),
            head_seq: chat.head,
            received: cursor.map_or(0, |cursor| cursor.received),
            last_seq: cursor.map_or(chat.head, |cursor| cursor.last_seq(chat.head)),
            join_seq: cursor.map_or(0, |cursor| cursor.join_seq),
            last_at: chat.last_at,
            marks: cursor.is_some_and(|cursor| version > cursor.marks_seen),
        }
    }

    /// All pages of `pending_page`.
    ///
    /// # Errors
    /// As `pending_page`.
    pub fn pending(&self, consumer_id: &str) -> Result<Vec<ChatRow>> {
        self.pending_page(consumer_id, None, usize::MAX).map(|page| page.rows)
    }

    /// All pages of `chats_of_page`, without chats it is leaving.
    ///
    /// # Errors
    /// As `chats_of_page`.
    pub fn chats_of(&self, consumer_id: &str) -> Result<Vec<ChatRow>> {
        self.chats_of_page(consumer_id, None, usize::MAX, false).map(|page| page.rows)
    }

    /// All pages of `chats_page`.
    ///
    /// # Errors
    /// As `chats_page`.
    pub fn chats(&self) -> Result<Vec<String>> {
        let page = self.chats_page(None, usize::MAX)?;
        Ok(page.rows.into_iter().map(|row| row.chat_id).collect())
    }
}

/// Least of the most recent.
fn recency(row: &ChatRow) -> (Reverse<u64>, &str) {
    (Reverse(row.last_at), &row.chat_id)
}

/// Keeps the `limit` least, in order, and says whether there were more.
fn keep_least<'a, T, K: Ord + 'a>(all: &mut Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> bool {
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
mod tests;
