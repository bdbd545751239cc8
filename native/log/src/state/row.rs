//! A chat state as the row of a state table; see FORMAT.md, "State rows".
//!
//! Invariant: what is decoded is what was encoded, but for the places of records: those of sealed
//! records are in segments, and those of others are put back by replay.

use std::sync::Arc;

use super::age::AgeMarks;
use super::chat::{ChatState, Cold, Pinned};
use super::cursor::{Closing, Cursor, Members};
use super::dedup::{Remembered, Rings};
use super::quota::Quota;
use crate::format::effect::DedupHashes;
use crate::hash::{ChatKey, Hashes};
use crate::inbox;
use crate::ops::ChatOptions;
use crate::options::Keep;
use crate::planted::{Bug, planted};
use crate::varint::{RowReader, put_bytes, put_varint};
use crate::view::GapReason;

/// First byte of every row, so that a later form can be told apart.
const FORM: u8 = 1;

const HAS_MEMBERS: u8 = 1;
const HAS_COLD: u8 = 2;

/// Bits of `Configure` overrides that are present.
const HAS_MAX_AGE: u8 = 1;
const HAS_KEEP_AT_LEAST: u8 = 2;
const HAS_MAX_BYTES: u8 = 4;

/// Appends the row of a chat whose floor is `floor` by now.
pub(crate) fn encode(into: &mut Vec<u8>, chat: &ChatState, floor: u64) {
    let members = chat.members.as_deref();
    let cold = chat.cold();
    let flags = u8::from(members.is_some()) * HAS_MEMBERS + u8::from(cold.is_some()) * HAS_COLD;
    into.extend_from_slice(&[FORM, flags]);
    put_bytes(into, chat.chat_id.as_bytes());
    put_varint(into, chat.as_of + u64::from(planted(Bug::RowAheadOfItsState)));
    put_varint(into, chat.head);
    put_varint(into, (chat.head + 1).saturating_sub(floor));
    put_varint(into, chat.last_at);
    chat.ages.encode(into, floor);
    if let Some(members) = members {
        encode_members(into, chat, members);
    }
    if let Some(cold) = cold {
        let reason = if floor > chat.floor { Some(GapReason::Expired) } else { cold.floor_reason };
        into.push(reason.map_or(0, GapReason::number));
        encode_cold(into, cold, floor);
    }
}

/// The state in a row; `None` when the row makes no sense.
pub(crate) fn decode(key: ChatKey, hashes: &Hashes, row: &[u8]) -> Option<ChatState> {
    let mut from = RowReader::new(row);
    let form = from.byte()?;
    let flags = from.byte()?;
    let chat_id = from.text()?;
    if form != FORM || hashes.chat(chat_id.as_bytes()) != key {
        return None;
    }
    let mut chat = ChatState::new(key, chat_id);
    chat.as_of = from.varint()?;
    chat.head = from.varint()?;
    chat.floor = chat.head.checked_add(1)?.checked_sub(from.varint()?)?;
    chat.last_at = from.varint()?;
    chat.ages = AgeMarks::decode(&mut from)?;
    if flags & HAS_MEMBERS != 0 {
        chat.members = Some(Box::new(decode_members(&mut from, hashes)?));
    }
    if flags & HAS_COLD != 0 {
        chat.set_cold(decode_cold(&mut from)?);
    }
    from.is_at_end().then_some(chat)
}

/// Which rows the inbox tables have of a cursor is said as it will be: they are written along with
/// this row, and with it those of consumers that are gone end.
fn encode_members(into: &mut Vec<u8>, chat: &ChatState, members: &Members) {
    put_varint(into, members.roster);
    put_varint(into, u64::from(members.marks_version));
    put_varint(into, members.cursors.len() as u64);
    for cursor in &members.cursors {
        put_bytes(into, cursor.consumer_id.as_bytes());
        put_varint(into, u64::from(cursor.seat));
        into.push(inbox::wanted(chat, cursor) << 1 | u8::from(cursor.closing().is_some()));
        for value in [cursor.join_seq, cursor.received, cursor.delivered(), cursor.read] {
            put_varint(into, value);
        }
        put_varint(into, u64::from(cursor.marks_seen));
        if let Some(closing) = cursor.closing() {
            put_varint(into, closing.leave_seq);
            put_varint(into, closing.at);
        }
        put_ranges(into, cursor.holes());
    }
}

