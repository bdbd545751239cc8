//! Verifies that the parts of a store agree: from the floor of a chat to its head each seq lies in
//! one place, and consumers are found by the rows that their chats' states name.
//!
//! What is missing below the first record that is there is no damage: a floor rises by age and by
//! what was received, and which ages hold is said by whoever opens the store. The pinned record
//! outlives the floor, and is not that first one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Report;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::inbox::{self, InboxRow};
use crate::open;
use crate::options::Options;
use crate::reader::Reader;
use crate::state::chat::ChatState;
use crate::table::{Found, Moved, Scan, ScanMode, Table};
use crate::view::Waiting;

/// Findings about chats that are told: what is wrong with one is mostly wrong with all.
const ERRORS_MAX: usize = 100;

/// Goes through all chats in the order of their keys, with all tables side by side.
pub(super) fn check(env: &Env, report: &mut Report) -> Result<()> {
    let options = Options { read_only: true, create: false, ..Options::default() };
    let shared = Arc::new(open::open(env, &options)?.shared);
    let reader = Reader { shared };
    let shared = &reader.shared;
    let set = shared.catalog.set();
    let mut rows = SideBySide::new(&set.states)?;
    let mut records = SideBySide::new(&set.segments)?;
    let mut in_journal: BTreeSet<ChatKey> = {
        let states = shared.states.read();
        states.partials.keys().chain(states.iterate().map(|chat| chat.key)).collect()
    };
    let mut seqs = Vec::new();
    while report.errors.len() < ERRORS_MAX {
        let keys = [rows.least(), records.least(), in_journal.first().copied()];
        let Some(key) = keys.into_iter().flatten().min() else { break };
        seqs.clear();
        rows.pass(key, &mut |_| {})?;
        records.pass(key, &mut |rest| seqs.push(seq_of(rest)))?;
        in_journal.remove(&key);
        seqs.sort_unstable();
        let look = |seen: crate::seen::Seen<'_>| {
            let Some(chat) = seen.chat else {
                return (
                    Some("records of a chat lie in segments that has no state".into()),
                    vec![],
                );
            };
            (disagreement(chat, &seqs), wanted(chat))
        };
        let Some((found, wanted)) = reader.see(key, Waiting::Allowed, look)? else { continue };
        report.chats += 1;
        if let Some(what) = found {
            report.errors.push(Error::corrupt("segments", 0..0, what));
        }
        for row in wanted {
            if !holds(&set.inboxes, &row)? {
                let what = "a consumer of a chat lacks an inbox row";
                report.errors.push(Error::corrupt("inbox", 0..0, what));
            }
        }
    }
    Ok(())
}

fn seq_of(rest: &[u8]) -> u64 {
    rest.try_into().map_or(0, u64::from_be_bytes)
}

/// What is wrong with where the records of a chat lie.
fn disagreement(chat: &ChatState, sealed: &[u64]) -> Option<String> {
    let about = |what: String| Some(format!("chat {:?}: {what}", chat.chat_id));
    if let Some(seq) = sealed.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(one),
        _ => None,
    }) {
        return about(format!("seq {seq} lies in two segments"));
    }
    let journal = chat.records_from()..=chat.head;
    let above = sealed.iter().copied().filter(|&seq| seq >= chat.floor);
    let mut seqs = above.chain(journal.filter(|&seq| seq >= chat.floor)).peekable();
    // The pinned record outlives those around it: it says nothing of them.
    let pinned = chat.cold().and_then(|cold| cold.pinned).map(|pinned| pinned.seq);
    if pinned.is_some() && seqs.peek().copied() == pinned {
        seqs.next();
    }
    let mut next = None;
    for seq in seqs {
        match next {
            Some(next) if seq > next => {
                return about(format!("seqs {next} to {} are missing", seq - 1));
            }
            Some(next) if seq < next => return about(format!("seq {seq} lies in two places")),
            _ => next = Some(seq + 1),
        }
    }
    match next {
        Some(next) if next <= chat.head => {
            about(format!("seqs {next} to {} are missing", chat.head))
        }
        Some(next) if next > chat.head + 1 => {
            about(format!("seq {} lies above the head {}", next - 1, chat.head))
        }
        _ => None,
    }
}

/// The rows that inbox tables must have of a chat.
fn wanted(chat: &ChatState) -> Vec<InboxRow> {
    let mut wanted = Vec::new();
    for cursor in chat.members.iter().flat_map(|members| &members.cursors) {
        inbox::rows(chat, (cursor.name, 0, cursor.listed), &mut wanted);
    }
    wanted
}

/// Whether the newest row of its key says the same.
fn holds(inboxes: &[Arc<Table>], row: &InboxRow) -> Result<bool> {
    for table in inboxes {
        if let Found::Value(value) = table.get(&row.key, Waiting::Allowed)? {
            return Ok(*value == *row.value);
        }
    }
    Ok(false)
}

/// Tables whose keys begin with a chat's, each at its next row.
struct SideBySide {
    scans: Vec<Scan>,
}

impl SideBySide {
    fn new(tables: &[Arc<Table>]) -> Result<Self> {
        let mut scans = Vec::new();
        for table in tables {
            let mut scan = table.scan(&[], ScanMode::Cached);
            if scan.advance(Waiting::Allowed)? == Moved::Row {
                scans.push(scan);
            }
        }
        Ok(Self { scans })
    }

    /// The least chat that has a row.
    fn least(&self) -> Option<ChatKey> {
        self.scans.iter().filter_map(|scan| chat_of(scan.key())).min()
    }

    /// Goes past the rows of a chat; shows the rest of each key.
    fn pass(&mut self, key: ChatKey, see: &mut dyn FnMut(&[u8])) -> Result<()> {
        let prefix = key.to_be_bytes();
        let mut at = 0;
        while let Some(scan) = self.scans.get_mut(at) {
            let mut moved = Moved::Row;
            while let (Moved::Row, Some(rest)) = (moved, scan.key().strip_prefix(&prefix)) {
                see(rest);
                moved = scan.advance(Waiting::Allowed)?;
            }
            if moved == Moved::Row {
                at += 1;
            } else {
                self.scans.swap_remove(at);
            }
        }
        Ok(())
    }
}

fn chat_of(key: &[u8]) -> Option<ChatKey> {
    key.first_chunk().map(|bytes| ChatKey::from_be_bytes(*bytes))
}
