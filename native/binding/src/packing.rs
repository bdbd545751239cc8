//! The bytes that answer JavaScript: records, cursors, pages of chats. Little-endian, unaligned;
//! numbers are f64, because that is what JavaScript has. `engine/unpacking.ts` is the other side.

use foq_log::{CursorView, Error, Gap, GapReason, Page, ReadResult, Record};

pub fn invalid(what: String) -> Error {
    Error::InvalidArgument { what }
}

/// Exact up to 2^53, which no counter of a store reaches.
pub fn number_of(value: u64) -> f64 {
    value as f64
}

/// Bytes before the records of one read.
const READ_HEADER_BYTES: usize = 40;
/// Bytes of one record before its sender id and payload.
const RECORD_HEADER_BYTES: usize = 24;

/// Packs what reads found, one after the other.
///
/// Each begins with a header: firstSeq, headSeq, first and last seq of the gap (f64 each; zeros for
/// none), count of records (u32), reason of the gap (u8: 0 none, 1 expired, 2 trimmed, 3 deleted,
/// 4 before join), 3 bytes of padding. Then each record: seq, at (f64), bytes of the payload (u32),
/// bytes of the sender id (u16), kind (u8), flags (u8: 1 pin, 2 deleted), sender id, payload.
pub fn pack_reads(reads: &[ReadResult]) -> Vec<u8> {
    let records = reads.iter().map(|read| records_bytes(&read.records) + READ_HEADER_BYTES);
    let mut out = Vec::with_capacity(records.sum());
    for read in reads {
        let (gap_from, gap_to, reason) = match &read.gap {
            None => (0, 0, 0),
            Some(Gap { from_seq, to_seq, reason }) => (*from_seq, *to_seq, reason_byte(*reason)),
        };
        numbers(&mut out, &[read.first_seq, read.head_seq, gap_from, gap_to]);
        let count = u32::try_from(read.records.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&[reason, 0, 0, 0]);
        for record in &read.records {
            pack_record(record, &mut out);
        }
    }
    out
}

/// Bytes that these records take.
pub fn records_bytes(records: &[Record]) -> usize {
    let ends = records.iter().map(|record| record.sender_id.len() + record.payload.len());
    ends.map(|bytes| bytes + RECORD_HEADER_BYTES).sum()
}

/// The lengths fit: the log refuses longer ones.
fn pack_record(record: &Record, out: &mut Vec<u8>) {
    let payload_bytes = u32::try_from(record.payload.len()).unwrap_or(u32::MAX);
    let sender_bytes = u16::try_from(record.sender_id.len()).unwrap_or(u16::MAX);
    numbers(out, &[record.seq, record.at]);
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

/// Packs cursors. Each: joinSeq, received, delivered, read, marksSeen (f64), closing (f64: 0, or 1
/// followed by leaveSeq), count of holes (f64), first and last seq of each hole (f64), consumer id
/// (u8 of its bytes, then they).
pub fn pack_cursors(cursors: &[CursorView]) -> Vec<u8> {
    let mut out = Vec::new();
    for cursor in cursors {
        let marks_seen = cursor.marks_seen.into();
        let marks = [cursor.received, cursor.delivered, cursor.read, marks_seen];
        numbers(&mut out, &[cursor.join_seq]);
        numbers(&mut out, &marks);
        match cursor.leave_seq {
            None => numbers(&mut out, &[0]),
            Some(seq) => numbers(&mut out, &[1, seq]),
        }
        numbers(&mut out, &[cursor.holes.len() as u64]);
        for (from, to) in &cursor.holes {
            numbers(&mut out, &[*from, *to]);
        }
        text(&mut out, &cursor.consumer_id);
    }
    out
}

/// Packs a page: first `next` as a text (u8 of its bytes, then they; empty at the end), then each
/// row: firstSeq, headSeq, received, lastSeq, joinSeq, lastAt, marks (f64; 0 or 1), chat id (as a
/// text).
pub fn pack_page(page: &Page) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, page.next.as_deref().unwrap_or_default());
    for row in &page.rows {
        let marks = u64::from(row.marks);
        numbers(&mut out, &[row.first_seq, row.head_seq, row.received, row.last_seq]);
        numbers(&mut out, &[row.join_seq, row.last_at, marks]);
        text(&mut out, &row.chat_id);
    }
    out
}

fn numbers(out: &mut Vec<u8>, values: &[u64]) {
    for value in values {
        out.extend_from_slice(&number_of(*value).to_le_bytes());
    }
}

/// No id has more than 255 bytes; a longer one would be cut off.
fn text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(bytes.iter().take(length.into()));
}