fn decode_members(from: &mut RowReader<'_>, hashes: &Hashes) -> Option<Members> {
    let mut members =
        Members { roster: from.varint()?, marks_version: from.small()?, ..Members::default() };
    for _ in 0..from.count()? {
        let consumer_id = from.text()?;
        let seat = from.small()?;
        let bits = from.byte()?;
        let [join_seq, received, delivered, read] =
            [from.varint()?, from.varint()?, from.varint()?, from.varint()?];
        let marks_seen = from.small()?;
        let closing = match bits & 1 {
            0 => None,
            _ => Some(Closing { leave_seq: from.varint()?, at: from.varint()? }),
        };
        let name = hashes.name(consumer_id.as_bytes());
        let mut cursor = Cursor::new(Arc::new(Box::from(consumer_id)), name, seat);
        (cursor.listed, cursor.marks_seen, cursor.join_seq) = (bits >> 1, marks_seen, join_seq);
        (cursor.received, cursor.read) = (received, read);
        cursor.set_delivered(delivered);
        cursor.set_closing(closing);
        cursor.set_holes(take_ranges(from)?);
        members.push(cursor);
    }
    Some(members)
}

fn encode_cold(into: &mut Vec<u8>, cold: &Cold, floor: u64) {
    let options = &cold.options;
    put_varint(into, cold.guard);
    let present = u8::from(options.max_age_ms.is_some()) * HAS_MAX_AGE
        + u8::from(options.keep_at_least_ms.is_some()) * HAS_KEEP_AT_LEAST
        + u8::from(options.max_bytes.is_some()) * HAS_MAX_BYTES;
    into.extend_from_slice(&[present, options.keep.map_or(0, Keep::byte)]);
    for value in [options.max_age_ms, options.keep_at_least_ms, options.max_bytes] {
        value.into_iter().for_each(|value| put_varint(into, value));
    }
    let pinned = cold.pinned.as_ref();
    put_varint(into, pinned.map_or(0, |pinned| pinned.seq));
    into.push(u8::from(pinned.is_some_and(|pinned| pinned.deleted)));
    let mut deleted: Vec<(u64, u64)> =
        cold.deleted.iter().copied().filter(|&(_, to)| to >= floor).collect();
    if planted(Bug::DeletedRangeLostOnEviction) {
        deleted.clear();
    }
    put_ranges(into, &deleted);
    let ring_count = if planted(Bug::RingsLostAtSeal) { 0 } else { cold.rings.iterate().count() };
    put_varint(into, ring_count as u64);
    for ring in cold.rings.iterate().take(ring_count) {
        into.extend_from_slice(&ring.sender.to_le_bytes());
        put_varint(into, ring.appends.len() as u64);
        for append in &ring.appends {
            into.extend_from_slice(&append.hashes.key.to_le_bytes());
            into.extend_from_slice(&append.hashes.payload.to_le_bytes());
            put_varint(into, append.seq);
            put_varint(into, append.at);
        }
    }
    let mut quota = Vec::new();
    cold.quota.iter().for_each(|held| held.encode(&mut quota));
    put_bytes(into, &quota);
}

fn decode_cold(from: &mut RowReader<'_>) -> Option<Cold> {
    let floor_reason = match from.byte()? {
        0 => None,
        byte => Some(GapReason::of_number(byte)?),
    };
    let guard = from.varint()?;
    let (present, keep) = (from.byte()?, from.byte()?);
    let mut number = |bit: u8| match present & bit {
        0 => Some(None),
        _ => from.varint().map(Some),
    };
    let options = ChatOptions {
        keep: Keep::from_byte(keep),
        max_age_ms: number(HAS_MAX_AGE)?,
        keep_at_least_ms: number(HAS_KEEP_AT_LEAST)?,
        max_bytes: number(HAS_MAX_BYTES)?,
    };
    let (seq, deleted) = (from.varint()?, from.byte()? != 0);
    let pinned = (seq > 0).then_some(Pinned { seq, pointer: None, deleted });
    let deleted = take_ranges(from)?;
    let mut rings = Rings::default();
    for _ in 0..from.count()? {
        let sender = u64::from_le_bytes(from.fixed()?);
        for _ in 0..from.count()? {
            let key = u64::from_le_bytes(from.fixed()?);
            let hashes = DedupHashes { key, payload: u32::from_le_bytes(from.fixed()?) };
            let append = Remembered { hashes, seq: from.varint()?, at: from.varint()? };
            rings.remember(sender, append, usize::MAX);
        }
    }
    let quota = match from.bytes()? {
        [] => None,
        bytes => Some(Box::new(Quota::decode(bytes)?.0)),
    };
    Some(Cold { floor_reason, guard, rings, pinned, deleted, options, quota })
}

fn put_ranges(into: &mut Vec<u8>, ranges: &[(u64, u64)]) {
    put_varint(into, ranges.len() as u64);
    for &(from_seq, to_seq) in ranges {
        put_varint(into, from_seq);
        put_varint(into, to_seq - from_seq);
    }
}

fn take_ranges(from: &mut RowReader<'_>) -> Option<Vec<(u64, u64)>> {
    let mut ranges = Vec::new();
    for _ in 0..from.count()? {
        let from_seq = from.varint()?;
        ranges.push((from_seq, from_seq.checked_add(from.varint()?)?));
    }
    Some(ranges)
}
