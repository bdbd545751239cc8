//! Memory in which a round is laid out as it will be written.

use super::HEADER_BYTES;

/// Most bytes of one chunk, and so of one round.
pub(super) const CHUNK_BYTES: usize = 2 << 20;

#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Box<[u8]>,
    pub(super) used: usize,
    pub(super) first_ticket: u64,
    pub(super) count: u64,
}

impl Chunk {
    pub(super) fn new() -> Self {
        // Written, not only reserved: the first touch of a page costs more than a whole round.
        Self {
            bytes: vec![0xFF; CHUNK_BYTES].into_boxed_slice(),
            used: 0,
            first_ticket: 0,
            count: 0,
        }
    }

    pub(super) fn emptied(self) -> Self {
        Self { used: 0, first_ticket: 0, count: 0, ..self }
    }

    pub(super) fn push(&mut self, ticket: u64, chat: u32, payload: &[u8]) -> bool {
        let end = self.used + HEADER_BYTES + payload.len();
        let Some(record) = self.bytes.get_mut(self.used..end) else { return false };
        let (header, body) = record.split_at_mut(HEADER_BYTES);
        let mut fields = [0_u8; HEADER_BYTES];
        let (numbers, _rest) = fields.split_at_mut(20);
        let (ticket_field, others) = numbers.split_at_mut(8);
        ticket_field.copy_from_slice(&ticket.to_le_bytes());
        let (chat_field, length_field) = others.split_at_mut(4);
        chat_field.copy_from_slice(&chat.to_le_bytes());
        length_field.copy_from_slice(&(payload.len() as u64).to_le_bytes());
        header.copy_from_slice(&fields);
        body.copy_from_slice(payload);
        self.used = end;
        self.count += 1;
        true
    }
}
