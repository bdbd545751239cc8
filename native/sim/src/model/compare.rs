//! What readers see against what they should: the cheap things first, so that a round that is not
//! the one recovered is told apart by its heads.
//!
//! A difference is told as: promise, chat, seq or consumer, expected, seen.

use std::collections::BTreeSet;
use std::fmt::Debug;

use foq_log::{ChatRow, CursorView, Error, Gap, Head, ReadFrom, ReadResult, Reader, Retention};

use super::chat::{Chat, Chats};

const NO_LIMIT: usize = usize::MAX;
/// Rows of a first page, so that many lists have two.
const PAGE_ROWS: usize = 2;
/// Records asked for by the reads that look at the end of a chat.
const LAST_RECORDS: usize = 2;

/// The world as readers should see it after some round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation<'a> {
    pub chats: &'a Chats,
    /// Consumers that ever were in any chat.
    pub consumers: &'a BTreeSet<String>,
    pub store: &'a Retention,
    pub now: u64,
}

type Check = Result<(), String>;

/// Whether readers see exactly this.
pub(super) fn check(reader: &Reader, expected: &Expectation<'_>) -> Check {
    heads(reader, expected)?;
    for (id, chat) in expected.chats {
        records(reader, id, chat, expected)?;
        ends(reader, id, chat, expected)?;
        cursors(reader, id, chat, expected)?;
    }
    for consumer in expected.consumers {
        rows(reader, consumer, expected)?;
    }
    Ok(())
}

/// The same, each look by itself: where one finds damage the others must yet be right.
pub(super) fn check_each(reader: &Reader, expected: &Expectation<'_>) -> Vec<Check> {
    let mut checks = vec![list(reader, expected)];
    for (id, chat) in expected.chats {
        checks.push(head(reader, id, chat, expected));
        checks.push(records(reader, id, chat, expected));
        checks.push(ends(reader, id, chat, expected));
        checks.push(cursors(reader, id, chat, expected));
    }
    checks.extend(expected.consumers.iter().map(|consumer| rows(reader, consumer, expected)));
    checks
}

/// The set of chats, and where each stands.
pub(super) fn heads(reader: &Reader, expected: &Expectation<'_>) -> Check {
    expected.chats.iter().try_for_each(|(id, chat)| head(reader, id, chat, expected))?;
    list(reader, expected)
}

fn head(reader: &Reader, id: &str, chat: &Chat, expected: &Expectation<'_>) -> Check {
    let head = chat.head_view(expected.store, expected.now);
    let seen = reader.head(id).map_err(|error| format!("I1: chat {id}: {error}"))?;
    if head == seen {
        return Ok(());
    }
    Err(format!("{}: chat {id}: expected {head:?}, seen {seen:?}", why(&head, &seen)))
}

fn list(reader: &Reader, expected: &Expectation<'_>) -> Check {
    let mut seen = reader.chats().map_err(|error| format!("I1: chats: {error}"))?;
    seen.sort_unstable();
    let untouched = |id: &String| expected.chats.get(id).is_some_and(|chat| chat.never_seen());
    let wanted: Vec<&String> = expected.chats.keys().filter(|id| !untouched(id)).collect();
    let seen: Vec<&String> = seen.iter().filter(|id| !untouched(id)).collect();
    same("I1", "chats of the store", &wanted, &seen)
}

fn why(expected: &Head, seen: &Head) -> &'static str {
    if seen.head_seq != expected.head_seq {
        return if seen.head_seq < expected.head_seq { "I1" } else { "I7" };
    }
    if seen.first_seq != expected.first_seq {
        return if seen.first_seq < expected.first_seq { "I21" } else { "I18" };
    }
    if seen.marks_version != expected.marks_version { "I15" } else { "I8" }
}

/// All records, what lies below them, and the pinned one.
fn records(reader: &Reader, id: &str, chat: &Chat, expected: &Expectation<'_>) -> Check {
    let seen = read(reader, id, ReadFrom::Seq(1), NO_LIMIT)?;
    let wanted = reading(chat, expected, 1, NO_LIMIT);
    if seen != wanted {
        return Err(difference(id, &wanted, &seen));
    }
    let seen = reader.pinned(id).map_err(|error| format!("I1: chat {id} pinned: {error}"))?;
    same("I18", &format!("chat {id} pinned"), &chat.pinned_view(), &seen)
}

/// The reads at the end of the chat: newest records, those before them, and beyond the head.
fn ends(reader: &Reader, id: &str, chat: &Chat, expected: &Expectation<'_>) -> Check {
    let count = LAST_RECORDS as u64;
    let from = (chat.head + 1).saturating_sub(count).max(1);
    let mut wanted = reading(chat, expected, from, LAST_RECORDS);
    let gap = wanted.gap.take();
    let seen = read(reader, id, ReadFrom::Last, LAST_RECORDS)?;
    same("I9", &format!("chat {id} last {LAST_RECORDS}"), &wanted, &seen)?;
    // Asked for what lies before the end, the same records come with the gap below them.
    wanted.gap = gap.filter(|_| chat.head > 0);
    let before = chat.head + 1;
    let seen = read(reader, id, ReadFrom::Before(before), LAST_RECORDS)?;
    same("I13", &format!("chat {id} {LAST_RECORDS} before {before}"), &wanted, &seen)?;
    match reader.read(id, ReadFrom::Seq(chat.head + 2), 1, NO_LIMIT) {
        Err(Error::SeqOutOfRange { head_seq }) if head_seq == chat.head => Ok(()),
        seen => Err(format!("I7: chat {id} read beyond the head {}: seen {seen:?}", chat.head)),
    }
}

