//! Inbox tables: from a consumer to its chats, so that a device that comes back pays for what
//! changed and not for every chat it is in.
//!
//! Rows are keyed (consumer, class, chat). A *member* row says that the consumer has a cursor
//! there, and the chatId; a *behind* row that there was something it lacked when the chat was
//! sealed. Both only say where to look: the chat's state decides. A row whose reason has gone is
//! followed by one that says so, and `Cursor::listed` remembers which the tables have, so that
//! sealing a chat again writes nothing that is there already.

use std::collections::BTreeMap;

use crate::catalog::TableSet;
use crate::error::Result;
use crate::hash::{ChatKey, Hashes};
use crate::json::Line;
use crate::planted::{Bug, planted};
use crate::state::chat::ChatState;
use crate::state::cursor::Cursor;
use crate::table::{Found, Moved, Probe, Scan, ScanMode};
use crate::view::Waiting;

/// Bits of `Cursor::listed`.
pub(crate) mod listed {
    pub const BEHIND: u8 = 1;
    pub const MEMBER: u8 = 2;
}

/// What rows of a consumer say; the byte in their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowClass {
    Behind,
    Member,
}

impl RowClass {
    const ALL: [(Self, u8); 2] = [(Self::Behind, listed::BEHIND), (Self::Member, listed::MEMBER)];

    fn byte(self) -> u8 {
        match self {
            Self::Behind => 0,
            Self::Member => 1,
        }
    }
}

pub(crate) const KEY_BYTES: usize = 25;
const PREFIX_BYTES: usize = 9;

/// First byte of a row: whether what it says holds.
const HOLDS: u8 = 1;
const ENDED: u8 = 0;

fn prefix(name: u64, class: RowClass) -> [u8; PREFIX_BYTES] {
    let mut bytes = [0; PREFIX_BYTES];
    bytes[..8].copy_from_slice(&name.to_be_bytes());
    bytes[8] = class.byte();
    bytes
}

fn key(name: u64, class: RowClass, chat: ChatKey) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    bytes[..PREFIX_BYTES].copy_from_slice(&prefix(name, class));
    bytes[PREFIX_BYTES..].copy_from_slice(&chat.to_be_bytes());
    bytes
}

/// Whether there is something for a consumer to get: records, or marks of others.
pub(crate) fn is_behind(chat: &ChatState, cursor: &Cursor) -> bool {
    let version = chat.members.as_ref().map_or(0, |members| members.marks_version);
    cursor.last_seq(chat.head) > cursor.received || version > cursor.marks_seen
}

/// Which rows the tables must have of a cursor.
pub(crate) fn wanted(chat: &ChatState, cursor: &Cursor) -> u8 {
    listed::MEMBER | if is_behind(chat, cursor) { listed::BEHIND } else { 0 }
}

/// What sealing a chat changes: consumers, by name, and what the tables have of them afterwards.
pub(crate) fn changes(chat: &ChatState) -> Vec<(u64, u8, u8)> {
    let Some(members) = &chat.members else { return Vec::new() };
    let cursors = members.cursors.iter().map(|c| (c.name, c.listed, wanted(chat, c)));
    let gone = members.gone.iter().map(|&(name, listed)| (name, listed, 0));
    cursors.chain(gone).filter(|(_, before, after)| before != after).collect()
}

/// A row on its way to a table.
pub(crate) struct InboxRow {
    pub key: [u8; KEY_BYTES],
    pub value: Vec<u8>,
}

/// The rows that a change asks for.
pub(crate) fn rows(
    chat: &ChatState,
    (name, before, after): (u64, u8, u8),
    into: &mut Vec<InboxRow>,
) {
    for (class, bit) in RowClass::ALL {
        let is_lost = class == RowClass::Behind && planted(Bug::BehindRowLost);
        if (before ^ after) & bit == 0 || is_lost {
            continue;
        }
        let mut value = vec![if after & bit == 0 { ENDED } else { HOLDS }];
        if after & bit != 0 && class == RowClass::Member {
            value.extend_from_slice(chat.chat_id.as_bytes());
        }
        into.push(InboxRow { key: key(name, class, chat.key), value });
    }
}

