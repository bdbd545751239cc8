//! The bytes that answer JavaScript: records, cursors, pages of chats, news. Little-endian, unaligned;
//! numbers are f64, because that is what JavaScript has. `engine/unpacking.ts` is the other side.

use foq_log::{CursorView, Error, Gap, NewsPage, Page, ReadPart, Record, RecordView};

pub fn invalid(what: String) -> Error {
    Error::InvalidArgument { what }
}

/// Exact up to 2^53, which no counter of a store reaches.
pub fn number_of(value: u64) -> f64 {
    value as f64
}

/// What is said of one read besides its records.
const READ_HEADER_BYTES: usize = 40;
/// Bytes of one record before its sender id and payload.
const RECORD_HEADER_BYTES: usize = 24;

/// Bytes of the answer to some reads, before their records.
pub fn reads_header(reads: usize) -> Vec<u8> {
    vec![0; reads * READ_HEADER_BYTES]
}

/// Fills in the headers of an answer: for each read firstSeq, headSeq, first and last seq of the
/// gap (f64 each; zeros for none), count of records (u32), reason of the gap (u8: 0 none, 1 expired,
/// 2 trimmed, 3 deleted, 4 before join, 5 quota), 3 bytes of padding. All records follow.
pub fn pack_parts(out: &mut [u8], parts: &[ReadPart]) {
    for (place, part) in out.chunks_exact_mut(READ_HEADER_BYTES).zip(parts) {
        let mut header = Vec::with_capacity(READ_HEADER_BYTES);
        let (gap_from, gap_to, reason) = match &part.gap {
            None => (0, 0, 0),
            Some(Gap { from_seq, to_seq, reason }) => (*from_seq, *to_seq, reason.number()),
        };
        numbers(&mut header, &[part.first_seq, part.head_seq, gap_from, gap_to]);
        let count = u32::try_from(part.count).unwrap_or(u32::MAX);
        header.extend_from_slice(&count.to_le_bytes());
        header.extend_from_slice(&[reason, 0, 0, 0]);
        place.copy_from_slice(&header);
    }
}

/// Packs a record: seq, at (f64), bytes of the payload (u32), bytes of the sender id (u16), kind
/// (u8), flags (u8: 1 pin, 2 deleted), sender id, payload. The lengths fit: the log refuses longer.
pub fn pack_record(out: &mut Vec<u8>, record: &RecordView<'_>) {
    let RecordView { sender_id, payload, .. } = record;
    out.reserve(RECORD_HEADER_BYTES + sender_id.len() + payload.len());
    let payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let sender_bytes = u16::try_from(sender_id.len()).unwrap_or(u16::MAX);
    numbers(out, &[record.seq, record.at]);
    out.extend_from_slice(&payload_bytes.to_le_bytes());
    out.extend_from_slice(&sender_bytes.to_le_bytes());
    out.extend_from_slice(&[record.kind, u8::from(record.pin) | (u8::from(record.deleted) << 1)]);
    out.extend_from_slice(sender_id);
    out.extend_from_slice(payload);
}

/// Packs one record, or none, as the answer to one read.
pub fn pack_pinned(record: Option<&Record>) -> Vec<u8> {
    let mut out = reads_header(1);
    if let Some(record) = record {
        pack_parts(&mut out, &[ReadPart { count: 1, ..ReadPart::default() }]);
        let Record { seq, at, kind, pin, deleted, sender_id, payload } = record;
        let (seq, at, kind, pin, deleted) = (*seq, *at, *kind, *pin, *deleted);
        let (sender_id, payload) = (sender_id.as_bytes(), payload.as_slice());
        pack_record(&mut out, &RecordView { seq, at, kind, pin, sender_id, payload, deleted });
    }
    out
}

/// Packs news: fenced (u8), then each row: firstSeq, headSeq, received, lastSeq, joinSeq,
/// marksVersion, flags (f64; 1 marks, 2 gone), chat id (as a text). Empty when there is none.
pub fn pack_news(page: &NewsPage) -> Vec<u8> {
    if page.rows.is_empty() && !page.fenced {
        return Vec::new();
    }
    let mut out = vec![u8::from(page.fenced)];
    for row in &page.rows {
        let flags = u64::from(row.marks) | (u64::from(row.gone) << 1);
        numbers(&mut out, &[row.first_seq, row.head_seq, row.received, row.last_seq]);
        numbers(&mut out, &[row.join_seq, row.marks_version.into(), flags]);
        text(&mut out, &row.chat_id);
    }
    out
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