fn read(reader: &Reader, id: &str, from: ReadFrom, limit: usize) -> Result<ReadResult, String> {
    reader
        .read(id, from, limit, NO_LIMIT)
        .map_err(|error| format!("I1: chat {id} read {from:?}: {error}"))
}

/// A read from `from` (at least 1) upwards, as it should be.
fn reading(chat: &Chat, expected: &Expectation<'_>, from: u64, limit: usize) -> ReadResult {
    let (floor, reason) = super::floor::floor(chat, expected.store, expected.now);
    let asked_to = from.saturating_add(limit as u64 - 1).min(chat.head);
    let below = from..floor.min(asked_to.saturating_add(1)).max(from);
    let gap = (!below.is_empty()).then(|| Gap { from_seq: from, to_seq: floor - 1, reason });
    let first = from.max(floor);
    let records =
        chat.records.range(first..).take(limit).map(|(&seq, kept)| chat.record_view(seq, kept));
    ReadResult { records: records.collect(), first_seq: floor, head_seq: chat.head, gap }
}

fn difference(id: &str, wanted: &ReadResult, seen: &ReadResult) -> String {
    if wanted.gap != seen.gap {
        return format!("I13: chat {id} gap: expected {:?}, seen {:?}", wanted.gap, seen.gap);
    }
    for (index, expected) in wanted.records.iter().enumerate() {
        let Some(record) = seen.records.get(index) else {
            return format!(
                "I1: chat {id} seq {}: expected {expected:?}, seen nothing",
                expected.seq
            );
        };
        if record == expected {
            continue;
        }
        let promise = match () {
            () if record.seq != expected.seq => "I2",
            () if record.deleted != expected.deleted => "I18",
            () if record.payload != expected.payload => "I9",
            () => "I3",
        };
        let seq = expected.seq;
        return format!("{promise}: chat {id} seq {seq}: expected {expected:?}, seen {record:?}");
    }
    match seen.records.get(wanted.records.len()) {
        Some(extra) => format!("I6: chat {id} seq {}: expected nothing, seen {extra:?}", extra.seq),
        None => format!(
            "I2: chat {id}: expected first {} head {}, seen first {} head {}",
            wanted.first_seq, wanted.head_seq, seen.first_seq, seen.head_seq
        ),
    }
}

fn cursors(reader: &Reader, id: &str, chat: &Chat, expected: &Expectation<'_>) -> Check {
    let mut seen =
        reader.cursors(id).map_err(|error| format!("I16: chat {id} cursors: {error}"))?;
    seen.sort_unstable_by(|left, right| left.consumer_id.cmp(&right.consumer_id));
    let wanted = chat.cursor_views(expected.store, expected.now);
    if wanted == seen {
        return Ok(());
    }
    let ids = |views: &[CursorView]| -> Vec<String> {
        views.iter().map(|view| view.consumer_id.clone()).collect()
    };
    same("I16", &format!("chat {id} cursors"), &ids(&wanted), &ids(&seen))?;
    let differing = wanted.iter().zip(&seen).find(|(wanted, seen)| wanted != seen);
    let Some((wanted, seen)) = differing else { return Ok(()) };
    let marks = |view: &CursorView| [view.received, view.delivered, view.read];
    let promise = match () {
        () if marks(seen).iter().zip(marks(wanted)).any(|(seen, wanted)| *seen > wanted) => "I12",
        () if marks(seen) != marks(wanted) => "I11",
        () if seen.leave_seq != wanted.leave_seq => "I17",
        () => "I16",
    };
    same(promise, &format!("chat {id} cursor of {}", wanted.consumer_id), wanted, seen)
}

fn rows(reader: &Reader, consumer: &str, expected: &Expectation<'_>) -> Check {
    let mut pending: Vec<ChatRow> = Vec::new();
    let mut joined: Vec<ChatRow> = Vec::new();
    for (id, chat) in expected.chats {
        let Some(cursor) = chat.cursor(consumer, expected.store, expected.now) else { continue };
        let row = chat.row(id, cursor, expected.store, expected.now);
        if cursor.limit(chat.head) > cursor.received || row.marks {
            pending.push(row.clone());
        }
        if cursor.closing.is_none() {
            joined.push(row);
        }
    }
    pending.sort_by(|left, right| {
        right.last_at.cmp(&left.last_at).then_with(|| left.chat_id.cmp(&right.chat_id))
    });
    let failed = |error| format!("I53: a list of {consumer}: {error}");
    let all = reader.pending(consumer).map_err(failed)?;
    same("I53", &format!("pending of {consumer}"), &pending, &all)?;
    let first = reader.pending_page(consumer, None, PAGE_ROWS);
    let first = first.map_err(|error| format!("I53: a page of {consumer}: {error}"))?;
    let rest = match &first.next {
        Some(next) => reader.pending_page(consumer, Some(next), NO_LIMIT).map(|page| page.rows),
        None => Ok(Vec::new()),
    };
    let rest = rest.map_err(|error| format!("I53: a page of {consumer}: {error}"))?;
    let pages = [first.rows, rest].concat();
    same("I53", &format!("pages of what is pending of {consumer}"), &pending, &pages)?;
    let all = reader.chats_of(consumer).map_err(failed)?;
    same("I16", &format!("chats of {consumer}"), &joined, &all)
}

fn same<T: PartialEq + Debug>(promise: &str, what: &str, wanted: &T, seen: &T) -> Check {
    if wanted == seen {
        return Ok(());
    }
    Err(format!("{promise}: {what}: expected {wanted:?}, seen {seen:?}"))
}