/// A row in parts: name, class, chat, whether it holds, and the chatId of a member row that does.
pub(crate) struct ParsedRow<'a> {
    pub name: u64,
    pub class: RowClass,
    pub chat: ChatKey,
    pub holds: bool,
    pub chat_id: &'a [u8],
}

/// The row; `None` where it makes no sense.
pub(crate) fn parse<'a>(key: &[u8], value: &'a [u8]) -> Option<ParsedRow<'a>> {
    let (name, rest) = key.split_first_chunk::<8>()?;
    let (&class, chat) = rest.split_first()?;
    let class = RowClass::ALL.into_iter().find(|(of, _)| of.byte() == class)?.0;
    let (&holds, chat_id) = value.split_first()?;
    let fits =
        holds <= HOLDS && (class == RowClass::Member && holds == HOLDS) != chat_id.is_empty();
    let row = ParsedRow {
        name: u64::from_be_bytes(*name),
        class,
        chat: ChatKey::from_be_bytes(chat.try_into().ok()?),
        holds: holds == HOLDS,
        chat_id,
    };
    fits.then_some(row)
}

/// What a dump says of a row.
pub(crate) fn dump_fields(line: Line, row: &ParsedRow<'_>) -> Line {
    let class = match row.class {
        RowClass::Behind => "behind",
        RowClass::Member => "member",
    };
    let line = line
        .hex("consumer", &row.name.to_be_bytes())
        .text("class", class.as_bytes())
        .hex("chat", &row.chat.to_be_bytes())
        .truth("holds", row.holds);
    if row.chat_id.is_empty() { line } else { line.text("chatId", row.chat_id) }
}

/// Whether it has the form of a row, and its chatId the key that it lies under.
pub(crate) fn makes_sense(hashes: &Hashes, key: &[u8], value: &[u8]) -> bool {
    parse(key, value)
        .is_some_and(|row| row.chat_id.is_empty() || hashes.chat(row.chat_id) == row.chat)
}

/// Whether a row says that something has ended: it may go where nothing older lies below it.
pub(crate) fn has_ended(value: &[u8]) -> bool {
    value.first() != Some(&HOLDS)
}

/// Whether the newest row of a consumer's in a chat, if there is any, holds.
pub(crate) fn holds(set: &TableSet, name: u64, class: RowClass, chat: ChatKey) -> Result<bool> {
    let key = key(name, class, chat);
    for table in &set.inboxes {
        if let Found::Value(value) = table.get(&key, Waiting::Allowed)? {
            return Ok(!has_ended(&value));
        }
    }
    Ok(false)
}

/// The chats of a consumer by rows of a class, with what member rows say, in no order.
pub(crate) fn chats_of(
    set: &TableSet,
    name: u64,
    class: RowClass,
) -> Result<Vec<(ChatKey, Box<str>)>> {
    let prefix = prefix(name, class);
    let mut scans: Vec<Scan> = Vec::new();
    for table in &set.inboxes {
        if table.may_contain(&prefix, Waiting::Allowed)? == Probe::Possible {
            scans.push(table.scan(&key(name, class, 0), ScanMode::Cached));
        }
    }
    // Newest first: the first that says something of a chat is right.
    let mut said: BTreeMap<ChatKey, Option<Box<str>>> = BTreeMap::new();
    for scan in &mut scans {
        while scan.advance(Waiting::Allowed)? == Moved::Row {
            let Some(chat) = scan.key().strip_prefix(&prefix) else { break };
            let Ok(chat) = chat.try_into().map(ChatKey::from_be_bytes) else { break };
            let value = scan.value();
            let text =
                || std::str::from_utf8(value.get(1..).unwrap_or_default()).unwrap_or_default();
            said.entry(chat).or_insert_with(|| (!has_ended(value)).then(|| Box::from(text())));
        }
    }
    Ok(said.into_iter().filter_map(|(chat, id)| Some((chat, id?))).collect())
}
