//! The final layout of a record, made where it is packed; the committer fills in only seq, time
//! stamp, seat and the check of the head.

use crate::format::effect::{
    FLAG_PIN, body_checksum, extension, extension_bytes, kind, record_head,
};
use crate::format::put;
use crate::ops::{Append, Sender};
use crate::pack::AppendTerms;

fn extensions(append: &Append<'_>) -> u8 {
    let mut bits = 0;
    if append.dedup_key.is_some() {
        bits |= extension::DEDUP;
    }
    if append.guard.is_some() {
        bits |= extension::GUARD;
    }
    if matches!(append.sender, Sender::As(_)) {
        bits |= extension::SEAT;
    }
    bits
}

fn sender_id<'a>(append: &Append<'a>) -> &'a str {
    match append.sender {
        Sender::None => "",
        Sender::As(id) | Sender::Id(id) => id,
    }
}

/// Bytes of the append's record in the journal.
pub(crate) fn record_bytes(append: &Append<'_>) -> usize {
    let head = record_head::SIZE + extension_bytes(extensions(append));
    let body = append.chat_id.len() + sender_id(append).len() + append.payload.len();
    (head + body).next_multiple_of(8)
}

/// Lays out the record; seq, at, seat and the head's check are filled in by the committer.
pub(crate) fn lay_out(
    bytes: &mut Vec<u8>,
    append: &Append<'_>,
    terms: Option<&AppendTerms>,
    record: usize,
) {
    let start = bytes.len();
    let sender = sender_id(append);
    let bits = extensions(append);
    let mut head = [0_u8; record_head::SIZE + extension_bytes_all()];
    put(&mut head, record_head::KIND, &[kind::RECORD, bits]);
    put(&mut head, record_head::CHAT_BYTES, &[length_u8(append.chat_id.len())]);
    put(&mut head, record_head::SENDER_BYTES, &[length_u8(sender.len()), append.kind]);
    put(&mut head, record_head::FLAGS, &[if append.pin { FLAG_PIN } else { 0 }]);
    let payload_bytes = length_u32(append.payload.len());
    put(&mut head, record_head::PAYLOAD_BYTES, &payload_bytes.to_le_bytes());
    let mut at = record_head::SIZE;
    if let Some(dedup) = terms.and_then(|terms| terms.dedup) {
        put(&mut head, at, &dedup.key.to_le_bytes());
        put(&mut head, at + 8, &dedup.payload.to_le_bytes());
        at += extension::DEDUP_BYTES;
    }
    if let Some((_, next)) = append.guard {
        put(&mut head, at, &next.to_le_bytes());
    }
    let head_bytes = record_head::SIZE + extension_bytes(bits);
    bytes.extend_from_slice(head.get(..head_bytes).unwrap_or_default());
    bytes.extend_from_slice(append.chat_id.as_bytes());
    bytes.extend_from_slice(sender.as_bytes());
    bytes.extend_from_slice(append.payload);
    let body = bytes.get(start + head_bytes..).unwrap_or_default();
    let describing = head.get(record_head::CHAT_BYTES..record_head::SEQ).unwrap_or_default();
    let crc = body_checksum(describing, body);
    put(bytes, start + record_head::BODY_CRC, &crc.to_le_bytes());
    bytes.resize(start + record, 0);
}

const fn extension_bytes_all() -> usize {
    extension::DEDUP_BYTES + extension::GUARD_BYTES + extension::SEAT_BYTES
}

pub(crate) fn length_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or_else(|_| unreachable!("packed buffers end at 1 GiB"))
}

fn length_u8(length: usize) -> u8 {
    u8::try_from(length).unwrap_or_else(|_| unreachable!("names were checked"))
}
