//! What is kept of a record that was deleted: everything but its payload, so that its seq stays.

use super::effect::{Effect, body_checksum, extension_bytes, record_head};
use super::put;

/// A record without its payload: what is kept of one that was deleted, so that its seq stays.
pub(crate) fn tombstone(record: &[u8]) -> Vec<u8> {
    let Some(Effect::Record(decoded)) = Effect::decode(record) else { return record.to_vec() };
    let names = decoded.chat_id.len() + decoded.sender_id.len();
    let head_bytes =
        record_head::SIZE + extension_bytes(record.get(1).copied().unwrap_or_default());
    let mut bytes = record.get(..head_bytes + names).unwrap_or_default().to_vec();
    put(&mut bytes, record_head::PAYLOAD_BYTES, &0_u32.to_le_bytes());
    let (head, body) = bytes.split_at(head_bytes);
    let describing = head.get(record_head::CHAT_BYTES..record_head::SEQ).unwrap_or_default();
    let crc = body_checksum(describing, body);
    put(&mut bytes, record_head::BODY_CRC, &crc.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}
