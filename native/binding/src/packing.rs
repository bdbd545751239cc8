//! The bytes that cross the boundary: operations in, records out. Little-endian, unaligned.
//!
//! `engine/native.ts` writes the first and reads the second; nothing of this reaches a disk.

use foq_log::{Append, Error, GapReason, Operation, ReadResult, Record, Result, Sender};

/// Header of one packed append; the chat id, the sender id and the payload follow it.
mod append {
    pub const OPERATION: u8 = 1;
    /// u8: `OPERATION`.
    pub const TAG: usize = 0;
    /// u8: the caller's byte.
    pub const KIND: usize = 1;
    /// u8: bytes of the chat id.
    pub const CHAT_BYTES: usize = 2;
    /// u8: bytes of the sender id; 0 names nobody.
    pub const SENDER_BYTES: usize = 3;
    /// u32: bytes of the payload.
    pub const PAYLOAD_BYTES: std::ops::Range<usize> = 4..8;
    pub const SIZE: usize = 8;
}

/// Calls `each` for every operation packed in `bytes`; says how many there were.
pub fn unpack(bytes: &[u8], mut each: impl FnMut(&Operation<'_>) -> Result<()>) -> Result<u32> {
    let mut rest = bytes;
    let mut count = 0;
    while !rest.is_empty() {
        let (header, after) = rest.split_at_checked(append::SIZE).ok_or_else(cut)?;
        let at = |place: usize| header.get(place).copied().unwrap_or_default();
        if at(append::TAG) != append::OPERATION {
            return Err(invalid(format!("no operation has the tag {}", at(append::TAG))));
        }
        let payload_bytes = header.get(append::PAYLOAD_BYTES).ok_or_else(cut)?;
        let payload_bytes = u32::from_le_bytes(payload_bytes.try_into().map_err(|_| cut())?);
        let (chat_id, after) = text(after, at(append::CHAT_BYTES), "chatId")?;
        let (sender_id, after) = text(after, at(append::SENDER_BYTES), "senderId")?;
        let (payload, after) = after.split_at_checked(payload_bytes as usize).ok_or_else(cut)?;
        let sender = if sender_id.is_empty() { Sender::None } else { Sender::Id(sender_id) };
        let kind = at(append::KIND);
        each(&Operation::Append(Append { sender, kind, ..Append::new(chat_id, payload) }))?;
        count += 1;
        rest = after;
    }
    Ok(count)
}

fn text<'a>(bytes: &'a [u8], length: u8, what: &str) -> Result<(&'a str, &'a [u8])> {
    let (text, after) = bytes.split_at_checked(length.into()).ok_or_else(cut)?;
    let text = std::str::from_utf8(text).map_err(|_| invalid(format!("{what} is not UTF-8")))?;
    Ok((text, after))
}

fn cut() -> Error {
    invalid(String::from("the packed operations end in the middle of one"))
}

pub fn invalid(what: String) -> Error {
    Error::InvalidArgument { what }
}

/// Bytes before the first record of a packed read.
const READ_HEADER_BYTES: usize = 40;
/// Bytes of one record before its sender id and payload.
const RECORD_HEADER_BYTES: usize = 24;

/// Packs what a read found. Numbers are f64, because that is what JavaScript has.
///
/// A header: firstSeq, headSeq, first and last seq of the gap (f64 each; zeros for none), reason of
/// the gap (u8: 0 none, 1 expired, 2 trimmed, 3 deleted, 4 before join), 7 bytes of padding. Then
/// each record: seq, at (f64), bytes of the payload (u32), bytes of the sender id (u16), kind (u8),
/// flags (u8: 1 pin, 2 deleted), sender id, payload.
pub fn pack_read(read: &ReadResult) -> Vec<u8> {
    let ends = read.records.iter().map(|record| record.sender_id.len() + record.payload.len());
    let records_bytes = ends.map(|bytes| bytes + RECORD_HEADER_BYTES).sum::<usize>();
    let mut out = Vec::with_capacity(READ_HEADER_BYTES + records_bytes);
    let (gap_from, gap_to, reason) = match &read.gap {
        None => (0, 0, 0),
        Some(gap) => (gap.from_seq, gap.to_seq, reason_byte(gap.reason)),
    };
    for number in [read.first_seq, read.head_seq, gap_from, gap_to] {
        out.extend_from_slice(&number_of(number).to_le_bytes());
    }
    out.extend_from_slice(&[reason, 0, 0, 0, 0, 0, 0, 0]);
    for record in &read.records {
        pack_record(record, &mut out);
    }
    out
}

/// The lengths fit: the log refuses longer ones.
fn pack_record(record: &Record, out: &mut Vec<u8>) {
    let payload_bytes = u32::try_from(record.payload.len()).unwrap_or(u32::MAX);
    let sender_bytes = u16::try_from(record.sender_id.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&number_of(record.seq).to_le_bytes());
    out.extend_from_slice(&number_of(record.at).to_le_bytes());
    out.extend_from_slice(&payload_bytes.to_le_bytes());
    out.extend_from_slice(&sender_bytes.to_le_bytes());
    out.extend_from_slice(&[record.kind, u8::from(record.pin) | (u8::from(record.deleted) << 1)]);
    out.extend_from_slice(record.sender_id.as_bytes());
    out.extend_from_slice(&record.payload);
}

fn reason_byte(reason: GapReason) -> u8 {
    match reason {
        GapReason::Expired => 1,
        GapReason::Trimmed => 2,
        GapReason::Deleted => 3,
        GapReason::BeforeJoin => 4,
    }
}

/// Exact up to 2^53, which no counter of a store reaches.
pub fn number_of(value: u64) -> f64 {
    value as f64
}
